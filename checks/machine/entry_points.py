# SPDX-License-Identifier: GPL-2.0-only
"""A driver's entry points on one instance, with the driver core's own steps around them.

D0 and the runtime get around a PCI probe, the parent kept awake around a child's probe, `.remove`
and then devres in reverse, deletion that waits for the unbind, shutdown backwards.
"""

from __future__ import annotations

from dataclasses import replace

from checks.machine.devres import same
from checks.machine.in_flight import ended_by_usbcore
from checks.machine.instances import SYSTEM, TURN, Inst
from checks.machine.lock_owners import locked, mutex_free, unlocked
from checks.machine.process import Process
from checks.machine.runtime_pm import (
    called_at_runtime,
    calls_of,
    idle,
    idle_off_pci,
    left_alone,
    may_resume,
    resumed,
    supplies,
)
from checks.machine.schedule import BEFORE, may_stay_suspended, smart, woken_for_sleep
from checks.machine.step import (
    DOWN,
    GIVEN_UP,
    HALTED,
    IDLE,
    OWED,
    RUNNING,
    SHUT,
    STAYS,
    WAS_ENABLED,
    Build,
    Kind,
)
from generator.context import opened, queued, shut
from generator.design import RUNTIME, SLEEP
from generator.expr import FALSE, TRUE, Expr, Read, all_of, any_of, num, pick
from generator.facts import (
    ABSENT,
    ADDED,
    ADDING,
    BOUND,
    COUNTERS,
    D3,
    DRVDATA,
    DYING,
    ENABLED,
    FAULTED,
    IN_RUNTIME_PM,
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
    PMU,
    PROBING,
    QUIET,
    RPM_ACTIVE,
    RPM_ALLOWED,
    RPM_ASLEEP,
    RPM_BUSY,
    RPM_FORBIDDEN,
    RPM_FORCED,
    RPM_LATER,
    SAVED,
    STALE_COUNT,
    UNBOUND,
    UNHEARD,
    UNPROGRAMMED,
)
from generator.graphs.compress import compress
from generator.graphs.flow import Flow, flow
from generator.meaning import fold
from generator.program import Block

_EPISODIC = (SAVED, LOST, MISSED, STALE_COUNT, UNHEARD, UNPROGRAMMED)


