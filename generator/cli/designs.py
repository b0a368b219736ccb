# SPDX-License-Identifier: GPL-2.0-only
"""`portwright designs`: the shipped designs, a line each."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json

from generator.load import load, names


def run(args: argparse.Namespace) -> int:
    """Print every shipped design with its drawing."""
    found = [load(name) for name in names()]
    if args.json:
        print(json.dumps([
            {"name": one.design.name, "drawing": one.design.drawing,
             "status": one.design.status, "series": hasattr(one.module, "SERIES")}
            for one in found
        ], indent=2))
        return 0
    for one in found:
        series = " [series]" if hasattr(one.module, "SERIES") else ""
        print(f"{one.design.name:<16}{one.design.drawing}{series}")
        if one.design.status:
            print(f"{'':<16}{one.design.status}")
    return 0
