#!/usr/bin/env python3
"""tshark as the judge of DTLS: check_dtls.py LAZARET DTLS.yaml, prints TAP.

Whole runs with losses: everything that a fleet sends and gets is DTLS 1.2, decrypts with the keys in the capture, and is CoAP
inside; the cookie, the connection id, its extension and the pieces of a message that is too long for a datagram are there."""
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


def tshark(capture, display_filter, *fields):
    command = ["tshark", "-n", "-r", capture, "-o", "udp.check_checksum:TRUE", "-Y", display_filter, "-T", "fields"]
    for field in fields or ["frame.number"]:
        command += ["-e", field]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True).stdout.splitlines()


def look(name, folder, settings, present, absent, has_media=False):
    out = os.path.join(folder, name)
    command = [lazaret, "run", scenario, "-q", "--no-plots", "-o", out, "--live", "off"]
    for setting in settings:
        command += ["-s", setting]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    check(f"{name}: what is expected holds", done.returncode == 0, (done.stdout + done.stderr)[-300:].replace("\n", " | "))
    capture = os.path.join(out, "capture.pcapng")
    frames = tshark(capture, "dtls")
    others = tshark(capture, "udp && !dtls && !rtp")
    check(f"{name}: every packet is DTLS{' or SRTP' if has_media else ''}", frames and not others, f"{len(frames)} are, {len(others)} are not")
    bad = tshark(capture, "_ws.malformed || _ws.expert.severity == 0x00800000 || udp.checksum.status == 0")
    check(f"{name}: nothing is malformed", not bad, f"{len(bad)} frames, first {bad[:3]}")
    if has_media:
        check(f"{name}: most of it is media", len(tshark(capture, "srtp.auth_tag")) > 100)
        for display_filter in present:
            check(f"{name}: {display_filter}", tshark(capture, display_filter), "none")
        return capture
    data = tshark(capture, "dtls.record.content_type == 23 || dtls.record.special_type == 25 && !dtls.handshake")
    closed = tshark(capture, "(dtls.record.content_type == 23 || dtls.record.special_type == 25 && !dtls.handshake) && !coap")
    check(f"{name}: all application data decrypts to CoAP", data and not closed, f"{len(data)} records, {len(closed)} do not")
    for display_filter in present:
        check(f"{name}: {display_filter}", tshark(capture, display_filter), "none")
    for display_filter in absent:
        found = tshark(capture, display_filter)
        check(f"{name}: no {display_filter}", not found, f"{len(found)} frames")
    return capture


if not shutil.which("tshark"):
    print("1..0 # SKIP tshark is not installed")
    sys.exit(0)
POSTED = "coap.code == 2 && coap.type == 0"
with tempfile.TemporaryDirectory() as folder:
    capture = look("fridge", folder, [],
                   ["dtls.handshake.type == 3", "dtls.handshake.ciphersuite == 0xc0ae && dtls.handshake.type == 2",
                    "dtls.handshake.extension.type == 54 && dtls.handshake.type == 2", "dtls.record.special_type == 25 && coap",
                    POSTED, "coap.code == 68 && coap.type == 2"], ["dtls.fragment"])
    first = tshark(capture, "udp.dstport == 5684", "ip.src")[0]
    ports = set(tshark(capture, f"udp.dstport == 5684 && ip.src == {first}", "udp.srcport"))
    check("fridge: one association, several ports", len(ports) > 3, f"{ports}")
    look("sensor", folder, ["record.pcapng.fleet=sensor"],
         ["dtls.handshake.type == 3", "dtls.handshake.ciphersuite == 0xc0a8 && dtls.handshake.type == 2", POSTED],
         ["dtls.record.special_type == 25", "dtls.handshake.type == 11"])
    # RFC 5764: use_srtp (14) with AES128_CM_HMAC_SHA1_80, then packets of 12 + 160 + 10 bytes, by the handshake alone known as SRTP.
    look("phone", folder, ["record.pcapng.fleet=phone"],
         ["dtls.handshake.extension.type == 14 && dtls.handshake.type == 2 && dtls.use_srtp.protection_profile == 0x0001",
          "srtp.auth_tag && udp.length == 190 && rtp.p_type == 0"], [], has_media=True)
    # Without losses: to tshark a piece that comes again is a mistake.
    look("pieces", folder, ["network.links.lan.loss=0 %", "services.things.tls.dtls.mtu=400 B", "fleet.fridge.connect.tls.dtls.mtu=300 B"],
         ["dtls.fragment", "dtls.fragments", POSTED], ["udp.length > 408"])
print(f"1..{count}")
sys.exit(failures > 0)
