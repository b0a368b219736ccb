# SPDX-License-Identifier: GPL-2.0-only
"""`portwright rules [KEY]`: what a design is held to, with the evidence."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import functools
import json
import textwrap
from dataclasses import asdict
from pathlib import Path

from checks.boot.evidence.case import BY_C, BY_DESIGN, BY_OBJECT, BY_WAIVER
from checks.boot.evidence.unseen import UNSEEN
from checks.boot.evidence.witness import Witness, kept
from checks.rules.broken import BROKEN
from checks.rules.rule import Rule
from checks.verdict.judge import ALL
from checks.verdict.needs import needs
from generator.errors import UsageError
from generator.expr import Fact
from generator.facts import PLATFORM
from generator.load import load, names

_HOUSE = Path(__file__).parents[2]
_SHORT = {BY_DESIGN: "design", BY_C: "C", BY_OBJECT: "object", BY_WAIVER: "waiver"}


def run(args: argparse.Namespace) -> int:
    """Print all rules, or one of them in full.

    Errors: UsageError when there is no such rule.
    """
    if not args.rule:
        return _list(args)
    chosen = [rule for rule in ALL if rule.key.lower() == args.rule.lower()]
    if not chosen:
        known = ", ".join(rule.key for rule in ALL)
        raise UsageError(f"no rule {args.rule}: there are {known}")
    (rule,) = chosen
    asked = needs(rule, [load(name).design for name in names()])
    if args.json:
        print(json.dumps([{**_record(rule), **_hardware(asked),
                           "broken by": BROKEN.get(rule.key, ""),
                           "on a booted kernel": [asdict(one) for one in witnesses(rule)],
                           "not seen because": _unseen(rule)}], indent=2))
        return 0
    print(f"{rule.key} {rule.title}")
    print(_filled(f"{rule.statement} {rule.unless}".strip(), "  "))
    print(_filled(f"broken: {rule.symptom}", "    "))
    print(_filled(f"mend: {rule.mend}", "    "))
    for place in rule.evidence:
        print(f"  evidence: {place}")
    if rule.implies:
        print(f"  implies: {', '.join(rule.implies)}")
    for kind, facts in _split(asked):
        if facts:
            said = "; ".join(f"{fact.name} ({', '.join(fact.values)})" for fact in facts)
            print(_filled(f"{kind}: {said}", "    "))
    print(f"  the rule as a function: {rule.file}")
    if rule.key in BROKEN:
        print(f"  a design that breaks it: {BROKEN[rule.key]}")
    for said in seen(rule):
        print(_filled(f"on a booted kernel: {said}", "    "))
    return 0


def witnesses(rule: Rule) -> tuple[Witness, ...]:
    """Return the kept evidence of kernels that showed what a rule warns of."""
    return tuple(one for one in _kept() if one.rule == rule.key)


@functools.cache
def _kept() -> tuple[Witness, ...]:
    return kept()


def seen(rule: Rule) -> list[str]:
    """Return what booted kernels showed of a rule broken, or why there is nothing to see."""
    shown = [
        f"seen, {one.how}: {one.what}; {one.where}: {one.line} "
        f"(linux {one.release}, board {one.board}; "
        f"{one.file.relative_to(_HOUSE).as_posix()})"
        for one in witnesses(rule)
    ]
    return shown or [f"not seen: {_unseen(rule) or 'no reason is given'}"]


def _unseen(rule: Rule) -> str | None:
    found = UNSEEN.get(rule.key)
    return None if found is None else found.text()


def _list(args: argparse.Namespace) -> int:
    if args.json:
        print(json.dumps([
            {**_record(rule), "seen": list(dict.fromkeys(one.key for one in witnesses(rule)))}
            for rule in ALL
        ], indent=2))
        return 0
    for rule in ALL:
        ways = {one.how for one in witnesses(rule)}
        how = [short for way, short in _SHORT.items() if way in ways]
        print(f"{rule.key:<5} {'seen: ' + ', '.join(how) if how else 'theory':<20} {rule.title}")
    shown = sum(bool(witnesses(rule)) for rule in ALL)
    print(f"\n{shown} of {len(ALL)} rules seen: a booted kernel showed the symptom with the rule "
          "broken, by a\nrefused design, by other C in a rendered series, by a test object in the "
          "guest's\nkernel, or by the design that holds, where it has a waiver. portwright rules "
          "KEY says\nwhere, and of a theory why.")
    return 0


def _filled(text: str, indent: str) -> str:
    return textwrap.fill(text, 75, initial_indent="  ", subsequent_indent=indent,
                         break_on_hyphens=False)


def _split(asked: tuple[Fact, ...]) -> tuple[tuple[str, list[Fact]], ...]:
    """Return the questions that devices answer, and those that the platform does."""
    return (
        ("hardware", [fact for fact in asked if fact not in PLATFORM]),
        ("platform", [fact for fact in asked if fact in PLATFORM]),
    )


def _hardware(asked: tuple[Fact, ...]) -> dict[str, object]:
    return {
        kind: {fact.name: list(fact.values) for fact in facts} for kind, facts in _split(asked)
    }


def _record(rule: Rule) -> dict[str, object]:
    return {
        "rule": rule.key,
        "title": rule.title,
        "statement": f"{rule.statement} {rule.unless}".strip(),
        "symptom": rule.symptom,
        "mend": rule.mend,
        "evidence": list(rule.evidence),
        "implies": list(rule.implies),
        "file": rule.file,
    }
