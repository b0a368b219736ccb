# SPDX-License-Identifier: GPL-2.0-only
"""A process of a driver: a program counter of its own, and blocks of operations as transitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from checks.machine.devres import put_on, taken_off
from checks.machine.instances import Inst, View
from checks.machine.lock_owners import free_for, number, numbered, waits_at
from checks.machine.runtime_pm import asks, awaits, has_waited, resumed, resumes
from checks.machine.step import OWED, Build, Kind, Step, Substitution, called_with, words_of
from generator.context import CALLBACKS_OF
from generator.design import Driver
from generator.expr import FALSE, TRUE, Expr, Fact, Num, Place, Read, Role, all_of, num, pick
from generator.facts import ADDED, ADDING, ENABLED, FAULTED, INSIDE, LEAVING, LIFE, PHASE
from generator.graphs.flow import Edge
from generator.meaning import fold
from generator.operation import IGNORE, Do, Operation, fill
from generator.program import operations


class Process:
    """One driver and one instance, and one of the things that it does at a time."""

    def __init__(self, made: Build, driver: Driver, inst: Inst) -> None:
        """Give the process a counter of its own."""
        self.made, self.driver, self.inst = made, driver, inst
        self.actor, self.context, self.number = inst.name, "", number(made.view, inst)
        at = f"at {driver.name}" if driver.instead_of else "at"
        self.pc = Fact(at, 0, f"where {driver.name} is")(inst)
        self.numbers: dict[tuple[str, int], int] = {}
        # who looks into hardware for devices below, or makes them: it matters what failed
        self.creates = inst.device.parent is None or any(
            _adds(do.op) for do in operations(driver.probe)
        )

    def at(self, entry: str, state: int) -> int:
        """Return the program counter of a state of an entry point."""
        return self.numbers.setdefault((entry, state), len(self.numbers) + 2)

    def _core(
        self, kind: Kind, text: str, src: int, when: Expr, dst: int,
        *gives: tuple[Read, Expr | int], forgets: bool = False, settles: bool = False,
    ) -> None:
        step = Step(self.actor, kind, text, "driver core", driver=self.driver, inst=self.inst,
                    forgets=forgets, settles=settles, context=self.context)
        values = [(read, num(value)) for read, value in gives]
        self.made.add(step, self.pc, src, when, [(self.pc, num(dst)), *values])

    def _edge(self, entry: str, edge: Edge) -> None:
        substitution = {self.driver.device: self.inst, **dict(edge.around)}
        src, dst = self.at(entry, edge.src), self.at(entry, edge.dst)
        if edge.guard is not None:
            when: Expr = TRUE
            if edge.guard.when is not None:
                holds = self.made.view.bind(edge.guard.when, substitution)
                when = holds if edge.holds else ~holds
            text = f"{edge.guard.name}: {'yes' if edge.holds else 'no'}"
            step = Step(self.actor, Kind.CONDITION, text, entry, edge.inside,
                        where=edge.where, decides=edge.guard.when not in (None, TRUE),
                        asks=when, driver=self.driver, inst=self.inst, context=self.context)
            self.made.add(step, self.pc, src, when, [(self.pc, num(dst))])
        elif edge.do is None or edge.op is None:
            self._core(Kind.PASS, "", src, TRUE, dst)
        else:
            extra: list[tuple[Read, Expr]] = []
            if edge.op is edge.do.op and edge.outcome == "ok":
                extra += put_on(self.made, self.inst, edge.do, substitution)
            if self.made.locks and edge.outcome == "ok" and _adds(edge.op):
                dst = self._adding(edge, substitution, dst, extra)
            gone = taken_off(self.made, edge.do, edge.op, substitution)
            extra += gone.gives
            self._operate(edge.do, edge.op, edge.outcome, substitution, entry, edge.inside,
                          src, TRUE, dst, extra, gone.twice, gone.any)

    def _adding(
        self, edge: Edge, substitution: Substitution, dst: int, extra: list[tuple[Read, Expr]]
    ) -> int:
        """Return where a device has been added and its driver may probe before the call returns."""
        assert edge.do is not None
        child = self.made.view.resolve(edge.do.binding[edge.do.op.roles[0]], substitution)
        middle = self.at(f"adding {child.name}", dst)
        extra.append((ADDING(child), num(1)))
        self._core(Kind.PASS, "", middle, INSIDE(child).eq(0), dst, (ADDING(child), 0))
        return middle

    def _nested(self, do: Do) -> bool:
        """Return whether the driver does an operation of the same device in more than one place.

        Where it cannot be nested, to ask whether it is would cost states for nothing.
        """
        return len({
            id(one) for block in self.driver.blocks().values() for one in operations(block)
            if one.op == do.op and one.places == do.places
        }) > 1

    def _operate(
        self, do: Do, op: Operation, outcome: str, substitution: Substitution, entry: str,
        inside: str, src: int, when: Expr, dst: int, extra: Sequence[tuple[Read, Expr]] = (),
        still: Expr = FALSE, held: Expr = TRUE,
    ) -> None:
        """Add the ways in which an operation ends with this outcome.

        While `still` holds, it was taken more than once: a fact stays that does not count.
        """
        view = self.made.view
        binding = {role: view.resolve(place, substitution) for role, place in do.binding.items()}
        params = {
            name: view.bind(value, substitution)
            for name, value in zip(do.op.params, do.params, strict=True)
        }
        numbers = numbered(view, self.number, binding)
        by_role: dict[Place, Place] = {Role(name): place for name, place in binding.items()}
        text = words_of(op, binding)
        step = Step(self.actor, Kind.OPERATION, text, entry, inside, outcome,
                    where=do.where, op=op, driver=self.driver, inst=self.inst,
                    about=called_with(op, binding), held=held, binding=binding, params=params,
                    context=self.context)

        def bound(expr: Expr) -> Expr:
            return view.bind(fill(expr, {**params, **numbers}), by_role)

        acted_on = binding[op.roles[0]] if op.roles else None
        reached = not op.reaches or (
            isinstance(acted_on, Inst) and acted_on.device.kind in op.reaches
        )
        when = all_of(when, free_for(self.made, op, binding, self.number))
        waited: Expr = TRUE
        if isinstance(acted_on, Inst):
            waited = has_waited(self.made, op, outcome, acted_on)
            if resumes(op):
                when = all_of(when, resumed(self.made, self.inst, acted_on))
        if op.begins:
            middle = self.at(f"{entry} waits {src}", 0)
            gives = [(_target(view, one.target, by_role), bound(one.value)) for one in op.begins]
            wants = waits_at(view, op, binding, self.context, self.inst)
            wants += awaits(view, op, acted_on, self.context, self.inst)
            self.made.add(step, self.pc, src, when, [(self.pc, num(middle)), *gives, *wants])
            extra = (*extra, *((read, num(0)) for read, _ in wants))
            step = replace(step, kind=Kind.OPERATION_RETURNS, text=f"{text} returns", op=None)
            src, when = middle, all_of(when, bound(op.waits), waited)
        else:
            when = all_of(when, bound(op.waits))
        for way in op.outcomes:
            if way.label != outcome:
                continue
            can = [way.when]
            if outcome == "fail" and op.fails_when != TRUE and self._nested(do):
                can.append(op.fails_when)
            if way.fault and not self.made.plain and entry in ("probe", "remove", "devres"):
                continue
            if way.fault and asks(op) and entry == "remove" and do.on_fail == IGNORE and (
                    not way.gives):  # of one that counts even so; what is done then is luck
                continue
            if way.fault and self.context == CALLBACKS_OF:
                can.append(PHASE(self.inst).ne(LEAVING))
            gives = [(self.pc, num(dst)), *extra]
            done = (*way.gives, *(op.failed if outcome == "fail" else ()))
            for one in done if reached else ():
                if one.each is None:
                    target, value = _target(view, one.target, by_role), bound(one.value)
                    if isinstance(value, Num):
                        value = fold(pick(still, target, value))
                    if value != target:  # or else it stays as it is, whoever calls
                        gives.append((target, value))
                    continue
                range_ = view.resolve(one.each, by_role)
                for inst in view.range(range_):
                    each = {**by_role, one.target.of: inst}
                    value = fill(one.value, {**params, **numbers})
                    gives.append((one.target.fact(inst), view.bind(value, each)))
            if (op.name == "pci_disable_device" and view.episode == "sleep"
                    and acted_on is not None):
                owed, none = OWED(acted_on), ENABLED(acted_on).eq(0)
                gives.append((owed, pick(none & owed.gt(0), owed - 1, owed)))
            if way.fault and entry == "probe" and self.creates:
                gives.append((FAULTED(self.inst), num(1)))
            if way.error or way.fault:
                said = replace(step, error=way.error, fault=way.fault)
            else:
                said = step
            self.made.add(said, self.pc, src, all_of(when, *(bound(one) for one in can)), gives)


def _adds(op: Operation) -> bool:
    """Return whether an operation puts a device on its bus, where a driver can bind at once."""
    return any(
        one.target.fact == LIFE and one.value == num(ADDED)
        for way in op.outcomes for one in way.gives
    )


def _target(view: View, target: Read, by_role: Substitution) -> Read:
    return target.fact(view.resolve(target.of, by_role))
