# SPDX-License-Identifier: GPL-2.0-only
"""Symbols of Kconfig that are read, but that no Kconfig file of the tree defines."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

from checks.finding import Finding, Severity
from checks.patches.context import Context, as_text
from checks.patches.file_rules import bare
from checks.patches.mails import Patch
from generator.errors import TreeError
from generator.kernel.kconfig_rows import outside_help
from generator.system.plumbing import git_command, git_environment, tried

_READ = re.compile(r"\bCONFIG_([A-Z0-9][A-Z0-9_]*)\b")
_MADE = re.compile(r"^\s*#\s*define\s+CONFIG_([A-Z0-9_]+)\b", re.M)
_ASKED = re.compile(
    r"^\s+(?:depends on|select|imply|visible if|default|bool|tristate|prompt)\b|^\s*if\s"
)
_DEFINED = re.compile(r"^[ \t]*(?:menu)?config[ \t]+(\w+)[ \t]*$", re.M)
_WORD = re.compile(r"\b[A-Z0-9_]*[A-Z][A-Z0-9_]*\b")
_STRING = re.compile(r'"(?:\\.|[^"\\])*"' + r"|'[^']*'|#.*|\$\([^)]*\)")
# what make itself has under such a name
_OF_MAKE = frozenset(("SHELL",))
_TIMEOUT = 120


def unknown_symbols(what: Context) -> Iterator[Finding]:
    """A symbol that a line reads is defined in some Kconfig file of the tree.

    Source: scripts/checkkconfigsymbols.py asks the same of a whole tree; Documentation/kbuild/
    kconfig-language.rst.
    """
    reads = {patch.name: list(_reads(what, index, patch))
             for index, patch in enumerate(what.series.patches)}
    names = {name for found in reads.values() for _, _, name in found}
    if not names:
        return
    if what.repository is None:
        yield Finding("series:not-run", "symbols of Kconfig: the tree is not at hand",
                      severity=Severity.NOTE)
        return
    known = _defined(what, names | {name.removesuffix("_MODULE") for name in names})
    for index, patch in enumerate(what.series.patches):
        there = _after(what, index, known)
        for path, line, name in reads[patch.name]:
            if name not in there and name.removesuffix("_MODULE") not in there:
                yield Finding(
                    "series:unknown-symbol", f"no Kconfig file defines {name}: this is never true",
                    path, line, severity=Severity.WARNING, commit=patch.name,
                    fix=f"correct the name, or define {name} in this patch or before it",
                )  # fmt: skip


def _reads(what: Context, index: int, patch: Patch) -> Iterator[tuple[str, int, str]]:
    """Yield path, line and name of each symbol that an added line reads."""
    for diff in patch.diffs:
        name = os.path.basename(diff.path)
        kind = ("c" if name.endswith((".c", ".h", ".S")) else
                "make" if name.startswith(("Makefile", "Kbuild")) else
                "conf" if name.startswith("Kconfig") else "")
        if not kind or diff.path.startswith(("tools/", "Documentation/", "scripts/")):
            continue  # those have symbols of their own
        text = as_text(what.after(index)(diff.path))
        rows = (bare(text) if kind == "c" else text).split("\n")
        own = set(_MADE.findall(text))
        helps = _help(rows) if kind == "conf" else frozenset()
        for line, _ in diff.added():
            row = rows[line - 1] if line <= len(rows) else ""
            if kind == "conf":
                asked = _ASKED.match(row) and line not in helps
                found = _WORD.findall(_STRING.sub("", row)) if asked else []
            else:
                found = _READ.findall(row.partition("#")[0] if kind == "make" else row)
            yield from ((diff.path, line, one) for one in dict.fromkeys(found)
                        if one not in own and one not in _OF_MAKE)


def _help(rows: list[str]) -> frozenset[int]:
    """Return the lines, from 1, of help texts."""
    return frozenset(range(1, len(rows) + 1)) - {number for number, _ in outside_help(rows)}


def _defined(what: Context, names: set[str]) -> Mapping[str, set[str]]:
    """Return name -> Kconfig files of the base that define it. Errors: TreeError."""
    assert what.repository is not None
    words = "|".join(sorted(map(re.escape, names)))
    done = tried(
        git_command(what.repository, "grep", "-z", "-I", "-E", "-e",
                    rf"^[[:space:]]*(menu)?config[[:space:]]+({words})[[:space:]]*$",
                    what.base, "--", "*Kconfig*"),
        env=git_environment(), timeout=_TIMEOUT, about="symbols of Kconfig",
    )  # fmt: skip
    if done.status not in (0, 1):
        raise TreeError(f"symbols of Kconfig could not be looked up: {done.last}")
    found: dict[str, set[str]] = {}
    for row in done.said.splitlines():
        place, _, text = row.partition("\0")
        found.setdefault(text.split()[-1], set()).add(place.partition(":")[2])
    return found


def _after(what: Context, index: int, known: Mapping[str, set[str]]) -> set[str]:
    """Return the names that are defined after a patch: what it touches says so itself."""
    touched = {path for edit in what.edits[: index + 1] for path in edit if "Kconfig" in path}
    there = {name for name, paths in known.items() if paths - touched}
    for path in touched:
        there |= set(_DEFINED.findall(as_text(what.after(index)(path))))
    return there
