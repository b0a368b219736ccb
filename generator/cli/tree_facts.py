# SPDX-License-Identifier: GPL-2.0-only
"""`portwright tree facts|compare`: what a tree answers, and what two of them differ in."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
import textwrap
from dataclasses import replace
from pathlib import Path

from checks.show.table import WIDTH
from generator.cli.differing import differences, minded
from generator.errors import TreeError, UsageError
from generator.kernel.clone import own
from generator.kernel.nearest import nearest
from generator.kernel.pin import pinned
from generator.kernel.tree import Tree
from generator.system.house import HOUSE, ROOT
from generator.tree_facts.table import FACTS, answer


def show(where: Tree, *, as_json: bool) -> int:
    """Print what a tree answers to every fact: 1 when it does not answer one of them."""
    rows = [_row(where, fact.name) for fact in FACTS]
    if as_json:
        print(json.dumps([
            {**row, "says": fact.says, "changed": fact.changed, "asked_by": _askers(fact.name)}
            for row, fact in zip(rows, FACTS, strict=True)
        ], indent=2))
    else:
        print(f"{where.source}\n")
        for row, fact in zip(rows, FACTS, strict=True):
            print(f"{fact.name}: {row['answer'] or row['error']}")
            for said in (fact.says, row["places"], f"changed: {fact.changed}",
                         f"asked by {_askers(fact.name)}"):
                print(textwrap.fill(said, WIDTH, initial_indent="    ", subsequent_indent="      "))
    return 1 if any(row["error"] for row in rows) else 0


def _askers(name: str) -> str:
    """Return what of ours names a fact, for its answer or for what is said of it."""
    wanted = f'"{name}"'.encode()
    places = [(HOUSE, "templates", "*.j2"), (ROOT, "generator", "*.py"), (ROOT, "checks", "*.py")]
    found = [str(file.relative_to(home)) for home, top, names in places
             for file in sorted((home / top).rglob(names))
             if "tree_facts" not in file.parts and wanted in file.read_bytes()]
    return ", ".join(found) or "readers"


def compare(asked: argparse.Namespace) -> int:
    """Print which facts and which files differ between two trees: 1 when any does.

    One tree alone is compared with the pinned one that it is most like. Files are those that
    shipped series touch, and those that the model was read in.
    Errors: UsageError, TreeError, EnvironmentFault.
    """
    if len(asked.names) != 2 and not (len(asked.names) == 1 and "@" in asked.names[0]):
        raise UsageError("tree compare takes two: names of pinned trees, or CLONE@REV; or one "
                         "CLONE@REV, for the pinned tree that is nearest to it")
    *first, other = (_named(name, asked.allow_newer) for name in asked.names)
    one = first[0] if first else _nearest(other)
    found = differences(one, other, minded())
    differ = bool(found.facts or found.files)
    if asked.json:
        print(json.dumps({
            "facts": [dict(zip(("fact", "old", "new"), row, strict=True)) for row in found.facts],
            "files": [dict(zip(("path", "why", "lines"), row, strict=True)) for row in found.files],
        }, indent=2))
        return 1 if differ else 0
    print(f"{one.source}\n{other.source}\n")
    print("\n".join(replace(found, files=()).lines()))
    print("\nfiles that differ, with the lines taken away and put in:" if found.files else
          "no file differs that a series touches or the model was read in")
    print("\n".join(replace(found, facts=()).lines()))
    return 1 if differ else 0


def _nearest(where: Tree) -> Tree:
    """Return the pinned tree that is most like another; that one itself is compared with none.

    Errors: UsageError.
    """
    near = nearest(where.git_dir, where.base)
    if near is None:
        raise UsageError("no pinned tree is set up that it could be compared with: name one")
    if not near.differing:
        raise UsageError(f"this is {near.pin.name} itself: name another to compare it with")
    return near.tree


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
