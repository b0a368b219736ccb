# SPDX-License-Identifier: GPL-2.0-only
"""What runs beside a driver's entry points: handlers, callbacks, and what it has queued.

A handler runs from the moment it is requested to the moment free_irq() has waited for it, in probe,
remove and devres as well: on an irq that is shared whatever its own device does, and so does one
that DEBUG_SHIRQ calls. What is queued runs until it is cancelled, what is registered until that has
ended, a file until it is closed. While the system sleeps nobody is there who would call these two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from checks.machine.in_flight import may_end, may_fire, unheard
from checks.machine.instances import Inst, Own, View
from checks.machine.lock_owners import HANDLER as HANDLER_CONTEXT
from checks.machine.lock_owners import OTHERS, beside
from checks.machine.process import Process
from checks.machine.runtime_calls import RuntimeCalls, callbacks_of, called_by_runtime_pm
from checks.machine.step import HALTED, IDLE, Build, Kind, Step
from checks.machine.taken import count_taken
from generator.context import (
    CALLBACKS,
    HANDLER_RUNS,
    OTHERS_RUN,
    REGISTERED,
    Context,
    anchored,
    opened,
    queued,
    unended,
)
from generator.design import Driver
from generator.expr import FALSE, TRUE, Expr, Fact, Nth, Read, all_of, any_of, num, pick
from generator.facts import BOUND, HANDLER, LEAVING, OPEN, PHASE
from generator.graphs.compress import compress
from generator.graphs.flow import Flow, flow
from generator.operation import Block, Do, Guard
from generator.ops.lock import is_lock
from generator.ops.netdev import NAPI_SCHEDULE
from generator.ops.work import QUEUES
from generator.program import If, operations

Processes = Sequence[tuple[Driver, Inst]]


def contexts_of(view: View, processes: Processes) -> tuple[Own, ...]:
    """Return the contexts of every driver and device, those that only operations name too."""
    found: list[Own] = []
    for driver, inst in processes:
        for context in (*driver.contexts, *_implied(view, driver)):
            found.append(Own(driver, inst, context, len(view.instances) + len(found) + 1))
    for driver, inst in processes:
        if called_by_runtime_pm(driver):
            found.append(Own(driver, inst, callbacks_of(driver),
                             len(view.instances) + len(found) + 1))
    return tuple(found)


def _on_contexts(view: View, driver: Driver) -> tuple[Do, ...]:
    """Return every operation of the design on a context of a driver's device."""
    return tuple(
        do for do in view.operations if do.op.does
        and (do.places[0].of if isinstance(do.places[0], Nth) else do.places[0]) == driver.device
    )


def _implied(view: View, driver: Driver) -> tuple[Context, ...]:
    """Return the contexts that a driver does not say the body of, in the order of the text."""
    said = {one.name for one in driver.contexts}
    kinds: dict[str, str] = {}
    for do in _on_contexts(view, driver):
        kind, name = do.op.context
        if name not in said:
            kinds.setdefault(name, kind)
    return tuple(Context(name, (), kind) for name, kind in kinds.items())


def handler_of(view: View, driver: Driver) -> Block:
    """Return what the handler and the callbacks of a driver do with interrupts off.

    Of a driver that does not say it, the handler queues whatever nobody else does.
    """
    if driver.atomic or driver.others_queue:
        return driver.atomic
    return _queued_by_nobody(view, driver)


def _queued_by_nobody(view: View, driver: Driver) -> Block:
    """Return the queueing of whatever no operation of a driver queues."""
    there = _on_contexts(view, driver)
    others = {do.op.context[1] for do in there if do.op.does in ("queue", "start")}
    napi = {do.op.context[1] for do in there if do.op.once}
    mine = dict.fromkeys(
        one.context for one in view.contexts if one.driver == driver
    )
    return tuple(
        replace((NAPI_SCHEDULE if one.name in napi else QUEUES[one.kind]).on(one.name)(
            driver.device), where=driver.where)
        for one in mine if one.name not in others and one.kind in QUEUES
    )


def add_contexts(made: Build, processes: Processes) -> None:
    """Add the processes of handlers, callbacks and all that can be queued."""
    for own in made.view.contexts:
        if own.context.kind == CALLBACKS:
            RuntimeCalls(made, own).add()
        else:
            _Queued(made, own).add()
    for driver, inst in processes:
        block = handler_of(made.view, driver)
        if block:
            _Handler(made, driver, inst).add(block)
        if driver.others_queue and (queues := _queued_by_nobody(made.view, driver)):
            _Others(made, driver, inst).add(queues)


class _Beside(Process):
    """A process of a driver that runs beside its entry points."""

    def _body(self, entry: str, block: Block) -> Flow:
        graph = compress(flow(entry, block, self.made.view.of))
        for edge in graph.edges:
            self._edge(entry, edge)
        return graph

    def may_be_called(self, also: Expr = FALSE) -> Expr:
        """Return whether an interrupt can come; in noirq phases suspend_device_irqs() masks it."""
        fires = may_fire(self.made.view, self.inst)
        if also == FALSE:
            return fires
        masked = unheard(self.made.view, self.inst)
        return fires | (also if masked == FALSE else also & ~masked)

    def awaited_by(self, runs: Read, *gone: Read) -> None:
        """Let every step of others that ends what calls it wait until it does not run."""
        steps = self.made.transitions
        for at, one in enumerate(steps):
            if one.pc != self.pc and any(may_end(value) for read, value in one.gives
                                         if read in gone):
                steps[at] = replace(one, when=one.when & runs.eq(0))

    def _runs(
        self, text: str, when: Expr, entry: str, block: Block, runs: Read,
        *gives: tuple[Read, Expr | int], ends: tuple[tuple[Read, Expr | int], ...] = (),
        called: str = "",
    ) -> None:
        """Add its call, and its end; `runs` says that it is between them.

        Of what others call, by its name, an error is something else than a return.
        """
        first = len(self.made.transitions)
        graph = self._body(entry, block)
        halted = [HALTED(one).eq(0) for one in self.made.view.instances
                  if one.device.parent is None]
        self._core(Kind.CALL, text, IDLE, all_of(when, *halted), self.at(entry, graph.start),
                   (runs, 1), *gives)
        for end in sorted({graph.done, graph.failed}):
            fails = called and end == graph.failed and end != graph.done
            kind, said = (Kind.CALL_FAILS, f"{called} returns an error") if fails else (
                Kind.CALL_RETURNS, "")
            self._core(kind, said, self.at(entry, end), TRUE, IDLE, (runs, 0), *ends)
        if called:
            count_taken(self.made, first, self.inst, called)
        self.made.tops[self.pc] = len(self.numbers) + 1


