# SPDX-License-Identifier: GPL-2.0-only
"""`portwright tree facts|compare`: what a tree answers, and what two of them differ in."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from checks.show.table import WIDTH
from generator.errors import TreeError, UsageError
from generator.kernel.clone import own
from generator.kernel.pin import pinned
from generator.kernel.tree import Tree
from generator.load import load, names
from generator.operation import Operation
from generator.ops import shipped
from generator.series.manifest import FILE_NAME
from generator.system.house import HOUSE
from generator.system.plumbing import tried
from generator.tree_facts.table import FACTS, answer


def show(where: Tree, *, as_json: bool) -> int:
    """Print what a tree answers to every fact: 1 when it does not answer one of them."""
    rows = [_row(where, fact.name) for fact in FACTS]
    if as_json:
        print(json.dumps([
            {**row, "says": fact.says, "changed": fact.changed, "asked_by": fact.asked_by}
            for row, fact in zip(rows, FACTS, strict=True)
        ], indent=2))
    else:
        print(f"{where.source}\n")
        for row, fact in zip(rows, FACTS, strict=True):
            print(f"{fact.name}: {row['answer'] or row['error']}")
            for said in (fact.says, row["places"], f"changed: {fact.changed}",
                         f"asked by {fact.asked_by}"):
                print(textwrap.fill(said, WIDTH, initial_indent="    ", subsequent_indent="      "))
    return 1 if any(row["error"] for row in rows) else 0


def compare(asked: argparse.Namespace) -> int:
    """Print which facts and which files differ between two trees: 1 when any does.

    Files are those that shipped series touch, and those that the model was read in.
    Errors: UsageError, TreeError, EnvironmentFault.
    """
    if len(asked.names) != 2:
        raise UsageError("tree compare takes two: names of pinned trees, or CLONE@REV")
    one, other = (_named(name, asked.allow_newer) for name in asked.names)
    facts = [
        {"fact": fact.name, "old": _said(before), "new": _said(after)}
        for fact in FACTS
        for before, after in ((_row(one, fact.name), _row(other, fact.name)),)
        if _said(before) != _said(after)
    ]
    files = [
        {"path": path, "why": why, "lines": changed}
        for path, why in _minded() if (changed := _changed(one, other, path)) is not None
    ]
    if asked.json:
        print(json.dumps({"facts": facts, "files": files}, indent=2))
        return 1 if facts or files else 0
    print(f"{one.source}\n{other.source}\n")
    for row in facts:
        print(f"{row['fact']}\n    {row['old']}\n    {row['new']}")
    print("\nfiles that differ, with the lines taken away and put in:" if files else
          "no file differs that a series touches or the model was read in")
    for row in files:
        print(f"    {row['lines']:>12}  {row['path']} ({row['why']})")
    return 1 if facts or files else 0


def _named(name: str, newer: bool) -> Tree:
    """Return a tree by the name of a pin, or by a clone and a revision of it."""
    path, _, rev = name.rpartition("@")
    return own(Path(path), rev) if path else pinned(name, allow_newer=newer)


def _row(where: Tree, name: str) -> dict[str, str]:
    try:
        said = answer(name, where)
    except TreeError as unread:
        return {"fact": name, "answer": "", "places": "", "error": str(unread)}
    places = ", ".join(str(one) for one in said.places)
    return {"fact": name, "answer": said.text, "places": places, "error": ""}


def _said(row: dict[str, str]) -> str:
    return row["answer"] or "cannot be read"


def _minded() -> Iterator[tuple[str, str]]:
    """Yield the files that something of ours was made from, each once, and what that is."""
    found: dict[str, str] = {}
    for manifest in sorted(HOUSE.glob(f"patches/**/{FILE_NAME}")):
        said = json.loads(manifest.read_text(encoding="utf-8"))
        for path, (before, _) in said.get("files", {}).items():
            if before:
                found.setdefault(path, f"touched by {manifest.parent.name}")
    for name in names():
        for driver in load(name).design.drivers:
            for path in driver.sources:
                found.setdefault(path, f"the driver {driver.name} of {name}")
    for fact in FACTS:
        for path in fact.paths:
            found.setdefault(path, f"says {fact.name!r}")
    for facility in shipped().values():
        for value in facility.values():
            if isinstance(value, Operation):
                for path in re.findall(r"\b[a-z]+/[\w./-]+\.[ch]\b", value.source):
                    found.setdefault(path, f"what {value.name}() does")
    yield from sorted(found.items())


def _changed(one: Tree, other: Tree, path: str) -> str | None:
    """Return how many lines differ, None for none."""
    there = [(tree.work / path).is_file() for tree in (one, other)]
    if not all(there):
        return None if not any(there) else ("not in it" if not there[1] else "only there")
    done = tried(["git", "diff", "--no-index", "--no-ext-diff", "--numstat", "--",
                  str(one.work / path), str(other.work / path)])
    if done.status > 1:
        raise TreeError(f"{path}: git cannot compare it: {done.last}")
    if not done.status:
        return None
    added, removed, *_ = done.said.split("\t")
    return f"-{removed} +{added}"
