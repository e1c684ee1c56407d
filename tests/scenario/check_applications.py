#!/usr/bin/env python3
"""tshark as the judge of application protocols: check_applications.py LAZARET APPLICATIONS.yaml, prints TAP.

Each fleet of the scenario is named as its protocol, and captured with its TLS secrets. tshark must name the protocol,
find nothing malformed, and read back what was meant."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
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


def check_phone(folder):
    path = capture(folder, "phone")
    check_clean("phone", path)
    kinds = [pair for types, events in tshark(path, "hl7", "hl7.message.type", "hl7.event.type") for pair in zip(types, events)]
    check("phone: it logs on, is sent alarms, and tells that its carer has them",
          kinds.count(("NMD", "N02")) == 1 and kinds.count(("ORU", "R40")) == kinds.count(("ACK", "R40")) > 3 and
          kinds.count(("ORU", "R41")) == kinds.count(("ACK", "R41")) > 3, kinds)


# ---- DICOM ----

def conversation(path):
    """What both ends said, in turns: (is it the client, bytes)."""
    done = subprocess.run(["tshark", "-r", path, "-q", "-z", "follow,tcp,raw,0"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=True)
    turns = []
    for line in done.stdout.splitlines():
        if not re.fullmatch("\t?[0-9a-f]+", line):
            continue
        is_client, data = not line.startswith("\t"), bytes.fromhex(line.strip())
        if turns and turns[-1][0] == is_client:
            turns[-1] = (is_client, turns[-1][1] + data)
        else:
            turns.append((is_client, data))
    return turns


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise ConnectionError("the archive hung up")
        data += more
    return data


def read_pdu(connection):
    head = read_exactly(connection, 6)
    return head[0], read_exactly(connection, int.from_bytes(head[2:6], "big"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connect(port):
    for _ in range(100):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=20)
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise ConnectionError("storescp does not listen")


def replay(turns, folder):
    """Says to dcmtk's archive what the device said to ours. Returns the statuses of its answers."""
    port = free_port()
    archive = subprocess.Popen(["storescp", "-od", folder, str(port)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    answers = []
    try:
        with connect(port) as connection:
            for is_client, data in turns:
                if is_client:
                    connection.sendall(data)
                else:
                    answers.append(read_pdu(connection))
    finally:
        archive.terminate()
        archive.wait()
    return answers


def check_dcmtk(turns, folder):
    if not shutil.which("storescp") or not shutil.which("dcmdump"):
        check("dicom: dcmtk takes the images # SKIP dcmtk is not installed", True)
        return
    os.mkdir(folder)
    answers = replay(turns, folder)
    kinds = [kind for kind, _ in answers]
    check("dicom: dcmtk accepts the association and answers each image and the release", kinds == [2, 4, 4, 4, 6], kinds)
    files = sorted(os.listdir(folder))
    check("dicom: dcmtk has stored what was sent", len(files) == 3, files)
    for name in files:
        done = subprocess.run(["dcmdump", "+P", "SOPClassUID", "+P", "Modality", "+P", "Rows", "+P", "Columns", "+P", "PixelData",
                               os.path.join(folder, name)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        is_good = all(word in done.stdout for word in ("=CTImageStorage", "[CT]", "US 256", "OW ")) and not done.stderr
        check(f"dicom: dcmdump reads {name}", done.returncode == 0 and is_good, done.stdout + done.stderr)


def check_dicom(folder):
    path = capture(folder, "dicom")
    check_clean("dicom", path)
    kinds = [kind for kinds, in tshark(path, "dicom", "dicom.pdu.type") for kind in kinds]
    check("dicom: associations are asked for, accepted and released",
          len({kinds.count(kind) for kind in ("0x01", "0x02")}) == 1 and kinds.count("0x05") == kinds.count("0x06") > 2, kinds[:20])
    titles = tshark(path, "dicom.pdu.type == 1", "dicom.assoc.ae.calling", "dicom.assoc.ae.called")
    check("dicom: who asks whom", [title[0].strip() for title in titles[0]] == ["DICOM-1", "PACS"], titles[:1])
    check_dcmtk(conversation(path), os.path.join(folder, "stored"))


# ---- MQTT 5 ----

def check_mqtt5(folder):
    path = capture(folder, "mqtt5")
    check_clean("mqtt5", path)
    connects = tshark(path, "mqtt.msgtype == 1", "mqtt.ver", "mqtt.property_id", "mqtt.prop_number")
    check("mqtt5: CONNECT is of version 5, with the terms of the session",
          connects in ([[["5"], ids, ["120", "20"]]] for ids in (["17", "33"], ["0x11", "0x21"])), connects)
    kinds = [kind for kinds, in tshark(path, "mqtt", "mqtt.msgtype") for kind in kinds]
    check("mqtt5: both sides of each QoS", all(kinds.count(kind) >= 6 for kind in ("3", "4", "5", "6", "7")), kinds)


if not shutil.which("tshark"):
    print("1..0 # SKIP tshark is not installed")
    sys.exit(0)
with tempfile.TemporaryDirectory() as scratch:
    check_http(scratch)
    check_hl7(scratch)
    check_phone(scratch)
    check_dicom(scratch)
    check_mqtt5(scratch)
print(f"1..{count}")
sys.exit(1 if failures else 0)
