# SPDX-License-Identifier: GPL-2.0-only
"""`portwright read PATH`: the design of a driver, as its C says it."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass

from generator.cli import tree
from generator.errors import TreeError, UsageError
from generator.extraction import makefile, source
from generator.extraction.extract import Extracted, drivers, extract
from generator.extraction.held import held
from generator.extraction.text import as_python
from generator.kernel.tree import Tree
from generator.load import DEFAULT, load
from generator.system.progress import say

_SHOWN = 12  # names of calls that nothing knows


@dataclass(frozen=True)
class ReadDriver:
    """What was read of a driver, and how the file was parsed.

    files: the others of its module that were read with it; lent: those of other modules, which
    export its probe; apart: those that were not, and why.
    """

    what: Extracted
    source: source.Source
    version: str
    files: tuple[str, ...] = ()
    lent: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()


def run(args: argparse.Namespace) -> int:
    """Print the design of one driver as Python, with what of the C it leaves out.

    Against a design it prints where that does otherwise than the C, and returns 1 if it does.
    Errors: UsageError, TreeError, ModelError.
    """
    if args.against and args.json:
        raise UsageError("--against prints no --json: drop one of them")
    found = read(tree.chosen(args), args.path, args.driver)
    if args.against:
        apart = held(load(args.against, DEFAULT).design, found.what.design)
        same = f"{args.against} does what {found.what.variable} of {found.what.path} does"
        print("\n".join(map(str, apart)) if apart else f"{same}, as far as that is understood")
        return 1 if apart else 0
    if args.json:
        print(json.dumps(record(found), indent=2))
    else:
        print(as_python(found.what.design, coverage(found)), end="")
    return 0


def read(where: Tree, name: str, driver: str = "", *, exact: bool = True) -> ReadDriver:
    """Return the design of a driver of a tree: of the one that the file has, or of that named.

    exact: see source.parsed().

    Errors: UsageError when there is no such file or driver, or several; TreeError.
    """
    path = source.find(where, name)
    say(f"reading {path}")
    parsed, units, apart = source.whole_module(where, path, exact=exact)
    known = drivers(parsed.unit)
    names = ", ".join(one.name for one in known)
    if not known:
        raise UsageError(f"{path} registers no driver of a kind that is known (pci, platform, "
                         "auxiliary, i2c, spi, usb, cxl, pcie service)")
    chosen = [one for one in known if driver in ("", one.name)]
    if not chosen:
        raise UsageError(f"{path} has no driver {driver}: there is {names}")
    if len(chosen) > 1:
        raise UsageError(f"{path} has several drivers: --driver names one of {names}")
    try:
        what = extract(units, chosen[0])
    except TreeError as large:
        if len(units) == 1:
            raise
        apart = (f"the other files of its module: with them, {large}",)
        units = (parsed.unit,)
        what = extract(units, chosen[0])
    files = tuple(one.path for one in units[:-1])
    lent = tuple(one for one in source.exporters(where, parsed.unit)
                 if one in files and one not in makefile.beside(where, path))
    files = tuple(one for one in files if one not in lent)
    return ReadDriver(what, parsed, where.version, files, lent, apart)


def coverage(found: ReadDriver) -> tuple[str, ...]:
    """Return what a design that was read covers of its C, in sentences."""
    what = found.what
    said = [
        f"{what.variable} of {what.path}, Linux {found.version}, configuration "
        f"{found.source.config}, as read; what is not understood is left out.",
    ]
    if found.source.doubt:
        said.append(f"{found.source.doubt}.")
    if found.files:
        said.append(f"Read with it, of the same module: {', '.join(found.files)}.")
    if found.lent:
        said.append(f"Its probe is of another module: {', '.join(found.lent)}.")
    if found.apart:
        said.append(f"Not read: {'; '.join(found.apart)}.")
    said.append(f"Read: {what.fractions} of the functions that its entry points, handlers and "
                "contexts reach.")
    said.append(f"Calls that are operations: {what.calls}. Calls that nothing names: "
                f"{len(what.unknown)}{_some(one.text for one in what.unknown)}.")
    if what.open:
        said.append(f"Conditions taken either way: {len(what.open)}"
                    f"{_some(one.text for one in what.open)}.")
    if what.asked:
        said.append("Conditions taken to be answered once, by hardware or platform: "
                    f"{len(what.asked)}{_some(one.text for one in what.asked)}.")
    if what.cut:
        said.append(f"Loops: {what.cut}, done once or not at all.")
    if what.unread:
        said.append(f"Not followed: {'; '.join(map(str, what.unread))}.")
    return tuple(said)


def record(found: ReadDriver) -> dict[str, object]:
    """Return the same for programs."""
    what = found.what
    return {
        "driver": what.variable, "path": what.path, "version": found.version,
        "configuration": found.source.config, "doubt": found.source.doubt,
        "files": [*found.files, *found.lent], "apart": list(found.apart),
        "functions": dict(what.functions), "operations": what.calls,
        "fractions": {name: {"read": part.read, "all": part.all} for name, part in (
            ("calls", what.fractions.calls), ("branches", what.fractions.branches))},
        "unknown": [str(one) for one in what.unknown], "open": [str(one) for one in what.open],
        "asked": [str(one) for one in what.asked], "unread": [str(one) for one in what.unread],
        "loops": what.cut, "design": as_python(what.design, coverage(found)),
    }


def _some(texts: Iterable[str]) -> str:
    names = sorted(set(texts))
    if not names:
        return ""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f" ({', '.join(names[:_SHOWN])}{more})"
