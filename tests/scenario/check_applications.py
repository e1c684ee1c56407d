#!/usr/bin/env python3
"""tshark as the judge of application protocols: check_applications.py LAZARET APPLICATIONS.yaml, prints TAP.

Each fleet of the scenario is named as its protocol, and captured with its TLS secrets. tshark must name the protocol,
find nothing malformed, and read back what was meant."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

lazaret, scenario = sys.argv[1:3]
failures = count = 0


def check(name, is_good, why=""):
    global failures, count
    count += 1
    failures += not is_good
    print(f"{'ok' if is_good else 'not ok'} {count} - {name}" + ("" if is_good else f" # {why}"))


def capture(folder, fleet):
    out = os.path.join(folder, fleet)
    done = subprocess.run([lazaret, "run", scenario, "-q", "--no-plots", "-o", out, "--live", "off", "-s", f"record.pcapng.fleet={fleet}"],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    check(f"{fleet}: the run ends well", done.returncode == 0, done.stdout + done.stderr)
    return os.path.join(out, "capture.pcapng")


def tshark(path, display_filter, *fields):
    """One list of fields for each frame."""
    command = ["tshark", "-r", path, "-o", "tcp.check_checksum:TRUE", "-Y", display_filter, "-T", "json", "--no-duplicate-keys"]
    for field in ("frame.number",) + fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True)
    frames = [frame["_source"]["layers"] for frame in json.loads(done.stdout or "[]")]
    return [[frame.get(field, []) for field in fields] for frame in frames]


def check_clean(fleet, path):
    for name, display_filter in [("nothing malformed", "_ws.malformed || _ws.unreassembled"),
                                 ("no expert error", "_ws.expert.severity == 0x00800000"),
                                 ("all TLS decrypts", "tls.record.content_type == 23 && !tls.app_data_proto")]:
        frames = tshark(path, display_filter, "frame.number")
        check(f"{fleet}: {name}", not frames, f"{len(frames)} frames, first {frames[:3]}")


# ---- HTTP ----

def check_observation(text, size):
    body = json.loads(text)
    is_shaped = body["resourceType"] == "Observation" and body["status"] == "final" and len(body["component"]) > 1
    is_marked = re.fullmatch("LZM1[0-9A-F]{16}", body["identifier"][0]["value"])
    return is_shaped and is_marked and len(text.encode()) == size


def check_report(text, size):
    root = xml.etree.ElementTree.fromstring(text)
    states = [element for element in root.iter() if element.tag.endswith("MetricState")]
    return root.tag.endswith("Envelope") and len(states) > 5 and len(text.encode()) == size


def check_http(folder):
    path = capture(folder, "http")
    check_clean("http", path)
    posts = tshark(path, "http.request.method == POST", "http.request.uri", "http.content_type", "http.file_data")
    observations = [data[0] for uri, kind, data in posts if kind == ["application/fhir+json"]]
    reports = [data[0] for uri, kind, data in posts if kind == ["application/soap+xml"]]
    check("http: observations are JSON of the wanted size", len(observations) == 6 and all(check_observation(text, 3000) for text in observations),
          f"{len(observations)} of 6")
    check("http: reports are XML of the wanted size", len(reports) == 6 and all(check_report(text, 4000) for text in reports),
          f"{len(reports)} of 6")
    check("http: a device's name is fit for a path", ["/sdc/http%5B1%5D"] in [uri for uri, _, _ in posts], posts[:1])
    answers = [code for codes, in tshark(path, "http.response", "http.response.code") for code in codes]
    check("http: each request is answered", answers.count("201") == 12 and answers.count("200") == 7 and len(answers) == 19, answers)
    fetched = tshark(path, "http.response.code == 200 && tcp.srcport == 80", "http.transfer_encoding", "http.chunk_size")
    sizes = [sum(int(size) for size in chunks) for _, chunks in fetched]
    check("http: the file came whole, in chunks", sizes == [200000], fetched)


# ---- HL7 ----

def segments(raw):
    return [line.split("|") for line in raw.split("\r") if line]


def check_hl7(folder):
    path = capture(folder, "hl7")
    check_clean("hl7", path)
    frames = tshark(path, "hl7", "hl7.message.type", "hl7.event.type", "tcp.payload")
    kinds = [tuple(pair) for types, events, _ in frames for pair in zip(types, events)]
    check("hl7: each kind of message is named, and answered",
          all(kinds.count((kind, event)) == 6 for kind in ("ORU", "ACK") for event in ("R01", "R40", "R42")), kinds)
    sizes = {event[0]: len(payload[0]) // 2 for kind, event, payload in frames if kind == ["ORU"] and len(payload) == 1}
    check("hl7: messages have the wanted size, and their frame", sizes.get("R40") == 903 and sizes.get("R42") == 1003, sizes)
    for kind, event, payload in frames:
        if kind == ["ORU"] and event == ["R40"]:
            parts = segments(bytes.fromhex(payload[0])[1:-2].decode())
            check("hl7: an alarm is made of the segments of its profile",
                  [part[0] for part in parts[:5]] == ["MSH", "PID", "PV1", "OBR", "OBX"] and parts[0][9] == parts[3][3], parts[:5])
            break


if not shutil.which("tshark"):
    print("1..0 # SKIP tshark is not installed")
    sys.exit(0)
with tempfile.TemporaryDirectory() as scratch:
    check_http(scratch)
    check_hl7(scratch)
print(f"1..{count}")
sys.exit(1 if failures else 0)
