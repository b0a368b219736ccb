# SPDX-License-Identifier: GPL-2.0-only
"""When a handler can be called, and how long one that has begun may run.

A handler that has begun on another CPU goes on until somebody waits for it: free_irq(),
synchronize_irq(), disable_irq(), or the PM core before the noirq phases. That its source is off or
its irq disabled does not end it. So a fact says, per device, that one may be on its way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from checks.machine.instances import SYSTEM, TURN, Inst, View
from checks.machine.runtime_pm import calls_of
from checks.machine.step import Build, Transition
from generator.context import HANDLER_RUNS, IN_FLIGHT, IRQ_THREAD_RUNS
from generator.design import Driver
from generator.expr import FALSE, Expr, Pick, Read, all_of, any_of, num, pick
from generator.facts import (
    EXCLUSIVE,
    HANDLER,
    LEFT_ON,
    LINE,
    MASKED,
    NO_SUSPEND,
    OPEN,
    QUIET,
    RPM_ASLEEP,
    SOURCE,
)
from generator.meaning import fold
from generator.ops.usb import USB_FILL_CONTROL_URB

NOIRQ = ("suspend_noirq", "off", "resume_noirq")  # kernel/irq/pm.c suspend_device_irqs()


def ended_by_usbcore(view: View, driver: Driver, inst: Inst) -> tuple[str, ...]:
    """Return the URBs of an interface that nobody can submit when its driver is asked to leave it.

    Those that are on their way have been given back by then; the completion of one may run still.
    Not so with soft_unbind, nor on endpoint 0, which is of the device. Source:
    drivers/usb/core/driver.c usb_unbind_interface(), drivers/usb/core/hcd.c
    usb_hcd_flush_endpoint().
    """
    if inst.device.kind != "usb" or driver.soft_unbind:
        return ()
    fills = [do.op for do in view.operations if do.op.does == "initialise"
             and do.op.context[0] == "urb" and inst in view.of(do.places[0])]
    stay = {op.context[1] for op in fills
            if op.name.partition("[")[0] == USB_FILL_CONTROL_URB.callee}
    return tuple(sorted({op.context[1] for op in fills} - stay))


def may_fire(view: View, inst: Inst) -> Expr:
    """Return whether the handler of a device can be called: it shares its irq, or may raise it.

    A device may raise it at any time where nothing in the design says when.
    """
    there = HANDLER(inst).ge(1) & HANDLER(inst).le(LINE)
    return all_of(there, heard(view, inst))


def unheard(view: View, inst: Inst) -> Expr:
    """Return whether the PM core has disabled the irq of a device, in the noirq phases."""
    asleep = view.during(*NOIRQ)
    return asleep if asleep == FALSE else asleep & NO_SUSPEND(inst).eq(0)


def heard(view: View, inst: Inst, gives: Mapping[Read, Expr] = MappingProxyType({})) -> Expr:
    """Return whether an interrupt would reach a handler, with some facts as a step gives them."""
    masked, source = (gives.get(fact(inst), fact(inst)) for fact in (MASKED, SOURCE))
    found = masked.eq(0)
    if view.says_source(inst):
        raised = EXCLUSIVE(inst).eq(0) | source.eq(1)
        if view.left_on(inst):  # by whoever had the device before
            raised |= LEFT_ON(inst).eq(1) & gives.get(QUIET(inst), QUIET(inst)).eq(0)
        found &= raised
    if calls_of(view, inst):  # what is suspended raises nothing on a line of its own
        found &= EXCLUSIVE(inst).eq(0) | RPM_ASLEEP(inst).eq(0)
    asleep = unheard(view, inst)
    return fold(found if asleep == FALSE else found & ~asleep)


def may_end(value: Expr) -> bool:
    """Return whether what a step gives can be nothing: of two entries of devres one may be left."""
    return value == num(0) or (isinstance(value, Pick) and num(0) in (value.then, value.other))


def let_go_on(made: Build) -> None:
    """Let handlers that have begun go on where none can be called any more.

    Who closes an event waits for the CPU on which it counts.
    """
    view, steps = made.view, made.transitions
    given = {target for one in steps for target, value in one.gives if value != num(0)}
    for inst in view.instances:
        if HANDLER(inst) not in given or given.isdisjoint((EXCLUSIVE(inst), MASKED(inst))):
            continue
        for at, one in enumerate(steps):
            gives = dict(one.gives)
            if HANDLER(inst) in gives and may_end(gives[HANDLER(inst)]):
                steps[at] = _giving(one, IN_FLIGHT(inst), num(0))
            elif gives.keys() & {SOURCE(inst), MASKED(inst)} and OPEN(inst) not in gives:
                ends = fold(all_of(may_fire(view, inst), ~heard(view, inst, gives)))
                if ends != FALSE:
                    steps[at] = _giving(one, IN_FLIGHT(inst), pick(ends, 1, IN_FLIGHT(inst)))
    _before_noirq(made)


def _before_noirq(made: Build) -> None:
    """Let the PM core wait for every handler that is not to run in the noirq phases.

    kernel/irq/pm.c suspend_device_irqs() calls synchronize_irq() of each irq that it disables.
    """
    turns = [turn for stage in NOIRQ for turn in made.turns.stages.get(stage, ())]
    if not turns:
        return
    ran = {target for one in made.transitions for target, _ in one.gives}
    runs = [any_of(fact(inst).eq(0), NO_SUSPEND(inst).eq(1)) for inst in made.view.instances
            for fact in (HANDLER_RUNS, IRQ_THREAD_RUNS) if fact(inst) in ran]
    begun = [IN_FLIGHT(inst) for inst in made.view.instances if IN_FLIGHT(inst) in ran]
    for at, one in enumerate(made.transitions):
        if (TURN(SYSTEM), num(min(turns))) in one.gives:
            waits = replace(one, when=all_of(one.when, *runs))
            for read in begun:
                waits = _giving(waits, read, pick(NO_SUSPEND(read.of).eq(1), read, 0))
            made.transitions[at] = waits


def _giving(one: Transition, read: Read, value: Expr) -> Transition:
    """Return a step that gives a fact as well, unless it does already."""
    return one if read in dict(one.gives) else replace(one, gives=(*one.gives, (read, value)))

