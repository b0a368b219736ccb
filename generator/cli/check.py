# SPDX-License-Identifier: GPL-2.0-only
"""`portwright check`: explore designs against the rules."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import contextlib
import json
import resource
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.finding import Verdict
from checks.report.forms import FORMS, SHARED
from checks.search.explore import STATES, Report, explore
from checks.show import diagram, matrix_table, report_text, why
from checks.verdict import explored
from checks.verdict.goal import SERVICES
from checks.verdict.judge import ALL, judge
from checks.verdict.likeness import Likeness, alike, compare
from checks.verdict.matrix import (
    KINDS,
    PROCESSES,
    Exploration,
    Served,
    Task,
    judged,
    kind_of,
    outcome,
)
from checks.verdict.notes import Note, never_reached, notes
from generator.cli import check_forms
from generator.cli.differing import beside_nearest
from generator.cli.given import scope
from generator.cli.tree import chosen, told
from generator.design import Design
from generator.errors import Refused, UsageError
from generator.load import DEFAULT, load, names
from generator.resize import with_children
from generator.system.progress import say
from generator.system.stopping import INTERRUPTED, Late, asked, bounded

BUDGET = 124
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
    if args.all and args.svg is not None:
        raise UsageError("--svg takes one DESIGN, or --why CELL")
    if args.svg is not None:
        _refuse_foreign(args.svg)
    asks = (args.kernel or args.tree) and not _is_c(args)
    args.form = "json" if args.json else args.format
    args.where = chosen(args) if asks else None
    args.said = told(args.where) if args.where else DEFAULT
    if args.all:
        return _all(args)
    return _cell(args) if args.why else _one(args)


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

    found = read(chosen(args), args.design)
    return _OfC(found.what.design, record(found), coverage(found), str(found.what.fractions))


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
    if args.form in SHARED:
        file = args.design if c is not None else str(load(args.design, args.said).file)
        print(FORMS[args.form](check_forms.of_design(
            report, file, odd, like, scope(args), check_forms.Ending(code, _typed()),
            "" if c is None else c.within)))
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
        for one in odd:
            print(f"{report_text.short(one.where.file)}:{one.where.line}: note: {one.message}")
        for line in beside_nearest(args.where, design.name, (design,)) if args.where else ():
            print(line)
        if c is not None:
            print(f"{report.verdict.value} only within what was read of the C: {c.within}")
            print("\n".join(("what the verdict is about:", *c.coverage)))
    if args.svg:
        _draw(report, args.svg)
    return _ended(code)


def _code(verdict: Verdict) -> int:
    if asked():
        return INTERRUPTED
    if verdict is Verdict.VIOLATED:
        return 1
    return BUDGET if verdict is Verdict.UNFINISHED else 0


def _ended(code: int) -> int:
    """Return the exit code, and say if what was printed is not all."""
    if code == INTERRUPTED:
        print("portwright check: interrupted: this is what was found so far", file=sys.stderr)
    return code


def _typed() -> str:
    """Return the command that does it again."""
    return shlex.join(["portwright", *sys.argv[1:]])


def _likeness(
    design: Design, report: Report, args: argparse.Namespace, until: float
) -> Likeness | None:
    """Return how a design that holds compares with the shipped one that it is a variation of."""
    if asked() or report.verdict is not Verdict.HOLDS or args.children or args.episode:
        return None
    base: Design | None = None
    if args.against:
        base = load(args.against, args.said).design
    elif args.design not in names():
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
    """Refuse to draw where a file lies that is no drawing: a design, most likely.

    Errors: UsageError for no name, Refused.
    """
    if not file:
        raise UsageError("--svg needs the name of a file")
    if file == "-":
        raise UsageError("--svg -: a diagram goes to a file, for the report is on stdout: name one")
    place = Path(file)
    if place.is_dir() or place.is_fifo() or place.is_socket():
        raise UsageError(f"{file}: no file that can be written to: name another")
    if place.is_file() and place.stat().st_size:
        with place.open("rb") as there:
            if b"<svg" not in there.read(400):
                raise Refused(f"{file}: this is no drawing, and is not overwritten: name another")


def _draw(report: Report, file: str) -> None:
    """Write the first violation as a diagram; without one there is nothing to draw."""
    if not report.counterexamples:
        say(f"{report.design}: nothing to draw")
        return
    sys.stdout.flush()  # the verdict comes first, whatever becomes of the diagram
    try:
        Path(file).write_text(diagram.svg(report.counterexamples[0]), encoding="utf-8",
                              errors="backslashreplace")
    except OSError as fault:  # of a full disk it does not say which file it was
        raise OSError(fault.errno, fault.strerror, file) from fault


def _all(args: argparse.Namespace) -> int:
    """Print the matrix: 0 when every verdict was found, 1 when what a series makes is refused."""
    began = time.monotonic()
    loaded = [load(name, args.said) for name in names()]
    designs = [one.design for one in loaded]
    said = tuple(sorted(args.said.items()))
    tasks = tuple(
        Task(name, kind.name, args.states or STATES, args.seconds, said)
        for name in names() for kind in KINDS
    )
    found = explored.matrix(tasks, again=args.again)
    ours = frozenset(one.design.name for one in loaded if hasattr(one.module, "SERIES"))
    code = _code_of_all(found, ours)
    if args.form in SHARED:
        files = {one.design.name: report_text.short(str(one.file)) for one in loaded}
        print(FORMS[args.form](check_forms.of_matrix(
            found, ours, files, scope(args), check_forms.Ending(code, _typed()))))
    elif args.form == "json":
        print(json.dumps(matrix_table.records(designs, found), indent=2))
    else:
        print(matrix_table.text(designs, found, {rule.key: rule for rule in ALL}))
        if args.kernel:
            print("\n".join(_in_tree(args.said, designs)))
    _cost(found, time.monotonic() - began)
    return _ended(code)


def _code_of_all(found: Sequence[Exploration], ours: frozenset[str]) -> int:
    if asked():
        return INTERRUPTED
    if any(one.verdict == Verdict.VIOLATED.value and one.design in ours for one in found):
        return 1
    return BUDGET if any(not one.complete for one in found) else 0


def _in_tree(said: Mapping[str, str], designs: Sequence[Design]) -> Iterator[str]:
    """Yield what a tree has otherwise than the drivers are written, and who can add vectors."""
    yield ""
    yield "in this tree:"
    for fact in dict.fromkeys(fact for design in designs for fact, _ in design.tree):
        yield f"  {fact}: {said[fact]}"
    yield f"  MSI-X dynamic: {said.get('dynamic MSI-X', 'see `tree facts`')}"


def _cost(found: tuple[Exploration, ...], seconds: float) -> None:
    """Say on stderr what the matrix took: memory is that of all processes together."""
    peaks: dict[int, int] = {}
    for one in found:
        peaks[one.process] = max(peaks.get(one.process, 0), one.megabytes)
    here = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    kept = sum(one.process == 0 and one.complete for one in found)
    done = f"{len(found)} explorations" + (f", {kept} of them kept from before" if kept else "")
    print(f"portwright check: {done}: {seconds:.1f} s, {here + sum(peaks.values())} MB",
          file=sys.stderr)


def _cell(args: argparse.Namespace) -> int:
    """Explain a cell: 1 when the design is refused there."""
    name, _, rest = args.why.partition(":")
    kind_name, _, service = rest.partition(":")
    if not rest:
        raise UsageError(f"{args.why}: a cell is DESIGN:INTERRUPTS or DESIGN:INTERRUPTS:SERVICE")
    if service not in ("", *SERVICES):
        raise UsageError(f"no service {service!r}: there are {', '.join(SERVICES)}")
    kind, design = kind_of(kind_name), load(name, args.said).design
    say(f"exploring {design.name} on {kind.name}")
    report = judged(design, kind, states=args.states or STATES, seconds=args.seconds)
    cells = [
        one for one in outcome(design, kind, report).cells if service in ("", one.service)
    ]
    code = INTERRUPTED if asked() else (
        1 if any(one.served is Served.REFUSED for one in cells)
        else BUDGET if any(one.served is Served.UNFINISHED for one in cells) else 0)
    if args.form in SHARED:
        file = str(load(name, args.said).file)
        print(FORMS[args.form](check_forms.of_design(
            report, file, (), None, scope(args), check_forms.Ending(code, _typed()))))
    elif args.form == "json":
        print(json.dumps([why.record(design, kind, one, report) for one in cells], indent=2))
    else:
        print(why.text(design, kind, cells, report))
    if args.svg:
        _draw(report, args.svg)
    return _ended(code)
