# SPDX-License-Identifier: GPL-2.0-only
"""Runtime PM of devices that are not PCI: it calls their drivers whenever it may, beside all else.

From pm_runtime_enable() on a device that nobody holds is suspended, at any time once somebody has
said that it may be idle: who put a reference, or the driver core behind the probe. One that is held
is resumed; who asked for that waits. What others consume, a PHY or a clock, these resume and let go
of at any time, in its probe too. That user space holds it (power/control) is not explored.
"""

from __future__ import annotations

from checks.machine.instances import Inst, Own
from checks.machine.lock_owners import number
from checks.machine.process import Process
from checks.machine.runtime_pm import called_at_runtime, calls_of, held_by, idle_off_pci, supplies
from checks.machine.step import HALTED, IDLE, SHUT, Build, Kind, Step
from generator.context import (
    CALLBACKS,
    CALLBACKS_OF,
    HANDLER_RUNS,
    IRQ_THREAD_RUNS,
    Context,
    resuming,
)
from generator.design import RUNTIME, Driver
from generator.expr import TRUE, Expr, Fact, Read, all_of, any_of, num
from generator.facts import (
    ADDED,
    BOUND,
    D3,
    EXCLUSIVE,
    IN_RUNTIME_PM,
    LIFE,
    PHASE,
    PROBING,
    RPM_ACTIVE,
    RPM_ASKED,
    RPM_ASLEEP,
    RPM_BUSY,
    RPM_ENABLED,
    RPM_FORBIDDEN,
    UNBOUND,
)
from generator.graphs.compress import compress
from generator.graphs.flow import flow
from generator.program import guards
from generator.reads import reads

CALLED_KINDS = ("platform", "i2c", "spi", "aux")  # whose bus calls a driver's own: pm_generic_...()


def called_by_runtime_pm(driver: Driver) -> bool:
    """Return whether a driver, not of PCI, has something that runtime PM calls, or asks after it.

    Who has no callbacks sleeps all the same: drivers/base/power/generic_ops.c
    pm_generic_runtime_suspend() calls nothing then, and that goes well.
    """
    if driver.device.kind not in CALLED_KINDS:
        return False
    return bool(set(RUNTIME) & driver.callbacks().keys()) or any(
        read.fact == RPM_ACTIVE for block in driver.blocks().values() for guard in guards(block)
        if guard.when is not None for read in reads(guard.when))


def callbacks_of(driver: Driver) -> Context:
    """Return what runtime PM calls of a driver, as the context that it is."""
    blocks = driver.callbacks()
    body = tuple(node for name in RUNTIME for node in blocks.get(name, ()))
    return Context(CALLBACKS_OF, body, CALLBACKS, where=driver.where)


