# SPDX-License-Identifier: GPL-2.0-only
"""A design as a machine: variables, processes and transitions, all of it still data.

The driver core's own steps are added here, for they belong to no design: D0 and the runtime
get around a PCI probe, the parent kept awake around a child's probe, `.remove` and then devres
in reverse, deletion that waits for the unbind, shutdown backwards. Explorer, oracle and SPIN
are built from this one value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from checks.bind import SYSTEM, Inst, View, compress, fill
from checks.hardware import OPEN_QUESTION
from generator.design import Design, Driver
from generator.errors import ModelError
from generator.expr import FALSE, TRUE, Expr, Fact, Place, Read, Role, all_of, num, pick, reads
from generator.facts import (
    ABSENT,
    ADDED,
    BOUND,
    D3,
    DYING,
    FAULTED,
    FOUND_MASTER,
    HANDLER,
    IRQ,
    LEAVING,
    LIFE,
    LOCAL,
    MSIDATA,
    OPEN,
    OUTCOME,
    PHASE,
    PMU,
    POWER,
    PROBING,
    QUIET,
    RPM_ALLOWED,
    SEEN,
    SLEEPY,
    SOURCE,
    TOTAL,
    UNBOUND,
)
from generator.flow import Edge, Flow, flow
from generator.operation import NOWHERE, Do, Operation, Where
from generator.program import operations

DOWN = Fact("down", 1, "the system shuts down")
SHUT = Fact("shut", 1, ".shutdown of its driver has run")
HALTED = Fact("halted", 1, "its driver's .shutdown has returned; nothing follows")
IDLE, RUNNING = 0, 1  # program counter of a process whose driver is unbound, bound
Context = Mapping[Place, Place]


@dataclass(frozen=True)
class Step:
    """What a transition does, in the words of the design, for rules and traces.

    `entry` is the entry point, "devres", or "driver core" and "environment" for steps that
    no driver makes; "" for steps too small to show. `binding` and `params` are those of `op`,
    with instances in place of devices.
    """

    actor: str
    text: str
    entry: str = ""
    inside: str = ""
    outcome: str = ""
    error: str = ""
    fault: bool = False
    decides: bool = False  # a condition that the model gives a meaning
    asks: Expr = field(default=TRUE, hash=False)  # that meaning
    forgets: bool = False  # the end of a life: other hardware may come next
    where: Where = NOWHERE
    op: Operation | None = None
    driver: Driver | None = None
    inst: Inst | None = None
    binding: Mapping[str, Place] = field(default_factory=dict, hash=False)
    params: Mapping[str, Expr] = field(default_factory=dict, hash=False)

    def role(self, name: str) -> Inst:
        """Return the instance in a role of the operation."""
        found = self.binding[name]
        assert isinstance(found, Inst)
        return found


@dataclass(frozen=True)
class Transition:
    """At `src` of the counter `pc`, if `when` holds, all `gives` happen at once."""

    step: Step
    pc: Read | None
    src: int
    when: Expr
    gives: tuple[tuple[Read, Expr], ...]


@dataclass(frozen=True)
class Machine:
    """Variables and transitions; `given` are questions answered beforehand."""

    design: Design
    view: View
    variables: tuple[Read, ...]
    tops: Mapping[Read, int]
    transitions: tuple[Transition, ...]
    given: Mapping[Read, int]


@dataclass(frozen=True)
class _Held:
    """An entry of a devres list: where it is noted, what it undoes, for whom."""

    noted: Read
    do: Do
    context: Context
    driver: Driver
    inst: Inst


@dataclass
class _Build:
    view: View
    devres: dict[Inst, list[_Held]]
    transitions: list[Transition] = field(default_factory=list)
    tops: dict[Read, int] = field(default_factory=dict)

    def add(
        self, step: Step, pc: Read | None, src: int, when: Expr,
        gives: Sequence[tuple[Read, Expr]],
    ) -> None:
        if when != FALSE:
            self.transitions.append(Transition(step, pc, src, when, tuple(gives)))


def build(design: Design) -> Machine:
    """Return the machine of a design.

    Errors: ModelError where devices or unwinding do not add up.
    """
    view = View(design)
    processes = [
        (driver, inst)
        for driver in design.drivers
        for inst in view.of(driver.device)
        if inst.device.kind != "service"
    ]
    made = _Build(view, _devres_lists(view, processes))
    view.devres = {
        inst: tuple(held.noted for held in entries) for inst, entries in made.devres.items()
    }
    for driver, inst in processes:
        _Process(made, driver, inst).build()
    _environment(made, processes)
    used: dict[Read, None] = {}
    for one in made.transitions:
        if one.pc is not None:
            used[one.pc] = None
        used.update(dict.fromkeys(reads(one.when)))
        for target, value in one.gives:
            used[target] = None
            used.update(dict.fromkeys(reads(value)))
    tops = {read: made.tops.get(read, read.fact.top) for read in used}
    plain = Machine(design, view, (), tops, tuple(made.transitions), {})
    return with_variables(plain, used)


UNASKED = num(OPEN_QUESTION)  # set to this, other hardware may answer it next


def with_variables(machine: Machine, extra: Iterable[Read]) -> Machine:
    """Return a machine that has some variables more.

    Questions that the design does not answer beforehand are open again at the end of a
    port's life: what is bound next may be another port. The lives of all hardware meet
    where nothing is left, which R36 holds them to.
    """
    new = [read for read in dict.fromkeys(extra) if read not in machine.variables]
    given = {**machine.given, **_given(machine.design, machine.view, new)}
    asked = [read for read in new if read.fact.question and read not in given]
    variables = (*machine.variables, *new)
    return replace(
        machine,
        variables=tuple(sorted(variables, key=lambda read: (read.of.name, read.fact.name))),
        tops={**{read: read.fact.top for read in new}, **machine.tops},
        transitions=tuple(_other_hardware(one, asked) for one in machine.transitions),
        given=given,
    )


def _other_hardware(one: Transition, asked: Sequence[Read]) -> Transition:
    if not one.step.forgets or one.step.inst is None:
        return one
    mine = [read for read in asked if _root(read.of) == _root(one.step.inst)]
    return replace(one, gives=(*one.gives, *((read, UNASKED) for read in mine)))


def _root(place: Place) -> Place | None:
    while isinstance(place, Inst) and place.device.parent is not None:
        place = Inst(place.device.parent, 0)
    return place


def _given(design: Design, view: View, used: Sequence[Read]) -> dict[Read, int]:
    found: dict[Read, int] = {}
    for key, value in design.given.items():
        fact, device = key if isinstance(key, tuple) else (key, None)
        if value not in fact.values:
            raise ModelError(
                f"{design.where}: {fact.name} cannot be {value!r}: one of {', '.join(fact.values)}"
            )
        for inst in view.instances:
            if device is None or inst.device == device:
                found[fact(inst)] = fact.values.index(value)
    return {read: value for read, value in found.items() if read in used}


def _devres_lists(
    view: View, processes: Sequence[tuple[Driver, Inst]]
) -> dict[Inst, list[_Held]]:
    """Return, per device, what any driver may register on its devres list, in text order."""
    lists: dict[Inst, list[_Held]] = {}
    for driver, inst in processes:
        for entry, block in (*driver.entries().items(), ("atomic", driver.atomic)):
            seen: dict[tuple[int, tuple[tuple[Place, Place], ...]], Do] = {}
            for edge in flow(entry, block, view.of).edges:
                if edge.do is not None and edge.op is not None and edge.op.managed:
                    seen.setdefault((id(edge.do), edge.context), edge.do)
            for (_, around), do in seen.items():
                context = {driver.device: inst, **dict(around)}
                owner = view.resolve(do.binding[do.op.on_devres], context)
                assert isinstance(owner, Inst)
                entries = lists.setdefault(owner, [])
                noted = Fact(f"devres {len(entries):02}", 1, f"{do} is on the devres list")(owner)
                entries.append(_Held(noted, do, context, driver, inst))
    return lists


class _Process:
    """One driver and one instance that it binds."""

    def __init__(self, made: _Build, driver: Driver, inst: Inst) -> None:
        self.made, self.driver, self.inst = made, driver, inst
        self.pc = Fact("at", 0, f"where {driver.name} is")(inst)
        self.numbers: dict[tuple[str, int], int] = {}

    def at(self, entry: str, state: int) -> int:
        """Return the program counter of a state of an entry point."""
        return self.numbers.setdefault((entry, state), len(self.numbers) + 2)

    def build(self) -> None:
        view = self.made.view
        graphs = {
            name: compress(flow(name, block, view.of))
            for name, block in self.driver.entries().items()
        }
        self._bind(graphs["probe"])
        if self.inst.device.kind != "core":  # the core never leaves
            self._unbind(graphs["remove"])
        if "shutdown" in graphs:
            self._shutdown(graphs["shutdown"])
        for why in ("refused", "unbound"):
            self._release(why)
        if self.driver.atomic:
            graphs["atomic"] = compress(flow("atomic", self.driver.atomic, view.of))
            self._callbacks(graphs["atomic"])
        for entry, graph in graphs.items():
            for edge in graph.edges:
                self._edge(entry, edge)
        self.made.tops[self.pc] = len(self.numbers) + 1

    def _core(
        self, text: str, src: int, when: Expr, dst: int, *gives: tuple[Read, Expr | int],
        forgets: bool = False,
    ) -> None:
        step = Step(self.inst.name, text, "driver core", driver=self.driver, inst=self.inst,
                    forgets=forgets)
        values = [(read, num(value)) for read, value in gives]
        self.made.add(step, self.pc, src, when, [(self.pc, num(dst)), *values])

    def _bind(self, probe: Flow) -> None:
        inst, parent = self.inst, self.made.view.parent(self.inst)
        up = DOWN(SYSTEM).eq(0)
        ready = up if inst == parent else all_of(LIFE(inst).eq(ADDED), DYING(inst).eq(0), up)
        if inst.device.kind == "pci":  # pci_bus_add_device() comes after enumeration
            ready = all_of(ready, *(PHASE(core).eq(BOUND) for core in self.made.view.cores()))
        # The driver core holds the device (PCI) or its parent in D0 around a probe.
        text = "enumerates" if inst.device.kind == "core" else f"bind {self.driver.name}"
        self._core(text, IDLE, ready, self.at("probe", probe.start),
                   (PHASE(inst), PROBING), (D3(parent), 0), (OUTCOME(inst), 0), (QUIET(inst), 0),
                   *([(FAULTED(inst), 0)] if inst == parent else []))
        self._core("probe returns 0", self.at("probe", probe.done), TRUE, RUNNING,
                   (PHASE(inst), BOUND), (OUTCOME(inst), 1))
        self._core("probe returns an error", self.at("probe", probe.failed), TRUE,
                   self.at("devres refused", 0), (OUTCOME(inst), 2))

    def _unbind(self, remove: Flow) -> None:
        inst, parent = self.inst, self.made.view.parent(self.inst)
        up = DOWN(SYSTEM).eq(0)
        gives: list[tuple[Read, Expr | int]] = [(PHASE(inst), LEAVING)]
        if inst == parent:
            may = up
            gives.append((D3(inst), 0))  # pci_device_remove(): pm_runtime_get_sync()
        elif self.driver.unbind:
            may = up | DYING(inst).eq(1)
        else:  # no sysfs unbind, and an open event pins the module
            may = (up & OPEN(inst).eq(0)) | DYING(inst).eq(1)
        self._core(f"unbind {self.driver.name}", RUNNING, may, self.at("remove", remove.start),
                   *gives)
        for end in {remove.done, remove.failed}:
            self._core("", self.at("remove", end), TRUE, self.at("devres unbound", 0))

    def _shutdown(self, graph: Flow) -> None:
        """device_shutdown() walks backwards: a child's .shutdown before its parent's."""
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
        self._core(f"shutdown {self.driver.name}", RUNNING, when,
                   self.at("shutdown", graph.start), (SHUT(inst), 1), *awake)
        ends = [(HALTED(inst), 1)] if top else []
        halted = self.at("halted", 0) if top else RUNNING
        for end in {graph.done, graph.failed}:
            self._core("shutdown returns", self.at("shutdown", end), TRUE, halted, *ends)

    def _callbacks(self, graph: Flow) -> None:
        """Callbacks and handlers of a bound driver run while an event is open or one can come."""
        inst = self.inst
        called = OPEN(inst).eq(1) | (SOURCE(inst).eq(1) & HANDLER(inst).ne(0))
        self._core(f"callback of {self.driver.name}", RUNNING, called,
                   self.at("atomic", graph.start))
        for end in sorted({graph.done, graph.failed}):
            self._core("", self.at("atomic", end), TRUE, RUNNING)

    def _release(self, why: str) -> None:
        """Undo what is on the devres list, the latest first."""
        entry = f"devres {why}"
        listed = list(reversed(self.made.devres.get(self.inst, [])))
        for position, held in enumerate(listed):
            src, dst = self.at(entry, position), self.at(entry, position + 1)
            self._core("", src, held.noted.eq(0), dst)
            undo = held.do.op.undo
            assert undo is not None
            self._operate(held.do, undo, "ok", held.context, "devres", "devres",
                          src, held.noted.eq(1), dst, ((held.noted, num(0)),))
        last = self.at(entry, len(listed))
        # The interrupt core's own data went with the devres list, the driver's variables with it.
        gone: list[tuple[Read, Expr | int]] = [(MSIDATA(self.inst), 0)]
        for fact in (LOCAL, TOTAL, FOUND_MASTER):
            gone.append((fact(self.inst), 0))
        for child in self.made.view.children(self.inst):
            absent = LIFE(child).eq(ABSENT)
            gone.append((SEEN(child), 0))
            gone += [(fact(child), pick(absent, 0, fact(child))) for fact in (IRQ, OUTCOME)]
        # What the core set up on this hardware stays: only without it another port may be next.
        other = self.inst.device.kind == "pci" and not self.made.view.cores()
        self._core("unbound", last, TRUE, IDLE, (PHASE(self.inst), UNBOUND), (SHUT(self.inst), 0),
                   *gone, forgets=other)

    def _edge(self, entry: str, edge: Edge) -> None:
        context = {self.driver.device: self.inst, **dict(edge.context)}
        src, dst = self.at(entry, edge.src), self.at(entry, edge.dst)
        if edge.guard is not None:
            when: Expr = TRUE
            if edge.guard.when is not None:
                holds = self.made.view.bind(edge.guard.when, context)
                when = holds if edge.holds else ~holds
            text = f"{edge.guard.name}: {'yes' if edge.holds else 'no'}"
            step = Step(self.inst.name, text, entry, edge.inside, where=edge.where,
                        decides=edge.guard.when not in (None, TRUE), asks=when,
                        driver=self.driver, inst=self.inst)
            self.made.add(step, self.pc, src, when, [(self.pc, num(dst))])
        elif edge.do is None or edge.op is None:
            self._core("", src, TRUE, dst)
        else:
            extra: list[tuple[Read, Expr]] = []
            if edge.op.managed and edge.outcome == "ok":
                extra.append((self._noted(edge.do, context), num(1)))
            self._operate(edge.do, edge.op, edge.outcome, context, entry, edge.inside,
                          src, TRUE, dst, extra)

    def _noted(self, do: Do, context: Context) -> Read:
        for entries in self.made.devres.values():
            for held in entries:
                if held.do is do and held.inst == self.inst and held.context == context:
                    return held.noted
        raise AssertionError(f"{do} is on no devres list")

    def _operate(
        self, do: Do, op: Operation, outcome: str, context: Context, entry: str, inside: str,
        src: int, when: Expr, dst: int, extra: Sequence[tuple[Read, Expr]] = (),
    ) -> None:
        """Add the ways in which an operation ends with this outcome."""
        view = self.made.view
        binding = {role: view.resolve(place, context) for role, place in do.binding.items()}
        params = {
            name: view.bind(value, context)
            for name, value in zip(do.op.params, do.params, strict=True)
        }
        by_role: dict[Place, Place] = {Role(name): place for name, place in binding.items()}
        text = f"{op.name}({', '.join(p.name for n, p in binding.items() if n in op.roles)})"
        step = Step(self.inst.name, text, entry, inside, outcome, where=do.where, op=op,
                    driver=self.driver, inst=self.inst, binding=binding, params=params)

        def bound(expr: Expr) -> Expr:
            return view.bind(fill(expr, params), by_role)

        if op.begins:
            middle = self.at(f"{entry} waits {src}", 0)
            gives = [(_target(view, one.target, by_role), bound(one.value)) for one in op.begins]
            self.made.add(step, self.pc, src, when, [(self.pc, num(middle)), *gives])
            step = replace(step, text=f"{text} returns", op=None)
            src, when = middle, all_of(when, bound(op.waits))
        for way in op.outcomes:
            if way.label != outcome:
                continue
            gives = [(self.pc, num(dst)), *extra]
            for one in way.gives:
                if one.each is None:
                    gives.append((_target(view, one.target, by_role), bound(one.value)))
                    continue
                range_ = view.resolve(one.each, by_role)
                for inst in view.range(range_):
                    each = {**by_role, one.target.of: inst}
                    gives.append((one.target.fact(inst), view.bind(fill(one.value, params), each)))
            if way.fault and entry == "probe" and self.inst.device.parent is None:
                gives.append((FAULTED(self.inst), num(1)))
            self.made.add(
                replace(step, error=way.error, fault=way.fault), self.pc, src,
                all_of(when, bound(way.when)), gives,
            )


def _target(view: View, target: Read, by_role: Context) -> Read:
    return target.fact(view.resolve(target.of, by_role))


def _environment(made: _Build, processes: Sequence[tuple[Driver, Inst]]) -> None:
    """Add what happens from outside: events open and close, ports sleep, the system goes down."""
    view = made.view
    up = DOWN(SYSTEM).eq(0)
    ops = {
        inst: {do.op.name for block in driver.entries().values() for do in operations(block)}
        for driver, inst in processes
    }

    def event(actor: str, text: str, when: Expr, *gives: tuple[Read, int]) -> None:
        made.add(Step(actor, text, "environment"), None, 0, when,
                 [(read, num(value)) for read, value in gives])

    for _, inst in processes:
        if "perf_pmu_register" in ops[inst]:
            event("user", f"opens an event on {inst.name}",
                  all_of(PMU(inst).eq(1), OPEN(inst).eq(0), up), (OPEN(inst), 1), (SOURCE(inst), 1))
            event("user", f"closes the event on {inst.name}", OPEN(inst).eq(1),
                  (OPEN(inst), 0), (SOURCE(inst), 0))
        if "pm_runtime_allow" in ops[inst]:
            # Allowing it drops what local_pci_probe() holds: from there on it may sleep, the rest
            # of the probe included. Once shut down, device_shutdown() holds it.
            quiet = [
                POWER(child).eq(0) & PHASE(child).ne(PROBING) for child in view.children(inst)
            ]
            may = all_of(PHASE(inst).among(PROBING, BOUND), SHUT(inst).eq(0),
                         RPM_ALLOWED(inst).eq(1), SLEEPY(inst).eq(1))
            event("runtime PM", f"suspends {inst.name}",
                  all_of(may, D3(inst).eq(0), *quiet), (D3(inst), 1))
            event("runtime PM", f"resumes {inst.name}", D3(inst).eq(1), (D3(inst), 0))
    if any(driver.shutdown is not None for driver, _ in processes):
        still = [PHASE(inst).ne(PROBING) & PHASE(inst).ne(LEAVING)
                 for _, inst in processes if inst.device.parent is None]
        event("system", "shuts down", all_of(up, *still), (DOWN(SYSTEM), 1))
