#!/usr/bin/env python3
"""The run subcommand as a user meets it: check_run.py LAZARET GOLDEN_WARD.yaml, prints TAP.

Exit codes, what is on stdout and stderr, results that are there already, interruption, JUnit."""
import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

lazaret, ward = sys.argv[1:3]
failures = count = 0


def check(name, is_good, why=""):
    global failures, count
    count += 1
    failures += not is_good
    print(f"{'ok' if is_good else 'not ok'} {count} - {name}" + ("" if is_good else f" # {str(why)[:400]!r}"))


def run(*words):
    done = subprocess.run([lazaret, "run", *words], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env=dict(os.environ, XDG_RUNTIME_DIR=folder))
    return done


def digest(*words):
    done = run(ward, "--print-digest", *words)
    return done.stdout.split()[2] if done.returncode in (0, 1) else done.stderr


def check_outcomes(out):
    done = run(ward, "-o", out, "--no-plots", "--junit", out + ".xml")
    check("a run that holds exits 0", done.returncode == 0, done.stdout + done.stderr)
    check("the table is on stdout", "1 held, 0 failed" in done.stdout and out in done.stdout, done.stdout)
    check("progress is on stderr, without control sequences", "virtual" in done.stderr and "\x1b" not in done.stderr, done.stderr)
    check("the capture folder is complete", os.path.exists(out + "/manifest.json") and not os.path.exists(out + ".partial"))
    with open(out + "/manifest.json") as file:
        manifest = json.load(file)
    check("the manifest says complete", manifest["state"] == "complete", manifest)
    sums = [line.split() for line in open(out + "/SHA256SUMS").read().splitlines()]
    check("SHA256SUMS is right", sums and all(hashlib.sha256(open(f"{out}/{name}", "rb").read()).hexdigest() == value for value, name in sums))
    suite = xml.etree.ElementTree.parse(out + ".xml").getroot()
    cases = suite.findall(".//testcase")
    check("JUnit has one case per expectation", len(cases) == 1 and cases[0].get("line"), cases)
    again = run(ward, "-o", out, "--no-plots")
    check("results that are there already are kept: exit 2", again.returncode == 2 and "--force" in again.stderr, again.stderr)
    forced = run(ward, "-o", out, "--no-plots", "--force")
    check("--force replaces them", forced.returncode == 0, forced.stderr)
    resolved = run(out + "/scenario.resolved.yaml", "--print-digest")
    check("the resolved scenario gives the same digest", resolved.stdout.split()[2:3] == [digest()], resolved.stderr)
    failed = run(ward, "-o", out + "-failed", "--no-plots", "-s", "expect.reconnects.min=100 %", "-s", "fleet.bed.certificate=expired",
                 "--junit", out + "-failed.xml")
    shown = next((line.split("shown by  lazaret run ")[1] for line in failed.stdout.splitlines() if "shown by  " in line), "")
    check("a missed expectation exits 1 and says how to see it",
          failed.returncode == 1 and "-s 'expect.reconnects.min=100 %' -s 'fleet.bed.certificate=expired' --seed 1" in shown, failed.stdout)
    seen = subprocess.run([lazaret, "run", *shlex.split(shown), "--print-digest", "--live", "off"], capture_output=True, text=True)
    check("what it says shows the same run", seen.returncode == 1 and seen.stdout.split()[2].replace("-", "") in
          failed.stdout.replace("-", ""), seen.stdout + seen.stderr)
    check("JUnit calls it a failure", len(xml.etree.ElementTree.parse(out + "-failed.xml").findall(".//failure")) == 1)


def check_usage():
    for words, what in [((), "no scenario"), (("nowhere.yaml",), "a file that is not there"), ((ward, "--sede", "7"), "an unknown option"),
                        ((ward, "-s", "fleet.bed.cuont=3"), "an override of nothing"), ((ward, "--progress", "loud"), "a bad word"),
                        ((ward, "--max-wall", "-1"), "a negative wall limit"), ((ward, "--max-rss", "2"), "a memory limit without a unit"),
                        ((ward, "--max-rss", "0 B"), "no memory at all"), ((ward, "-o", ""), "a directory without a name")]:
        done = run(*words)
        check(f"{what} exits 2 with a message", done.returncode == 2 and done.stderr and not done.stdout, done.stderr)


