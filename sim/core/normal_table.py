#!/usr/bin/env python3
"""Writes normal_table.inc and root_table.inc, the fixed-point tables of random.c."""
from decimal import Decimal, getcontext
from pathlib import Path
from statistics import NormalDist

getcontext().prec = 50
here = Path(__file__).parent
normal = NormalDist()
rows = []
for octave in range(33):
    values = [round(-normal.inv_cdf(min(2.0 ** -(octave + 1) * (1 + step / 64), 1 - 1e-16)) * 2**32)
              for step in range(65)]
    if octave == 0:     # p above one half is never looked up
        values = [min(v, 0) for v in values]
    rows.append("    {" + ",".join(map(str, values)) + "},\n")
(here / "normal_table.inc").write_text("".join(rows))
two = Decimal(2)
roots = [int((two ** (two ** -i) * 2**62).to_integral_value()) for i in range(1, 33)]
(here / "root_table.inc").write_text("".join(f"    UINT64_C({r}),\n" for r in roots))
