#!/usr/bin/env python3
"""tshark as judge of revocation: check_revocation.py LAZARET SCENARIO, prints TAP.

The scenario is captured at two pumps, one of which is stolen, and between the NAC and the point that knows; by lists and by questions,
with TLS 1.2 and 1.3. tshark must name what tells of revoked certificates, find nothing malformed in it, and see the alert."""
import os
import subprocess
import sys
import tempfile

lazaret, scenario = sys.argv[1:3]
REVOKED = "44"                          # certificate_revoked, RFC 8446 6.2
failures = count = 0


def check(name, is_good, why=""):
    global failures, count
    count += 1
    failures += not is_good
    print(f"{'ok' if is_good else 'not ok'} {count} - {name}" + ("" if is_good else f" # {why}"))


def tshark(path, display_filter, *fields):
    command = ["tshark", "-r", path, "-Y", display_filter, "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    return [line.split("\t") for line in subprocess.run(command, capture_output=True, text=True).stdout.splitlines() if line]


def check_questions(path, name):
    states = [row[0] for row in tshark(path, "ocsp.responseStatus == 0", "ocsp.certStatus")]
    check(f"{name}: a question for each answer", len(tshark(path, "ocsp.requestList", "frame.number")) >= len(states) > 2, states)
    check(f"{name}: good ones, and the stolen one once", "0" in states and states.count("1") == 1, states)


def check_lists(path, name):
    lists = tshark(path, "x509ce.CRLNumber", "x509ce.CRLNumber", "x509af.userCertificate")
    lengths = {len(row[1].split(",")) if row[1] else 0 for row in lists}
    check(f"{name}: lists, empty ones and of one certificate", len(lists) > 5 and lengths == {0, 1}, lists)


with tempfile.TemporaryDirectory() as top:
    for method, judge in (("crl", check_lists), ("ocsp", check_questions)):
        for version in ("max=1.2", "min=1.3"):
            name, out = f"{method}, {version}", os.path.join(top, method + version)
            done = subprocess.run([lazaret, "run", scenario, "--check", "-q", "--no-plots", "--live", "off", "-o", out, "-s",
                                   f"services.nac1.tls.revocation.method={method}", "-s", f"fleet.pump.connect.tls.{version}"],
                                  capture_output=True, text=True)
            check(f"{name}: holds what it expects", done.returncode == 0, done.stdout + done.stderr)
            path = os.path.join(out, "capture.pcapng")
            judge(path, name)
            # EST's base64 is not what tshark looks for in bodies of its types (see check_onboarding.py).
            bad = tshark(path, "(_ws.malformed || _ws.expert.severity == error) && !(http.content_type contains \"application/pkcs\")",
                         "frame.number", "_ws.col.Info")
            check(f"{name}: nothing is malformed", not bad, bad[:3])
            alerts = [row[0] for row in tshark(path, "tls.alert_message.level == 2", "tls.alert_message.desc")]
            check(f"{name}: certificate_revoked, and no other fatal alert", set(alerts) == {REVOKED}, alerts)
print(f"1..{count}")
sys.exit(failures > 0)