def check_baseline(out):
    """In a folder of its own, because a baseline is below its scenario."""
    scenario = os.path.join(folder, "baseline.yaml")
    text = open(ward).read()
    with open(scenario, "w") as file:
        file.write(text.replace("expect:\n", "expect:\n  - {name: not-worse, metric: flow.status.goodput, stat: mean, "
                                              "vs: {baseline: main}, max_drop: 5 %}\n"))
    done = run(scenario, "-o", out + "-none", "--no-plots")
    check("a baseline that is not there exits 2 with its position, before the run",
          done.returncode == 2 and "baseline.yaml:25:79: error[E504]" in done.stderr and not os.path.exists(out + "-none"), done.stderr)
    done = subprocess.run([lazaret, "check", scenario], capture_output=True, text=True)
    check("check finds it too", done.returncode == 2 and "E504" in done.stderr, done.stderr)
    run(ward, "-o", os.path.join(folder, "main"), "--no-plots")
    done = run(scenario, "-o", out + "-same", "--no-plots")
    check("the same run is not worse", done.returncode == 0 and "+0 % from" in done.stdout and "in main" in done.stdout, done.stdout)
    row = json.load(open(out + "-same/verdict.json"))["expectations"][0]
    check("verdict.json has the baseline", row["baseline"] == {"path": "main", "value": row["observed"], "change": 0, "max_drop": 0.05}, row)
    done = run(scenario, "-o", out + "-worse", "--no-plots", "-s", "fleet.pump.count=1", "--junit", out + "-worse.xml")
    check("a third of the pumps is worse: exit 1", done.returncode == 1 and "FAIL  not-worse" in done.stdout, done.stdout)
    check("JUnit says by how much", "% from" in open(out + "-worse.xml").read())
    os.rename(os.path.join(folder, "main", "windows.csv"), os.path.join(folder, "main", "gone"))
    done = run(scenario, "-o", out + "-torn", "--no-plots")
    check("a torn baseline exits 2", done.returncode == 2 and "windows.csv: No such file" in done.stderr, done.stderr)


def check_abort(out):
    """Handshakes are counted from the warm-up's end on; the outage from 25 s to 37 s forces new ones."""
    words = (ward, "--no-plots", "--repeat", "3", "--junit", out + ".xml", "-s", "expect=[{name: no-storm, metric: "
             "service.broker.handshakes, stat: count, max: 0, abort_on_fail: true}, {name: all-well, metric: run.devices.connected, stat: last, min: 0}]")
    done = run(*words, "-o", out)
    check("an expectation that can no longer hold stops the run: exit 1", done.returncode == 1 and "FAIL  no-storm" in done.stdout, done.stdout)
    manifest = json.load(open(out + ".partial/manifest.json"))
    check("the manifest says interrupted, and why", manifest["state"] == "interrupted" and manifest["reason"].startswith(
          "no-storm could no longer hold at ") and manifest["reason"].endswith(" s of repetition 1"), manifest)
    seconds = manifest["repetitions"][0]["virtual_s"]
    check("it stops within the second, and repeats no more", len(manifest["repetitions"]) == 1 and 25 < seconds < 60, manifest["repetitions"])
    check("the user reads it too", "(interrupted: no-storm could no longer hold" in done.stdout, done.stdout)
    check("JUnit has its failure", len(xml.etree.ElementTree.parse(out + ".xml").findall(".//failure")) == 1)
    again = run(*words, "-o", out + "-again")
    check("the same run stops at the same event", json.load(open(out + "-again.partial/manifest.json"))["repetitions"] == manifest["repetitions"], again.stderr)
    kept = run(*words, "-o", out + "-kept", "-s", "expect.no-storm.max=1000", "--repeat", "1")
    check("one that holds changes nothing", kept.returncode == 0 and json.load(open(out + "-kept/manifest.json"))["reason"] is None, kept.stdout)
    plain = json.load(open(out + "-kept/manifest.json"))["repetitions"][0]["digest"]["all"]
    check("nor the digest", digest("-s", "expect=[{name: a, metric: flow.status.created, stat: count, min: 0}]").replace("-", "") == plain.replace("-", ""), plain)


