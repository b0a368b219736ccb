# SPDX-License-Identifier: GPL-2.0-only
"""Public fixes of drivers, reversed on the pinned tree: what the lives of both show.

tests/extraction/fixes.toml has the edits that bring each bug back.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from checks.search.told import Counterexample
from checks.verdict.judge import judge
from generator.errors import TreeError, UsageError
from generator.extraction import source
from generator.extraction.extract import drivers, extract
from generator.kernel.tree import Tree, read

TABLE = Path(__file__).parent / "extraction" / "fixes.toml"
STATES, SECONDS = 100_000, 30.0


@dataclass(frozen=True)
class Fix:
    """A fix of the kernel: what it is known by, and the edits of its file that undo it.

    rules: those that explain the bug, any of which is to be broken. miss: why none is, "" where
    one is. driver: which of several of the file.
    """

    cve: str
    commit: str
    subject: str
    kind: str
    path: str
    rules: tuple[str, ...]
    edits: tuple[tuple[str, str], ...]
    driver: str = ""
    miss: str = ""


def fixes() -> tuple[Fix, ...]:
    """Return all of them, in the order of the table."""
    return tuple(_fix(one) for one in tomllib.loads(TABLE.read_text(encoding="utf-8"))["fix"])


def _fix(row: Mapping[str, Any]) -> Fix:
    edits = tuple((old, new) for old, new in row["edits"])
    return Fix(**{**row, "rules": tuple(row["rules"]), "edits": edits})


def fixed(tree: Tree, fix: Fix) -> str:
    """Return the file as the tree has it."""
    text = read(tree, tree.base, fix.path)
    if text is None:
        raise UsageError(f"{fix.path}: not in {tree.version}")
    return text.decode("utf-8", "replace")


def buggy(text: str, fix: Fix) -> str:
    """Return the file with the bug.

    Errors: UsageError when an edit does not fit once.
    """
    for old, new in fix.edits:
        if text.count(old) != 1:
            raise UsageError(f"{fix.cve}: {text.count(old)} places in {fix.path} are {old!r}")
        text = text.replace(old, new)
    return text


def broken(
    tree: Tree, fix: Fix, overlay: Mapping[str, bytes] = MappingProxyType({})
) -> tuple[Counterexample, ...]:
    """Return what the lives of the driver break.

    Errors: PortwrightError when it cannot be read or explored.
    """
    try:
        parsed = source.parsed(tree, fix.path, overlay, exact=False)
    except TreeError:  # it needs symbols that are off
        parsed = source.parsed(tree, fix.path, overlay)
    chosen = [one for one in drivers(parsed.unit) if fix.driver in ("", one.name)]
    if len(chosen) != 1:
        raise UsageError(f"{fix.path} has {len(chosen)} drivers, say which")
    report = judge(extract((parsed.unit,), chosen[0]).design, states=STATES, seconds=SECONDS)
    return report.counterexamples


def findings(examples: Iterable[Counterexample]) -> dict[str, str]:
    """Return what is said under each rule, of its first counterexample."""
    found: dict[str, str] = {}
    for one in examples:
        found.setdefault(one.rule, one.message)
    return dict(sorted(found.items()))


def told(fix: Fix, found: Mapping[str, Any]) -> bool:
    """Return whether a rule that explains the bug is broken, and says it only with the bug."""
    if "unread" in found:
        return False
    new = set(found["buggy"].items()) - set(found["fixed"].items())
    return any(rule in fix.rules for rule, _ in new)
