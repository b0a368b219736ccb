# SPDX-License-Identifier: GPL-2.0-only
"""Why a service is not served: the conditions before its goal that were false in every life.

A door is a step that was never taken, from a place that was reached, after which there is a
step that the goal needs. What happened at that place instead is why nobody came through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from checks.machine.machine import Machine
from checks.machine.step import IDLE, RUNNING, Transition
from checks.search.told import Shown
from checks.verdict.goal import instances
from generator.expr import Num, Read
from generator.facts import HANDLER, LIFE

Wanted = Callable[[Transition], bool]


def doors(machine: Machine, taken: bytes, service: str) -> tuple[Shown, ...]:
    """Return what keeps a class of services from its interrupts, in the order of the code.

    Empty: nothing does, its handlers are registered.
    """
    found: dict[Shown, None] = {}
    for inst in instances(machine.view, service):
        if _ever(machine, taken, _gives(HANDLER(inst))):
            return ()
        found.update(dict.fromkeys(_kept_from(machine, taken, HANDLER(inst))))
    return tuple(found)


def _kept_from(machine: Machine, taken: bytes, read: Read) -> Iterator[Shown]:
    """Yield what keeps a device from a fact: where its driver never binds, from its own life."""
    wanted = _gives(read)
    for pc in dict.fromkeys(one.pc for one in machine.transitions if wanted(one)):
        mine = [
            _Edge(one.src, one.ends_at(), one, bool(hit))
            for one, hit in zip(machine.transitions, taken, strict=True) if one.pc == pc
        ]
        inst = mine[0].one.step.inst
        if any(edge.hit and edge.src == IDLE for edge in mine):
            yield from _doors(mine, wanted)
        elif inst is not None and LIFE(inst) != read:
            yield from _kept_from(machine, taken, LIFE(inst))


def _gives(read: Read) -> Wanted:
    """Return which steps of a probe, about a device, give it a fact."""
    return lambda one: (
        one.step.outcome == "ok" and one.step.entry == "probe"
        and read.of in one.step.binding.values()
        and any(target == read and value != Num(0) for target, value in one.gives)
    )


def _ever(machine: Machine, taken: bytes, wanted: Wanted) -> bool:
    return any(
        hit and wanted(one) for one, hit in zip(machine.transitions, taken, strict=True)
    )


@dataclass(frozen=True)
class _Edge:
    src: int
    dst: int
    one: Transition
    hit: bool


def _doors(mine: list[_Edge], wanted: Wanted) -> Iterator[Shown]:
    """Yield what happens in a driver instead of getting to a wanted step."""
    edges = [edge for edge in mine if edge.src != RUNNING and edge.dst != IDLE]
    behind = _behind(edges, wanted)
    depth = _depth(edges)
    shut = sorted(
        (
            edge for edge in edges
            if not edge.hit and edge.src in depth and edge.src != IDLE
            and _leads(edge, behind, wanted)
            and not any(o.hit and o.src == edge.src and _leads(o, behind, wanted) for o in edges)
        ),
        key=lambda edge: depth[edge.src],
    )
    for src in dict.fromkeys(edge.src for edge in shut):
        yield from _instead(next(edge for edge in shut if edge.src == src), edges)


def _leads(edge: _Edge, behind: frozenset[int], wanted: Wanted) -> bool:
    return edge.dst in behind or wanted(edge.one)


def _behind(edges: list[_Edge], wanted: Wanted) -> frozenset[int]:
    """Return the places from which a wanted step can be reached."""
    found = {edge.src for edge in edges if wanted(edge.one)}
    more = True
    while more:
        new = {edge.src for edge in edges if edge.dst in found} - found
        more = bool(new)
        found |= new
    return frozenset(found)


def _depth(edges: list[_Edge]) -> dict[int, int]:
    """Return how far from the start each place is that was reached."""
    reached = {0: 0}
    frontier = [0]
    while frontier:
        following = []
        for edge in edges:
            if edge.hit and edge.src in frontier and edge.dst not in reached:
                reached[edge.dst] = reached[edge.src] + 1
                following.append(edge.dst)
        frontier = following
    return reached


def _instead(edge: _Edge, edges: list[_Edge]) -> Iterator[Shown]:
    """Yield what happens at a place instead of the step that never does."""
    others = [
        other.one.step for other in edges
        if other.src == edge.src and other.hit and not other.one.step.fault
    ]
    for other in others:
        yield Shown(other.actor, other.text, other.error, other.where, kind=other.kind)
    if not others:
        step = edge.one.step
        yield Shown(step.actor, step.text, "never", step.where, kind=step.kind)