def check_unbuildable(out):
    """A world that cannot be built says so, whatever was expected of it: too many zones beside one of a million hosts."""
    zones = [f"z{i}" for i in range(20)]
    with open(ward) as source:
        text = source.read().replace("[ward, core]", f"[ward, core, {', '.join(zones)}]")
    text = text.replace("  links:\n", "  links:\n" + "".join(f"    to-{zone}: {{model: wired, from: core, to: {zone}}}\n" for zone in zones))
    wide = os.path.join(folder, "wide.yaml")
    with open(wide, "w") as copy:
        copy.write(text)
    done = run(wide, "-o", out, "--no-plots", "-s", "fleet.pump.count=999000")
    check("a world that cannot be built exits 3", done.returncode == 3 and "10.0.0.0/8" in done.stderr, done.stderr)
    with open(out + ".partial/manifest.json") as file:
        check("its manifest says failed", json.load(file)["state"] == "failed")


def check_digest():
    first = digest()
    check("same seed, same digest", first == digest(), first)
    check("another seed, another digest", first != digest("--seed", "2"))
    check("a listener changes nothing", first == digest("--live", f"ipc://{folder}/feed"))
    check("threads change nothing", first == digest("-j", "4"))


def check_stop(out):
    done = run(ward, "-o", out + "-wall", "--no-plots", "-s", "run.duration=10 d", "--max-wall", "1")
    check("the wall limit makes a run inconclusive: exit 4", done.returncode == 4, done.stdout + done.stderr)
    done = run(ward, "-o", out + "-rss", "--no-plots", "-s", "run.duration=10 d", "-s", "fleet.pump.count=500", "--max-rss", "24 MB")
    check("too much memory exits 3 and says so", done.returncode == 3 and "E511" in done.stderr and "memory limit" in done.stderr, done.stderr)
    manifest = json.load(open(out + "-rss.partial/manifest.json"))
    check("its results are kept, the manifest says interrupted and why",
          manifest["state"] == "interrupted" and manifest["reason"].startswith("memory limit: ")
          and os.path.exists(out + "-rss.partial/metrics.csv"), manifest)
    done = run(ward, "--print-digest", "--max-rss", "8 GB")
    check("a limit that is not reached changes nothing", done.returncode == 0 and done.stdout.split()[2] == digest(), done.stderr)
    child = subprocess.Popen([lazaret, "run", ward, "-o", out + "-stopped", "--no-plots", "-s", "run.duration=10 d", "--live", "off"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    child.send_signal(signal.SIGINT)
    text = "".join(child.communicate(timeout=60))
    check("SIGINT exits 130", child.returncode == 130, text)
    kept = [name for name in os.listdir(folder) if "stopped" in name]
    manifests = [os.path.join(folder, name, "manifest.json") for name in kept]
    states = [json.load(open(path))["state"] for path in manifests if os.path.exists(path)]
    check("what there is was kept, marked as interrupted", states == ["interrupted"], kept)
    reasons = [json.load(open(path))["reason"] for path in manifests if os.path.exists(path)]
    check("and by what", reasons == ["signal 2"], reasons)


def check_streams(out):
    """Standard output that is full or closed, and a JUnit file that is a device: to be written to, not replaced."""
    with open("/dev/full", "w") as full:
        done = subprocess.run([lazaret, "run", ward, "--print-digest"], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, text=True)
    check("a digest that cannot be printed exits 3", done.returncode == 3 and "standard output" in done.stderr, done.stderr)
    closed = subprocess.run(f"exec '{lazaret}' run '{ward}' -q --no-plots -o '{out}' >&-", shell=True, stdin=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)
    check("without standard output a run is the same", closed.returncode == 0, closed.stderr)
    files = [open(os.path.join(out, name), "rb").read() for name in os.listdir(out)]
    check("and no file of it holds the table", not any(b"EXPECTATION" in content for content in files))
    pipe = os.path.join(folder, "pipe")
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True)
    done = run(ward, "-o", out, "--no-plots", "--force", "--junit", pipe)
    check("JUnit goes into a pipe", done.returncode == 0 and "<testsuite" in reader.communicate(timeout=60)[0], done.stderr)


with tempfile.TemporaryDirectory() as folder:
    check_outcomes(os.path.join(folder, "results"))
    check_usage()
    check_unbuildable(os.path.join(folder, "wide"))
    check_baseline(os.path.join(folder, "results"))
    check_abort(os.path.join(folder, "abort"))
    check_digest()
    check_stop(os.path.join(folder, "results"))
    check_streams(os.path.join(folder, "streams"))
print(f"1..{count}")
sys.exit(1 if failures else 0)