class RuntimeCalls(Process):
    """The callbacks of one device, one at a time."""

    def __init__(self, made: Build, own: Own) -> None:
        """Give them a counter beside that of the driver's entry points."""
        super().__init__(made, own.driver, own.inst)
        self.context, self.number = own.context.name, own.number
        at = Fact(f"at runtime PM of {own.driver.name}", 0, "where its callbacks are")
        self.pc = at(own.inst)
        self.actor = own.inst.name

    def add(self) -> None:
        """Add both callbacks, each with what runtime PM notes of the device."""
        inst = self.inst
        # a device that is idle raises nothing on a line of its own, and none that has begun is
        # idle; on a line that is shared anybody else may
        quiet = [any_of(EXCLUSIVE(inst).eq(0), runs(inst).eq(0))
                 for runs in (HANDLER_RUNS, IRQ_THREAD_RUNS)]
        self._calls("runtime_suspend", all_of(idle_off_pci(self.made, inst), *quiet),
                    [(RPM_ASLEEP(inst), 1)], [(RPM_ACTIVE(inst), 0)],
                    [(RPM_BUSY(inst), 1), (RPM_ASLEEP(inst), 0)])
        self._calls("runtime_resume", self._may_resume(), self._wakes_parent(),
                    [(RPM_ACTIVE(inst), 1), (RPM_ASLEEP(inst), 0), (RPM_ASKED(inst), 0)],
                    [(RPM_ASKED(inst), 0)])
        if RPM_FORBIDDEN in self.made.view.given:
            self._allow()
        self.made.tops[self.pc] = len(self.numbers) + 1

    def _allow(self) -> None:
        """Add that user space allows what the driver forbade.

        drivers/base/power/sysfs.c control_store() takes the lock that probe and remove hold.
        """
        made, inst = self.made, self.inst
        calm = TRUE if made.plain else made.turns.quiet()
        when = all_of(RPM_FORBIDDEN(inst).eq(1), PHASE(inst).eq(BOUND), calm)
        step = Step("user", Kind.EVENT, f"writes auto to power/control of {inst.name}",
                    "environment", about=(inst.name,))
        made.add(step, self.pc, IDLE, when, [
            (self.pc, num(IDLE)), (RPM_FORBIDDEN(inst), num(0)), (RPM_BUSY(inst), num(0))])

    def _calls(
        self, name: str, when: Expr, begins: list[tuple[Read, Expr | int]],
        well: list[tuple[Read, Expr | int]], badly: list[tuple[Read, Expr | int]],
    ) -> None:
        graph = compress(flow(name, self.driver.callbacks().get(name, ()), self.made.view.of))
        for edge in graph.edges:
            self._edge(name, edge)
        runs, there = IN_RUNTIME_PM(self.inst), PHASE(self.inst).ne(UNBOUND)
        self._core(Kind.CALL, f"{name} {self.driver.name}", IDLE, all_of(when, there),
                   self.at(name, graph.start), (runs, 1), *begins)
        ends = {graph.failed: badly, graph.done: well}
        for end, gives in ends.items():
            failed = end == graph.failed and graph.failed != graph.done
            self._core(Kind.CALL_RETURNS, f"{name} returns{' an error' if failed else ''}",
                       self.at(name, end), TRUE, IDLE, (runs, 0), *gives)

    def _may_resume(self) -> Expr:
        """Return when somebody wants the device: not while the PM core has disabled it for sleep.

        drivers/base/power/main.c device_suspend_late() to device_resume_early().
        """
        made, inst = self.made, self.inst
        view, above = made.view, made.view.parent(inst)
        asked = [resuming(name)(one).eq(number(view, inst)) for one, name in self._waiters()]
        wanted = [all_of(any_of(*held_by(view, inst)), any_of(RPM_ASKED(inst).eq(1), *asked))]
        calm = TRUE if made.plain else made.turns.quiet()
        if supplies(view, inst):
            wanted.append(all_of(PHASE(inst).among(PROBING, BOUND), SHUT(inst).eq(0), calm))
        # drivers/base/dd.c __driver_probe_device() resumes the parent of what it binds, and
        # rpm_resume() that of what it resumes
        for child in view.children(inst):
            if view.design.driver_of(child.device):
                wanted.append(LIFE(child).eq(ADDED) & PHASE(child).eq(UNBOUND))
            wanted += [resuming(name)(one).eq(number(view, child)) for one, name in self._waiters()
                       if calls_of(view, child)]
        off = view.during("suspend_noirq", "off", "resume_noirq")
        ready = [RPM_ENABLED(inst).eq(1), RPM_ACTIVE(inst).eq(0), HALTED(inst).eq(0), ~off]
        driver = view.design.driver_of(above.device)
        if above != inst and calls_of(view, above):
            ready.append(RPM_ENABLED(above).eq(0)
                         | RPM_ACTIVE(above).eq(1) & IN_RUNTIME_PM(above).eq(0))
        elif above != inst and driver is not None and called_at_runtime(made, driver):
            ready.append(D3(above).eq(0) & IN_RUNTIME_PM(above).eq(0))
        return all_of(any_of(*wanted), *ready)

    def _waiters(self) -> list[tuple[Inst, str]]:
        """Return every process that can wait for the callbacks, by device and context."""
        view = self.made.view
        near = (self.inst, *view.children(self.inst))
        return [*((one, "") for one in near if view.design.driver_of(one.device)),
                *((own.inst, own.context.name) for own in view.contexts if own.inst in near)]

    def _wakes_parent(self) -> list[tuple[Read, Expr | int]]:
        above = self.made.view.parent(self.inst)
        return [(D3(above), 0)] if above != self.inst and above.device.kind == "pci" else []
