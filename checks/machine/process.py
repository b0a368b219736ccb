# SPDX-License-Identifier: GPL-2.0-only
"""One driver and one instance that it binds, as transitions, with the driver core's own steps.

D0 and the runtime get around a PCI probe, the parent kept awake around a child's probe, `.remove`
and then devres in reverse, deletion that waits for the unbind, shutdown backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from checks.machine.instances import SYSTEM, TURN, Inst, View
from checks.machine.lock_owners import free_for, locked, mutex_free, number, numbered, unlocked
from checks.machine.runtime_pm import called_at_runtime, idle, may_resume, resumed, resumes
from checks.machine.schedule import BEFORE, smart, woken_for_sleep
from checks.machine.step import (
    DOWN,
    HALTED,
    IDLE,
    IN_RUNTIME_PM,
    RUNNING,
    SHUT,
    Build,
    Context,
    Held,
    Kind,
    Step,
    called_with,
    words_of,
)
from generator.design import RUNTIME, Driver
from generator.expr import (
    FALSE,
    TRUE,
    Expr,
    Fact,
    Num,
    Place,
    Read,
    Role,
    all_of,
    any_of,
    num,
    pick,
)
from generator.facts import (
    ABSENT,
    ADDED,
    ADDING,
    BOUND,
    COUNTERS,
    D3,
    DRVDATA,
    DYING,
    FAULTED,
    INSIDE,
    IRQ,
    LEAVING,
    LIFE,
    LOST,
    MISSED,
    MSIDATA,
    NAMED,
    OPEN,
    OUTCOME,
    PHASE,
    PROBING,
    QUIET,
    SAVED,
    UNBOUND,
    UNHEARD,
    UNPROGRAMMED,
)
from generator.graphs.flow import Edge, Flow, compress, flow
from generator.meaning import fold
from generator.operation import Do, Operation, fill
from generator.program import Block, operations


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
                    seen.setdefault((id(edge.do), edge.context), edge.do)
            for (_, around), do in seen.items():
                context = {driver.device: inst, **dict(around)}
                owner = view.resolve(do.binding[do.op.on_devres or do.op.roles[0]], context)
                assert isinstance(owner, Inst)
                entries = lists.setdefault(owner, [])
                noted = Fact(f"devres {len(entries):02}", 1, f"{do} is on the devres list")(owner)
                entries.append(Held(noted, do, context, driver, inst))
    return lists


_EPISODIC = (SAVED, LOST, MISSED, UNHEARD, UNPROGRAMMED)


class Process:
    """One driver and one instance that it binds."""

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

    def build(self) -> None:
        """Add the transitions of the process."""
        view, begun = self.made.view, len(self.made.transitions)
        graphs = {
            name: compress(flow(name, block, view.of))
            for name, block in self.driver.entries().items()
        }
        self._bind(graphs["probe"])
        if self.inst.device.kind != "core":  # the core never leaves
            self._unbind(graphs["remove"])
        if self.made.plain and "shutdown" in graphs:
            self._shutdown(graphs["shutdown"])
        for why in ("refused", "unbound"):
            self._release(why)
        callbacks = self.driver.callbacks()
        for (name, inst), turn in self.made.turns.calls.items():
            if inst == self.inst and name in callbacks:
                graphs[name] = compress(flow(name, callbacks[name], view.of))
                self._called(name, graphs[name])
            elif inst == self.inst:  # another driver of the device has one, or it is only woken
                self._core(Kind.PASS, "", RUNNING, self._turn(name), RUNNING,
                           (TURN(SYSTEM), turn + 1))
        if self.made.episode.name == "sleep" and self.inst == view.parent(self.inst):
            graphs |= self._runtime()
        for entry, graph in graphs.items():
            for edge in graph.edges:
                self._edge(entry, edge)
        self._end_locals(begun)
        self.made.tops[self.pc] = len(self.numbers) + 1

    def _end_locals(self, begun: int) -> None:
        """Let the variables of the driver's functions go where it is unbound."""
        steps = self.made.transitions
        mine = dict.fromkeys(
            target for one in steps[begun:] for target, value in one.gives
            if target.fact.local and value != num(0)
        )
        for at in range(begun, len(steps)):
            if steps[at].step.kind is Kind.UNBOUND:
                gone = ((read, num(0)) for read in mine)
                steps[at] = replace(steps[at], gives=(*steps[at].gives, *gone))

    def _core(
        self, kind: Kind, text: str, src: int, when: Expr, dst: int,
        *gives: tuple[Read, Expr | int], forgets: bool = False, settles: bool = False,
    ) -> None:
        step = Step(self.actor, kind, text, "driver core", driver=self.driver, inst=self.inst,
                    forgets=forgets, settles=settles, context=self.context)
        values = [(read, num(value)) for read, value in gives]
        self.made.add(step, self.pc, src, when, [(self.pc, num(dst)), *values])

    def _bind(self, probe: Flow) -> None:
        inst, parent = self.inst, self.made.view.parent(self.inst)
        up = DOWN(SYSTEM).eq(0)
        ready = up if inst == parent else all_of(LIFE(inst).eq(ADDED), DYING(inst).eq(0), up)
        if inst.device.kind == "pci":  # pci_bus_add_device() comes after enumeration
            ready = all_of(ready, *(PHASE(core).eq(BOUND) for core in self.made.view.cores()))
        ready = all_of(ready, self._may_bind(), resumed(self.made, inst, parent))
        # The driver core holds the device (PCI) or its parent in D0 around a probe.
        kind, text = Kind.BIND, f"bind {self.driver.name}"
        if inst.device.kind == "core":
            kind, text = Kind.ENUMERATE, "enumerates"
        self._core(kind, text, IDLE, ready, self.at("probe", probe.start),
                   (PHASE(inst), PROBING), (D3(parent), 0), (OUTCOME(inst), 0), (QUIET(inst), 0),
                   *([(FAULTED(inst), 0)] if self.creates else []), *locked(self.made, inst))
        if self.made.locks and inst != parent:
            # drivers/base/dd.c device_initial_probe(): a driver that is there already probes in
            # the thread of who adds the device, which waits for it, and holds the parent's lock
            self._core(kind, f"{text} at once", IDLE, ready & ADDING(inst).eq(1),
                       self.at("probe", probe.start), (INSIDE(inst), 1), (PHASE(inst), PROBING),
                       (D3(parent), 0), (OUTCOME(inst), 0), (QUIET(inst), 0),
                       *locked(self.made, inst))
        self._core(Kind.PROBE_RETURNS, "probe returns 0", self.at("probe", probe.done), TRUE,
                   RUNNING, (PHASE(inst), BOUND), (OUTCOME(inst), 1), *unlocked(self.made, inst))
        self._core(Kind.PROBE_FAILS, "probe returns an error", self.at("probe", probe.failed),
                   TRUE, self.at("devres refused", 0), (OUTCOME(inst), 2))

    def _may_bind(self) -> Expr:
        """Return when an episode lets a driver bind: before it begins, a later driver after."""
        turns = self.made.turns
        alone = len(self.made.view.design.drivers_of(self.inst.device)) == 1
        free = TRUE if alone else PHASE(self.inst).eq(UNBOUND)
        if self.made.plain:
            return all_of(free, mutex_free(self.made, self.inst))
        if self.driver.instead_of and self.made.episode.name == "late":
            return all_of(~turns.at(BEFORE), free)
        above = self.made.view.parent(self.inst)
        first = TRUE if above == self.inst else PHASE(above).eq(BOUND)
        return all_of(free, turns.at(BEFORE), first)

    def _may_unbind(self) -> Expr:
        inst, name, turns = self.inst, self.made.episode.name, self.made.turns
        deleted = FALSE if inst == self.made.view.parent(inst) else DYING(inst).eq(1)
        up = DOWN(SYSTEM).eq(0)
        if name in ("surprise", "late"):
            stays = deleted != FALSE or (name == "late" and self.driver.instead_of != "")
            return deleted | (FALSE if stays else turns.at(turns.last))
        if not self.made.plain:
            return deleted if deleted != FALSE else turns.at(turns.last)
        if deleted == FALSE:
            return up & mutex_free(self.made, inst)
        if self.driver.unbind:
            return up | deleted
        # no sysfs unbind, and an open event pins the module
        return (up & OPEN(inst).eq(0)) | deleted

    def _unbind(self, remove: Flow) -> None:
        inst = self.inst
        gives: list[tuple[Read, Expr | int]] = [(PHASE(inst), LEAVING)]
        if inst == self.made.view.parent(inst):
            gives.append((D3(inst), 0))  # pci_device_remove(): pm_runtime_get_sync()
        may = self._may_unbind()
        if called_at_runtime(self.made, self.driver):  # its runtime_resume comes first
            may &= D3(inst).eq(0)
        self._core(Kind.UNBIND, f"unbind {self.driver.name}", RUNNING, may,
                   self.at("remove", remove.start), *gives, *locked(self.made, inst))
        for end in {remove.done, remove.failed}:
            self._core(Kind.REMOVE_RETURNS, "", self.at("remove", end), TRUE,
                       self.at("devres unbound", 0))

    def _called(self, entry: str, graph: Flow) -> None:
        """Add the call of a callback when it is its turn; then it is the turn of the next."""
        turns, turn = self.made.turns, self.made.turns.calls[entry, self.inst]
        when = self._turn(entry) & PHASE(self.inst).eq(BOUND)
        if entry == "suspend_noirq" and set(RUNTIME) & self.driver.callbacks().keys() and smart(
            self.driver
        ):  # drivers/base/power/main.c dev_pm_skip_suspend()
            self._core(Kind.PASS, "", RUNNING, when & D3(self.inst).eq(1), RUNNING,
                       (TURN(SYSTEM), turn + 1))
            when &= D3(self.inst).eq(0)
        self._core(Kind.CALL, f"{entry} {self.driver.name}", RUNNING, when,
                   self.at(entry, graph.start))
        ends = {graph.done: turn + 1}
        ends.setdefault(graph.failed, turns.fails.get(turn, turn + 1))
        for end, after in ends.items():
            self._core(Kind.CALL_RETURNS,
                       "" if end == graph.done else f"{entry} returns an error",
                       self.at(entry, end), TRUE, RUNNING, (TURN(SYSTEM), after))

    def _turn(self, entry: str) -> Expr:
        """Return whether it is the turn of a callback, and runtime PM is done with the device."""
        turn = self.made.turns.at(self.made.turns.calls[entry, self.inst])
        woken = entry == "suspend" and woken_for_sleep(self.driver)
        return turn & D3(self.inst).eq(0) if woken else turn

    def _runtime(self) -> dict[str, Flow]:
        """Add runtime PM of a PCI device: its callback, then D3; back in D0, its callback."""
        inst, view, driver = self.inst, self.made.view, self.driver
        blocks = driver.callbacks()
        if not {"runtime_suspend", "runtime_resume"} & blocks.keys():
            return {}
        empty: Block = ()
        graphs = {
            name: compress(flow(name, blocks.get(name, empty), view.of))
            for name in ("runtime_suspend", "runtime_resume")
        }
        down, back = graphs["runtime_suspend"], graphs["runtime_resume"]
        may = all_of(self.made.turns.quiet(), idle(view, inst), PHASE(inst).eq(BOUND))
        self._core(Kind.CALL, f"runtime_suspend {driver.name}", RUNNING,
                   all_of(may, D3(inst).eq(0)), self.at("runtime_suspend", down.start),
                   (IN_RUNTIME_PM(inst), 1))
        self._core(Kind.RUNTIME_SUSPENDED, "runtime_suspend returns",
                   self.at("runtime_suspend", down.done), TRUE, RUNNING,
                   (D3(inst), 1), (IN_RUNTIME_PM(inst), 0))
        if down.failed != down.done:
            self._core(Kind.CALL_RETURNS, "", self.at("runtime_suspend", down.failed), TRUE,
                       RUNNING, (IN_RUNTIME_PM(inst), 0))
        self._core(Kind.CALL, f"runtime_resume {driver.name}", RUNNING,
                   all_of(may_resume(self.made, driver), D3(inst).eq(1)),
                   self.at("runtime_resume", back.start), (D3(inst), 0), (IN_RUNTIME_PM(inst), 1))
        for end in {back.done, back.failed}:
            self._core(Kind.CALL_RETURNS, "runtime_resume returns",
                       self.at("runtime_resume", end), TRUE, RUNNING, (IN_RUNTIME_PM(inst), 0),
                       settles=True)
        return graphs

    def _shutdown(self, graph: Flow) -> None:
        """Add device_shutdown(), which walks backwards: a child's .shutdown before its parent's."""
        inst, view = self.inst, self.made.view
        down = DOWN(SYSTEM).eq(1)
        first = [
            (PHASE(child).eq(UNBOUND) | (PHASE(child).eq(BOUND) & SHUT(child).eq(1)))
            for child in view.children(inst)
            if (driver := self.made.view.design.driver_of(child.device)) is not None
            and driver.shutdown is not None
            and child.device.kind != "service"
        ]
        settled = [
            PHASE(child).eq(UNBOUND) | PHASE(child).eq(BOUND) for child in view.children(inst)
        ]
        when = all_of(down, SHUT(inst).eq(0), *first, *settled)
        top = inst == view.parent(inst)
        awake = [(D3(inst), 0)] if top else []  # pci_device_shutdown(): pm_runtime_resume()
        self._core(Kind.CALL, f"shutdown {self.driver.name}", RUNNING, when,
                   self.at("shutdown", graph.start), (SHUT(inst), 1), *awake)
        ends = [(HALTED(inst), 1)] if top else []
        halted = self.at("halted", 0) if top else RUNNING
        for end in {graph.done, graph.failed}:
            self._core(Kind.CALL_RETURNS, "shutdown returns", self.at("shutdown", end), TRUE,
                       halted, *ends)

    def _release(self, why: str) -> None:
        """Undo what is on the devres list, the latest first."""
        entry = f"devres {why}"
        listed = list(reversed(self.made.devres.get(self.inst, [])))
        for position, held in enumerate(listed):
            src, dst = self.at(entry, position), self.at(entry, position + 1)
            self._core(Kind.PASS, "", src, held.noted.eq(0), dst)
            undo = held.do.op.undo
            assert undo is not None
            still = any_of(*(one.noted.eq(1) for one in listed[position + 1:]
                             if self._same(one, undo, held.do, held.context)))
            self._operate(held.do, undo, "ok", held.context, "devres", "devres",
                          src, held.noted.eq(1), dst, ((held.noted, num(0)),), still)
        last = self.at(entry, len(listed))
        # With the devres list the interrupt core's own data went, and names and memory that the
        # driver core frees by itself; what rules remember of a binding ends with it.
        gone: list[tuple[Read, Expr | int]] = [(MSIDATA(self.inst), 0)]
        for fact in (NAMED, COUNTERS, QUIET, *_EPISODIC):
            gone.append((fact(self.inst), 0))
        if DRVDATA in self.made.view.given:  # drivers/base/dd.c device_unbind_cleanup()
            gone.append((DRVDATA(self.inst), 0))
        for child in self.made.view.children(self.inst):
            absent = LIFE(child).eq(ABSENT)
            if child.device.kind == "service":
                gone += [(fact(child), 0) for fact in _EPISODIC]
            gone += [(fact(child), pick(absent, 0, fact(child))) for fact in (IRQ, OUTCOME)]
        # What the core set up on this hardware stays: only without it another port may be next.
        root = self.inst.device.parent is None and self.inst.device.kind != "core"
        other = root and not self.made.view.cores()
        self._core(Kind.UNBOUND, "unbound", last, TRUE, IDLE, (PHASE(self.inst), UNBOUND),
                   (SHUT(self.inst), 0), *gone, *unlocked(self.made, self.inst), forgets=other)

    def _edge(self, entry: str, edge: Edge) -> None:
        context = {self.driver.device: self.inst, **dict(edge.context)}
        src, dst = self.at(entry, edge.src), self.at(entry, edge.dst)
        if edge.guard is not None:
            when: Expr = TRUE
            if edge.guard.when is not None:
                holds = self.made.view.bind(edge.guard.when, context)
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
                extra += self._listed(edge.do, context)
            if self.made.locks and edge.outcome == "ok" and _adds(edge.op):
                dst = self._adding(edge, context, dst, extra)
            listed = [one.noted for one in self._taken_off(edge.do, edge.op, context)]
            extra += [
                (noted, pick(any_of(*(late.eq(1) for late in listed[at + 1:])), noted, 0))
                for at, noted in enumerate(listed)
            ]
            twice = any_of(*(one.eq(1) & other.eq(1) for one, other in combinations(listed, 2)))
            held = TRUE if edge.op.off_devres is None else any_of(*(on.eq(1) for on in listed))
            self._operate(edge.do, edge.op, edge.outcome, context, entry, edge.inside,
                          src, TRUE, dst, extra, twice, held)

    def _taken_off(self, do: Do, op: Operation, context: Context) -> list[Held]:
        """Return the entries of devres lists of which an operation takes the latest off."""
        if op.off_devres is None:
            return []
        owner = self.made.view.resolve(do.binding[op.on_devres], context)
        assert isinstance(owner, Inst)
        return [
            one for one in self.made.devres.get(owner, ())
            if self._same(one, op.off_devres, do, context)
        ]

    def _adding(
        self, edge: Edge, context: Context, dst: int, extra: list[tuple[Read, Expr]]
    ) -> int:
        """Return where a device has been added and its driver may probe before the call returns."""
        assert edge.do is not None
        child = self.made.view.resolve(edge.do.binding[edge.do.op.roles[0]], context)
        middle = self.at(f"adding {child.name}", dst)
        extra.append((ADDING(child), num(1)))
        self._core(Kind.PASS, "", middle, INSIDE(child).eq(0), dst, (ADDING(child), 0))
        return middle

    def _listed(self, do: Do, context: Context) -> list[tuple[Read, Expr]]:
        """Return what an operation that went well puts on a devres list."""
        for entries in self.made.devres.values():
            for held in entries:
                if held.do is not do or held.inst != self.inst or held.context != context:
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

    def _nested(self, do: Do) -> bool:
        """Return whether the driver does an operation of the same device in more than one place.

        Where it cannot be nested, to ask whether it is would cost states for nothing.
        """
        return len({
            id(one) for block in self.driver.blocks().values() for one in operations(block)
            if one.op == do.op and one.places == do.places
        }) > 1

    def _same(self, one: Held, undo: Operation, do: Do, context: Context) -> bool:
        """Return whether an entry of a devres list has this undo, of the same devices."""
        return one.do.op.undo == undo and all(
            self.made.view.resolve(one.do.binding[role], one.context)
            == self.made.view.resolve(do.binding[role], context)
            for role in undo.roles
        )

    def _operate(
        self, do: Do, op: Operation, outcome: str, context: Context, entry: str, inside: str,
        src: int, when: Expr, dst: int, extra: Sequence[tuple[Read, Expr]] = (),
        still: Expr = FALSE, held: Expr = TRUE,
    ) -> None:
        """Add the ways in which an operation ends with this outcome.

        While `still` holds, it was taken more than once: a fact stays that does not count.
        """
        view = self.made.view
        binding = {role: view.resolve(place, context) for role, place in do.binding.items()}
        params = {
            name: view.bind(value, context)
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
        if isinstance(acted_on, Inst) and resumes(op):
            when = all_of(when, resumed(self.made, self.inst, acted_on))
        if op.begins:
            middle = self.at(f"{entry} waits {src}", 0)
            gives = [(_target(view, one.target, by_role), bound(one.value)) for one in op.begins]
            self.made.add(step, self.pc, src, when, [(self.pc, num(middle)), *gives])
            step = replace(step, kind=Kind.OPERATION_RETURNS, text=f"{text} returns", op=None)
            src, when = middle, all_of(when, bound(op.waits))
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
            if way.fault and entry == "probe" and self.creates:
                gives.append((FAULTED(self.inst), num(1)))
            self.made.add(
                replace(step, error=way.error, fault=way.fault), self.pc, src,
                all_of(when, *(bound(one) for one in can)), gives,
            )


def _adds(op: Operation) -> bool:
    """Return whether an operation puts a device on its bus, where a driver can bind at once."""
    return any(
        one.target.fact == LIFE and one.value == num(ADDED)
        for way in op.outcomes for one in way.gives
    )


def _target(view: View, target: Read, by_role: Context) -> Read:
    return target.fact(view.resolve(target.of, by_role))


