# SPDX-License-Identifier: GPL-2.0-only
"""The matrix of designs and interrupts as people and programs read it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from checks.rules.rule import Rule
from checks.show.table import WIDTH
from checks.verdict.goal import NAMES, SERVICES
from checks.verdict.matrix import KINDS, Cell, Exploration, Served
from generator.design import Design

_MARKS = {Served.YES: "y", Served.NO: "n", Served.NONE: "-", Served.UNFINISHED: "?"}
_LEGEND = """\
y   served: no rule is broken there, and every goal is reached in some life
n   not served, and nothing breaks: portwright check --why NAME:INTERRUPTS
-   the design has no such device
R01 refused under this rule, + under others as well; see below
"""
_UNFINISHED = "?   unfinished: a budget ended the search; raise --states or --seconds\n"
_NAME, _GAP = 17, 2
_COLUMNS = {kind.name: max(6, len(kind.name.rpartition(" ")[2]) + 1) for kind in KINDS}


def text(
    designs: Sequence[Design], explorations: Sequence[Exploration], rules: Mapping[str, Rule]
) -> str:
    """Return the matrix for a person: the table, then what stands behind each cell."""
    return "\n".join(_lines(designs, explorations, rules))


def _lines(
    designs: Sequence[Design], explorations: Sequence[Exploration], rules: Mapping[str, Rule]
) -> Iterator[str]:
    cells = {
        (cell.design, cell.service, cell.interrupts): cell
        for one in explorations for cell in one.cells
    }
    yield from _head()
    for design in designs:
        line = f"{design.name:<{_NAME}}"
        for service in SERVICES:
            for kind in KINDS:
                mark = _mark(cells[design.name, service, kind.name])
                line += f"{mark:<{_COLUMNS[kind.name]}}"
            line += " " * _GAP
        yield line.rstrip()
    yield ""
    yield from _LEGEND.splitlines()
    if any(cell.served is Served.UNFINISHED for cell in cells.values()):
        yield from _UNFINISHED.splitlines()
    for design in designs:
        mine = [one for one in explorations if one.design == design.name]
        yield ""
        yield from _wrapped(f"{design.name}: {design.drawing}", "  ")
        if design.status:
            yield from _wrapped(f"  {design.status}", "    ")
        yield from _refusals(mine, rules)
        yield from _wrapped(f"  ({_bounds(mine)})", "   ")
    yield from _waivers(explorations, rules)


def _head() -> Iterator[str]:
    wide = sum(_COLUMNS.values()) + _GAP
    yield (" " * _NAME + "".join(f"{NAMES[one]:<{wide}}" for one in SERVICES)).rstrip()
    for part in (0, 1):
        line = " " * _NAME
        for _ in SERVICES:
            for kind in KINDS:
                word, _, second = kind.name.partition(" ")
                line += f"{(word, second)[part]:<{_COLUMNS[kind.name]}}"
            line += " " * _GAP
        yield line.rstrip()


def _mark(cell: Cell) -> str:
    if cell.served is Served.REFUSED:
        return cell.rules[0] + ("+" if len(cell.rules) > 1 else "")
    return _MARKS[cell.served]


def _refusals(mine: Sequence[Exploration], rules: Mapping[str, Rule]) -> Iterator[str]:
    """Yield each rule that is broken, with the interrupts on which it is."""
    found: dict[str, list[str]] = {}
    for one in mine:
        for key in dict.fromkeys(key for cell in one.cells for key in cell.rules):
            found.setdefault(key, []).append(one.interrupts)
    for key, where in found.items():
        yield from _wrapped(f"  {key} {rules[key].title}, on {', '.join(where)}", "    ")


def _waivers(
    explorations: Sequence[Exploration], rules: Mapping[str, Rule]
) -> Iterator[str]:
    """Yield each known violation once, with the designs that live with it."""
    who: dict[tuple[str, str], list[str]] = {}
    needed: set[tuple[str, str, str]] = set()
    for one in explorations:
        for key, reason, hit in one.waived:
            names = who.setdefault((key, reason), [])
            if one.design not in names:
                names.append(one.design)
            if hit:
                needed.add((key, reason, one.design))
    if who:
        yield ""
    for (key, reason), names in sorted(who.items()):
        shown = [name if (key, reason, name) in needed else f"{name} (not needed)"
                 for name in names]
        yield from _wrapped(f"waived {key} {rules[key].title}: {reason}; in {', '.join(shown)}",
                            "  ")


def _bounds(mine: Sequence[Exploration]) -> str:
    states = sum(one.states for one in mine)
    transitions = sum(one.transitions for one in mine)
    ended = "every life explored" if all(one.complete for one in mine) else "not finished"
    names = ", ".join(mine[0].instances)
    episodes = list(dict.fromkeys(name for one in mine for name in one.episodes))
    also = f"; also {', '.join(episodes)}" if episodes else ""
    return f"{states} states, {transitions} transitions; {ended}; {names}{also}"


def _wrapped(line: str, indent: str) -> list[str]:
    margin = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(
        line.strip(), WIDTH, initial_indent=margin, subsequent_indent=indent,
        break_on_hyphens=False,
    )


def records(
    designs: Sequence[Design], explorations: Sequence[Exploration]
) -> list[dict[str, object]]:
    """Return the matrix for a program: a record per design, interrupts and class of services."""
    status = {design.name: design.status for design in designs}
    return [
        {
            "design": cell.design,
            "interrupts": cell.interrupts,
            "service": cell.service,
            "verdict": cell.served.value,
            "rules": list(cell.rules),
            "missed": list(cell.missed),
            "status": status[one.design],
            "waivers": [
                {"rule": rule, "reason": reason, "needed": needed}
                for rule, reason, needed in one.waived
            ],
            "states": one.states,
            "bounds": {
                "states": one.states,
                "transitions": one.transitions,
                "complete": one.complete,
                "instances": list(one.instances),
                "episodes": list(one.episodes),
            },
        }
        for one in explorations
        for cell in one.cells
    ]