class EntryPoints(Process):
    """A driver and one instance that it binds, from bind to unbind."""

    def build(self) -> None:
        """Add the transitions of the process."""
        view = self.made.view
        graphs = {
            name: compress(flow(name, block, view.of))
            for name, block in self.driver.entries().items()
        }
        self._bind(graphs["probe"])
        if self.inst.device.kind != "core" and not self._stays():  # the core never leaves
            self._unbind(graphs["remove"])
        if self.made.plain and "shutdown" in graphs:
            self._shutdown(graphs["shutdown"])
        for why in ("refused", "unbound"):
            self._release(why)
        callbacks = self.driver.callbacks()
        for (name, inst), turn in self.made.turns.calls.items():
            if inst == self.inst:
                self._leave_alone(name, turn)
            if inst == self.inst and name in callbacks:
                graphs[name] = compress(flow(name, callbacks[name], view.of))
                self._called(name, graphs[name])
            elif inst == self.inst:  # another driver of the device has one, or it is only woken
                then = TURN(SYSTEM), turn + 1
                self._core(Kind.PASS, "", RUNNING, self._turn(name), RUNNING, then)
        if called_at_runtime(self.made, self.driver):
            graphs |= self._runtime()
        for entry, graph in graphs.items():
            for edge in graph.edges:
                self._edge(entry, edge)
        self.made.tops[self.pc] = len(self.numbers) + 1

    def _bind(self, probe: Flow) -> None:
        view, inst, parent = self.made.view, self.inst, self.made.view.parent(self.inst)
        up = DOWN(SYSTEM).eq(0)
        ready = up if inst == parent else all_of(LIFE(inst).eq(ADDED), DYING(inst).eq(0), up)
        if inst.device.kind == "pci":  # pci_bus_add_device() comes after enumeration
            ready = all_of(ready, *(PHASE(core).eq(BOUND) for core in view.cores()))
        ready = all_of(ready, self._may_bind(), resumed(self.made, inst, parent))
        # What somebody has open of another life is another thing than what comes now.
        mine = [own.context for own in view.contexts if own.inst == inst]
        files = [one for one in mine if one.kind == "file"]
        ready = all_of(ready, *(one.runs(inst).eq(0) for one in files))
        # The driver core holds the device (PCI) or its parent in D0 around a probe.
        kind, text = Kind.BIND, f"bind {self.driver.name}"
        if inst.device.kind == "core":
            kind, text = Kind.ENUMERATE, "enumerates"
        self._core(kind, text, IDLE, ready, self.at("probe", probe.start),
                   (PHASE(inst), PROBING), (D3(parent), 0), (OUTCOME(inst), 0), (QUIET(inst), 0),
                   *((opened(one.name)(inst), 0) for one in files),
                   *([(FAULTED(inst), 0)] if self.creates else []),
                   *self._idle(int(not supplies(view, inst))), *locked(self.made, inst))
        if self.made.locks and inst != parent:
            # drivers/base/dd.c device_initial_probe(): a driver that is there already probes in
            # the thread of who adds the device, which waits for it, and holds the parent's lock
            self._core(kind, f"{text} at once", IDLE, ready & ADDING(inst).eq(1),
                       self.at("probe", probe.start), (INSIDE(inst), 1), (PHASE(inst), PROBING),
                       (D3(parent), 0), (OUTCOME(inst), 0), (QUIET(inst), 0),
                       *locked(self.made, inst))
        self._core(Kind.PROBE_RETURNS, "probe returns 0", self.at("probe", probe.done), TRUE,
                   RUNNING, (PHASE(inst), BOUND), (OUTCOME(inst), 1), *self._idle(0),
                   *unlocked(self.made, inst))
        self._core(Kind.PROBE_FAILS, "probe returns an error", self.at("probe", probe.failed),
                   TRUE, self.at("devres refused", 0), (OUTCOME(inst), 2))

    def _idle(self, busy: Expr | int) -> list[tuple[Read, Expr | int]]:
        """Return that the driver core says a device may be idle, or that nobody has said so yet.

        drivers/base/dd.c __driver_probe_device() does behind the probe, and before .remove
        __device_release_driver() does.
        """
        return [(RPM_BUSY(self.inst), busy)] if calls_of(self.made.view, self.inst) else []

    def _may_bind(self) -> Expr:
        """Return when an episode lets a driver bind: before it begins, a later driver after."""
        turns = self.made.turns
        alone = len(self.made.view.design.drivers_of(self.inst.device)) == 1
        free = TRUE if alone else PHASE(self.inst).eq(UNBOUND)
        free &= self.made.view.closed(self.inst)  # the facts are those of the data before
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
            return deleted if deleted != FALSE else turns.at(turns.last) & self._unpinned()
        if deleted == FALSE:
            return all_of(up, mutex_free(self.made, inst), self._unpinned())
        return (up & self._unpinned()) | deleted

    def _stays(self) -> bool:
        """Return whether nothing unbinds a driver: no sysfs, no module, nobody to pull its device.

        drivers/base/platform.c __platform_driver_probe() is one of those who forbid sysfs.
        """
        device = self.inst.device
        return (self.driver.builtin and not self.driver.unbind
                and (device.kind, device.parent) == ("platform", None))

    def _unpinned(self) -> Expr:
        """Return whether a driver goes: without sysfs unbind, an open event or file pins it."""
        if self.driver.unbind:
            return TRUE
        view = self.made.view
        held = [opened(own.context.name)(self.inst) for own in view.contexts
                if own.inst == self.inst and own.context.kind == "file"]
        held += [OPEN(one) for one in (self.inst, *view.counting(self.inst))
                 if any(do.op.gives(PMU) for do in view.operations)]
        return all_of(*(one.eq(0) for one in held))

    def _unbind(self, remove: Flow) -> None:
        inst = self.inst
        gives: list[tuple[Read, Expr | int]] = [(PHASE(inst), LEAVING)]
        if inst == self.made.view.parent(inst):
            gives.append((D3(inst), 0))  # pci_device_remove(): pm_runtime_get_sync()
        may = self._may_unbind()
        # drivers/base/dd.c __device_release_driver() puts its reference and waits: what is idle and
        # active still has power/control on, and no runtime_suspend comes before somebody puts it
        stays = all_of(idle_off_pci(self.made, inst), RPM_LATER(inst).eq(0))
        gives += self._idle(pick(stays, 1, 0))
        if calls_of(self.made.view, inst):
            may &= IN_RUNTIME_PM(inst).eq(0)
        if called_at_runtime(self.made, self.driver):  # its runtime_resume comes first
            may &= D3(inst).eq(0)
        for name in ended_by_usbcore(self.made.view, self.driver, inst):
            may &= queued(name)(inst).eq(0)
            gives.append((shut(name)(inst), 1))
        self._core(Kind.UNBIND, f"unbind {self.driver.name}", RUNNING, may,
                   self.at("remove", remove.start), *gives, *locked(self.made, inst))
        left = self.at("devres unbound", 0)
        for end in {remove.done, remove.failed}:
            self._core(Kind.REMOVE_RETURNS, "", self.at("remove", end), TRUE, left)

    def _called(self, entry: str, graph: Flow) -> None:
        """Add the call of a callback when it is its turn; then it is the turn of the next."""
        turns, turn = self.made.turns, self.made.turns.calls[entry, self.inst]
        when = self._turn(entry) & PHASE(self.inst).eq(BOUND)
        if entry == "suspend_noirq" and set(RUNTIME) & self.driver.callbacks().keys() and smart(
            self.driver
        ):  # drivers/base/power/main.c dev_pm_skip_suspend()
            off_pci = calls_of(self.made.view, self.inst)
            asleep = RPM_ACTIVE(self.inst).eq(0) if off_pci else D3(self.inst).eq(1)
            self._core(Kind.PASS, "", RUNNING, when & asleep, RUNNING, (TURN(SYSTEM), turn + 1))
            when &= ~asleep
        self._core(Kind.CALL, f"{entry} {self.driver.name}", RUNNING, when,
                   self.at(entry, graph.start))
        ends = {graph.done: turn + 1}
        ends.setdefault(graph.failed, turns.fails.get(turn, turn + 1))
        for end, after in ends.items():
            self._core(Kind.CALL_RETURNS,
                       "" if end == graph.done else f"{entry} returns an error",
                       self.at(entry, end), TRUE, RUNNING, (TURN(SYSTEM), after),
                       *(self._gives_up() if entry.startswith("resume") and end != graph.done
                         else []))

    def _gives_up(self) -> list[tuple[Read, Expr | int]]:
        """Return that a resume has failed, and what suspend took down then is still to be had."""
        inst = self.inst
        short = pick(WAS_ENABLED(inst).gt(ENABLED(inst)),
                     WAS_ENABLED(inst) - ENABLED(inst), 0)
        pci = inst.device.kind == "pci" and ENABLED in self.made.view.given
        return [(GIVEN_UP(inst), 1), *([(OWED(inst), short)] if pci else [])]

    def _turn(self, entry: str) -> Expr:
        """Return whether it is the turn of a callback, and runtime PM is done with the device."""
        turn = self.made.turns.at(self.made.turns.calls[entry, self.inst])
        woken = entry == "suspend" and woken_for_sleep(self.driver)
        turn = all_of(turn, fold(~left_alone(self.made.view, self.inst)))
        return turn & D3(self.inst).eq(0) if woken else turn

    def _leave_alone(self, entry: str, turn: int) -> None:
        """Let the PM core call no driver for a device that is suspended: its direct_complete.

        dpm_clear_superiors_direct_complete(): not of one with a device below, which is called.
        """
        view, inst = self.made.view, self.inst
        if entry not in SLEEP or not may_stay_suspended(self.driver):
            return
        text, gives, when = "", [(TURN(SYSTEM), turn + 1)], left_alone(view, inst)
        if entry == "suspend":
            text, when = "stays suspended through the sleep", all_of(
                D3(inst).eq(1), *(LIFE(child).eq(ABSENT) for child in view.children(inst)
                                  if child.device not in view.parts))
            gives.append((STAYS(inst), 1))
        at = self.made.turns.at(turn) & PHASE(inst).eq(BOUND)
        self._core(Kind.PASS, text, RUNNING, at & when, RUNNING, *gives)

    def _runtime(self) -> dict[str, Flow]:
        """Add runtime PM of a PCI device: its callback, then D3; back in D0, its callback."""
        inst, view, driver = self.inst, self.made.view, self.driver
        blocks = driver.callbacks()
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
        settled = [PHASE(child).among(UNBOUND, BOUND) for child in view.children(inst)]
        if calls_of(view, inst):  # pm_runtime_barrier(), and it is held from there on
            settled.append(IN_RUNTIME_PM(inst).eq(0))
        when = all_of(down, SHUT(inst).eq(0), *first, *settled)
        top = inst == view.parent(inst)
        # pci_device_shutdown(): pm_runtime_resume(), and nobody suspends it any more
        awake = [(D3(inst), 0), (SHUT(inst), 1)] if top else []
        self._core(Kind.CALL, f"shutdown {self.driver.name}", RUNNING, when,
                   self.at("shutdown", graph.start), *awake)
        ends = [(HALTED(inst), 1)] if top else [(SHUT(inst), 1)]
        halted = self.at("halted", 0) if top else RUNNING
        for end in {graph.done, graph.failed}:
            at = self.at("shutdown", end)
            self._core(Kind.CALL_RETURNS, "shutdown returns", at, TRUE, halted, *ends)

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
                             if same(self.made.view, one, undo, held.do, held.substitution)))
            self._operate(held.do, undo, "ok", held.substitution, "devres", "devres",
                          src, held.noted.eq(1), dst, ((held.noted, num(0)),), still)
        last = self.at(entry, len(listed))
        # With the devres list the interrupt core's own data went, and names and memory that the
        # driver core frees by itself; what rules remember of a binding ends with it.
        gone: list[tuple[Read, Expr | int]] = [(MSIDATA(self.inst), 0)]
        for fact in (NAMED, COUNTERS, QUIET, *_EPISODIC):
            gone.append((fact(self.inst), 0))
        if DRVDATA in self.made.view.given:  # drivers/base/dd.c device_unbind_cleanup()
            gone.append((DRVDATA(self.inst), 0))
        if RPM_ALLOWED in self.made.view.given:  # user space may say either of what nobody drives
            gone.append((RPM_ALLOWED(self.inst), 0))
        if calls_of(self.made.view, self.inst):  # pm_runtime_reinit(), where it was disabled
            gone += [(fact(self.inst), 0)
                     for fact in (RPM_ACTIVE, RPM_ASLEEP, RPM_FORCED, RPM_FORBIDDEN)]
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


def end_locals(made: Build) -> None:
    """Let the variables that a driver's functions and contexts set go where it is unbound.

    Whose last close may free the driver's data finds them in it still: they go at the next bind.
    """
    steps = made.transitions
    mine: dict[tuple[int, Inst | None], dict[Read, None]] = {}
    for one in steps:
        for target, value in one.gives:
            if target.fact.local and value != num(0):
                mine.setdefault((id(one.step.driver), one.step.inst), {})[target] = None
    for at, one in enumerate(steps):
        contexts = () if one.step.driver is None else one.step.driver.contexts
        late = any(context.has_close for context in contexts)
        if one.step.kind is (Kind.BIND if late else Kind.UNBOUND):
            gone = ((read, num(0)) for read in mine.get((id(one.step.driver), one.step.inst), ()))
            steps[at] = replace(one, gives=(*one.gives, *gone))
