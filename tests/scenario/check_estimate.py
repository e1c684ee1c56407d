#!/usr/bin/env python3
"""What `lazaret check` says of a run's memory against runs: check_estimate.py LAZARET SCENARIOS GOLDEN, prints TAP.

The kernel's figure for the most that a process had must be within a factor of 2 of the estimate; its messages and
handshakes, which the estimate of CPU time is made from, within a quarter. CPU time itself depends on the machine and is
only printed."""
import csv
import json
import os
import re
import subprocess
import sys
import tempfile

lazaret, scenarios, golden = sys.argv[1:4]
FACTOR = 2
CASES = [
    (f"{golden}/ward.yaml", []),
    (f"{scenarios}/bench/star-udp.yaml", ["fleet.device.count=4000", "run.duration=5 s"]),
    (f"{scenarios}/bench/star-tcp.yaml", ["fleet.device.count=4000", "run.duration=5 s"]),
    (f"{scenarios}/bench/tls-fleet.yaml", ["fleet.device.count=1500", "run.duration=5 s"]),
    (f"{scenarios}/bench/tls-fleet.yaml", ["fleet.device.count=1500", "run.duration=5 s", "fleet.device.connect.tls.max=\"1.2\"",
                                           "fleet.device.connect.tls.min=\"1.2\"", "services.broker.tls.min=\"1.2\""]),
    (f"{scenarios}/bench/tls-fleet.yaml", ["fleet.device.count=600", "fleet.device.cpu=cortex-m4-120mhz"]),
    (f"{scenarios}/bench/dumbbell.yaml", ["fleet.sender.count=50", "run.duration=12 s"]),
    (f"{scenarios}/icu-ward.yaml", ["run.duration=6 min"]),
]


def tell(words):
    done = subprocess.run([lazaret, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return done.stdout


def estimate(path, sets):
    text = tell(["check", path, *sets])
    found = re.search(r"a run takes about ([\d.]+) ([MG]B) and ([\d.]+) s of CPU.*: ([\d.]+) handshakes, ([\d.]+) messages", text)
    if not found:
        sys.exit(f"no estimate in: {text}")
    number = [float(group) for group in found.group(1, 3, 4, 5)]
    return number[0] * (1e9 if found.group(2) == "GB" else 1e6), *number[1:]


def total(folder, kind, metric):
    with open(os.path.join(folder, "metrics.csv")) as file:
        return sum(float(row["value"]) for row in csv.DictReader(file)
                   if row["window"] in ("always", "warmup")
                   and (row["scope_kind"], row["metric"], row["stat"]) == (kind, metric, "count"))


failures = 0
for number, (path, pairs) in enumerate(CASES, 1):
    sets = [word for pair in pairs for word in ("-s", pair)]
    told_bytes, told_s, told_handshakes, told_messages = estimate(path, sets)
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        before = os.times().children_user
        tell(["run", path, "-q", "--no-plots", "--live", "off", "-j", "1", "-o", out, *sets])
        cpu_s = os.times().children_user - before
        resident = json.load(open(os.path.join(out, "manifest.json")))["wall"]["repetitions"][0]["rss_bytes"]
        messages, handshakes = total(out, "flow", "created"), total(out, "tls", "handshake.completed")
    name = os.path.basename(path) + " " + " ".join(pairs)
    text = (f"{resident / 1e6:.1f} MB, told {told_bytes / 1e6:.1f}; {cpu_s:.2f} s, told {told_s:.2f}; {handshakes:.0f} handshakes, told "
            f"{told_handshakes:.0f}; {messages:.0f} messages, told {told_messages:.0f}")
    is_bulk = "dumbbell" in path                # as many as TCP carries
    is_good = (told_bytes / FACTOR < resident < told_bytes * FACTOR and abs(handshakes - told_handshakes) <= 0.25 * handshakes
               and (is_bulk or abs(messages - told_messages) <= 0.25 * messages))
    failures += not is_good
    print(f"{'ok' if is_good else 'not ok'} {number} - {name}\n# {text}")
print(f"1..{len(CASES)}")
sys.exit(1 if failures else 0)
