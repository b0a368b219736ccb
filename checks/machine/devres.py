# SPDX-License-Identifier: GPL-2.0-only
"""Devres lists: what drivers register on them, and which entry an operation takes off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from checks.machine.instances import Inst, View
from checks.machine.step import Build, Held, Substitution
from generator.design import Driver
from generator.expr import FALSE, TRUE, Expr, Fact, Place, Read, any_of, num, pick
from generator.graphs.flow import flow
from generator.meaning import fold
from generator.operation import Do, Operation
from generator.program import operations


def devres_lists(
    view: View, processes: Sequence[tuple[Driver, Inst]]
) -> dict[Inst, list[Held]]:
    """Return, per device, what any driver may register on its devres list, in text order."""
    lists: dict[Inst, list[Held]] = {}
    named = {
        (do.op.name, do.binding[do.op.on_devres])
        for driver, _ in processes for block in driver.blocks().values()
        for do in operations(block) if do.op.managed
    }
    for driver, inst in processes:
        for entry, block in driver.blocks().items():
            seen: dict[tuple[int, tuple[tuple[Place, Place], ...]], Do] = {}
            for edge in flow(entry, block, view.of).edges:
                if edge.do is None or edge.op is None or edge.op is not edge.do.op:
                    continue
                first = edge.do.places[0] if edge.do.places else None
                if edge.op.managed or (edge.op.managed_by, first) in named:
                    # of a helper that several ways call, behind what any of them did before
                    seen.pop((id(edge.do), edge.around), None)
                    seen[id(edge.do), edge.around] = edge.do
            for (_, around), do in seen.items():
                substitution = {driver.device: inst, **dict(around)}
                owner = view.resolve(do.binding[do.op.on_devres or do.op.roles[0]], substitution)
                assert isinstance(owner, Inst)
                owner = view.listed_at(owner)
                entries = lists.setdefault(owner, [])
                noted = Fact(f"devres {len(entries):02}", 1, f"{do} is on the devres list")(owner)
                entries.append(Held(noted, do, substitution, driver, inst))
    return lists


def same(view: View, one: Held, undo: Operation, do: Do, substitution: Substitution) -> bool:
    """Return whether an entry of a devres list has this undo, of the same devices."""
    return one.do.op.undo == undo and all(
        view.resolve(one.do.binding[role], one.substitution)
        == view.resolve(do.binding[role], substitution)
        for role in undo.roles
    )


def put_on(made: Build, inst: Inst, do: Do, substitution: Substitution) -> list[tuple[Read, Expr]]:
    """Return what an operation of the driver of `inst` that went well puts on a devres list."""
    for entries in made.devres.values():
        for held in entries:
            if held.do is not do or held.inst != inst or held.substitution != substitution:
                continue
            if not do.op.managed_by:
                return [(held.noted, num(1))]
            # pcim_setup_msi_release(): of a managed device, and once
            by = [one.noted.eq(1) for one in entries if one.do.op.name == do.op.managed_by]
            there = [one.noted.eq(1) for one in entries
                     if one is not held and one.do.op.managed_by == do.op.managed_by]
            return [(held.noted, fold(pick(any_of(*by) & ~any_of(*there), 1, held.noted)))]
    assert not do.op.managed, f"{do} is on no devres list"
    return []


@dataclass(frozen=True)
class TakenOff:
    """The latest entry of an operation's kind goes: `gives`; `any` is on, `twice` more than one."""

    gives: tuple[tuple[Read, Expr], ...] = ()
    any: Expr = TRUE
    twice: Expr = FALSE


def taken_off(made: Build, do: Do, op: Operation, substitution: Substitution) -> TakenOff:
    """Return what an operation takes off a devres list, as devm_free_irq() does."""
    if op.off_devres is None:
        return TakenOff()
    owner = made.view.resolve(do.binding[op.on_devres], substitution)
    assert isinstance(owner, Inst)
    on = [
        one.noted for one in made.devres.get(made.view.listed_at(owner), ())
        if same(made.view, one, op.off_devres, do, substitution)
    ]
    return TakenOff(
        tuple((noted, pick(any_of(*(late.eq(1) for late in on[at + 1:])), noted, 0))
              for at, noted in enumerate(on)),
        any_of(*(noted.eq(1) for noted in on)),
        any_of(*(one.eq(1) & other.eq(1) for one, other in combinations(on, 2))),
    )
