# SPDX-License-Identifier: GPL-2.0-only
"""`portwright check`: explore designs against the rules."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from checks.finding import Verdict
from checks.search.explore import STATES, explore
from checks.search.told import Report
from checks.show import report_text
from checks.verdict.judge import judge
from checks.verdict.notes import Note, never_reached, notes
from checks.verdict.parallel import PROCESSES
from generator.cli.check_ended import BUDGET, OWN, draw, ended, typed
from generator.design import Design
from generator.drivers.portdrv_services import PORT
from generator.errors import Refused, Timeout, UsageError
from generator.load import DEFAULT, load, names
from generator.resize import with_children
from generator.system.progress import say
from generator.system.stopping import INTERRUPTED, Late, asked, bounded

if TYPE_CHECKING:
    from checks.verdict.likeness import Likeness
    from generator.kernel.tree import Tree

_NOTING = 1.0  # seconds for what is noted beneath a verdict, when the budget is used up


def run(args: argparse.Namespace) -> int:
    """Explore one design, one cell of the matrix, or all of it, and print what is found.

    Errors: UsageError, ModelError.
    """
    if sum((args.all, bool(args.design), bool(args.why))) != 1:
        raise UsageError("give one DESIGN, or --all, or --why CELL")
    if args.engine == "spin" and not args.design:
        raise UsageError("--engine spin takes one DESIGN")
    if args.again and not args.all:
        raise UsageError("--again takes --all: of one DESIGN nothing is kept from an earlier run")
    if args.first and not args.design:
        raise UsageError("--first takes one DESIGN")
    if not args.design and (args.children or args.episode):
        raise UsageError("--children and --episode take one DESIGN")
    if args.against and (not args.design or args.children or args.episode):
        raise UsageError("--against takes one DESIGN, and all of it")
    if args.against and _is_c(args):
        raise UsageError("--against takes a design, not a C file: see `portwright read --against`")
    if args.all and args.svg is not None:
        raise UsageError("--svg takes one DESIGN, or --why CELL")
    if args.svg is not None:
        _refuse_foreign(args.svg)
    asks = (args.kernel or args.tree or args.base) and not _is_c(args)
    args.form = "json" if args.json else args.format
    args.where, args.said = _there(args) if asks else (None, DEFAULT)
    if args.design:
        return _one(args)
    from generator.cli import check_matrix  # what one design needs nothing of

    return check_matrix.run(args)


def _there(args: argparse.Namespace) -> tuple[Tree, Mapping[str, str]]:
    from generator.cli.tree import chosen, told

    where = chosen(args)
    return where, told(where)


def _is_c(args: argparse.Namespace) -> bool:
    return bool(args.design and args.design.endswith(".c"))


@dataclass(frozen=True)
class _OfC:
    """The design that a driver's C is, and what of the C it covers."""

    design: Design
    record: dict[str, object]
    coverage: tuple[str, ...]
    within: str


def _of_c(args: argparse.Namespace) -> _OfC:
    from generator.cli.read import coverage, read, record  # libclang, and all that reads with it
    from generator.cli.tree import chosen
    from generator.drivers.in_tree import OF_CALLS, in_tree
    from generator.tree_facts.table import answered

    where = chosen(args)
    try:
        with bounded(args.seconds):
            found = read(where, args.design)
    except Late as late:
        if asked():
            raise
        said = "".join(f": {one}" for one in late.args)
        raise Timeout(f"{args.design} was not read to the end within the {args.seconds} s of "
                      f"--seconds, so nothing is said of it{said}") from None
    design = in_tree(found.what.design, answered(OF_CALLS, where))
    return _OfC(design, record(found), coverage(found), str(found.what.fractions))


