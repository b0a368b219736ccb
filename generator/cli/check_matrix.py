# SPDX-License-Identifier: GPL-2.0-only
"""`portwright check --all`, `--why`: every shipped design on every interrupt, or one cell of it."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
import resource
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence

from checks.finding import Verdict
from checks.search.explore import STATES
from checks.show import matrix_table, report_text, why
from checks.verdict import explored
from checks.verdict.goal import SERVICES
from checks.verdict.judge import ALL
from checks.verdict.matrix import KINDS, Exploration, Served, Task, judged, kind_of, outcome
from generator.cli import check_forms
from generator.cli.check_ended import BUDGET, OWN, draw, ended, typed
from generator.design import Design
from generator.editing.idioms import answers
from generator.errors import UsageError
from generator.kernel.pin import read_pin
from generator.load import DEFAULT, load, names
from generator.system.progress import say
from generator.system.stopping import INTERRUPTED, asked

_DYNAMIC = "dynamic MSI-X"
_SPOKEN = {_DYNAMIC: "MSI-X dynamic"}  # as the table has it


def run(args: argparse.Namespace) -> int:
    """Explore the matrix, or one cell of it, and print what is found.

    Errors: UsageError, ModelError.
    """
    return _all(args) if args.all else _cell(args)


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
    if args.form not in OWN:
        files = {one.design.name: report_text.short(str(one.file)) for one in loaded}
        print(check_forms.of_all(found, ours, files, args, check_forms.Ending(code, typed())))
    elif args.form == "json":
        print(json.dumps(matrix_table.records(designs, found), indent=2))
    else:
        print(matrix_table.text(designs, found, {rule.key: rule for rule in ALL}))
        if args.kernel:
            print("\n".join(_in_tree(args.said, designs, found)))
    _cost(found, time.monotonic() - began)
    return ended(code)


def _code_of_all(found: Sequence[Exploration], ours: frozenset[str]) -> int:
    if asked():
        return INTERRUPTED
    if any(one.verdict == Verdict.VIOLATED.value and one.design in ours for one in found):
        return 1
    return BUDGET if any(not one.complete for one in found) else 0


def _in_tree(
    said: Mapping[str, str], designs: Sequence[Design], found: Sequence[Exploration]
) -> Iterator[str]:
    """Yield what a tree has otherwise than the default pin, and what of the matrix is for that."""
    there = read_pin().version
    written = answers(DEFAULT)
    facts = [*dict.fromkeys(fact for design in designs for fact, _ in design.tree), _DYNAMIC]
    yield ""
    yield f"in this tree, and in {there} where that is otherwise:"
    for fact in facts:
        yield f"  {_SPOKEN.get(fact, fact)}: {said.get(fact, 'see `tree facts`')}"
        if said.get(fact) != written[fact]:
            yield f"    {there}: {written[fact]}"
    for rule, names_ in _waived_otherwise(designs).items():
        yield from textwrap.wrap(
            f"{rule} is waived in {' and in '.join(dict.fromkeys(names_.values()))} only: "
            f"{', '.join(names_)}", 76, initial_indent="  ", subsequent_indent="    ",
        )
    yield from _otherwise(found, there)


def _waived_otherwise(designs: Sequence[Design]) -> Mapping[str, Mapping[str, str]]:
    """Return rule -> design -> the kernel in which alone the design has a waiver for the rule."""
    there = read_pin().version
    out: dict[str, dict[str, str]] = {}
    for design in designs:
        here = {one.rule for one in design.waivers}
        before = {one.rule for one in load(design.name).design.waivers}
        for rule in sorted(here ^ before):
            out.setdefault(rule, {})[design.name] = "this tree" if rule in here else there
    return out


def _otherwise(found: Sequence[Exploration], there: str) -> Iterator[str]:
    """Yield which cells are others under the default pin, as far as these are known."""
    known = explored.known(tuple(Task(one.design, one.interrupts) for one in found))
    before = {(cell.design, cell.interrupts, cell.service): cell
              for one in known for cell in one.cells}
    cells = [cell for one in found for cell in one.cells]
    changed = [
        f"{cell.design}:{cell.interrupts}:{cell.service}: {cell.served.value} "
        f"({there}: {was.served.value})"
        for cell in cells
        if (was := before.get((cell.design, cell.interrupts, cell.service))) is not None
        and (was.served, was.rules) != (cell.served, cell.rules)
    ]
    yield from (f"  {one}" for one in changed)
    if len(before) < len(cells):
        yield (f"  {len(before)} of {len(cells)} cells of {there} are known to compare with; "
               "`portwright check --all` explores them")
    elif not changed:
        yield f"  every cell is as in {there}"


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
    if args.form not in OWN:
        file = str(load(name, args.said).file)
        ending = check_forms.Ending(code, typed())
        print(check_forms.of_one(report, file, (), None, args, ending))
    elif args.form == "json":
        print(json.dumps([why.record(design, kind, one, report) for one in cells], indent=2))
    else:
        print(why.text(design, kind, cells, report))
    if args.svg:
        draw(report, args.svg)
    return ended(code)
