#!/usr/bin/env python3
"""tshark as the judge of datagram protocols: check_datagrams.py LAZARET DATAGRAMS.yaml, prints TAP.

What each fleet sends and gets must be CoAP or RTP to tshark, and nothing of it malformed."""
import os
import shutil
import subprocess
import sys
import tempfile

lazaret, scenario = sys.argv[1:3]
failures = count = 0


def check(name, is_good, why=""):
    global failures, count
    count += 1
    failures += not is_good
    print(f"{'ok' if is_good else 'not ok'} {count} - {name}" + ("" if is_good else f" # {why}"))


def tshark(capture, display_filter):
    command = ["tshark", "-r", capture, "-d", "udp.port==5004,rtp", "-d", "udp.port==5006,rtp", "-o", "udp.check_checksum:TRUE",
               "-Y", display_filter, "-T", "fields", "-e", "frame.number"]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True).stdout.splitlines()


def look(fleet, protocol, out, *filters):
    done = subprocess.run([lazaret, "run", scenario, "-q", "--no-plots", "-o", out, "--live", "off", "-s",
                           f"record.pcapng.fleet={fleet}"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    check(f"{fleet}: what is expected holds", done.returncode == 0, (done.stdout + done.stderr)[-300:].replace("\n", " | "))
    capture = os.path.join(out, "capture.pcapng")
    frames, others = tshark(capture, protocol), tshark(capture, f"!{protocol}")
    check(f"{fleet}: every packet is {protocol}", frames and not others, f"{len(frames)} are, {len(others)} are not")
    bad = tshark(capture, "_ws.malformed || _ws.expert.severity == 0x00800000 || udp.checksum.status == 0")
    check(f"{fleet}: nothing is malformed", not bad, f"{len(bad)} frames, first {bad[:3]}")
    for display_filter in filters:
        check(f"{fleet}: {display_filter}", tshark(capture, display_filter))


if not shutil.which("tshark"):
    print("1..0 # SKIP tshark is not installed")
    sys.exit(0)
with tempfile.TemporaryDirectory() as folder:
    look("fridge", "coap", os.path.join(folder, "coap"), 'coap.code == 2 && coap.type == 0 && coap.opt.uri_path == "temperature"',
         "coap.code == 68 && coap.type == 2")
    look("phone", "rtp", os.path.join(folder, "voice"), "rtp.p_type == 0 && rtp.version == 2")
    look("camera", "rtp", os.path.join(folder, "video"), "rtp.p_type == 96 && rtp.marker == 1")
print(f"1..{count}")
sys.exit(failures > 0)