def _one(args: argparse.Namespace) -> int:
    until = time.monotonic() + args.seconds
    c = _of_c(args) if _is_c(args) else None
    design = load(args.design, args.said).design if c is None else c.design
    report = _judged(design, args)
    odd: Sequence[Note] = ()
    with contextlib.suppress(Late), bounded(max(until - time.monotonic(), _NOTING)):
        odd = (*notes(design), *never_reached(design, report))
    like = None if c is not None else _likeness(design, report, args, until)
    code = _code(report.verdict)
    if args.form not in OWN:
        from generator.cli import check_forms

        file = args.design if c is not None else str(load(args.design, args.said).file)
        print(check_forms.of_one(report, file, odd, like, args, check_forms.Ending(code, typed()),
                                 "" if c is None else c.within))
    elif args.form == "json":
        odd_ones = [{"file": report_text.short(one.where.file), "line": one.where.line,
                     "message": one.message} for one in odd]
        beside = None if like is None else report_text.likeness_record(like)
        of_c = {} if c is None else {"read": c.record}
        whole = {**report_text.record(report), "notes": odd_ones, "beside": beside, **of_c}
        print(json.dumps(whole, indent=2))
    else:
        print(report_text.text(report))
        if like is not None:
            print("\n".join(report_text.likeness(like)))
        elif args.against:
            print(f"not compared with {args.against}: only a design that holds is")
        for one in odd:
            print(f"{report_text.short(one.where.file)}:{one.where.line}: note: {one.message}")
        for line in _beside_nearest(args, design) if args.where else ():
            print(line)
        if c is not None:
            print(f"{report.verdict.value} only within what was read of the C: {c.within}")
            print("\n".join(("what the verdict is about:", *c.coverage)))
    if args.svg:
        draw(report, args.svg)
    return ended(code)


def _beside_nearest(args: argparse.Namespace, design: Design) -> Iterable[str]:
    from generator.cli.differing import beside_nearest

    return beside_nearest(args.where, design.name, (design,))


def _code(verdict: Verdict) -> int:
    if asked():
        return INTERRUPTED
    if verdict is Verdict.VIOLATED:
        return 1
    return BUDGET if verdict is Verdict.UNFINISHED else 0


def _likeness(
    design: Design, report: Report, args: argparse.Namespace, until: float
) -> Likeness | None:
    """Return how a design that holds compares with the shipped one that it is a variation of."""
    if asked() or report.verdict is not Verdict.HOLDS or args.children or args.episode:
        return None
    if not args.against and (args.design in names() or PORT not in design.devices):
        return None  # what is shipped varies nothing, and every shipped design has this port
    from checks.verdict.likeness import Likeness, alike, compare

    base: Design | None = None
    if args.against:
        base = load(args.against, args.said).design
    else:
        base = alike(design, [load(name, args.said).design for name in names()])
    if base is None:
        return None
    say(f"comparing {design.name} with {base.name}")
    left = max(until - time.monotonic(), 0.0)
    try:
        with bounded(left):
            return compare(design, base, hardware=bool(args.against),
                           states=args.states or STATES, seconds=left)
    except Late:
        return Likeness(base.name, complete=False)


def _engine(name: str) -> tuple[Callable[..., Report], int]:
    """Return what explores a design, and how many states it may keep unless somebody says more."""
    if name != "spin":
        return explore, STATES
    from checks.search import spin

    return spin.explore, spin.STATES


def _judged(design: Design, args: argparse.Namespace) -> Report:
    say(f"exploring {design.name}")
    if args.children:
        design = with_children(design, args.children)
    engine, most = _engine(args.engine)
    return judge(design, states=args.states or most, seconds=args.seconds, first=args.first,
                 engine=engine, episode=args.episode, processes=PROCESSES, further=True)


def _refuse_foreign(file: str) -> None:
    """Refuse, before the search, to draw where no file can be, or where one is no drawing.

    Errors: UsageError for no name, Refused for what is most likely a design, OSError.
    """
    if not file:
        raise UsageError("--svg needs the name of a file")
    if file == "-":
        raise UsageError("--svg -: a diagram goes to a file, for the report is on stdout: name one")
    place = Path(file)
    if place.is_dir() or place.is_fifo() or place.is_socket():
        raise UsageError(f"{file}: no file that can be written to: name another")
    if not place.exists() and not place.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), file)
    if not os.access(place if place.exists() else place.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), file)
    if place.is_file() and place.stat().st_size:
        with place.open("rb") as there:
            if b"<svg" not in there.read(400):
                raise Refused(f"{file}: this is no drawing, and is not overwritten: name another")