class _Queued(_Beside):
    """Work, a timer or a tasklet of one device."""

    def __init__(self, made: Build, own: Own) -> None:
        super().__init__(made, own.driver, own.inst)
        self.own, self.context, self.number = own, own.context.name, own.number
        self.pc = Fact(f"at {self.context}", 0, f"where {self.context} is")(own.inst)
        self.actor = f"{own.inst.name} {self.context}"

    def add(self) -> None:
        one = self.own.context
        runs = one.runs(self.inst)
        pending, left = queued(one.name)(self.inst), unended(one.name)(self.inst)
        entry = "work" if one.sleeps else "atomic"
        if one.kind == "irq_thread":
            self._runs("irq thread runs", self.may_be_called(), entry, one.body, runs)
            self.awaited_by(runs, HANDLER(self.inst))
            return
        goes_on = one.kind in ("thread", *REGISTERED)  # until it is stopped
        taken = () if goes_on else ((pending, 0),)
        if (on_anchor := anchored(one.name)) in self.made.view.given:
            taken = (*taken, (on_anchor(self.inst), 0))
        text, when = f"{one.kind.replace('_', ' ')} runs", pending.eq(1)
        sleep = self.made.episode.name == "sleep" and one.frozen
        awake = self.made.turns.quiet() if sleep else TRUE
        if one.kind in REGISTERED:
            text = f"{self.context} is called"
        when = all_of(awake, self._held_open(awake) if one.kind == "file" else when)
        self._runs(text, when, entry, one.body,
                   runs, *taken, ends=((left, pick(left.gt(0), left - 1, 0)),),
                   called=self.context if one.kind in REGISTERED else "")

    def _held_open(self, awake: Expr) -> Expr:
        """Add that somebody opens the file and closes it; return whether he has it open."""
        held = opened(self.context)(self.inst)
        there = queued(self.context)(self.inst).eq(1)
        if not self.driver.unbind and self.inst.device.parent is None:
            there &= PHASE(self.inst).ne(LEAVING)  # nobody gets a module that is going
        events = [("opens", there & held.eq(0), 1), ("closes", held.eq(1), 0)]
        for text, when, value in events[:1] if self.own.context.has_close else events:
            step = Step("user", Kind.EVENT, f"{text} {self.context} of {self.inst.name}",
                        "environment", about=(self.inst.name,))
            self.made.add(step, self.pc, IDLE, awake & when,
                          [(self.pc, num(IDLE)), (held, num(value))])
        return held.eq(1)


class _Handler(_Beside):
    """The handler of a device, and callbacks that are called with interrupts off."""

    def __init__(self, made: Build, driver: Driver, inst: Inst) -> None:
        super().__init__(made, driver, inst)
        self.context = HANDLER_CONTEXT
        self.number = beside(made.view, inst, self.context)
        self.pc = Fact(f"at handler of {driver.name}", 0, "where its handler is")(inst)

    def add(self, block: Block) -> None:
        runs = HANDLER_RUNS(self.inst)
        events = [OPEN(one) for one in (self.inst, *self.made.view.counting(self.inst))]
        counts = any_of(*(one.eq(1) for one in events))
        self._runs(f"callback of {self.driver.name}", self.may_be_called(counts),
                   "atomic", block, runs)
        self.awaited_by(runs, HANDLER(self.inst))  # free_irq() waits for it


class _Others(_Beside):
    """Whoever queues what a driver has while it is bound: files in sysfs, notifiers, ioctls."""

    def __init__(self, made: Build, driver: Driver, inst: Inst) -> None:
        super().__init__(made, driver, inst)
        self.context = OTHERS
        self.number = beside(made.view, inst, self.context)
        self.pc = Fact(f"at others of {driver.name}", 0, "where others are")(inst)

    def add(self, block: Block) -> None:
        runs = OTHERS_RUN(self.inst)
        awake = self.made.turns.quiet() if self.made.episode.name == "sleep" else TRUE
        there = tuple(If(Guard(f"{do.op.context[1]} is there", all_of(
            *(need(self.driver.device).ge(1) for need in do.op.needs if not is_lock(need))),
            ()), (do,), (), do.where)
            for do in operations(block))
        self._runs(f"others use {self.inst.name}", PHASE(self.inst).eq(BOUND) & awake, "atomic",
                   there, runs)
        steps = self.made.transitions
        for at, one in enumerate(steps):  # unbinding begins behind whom files in sysfs are gone
            if one.pc != self.pc and any(read == PHASE(self.inst) for read, _ in one.gives):
                steps[at] = replace(one, when=one.when & runs.eq(0))
