#!/usr/bin/env python3
"""Judges the scenario corpus with the generated JSON Schema and compares with the codes each file expects.

Usage: check_schema.py LAZARET CORPUS. Structural mistakes (a key, a shape, a unit, a word) must be found by the
schema too; what only cross-checks can know must pass it. Speaks TAP.
"""
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import yaml

# Found by reading the text, before there is a tree that a schema could judge.
BEFORE_THE_TREE = {"E003", "E004", "E005", "E006", "E007", "E008", "E009", "E012"}
STRUCTURAL = {"E011", "E013", "E014", "E020", "E021", "E022", "E023", "E026", "E027", "E029", "E101"}
# The order of keys, ranges of quantities, days of months, rules between keys: a schema cannot say them all.
UNDECIDED = {"E010", "E015", "E024", "E025", "E028", "E030"}


class Loader(yaml.SafeLoader):
    """YAML 1.2's core types, as editors read them: `off` and dates are texts."""


Loader.yaml_implicit_resolvers = {}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))
Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+\.[0-9]+$"), list("-+0123456789"))
Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(null|~|)$"), ["n", "~", ""])
Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])


def is_small(schema):
    """Tables that stand in many places are written out once: editors read the schema at each start."""
    size = len(json.dumps(schema, indent=1))
    return size < 200_000, f"the schema is {size} B with {len(schema['$defs'])} definitions"


def main():
    lazaret, corpus = sys.argv[1], pathlib.Path(sys.argv[2])
    schema = json.loads(subprocess.run([lazaret, "schema"], check=True, capture_output=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    files = sorted(corpus.glob("*/*.yaml")) + [pathlib.Path(path) for path in sys.argv[3:]]
    results = [is_small(schema)]
    for path in files:
        text = path.read_bytes().decode("utf-8", "replace")
        first = text.split("\n", 1)[0]
        codes = set(first.removeprefix("# expect:").split()) if first.startswith("# expect:") else set()
        errors_expected = {code for code in codes if code.startswith("E")}
        if errors_expected & BEFORE_THE_TREE:
            continue
        try:
            document = yaml.load(text, Loader)
        except yaml.YAMLError:
            continue        # a merge of something that is no map
        errors = list(validator.iter_errors(document))
        judged = "refused" if errors else "accepted"
        if errors_expected & STRUCTURAL:
            wanted = {"refused"}
        elif errors_expected & UNDECIDED:
            wanted = {"refused", "accepted"}
        else:
            wanted = {"accepted"}
        detail = "; ".join(error.message[:200] for error in errors[:3])
        results.append((judged in wanted, f"{path.parent.name}/{path.name} {judged} {detail if judged not in wanted else ''}"))
    print(f"1..{len(results)}")
    for number, (is_ok, text) in enumerate(results, 1):
        print(f"{'ok' if is_ok else 'not ok'} {number} {text}".replace("#", "_"))
    return 0 if len(results) > 30 and all(is_ok for is_ok, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
