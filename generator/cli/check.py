# SPDX-License-Identifier: GPL-2.0-only
"""`portwright check`: explore designs against the rules."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json

from checks import show
from checks.explore import Report
from checks.finding import Verdict
from checks.judge import judge
from generator.design import Design
from generator.errors import UsageError
from generator.load import load, names
from generator.progress import say
from generator.resize import with_children


def run(args: argparse.Namespace) -> int:
    """Explore one design or all, and print what breaks; 124 when a budget ended it.

    Errors: UsageError, ModelError.
    """
    if args.all == bool(args.design):
        raise UsageError("give one DESIGN, or --all")
    chosen = names() if args.all else (args.design,)
    reports = [_explored(load(name).design, args) for name in chosen]
    if args.json:
        records = [show.record(report) for report in reports]
        print(json.dumps(records if args.all else records[0], indent=2))
    else:
        print("\n\n".join(show.text(report) for report in reports))
    verdicts = {report.verdict for report in reports}
    if Verdict.VIOLATED in verdicts:
        return 1
    return 124 if Verdict.UNFINISHED in verdicts else 0


def _explored(design: Design, args: argparse.Namespace) -> Report:
    say(f"exploring {design.name}")
    if args.children:
        design = with_children(design, args.children)
    return judge(design, states=args.states, seconds=args.seconds, first=args.first)


