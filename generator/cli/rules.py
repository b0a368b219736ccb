# SPDX-License-Identifier: GPL-2.0-only
"""`portwright rules [KEY]`: what a design is held to, with the evidence."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
import textwrap

from checks.judge import ALL
from checks.rule import Rule
from generator.errors import UsageError


def run(args: argparse.Namespace) -> int:
    """Print all rules, or one of them in full.

    Errors: UsageError when there is no such rule.
    """
    chosen = ALL
    if args.rule:
        chosen = tuple(rule for rule in ALL if rule.key.lower() == args.rule.lower())
        if not chosen:
            known = ", ".join(rule.key for rule in ALL)
            raise UsageError(f"no rule {args.rule}: there are {known}")
    if args.json:
        print(json.dumps([_record(rule) for rule in chosen], indent=2))
        return 0
    for rule in chosen:
        if not args.rule:
            print(f"{rule.key:<5} {rule.title}")
            continue
        print(f"{rule.key} {rule.title}")
        print(textwrap.fill(rule.statement, 75, initial_indent="  ", subsequent_indent="  "))
        print(textwrap.fill(f"broken: {rule.symptom}", 75, initial_indent="  ",
                            subsequent_indent="    "))
        for place in rule.evidence:
            print(f"  evidence: {place}")
        if rule.implies:
            print(f"  implies: {', '.join(rule.implies)}")
    return 0


def _record(rule: Rule) -> dict[str, object]:
    return {
        "rule": rule.key,
        "title": rule.title,
        "statement": rule.statement,
        "symptom": rule.symptom,
        "evidence": list(rule.evidence),
        "implies": list(rule.implies),
    }
