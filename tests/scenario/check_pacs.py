#!/usr/bin/env python3
"""The same peak hour behind three queues: check_pacs.py LAZARET PACS-PEAK.yaml LATENCY-RUNS.gp, prints TAP.

What theory says of a line of 100 Mbit/s that TCP keeps busy. FIFO with 4 MB: everybody waits for a buffer that is between
half full (NewReno's sawtooth) and full, 160 to 320 ms. Strict priority: the marked wait for one frame of 1538 bytes, 0.123 ms,
and the unmarked, below the images, for ever. FQ-CoDel: sparse flows wait for one frame, marked or not (RFC 8290 section 4.2)."""
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile

lazaret, scenario, script = sys.argv[1:4]
failures = count = 0
PATH_S = 3e-3                   # propagation
OWN_S = 2 * 1200 * 8 / 100e6    # a block of waves, in TLS and TCP, over two links of 100 Mbit/s
REST_S = 0.1e-3                # switches, and TLS on the device's CPU
FRAME_S = 1538 * 8 / 100e6
BUFFER_S = 4e6 * 8 / 100e6


def check(name, is_good, why=""):
    global failures, count
    count += 1
    failures += not is_good
    print(f"{'ok' if is_good else 'not ok'} {count} - {name}" + ("" if is_good else f" # {str(why)[:400]!r}"))


def run(folder, queue, *words):
    done = subprocess.run([lazaret, "run", scenario, "-s", f"network.links.line.queue.model={queue}", *words, "-o",
                           f"{folder}/{queue}", "--no-plots", "--quiet", "--live", "off", "--check"], capture_output=True, text=True)
    with open(f"{folder}/{queue}/verdict.json") as file:
        verdict = json.load(file)
    failed = sorted(row["name"] for row in verdict["expectations"] if row["state"] != "held")
    with open(f"{folder}/{queue}/metrics.csv") as file:
        metrics = {(row["scope"], row["metric"], row["stat"]): float(row["value"]) for row in csv.DictReader(file)
                   if row["window"] == "always" and row["value"]}
    return done.returncode, failed, metrics


def check_plot(folder):
    if not shutil.which("gnuplot"):
        return
    done = subprocess.run(["gnuplot", "-e", "runs='fifo priority fq-codel'; limits='0.25 0.25 0.15'; "
                           "flows='monitor-a/wave monitor-b/wave phone/voice'", script], cwd=folder, capture_output=True, text=True)
    svg = open(f"{folder}/latency-runs.svg").read() if done.returncode == 0 else ""
    check("the three runs in one picture", all(word in svg for word in ("monitor-b/wave", "fq-codel", "</svg>")), done.stderr)


with tempfile.TemporaryDirectory() as folder:
    fifo_code, fifo_failed, fifo = run(folder, "fifo")
    priority_code, priority_failed, priority = run(folder, "priority")
    fair_code, fair_failed, fair = run(folder, "fq-codel")
    check("fifo: everybody is late", fifo_code == 1 and fifo_failed == ["voice-in-time", "waves-of-ward-a", "waves-of-ward-b"], fifo_failed)
    check("priority: only the unmarked are", priority_code == 1 and priority_failed == ["no-wave-is-lost", "waves-of-ward-b"], priority_failed)
    check("fq-codel: nobody is", fair_code == 0 and not fair_failed, fair_failed)
    for fleet in ("monitor-a/wave", "monitor-b/wave", "phone/voice"):
        # Beyond the 99th percentile are those that a full buffer dropped and TCP sent again.
        median, longest = fifo[fleet, "latency", "p50"], fifo[fleet, "latency", "p99"]
        check(f"fifo: {fleet} waits for a buffer half full at least", median > PATH_S + BUFFER_S / 2, median)
        check(f"fifo: {fleet} waits for a full buffer at most", 0.95 * BUFFER_S < longest < BUFFER_S + PATH_S + OWN_S + 2 * FRAME_S, longest)
        tail = fair[fleet, "latency", "p99"]
        check(f"fq-codel: {fleet} waits for a frame", tail < PATH_S + OWN_S + REST_S + FRAME_S, tail)
    for fleet in ("monitor-a/wave", "phone/voice"):
        tail = priority[fleet, "latency", "p99"]
        check(f"priority: {fleet} waits for a frame", tail < PATH_S + OWN_S + REST_S + FRAME_S, tail)
    check("priority: nothing of ward B arrives", priority["monitor-b/wave", "delivered", "ratio"] == 0)
    busy = [metrics["line", "utilisation", "mean"] for metrics in (fifo, priority, fair)]
    check("the line carries as much in all three", min(busy) > 0.99, busy)
    trusted_code, trusted_failed, _ = run(folder, "priority", "--force", "-s", "network.links.ward-b.marking=dscp")
    check("priority that trusts ward B: nobody is late", trusted_code == 0 and not trusted_failed, trusted_failed)
    run(folder, "priority", "--force")
    check_plot(folder)
print(f"1..{count}")
sys.exit(failures > 0)
