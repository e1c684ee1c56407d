#!/usr/bin/env python3
"""tshark as the judge of captures: check_capture.py LAZARET WARD.yaml SMALL.yaml EXPIRED.yaml TAGGED.yaml, prints TAP.

Every TLS record must decrypt with the secrets inside the capture, every decrypted application record must be
MQTT, nothing may be malformed, every checksum right; an expired certificate's alert and the tags of VLANs must be there to see."""
import csv
import os
import shutil
import subprocess
import sys
import tempfile

lazaret, ward, small, expired, tagged = sys.argv[1:6]
failures = count = 0


def check(name, is_good, why=""):
    global failures, count
    count += 1
    failures += not is_good
    print(f"{'ok' if is_good else 'not ok'} {count} - {name}" + ("" if is_good else f" # {why}"))


def run(scenario, out, *overrides):
    options = [word for override in overrides for word in ("-s", override)]
    done = subprocess.run([lazaret, "run", scenario, "-q", "--no-plots", "-o", out, "--live", "off", *options],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


def tshark(capture, display_filter, *fields):
    command = ["tshark", "-r", capture, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE",
               "-d", "tcp.port==8883,tls", "-Y", display_filter, "-T", "fields", "-e", "frame.number"]
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True)
    return done.stdout.splitlines()


def check_clean(what, capture):
    for name, display_filter in [
            ("no malformed packet", "_ws.malformed || _ws.unreassembled"),
            ("no expert error", "_ws.expert.severity == 0x00800000"),
            ("every checksum is right", "ip.checksum.status == 0 || tcp.checksum.status == 0"),
            ("every application record decrypts to MQTT", "tls.record.content_type == 23 && !mqtt")]:
        frames = tshark(capture, display_filter)
        check(f"{what}: {name}", not frames, f"{len(frames)} frames, first {frames[:3]}")


def made(results, fleet):
    """Messages that the fleet created."""
    with open(os.path.join(results, "metrics.csv")) as table:
        rows = list(csv.DictReader(table))
    return sum(int(float(row["value"])) for row in rows
               if row["scope_kind"] == "flow" and row["scope"].startswith(fleet) and row["window"] in ("always", "warmup")
               and row["metric"] == "created" and row["stat"] == "count")


def check_publishes(fleet, out, capture):
    publishes = sum(len(row.split("\t")[1].split(",")) for row in tshark(capture, "mqtt.msgtype == 3 && tcp.dstport == 8883", "mqtt.topic"))
    created = made(out, fleet)
    check(f"{fleet}: tshark sees the messages that were made", 0 < publishes <= created and created - publishes <= 8 + created // 50,
          f"{publishes} PUBLISHes, {created} created")


def check_ward(scratch):
    """The ward as it is shipped, shortened; then every class of a small ward with loss and an outage: both TLS
    versions, both key types, resumption."""
    out = os.path.join(scratch, "ward")
    code, text = run(ward, out, "run.duration=150 s", "fleet.infusion-a.count=2")
    check("ward: the run ends", code in (0, 1), text[-300:])
    check_clean("ward", os.path.join(out, "capture.pcapng"))
    check_publishes("infusion-a", out, os.path.join(out, "capture.pcapng"))
    for fleet in ("monitor", "pump", "ventilator", "bed"):
        out = os.path.join(scratch, fleet)
        code, text = run(small, out, f"record.pcapng.fleet={fleet}", "record.pcapng.first=8")
        check(f"{fleet}: the run ends", code in (0, 1), text[-300:])
        check_clean(fleet, os.path.join(out, "capture.pcapng"))
    resumed = tshark(os.path.join(scratch, "pump", "capture.pcapng"), "tls.handshake.type == 2")
    check("pump: there are second handshakes", len(resumed) > 3, f"{len(resumed)} ServerHellos of 3 devices")


def check_secrets_are_needed(scratch):
    out = os.path.join(scratch, "closed")
    run(small, out, "record.pcapng.fleet=pump", "record.pcapng.secrets=none")
    capture = os.path.join(out, "capture.pcapng")
    check("without secrets nothing decrypts", not tshark(capture, "mqtt"), "MQTT is readable")
    check("without secrets the TLS is still there", len(tshark(capture, "tls.record.content_type == 23")) > 0, "no TLS")


def check_tags(scratch):
    """Frames of a VLAN are tagged between switches, before and behind the router each with its own identifier; a host's own
    are only when its card does; what a tagged link carries can be decrypted there, too."""
    vlans = {"back": {"20"}, "core": {"7"}}
    for link, wanted in vlans.items():
        out = os.path.join(scratch, f"tags-{link}")
        code, text = run(tagged, out, f"record.pcapng.link={link}")
        check(f"{link}: the run ends", code == 0, text[-300:])
        capture = os.path.join(out, "capture.pcapng")
        frames = [row.split("\t")[1:] for row in tshark(capture, f'frame.interface_name == "{link}"', "vlan.id", "vlan.priority")]
        check(f"{link}: every frame is in its VLAN", len(frames) > 20 and {vlan for vlan, _ in frames} == wanted, f"{frames[:3]}")
        check(f"{link}: alarms and what tells them have priority 5", {priority for _, priority in frames} >= {"5"}, f"{frames[:3]}")
        check_clean(link, capture)
        own = tshark(capture, 'frame.interface_name == "plain[1]" && vlan')
        check(f"{link}: a card that does not tag sends no tag", not own, f"{len(own)} frames")
        own = tshark(capture, 'frame.interface_name == "plain[1]" && !vlan')
        check(f"{link}: its frames are there", len(own) > 10, f"{len(own)} frames")


def check_ppp(scratch):
    """Whatever the framing of the link, a capture is of Ethernet."""
    out = os.path.join(scratch, "ppp")
    code, text = run(tagged, out, "network.links.bed.framing=ppp")
    check("ppp: the run ends", code == 0, text[-300:])
    check_clean("ppp", os.path.join(out, "capture.pcapng"))


def check_expired(scratch):
    for fleet in ("pump-12", "pump-13"):
        out = os.path.join(scratch, fleet)
        code, text = run(expired, out, f"record.pcapng.fleet={fleet}")
        check(f"{fleet}: every expectation holds", code == 0, text)
        capture = os.path.join(out, "capture.pcapng")
        alerts = tshark(capture, "tls.alert_message.desc == 45 && tcp.srcport == 8883", "tls.alert_message.desc")
        check(f"{fleet}: the alert certificate_expired is in the capture", len(alerts) >= 2, f"{len(alerts)} frames")
        check_clean(fleet, capture)


if not shutil.which("tshark"):
    print("1..0 # SKIP tshark is not installed")
    sys.exit(0)
with tempfile.TemporaryDirectory() as folder:
    check_ward(folder)
    check_secrets_are_needed(folder)
    check_expired(folder)
    check_tags(folder)
    check_ppp(folder)
print(f"1..{count}")
sys.exit(1 if failures else 0)
