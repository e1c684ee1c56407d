#!/usr/bin/env python3
"""tshark and openssl as judges of onboarding: check_onboarding.py LAZARET SCENARIO, prints TAP.

One device of the scenario is captured with its TLS secrets, from its box to its first messages. tshark must name every protocol on
the way and find nothing malformed; openssl must read what EST carried, and verify what came of it; the MUD files must have the
structure of RFC 8520 and RFC 8519."""
import base64
import json
import os
import re
import subprocess
import sys
import tempfile

lazaret, scenario = sys.argv[1:3]
AT = "1772432000"                       # within the run
failures = count = 0


def check(name, is_good, why=""):
    global failures, count
    count += 1
    failures += not is_good
    print(f"{'ok' if is_good else 'not ok'} {count} - {name}" + ("" if is_good else f" # {why}"))


def run(*words, data=None):
    done = subprocess.run(words, capture_output=True, input=data)
    return done.returncode, done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace"), done.stdout


def tshark(path, display_filter, *fields):
    command = ["tshark", "-r", path, "-o", "tcp.check_checksum:TRUE", "-Y", display_filter, "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    return [line.split("\t") for line in run(*command)[1].splitlines() if line and not line.startswith("Running as")]


# ---- the capture ----

def check_capture(path):
    for name in ("eapol", "eap.type == 13", "radius.code == 1", "radius.code == 2", "radius.code == 11", "tls", "http.request", "http.response",
                 "mqtt"):
        frames = tshark(path, name, "frame.number")
        check(f"tshark sees {name}", frames)
    # EST's bodies are base64 (RFC 8951 3.1); tshark looks for DER in every body of their types, and does not find it. openssl reads them.
    est = 'http.content_type contains "application/pkcs"'
    bad = tshark(path, f"(_ws.malformed && !({est})) || _ws.expert.severity == error", "frame.number", "_ws.col.Info")
    check("nothing is malformed", not bad, bad[:3])
    groups = [row[0] for row in tshark(path, "radius.code == 2", "radius.Tunnel_Private_Group_Id")]
    check("first the quarantine, then the segment", groups == ["onboard", "med-inf"], groups)
    fragments = [int(row[0]) for row in tshark(path, "eap.type == 13", "eap.len")]
    check("EAP messages are at most 1,030 bytes", max(fragments) <= 1030, max(fragments))
    targets = [row[0] for row in tshark(path, "http.request", "http.request.uri")]
    check("cacerts, then simpleenroll", targets == ["/.well-known/est/cacerts", "/.well-known/est/simpleenroll"], targets)


# ---- what EST carried ----

def body_of(path, display_filter):
    """Of the one message that matches: from its bytes, because tshark's own field may be cut."""
    rows = tshark(path, display_filter, "http.file_data")
    return re.sub(r"[^A-Za-z0-9+/=]", "", rows[0][0].replace("\\n", "").replace("\\r", "")) if rows else ""


def check_est(path, folder):
    def file(name, data):
        with open(os.path.join(folder, name), "wb") as out:
            out.write(data)
        return os.path.join(folder, name)
    request = file("request.der", base64.b64decode(body_of(path, "http.request.method == POST")))
    code, text, _ = run("openssl", "req", "-inform", "DER", "-in", request, "-verify", "-noout", "-subject")
    check("openssl req: signed by its own key, for the device", code == 0 and "verify OK" in text and "pump[1]" in text, text)
    answers = {row[0]: row[1] for row in tshark(path, "http.response", "http.request_in", "frame.number")}
    numbers = [row[0] for row in tshark(path, "http.response", "frame.number")]
    check("two answers", len(numbers) == 2, answers)
    pems = []
    for number, name in zip(numbers, ("authorities", "certificate")):
        wrapped = file(name + ".p7", base64.b64decode(body_of(path, f"frame.number == {number}")))
        code, text, pem = run("openssl", "pkcs7", "-inform", "DER", "-in", wrapped, "-print_certs")
        check(f"openssl pkcs7: {name}", code == 0 and b"BEGIN CERTIFICATE" in pem, text)
        pems.append(file(name + ".pem", pem))
    code, text, _ = run("openssl", "verify", "-attime", AT, "-CAfile", pems[0], pems[1])
    check("openssl verify: the device's certificate", code == 0 and text.strip().endswith("OK"), text)
    code, text, _ = run("openssl", "x509", "-in", pems[1], "-noout", "-subject", "-ext", "keyUsage,subjectAltName")
    check("openssl x509: it is the device's, for signatures", "pump[1]" in text and "Digital Signature" in text, text)


# ---- MUD ----

def check_mud(path):
    mud = json.load(open(path))
    description, lists = mud["ietf-mud:mud"], mud["ietf-access-control-list:acls"]["acl"]
    name = os.path.basename(path)
    check(f"{name}: its head", description["mud-version"] == 1 and description["mud-url"].startswith("https://")
          and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", description["last-update"])
          and 1 <= description["cache-validity"] <= 168 and isinstance(description["is-supported"], bool)
          and len(description["systeminfo"]) <= 60, description)
    named = [one["name"] for policy in ("from-device-policy", "to-device-policy")
             for one in description[policy]["access-lists"]["access-list"]]
    check(f"{name}: every list that is named is there", sorted(named) == sorted(one["name"] for one in lists), named)
    problems = []
    for one in lists:
        seen = set()
        for entry in one["aces"]["ace"]:
            matches, protocol = entry["matches"], entry["matches"]["ipv4"]["protocol"]
            host = matches["ipv4"].get("ietf-acldns:dst-dnsname") or matches["ipv4"].get("ietf-acldns:src-dnsname")
            transport = matches["tcp" if protocol == 6 else "udp"]
            port = transport.get("destination-port") or transport.get("source-port")
            if entry["name"] in seen or not host or port["operator"] != "eq" or not 0 < port["port"] < 65536 \
                    or entry["actions"] != {"forwarding": "accept"} or (protocol == 6) != ("ietf-mud:direction-initiated" in transport):
                problems.append(entry)
            seen.add(entry["name"])
        if one["type"] != "ipv4-acl-type" or not seen:
            problems.append(one["name"])
    check(f"{name}: every entry is whole", not problems, problems)


with tempfile.TemporaryDirectory() as top:
    out = os.path.join(top, "out")
    sets = [word for pair in ("fleet.pump.count=2", "fleet.syringe.count=1", "fleet.bed.count=1", "run.duration=5 min") for word in ("-s", pair)]
    code, text, _ = run(lazaret, "run", scenario, "-q", "--no-plots", "--live", "off", "-o", out, *sets)
    check("the run ends", code in (0, 1), text)
    check_capture(os.path.join(out, "capture.pcapng"))
    check_est(os.path.join(out, "capture.pcapng"), top)
    for fleet in ("pump", "syringe", "bed"):
        check_mud(os.path.join(out, f"mud-{fleet}.json"))
print(f"1..{count}")
sys.exit(failures > 0)
