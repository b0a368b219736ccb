# SPDX-License-Identifier: GPL-2.0-only
"""What happens from outside: events open and close, ports sleep, power goes, ports are pulled."""

from __future__ import annotations

from collections.abc import Sequence

from checks.machine.instances import SYSTEM, TURN, Inst
from checks.machine.runtime_pm import calls_of, idle, left_alone, may_sleep
from checks.machine.schedule import BEFORE
from checks.machine.step import DOWN, STAYS, WAS_ENABLED, Build, Kind, Step
from generator.context import HANDLER_RUNS, OTHERS_RUN
from generator.design import RUNTIME, Driver
from generator.expr import FALSE, TRUE, Expr, Read, all_of, num, pick
from generator.facts import (
    BOUND,
    CONFIG_LOST,
    D3,
    ENABLED,
    GONE,
    HANDLER,
    IN_RUNTIME_PM,
    LEAVING,
    LOSES,
    LOST,
    OPEN,
    PHASE,
    PMU,
    PROBING,
    RPM_BUSY,
    SOURCE,
    STALE_COUNT,
    SUBSTORE,
    UNPROGRAMMED,
    on_vector,
)
from generator.meaning import fold
from generator.program import operations

Processes = Sequence[tuple[Driver, Inst]]


class _Environment:
    def __init__(self, made: Build, processes: Processes) -> None:
        self.made, self.view, self.processes = made, made.view, processes
        self.ops = {
            inst: [do.op for block in driver.entries().values() for do in operations(block)]
            for driver, inst in processes
        }
        self.ports = [inst for inst in self.view.instances if inst.device.parent is None]

    def event(
        self, actor: str, text: str, when: Expr, *gives: tuple[Read, Expr | int],
        about: Sequence[Inst] = (), kind: Kind = Kind.EVENT, settles: bool = False,
    ) -> None:
        """Add what somebody outside does, to the devices that it is about."""
        step = Step(actor, kind, text, "" if kind is Kind.PASS else "environment",
                    settles=settles, about=tuple(inst.name for inst in about))
        self.made.add(step, None, 0, when, [(read, num(value)) for read, value in gives])

    def turn(self, actor: str, text: str, turn: int, *gives: tuple[Read, Expr | int],
             when: Expr | None = None, kind: Kind = Kind.EVENT, settles: bool = False) -> None:
        at = self.made.turns.at(turn)
        self.event(actor, text, at if when is None else at & when, (TURN(SYSTEM), turn + 1),
                   *gives, kind=kind, settles=settles)


def environment(made: Build, processes: Processes) -> None:
    """Add what happens from outside in the episode that is built."""
    one = _Environment(made, processes)
    _everyday(one)
    if made.plain:
        _shutdown(one)
        return
    made.tops[TURN(SYSTEM)] = made.turns.last
    bound = [PHASE(port).eq(BOUND) for port in one.ports if port in one.ops]  # others never are
    still = [PHASE(inst).eq(BOUND) | PHASE(inst).eq(0) for _, inst in processes]
    {"sleep": _sleep, "recovery": _recovery, "surprise": _surprise, "late": _late}[
        made.episode.name
    ](one, all_of(*bound), all_of(*still))
    for (_, inst), turn in made.turns.calls.items():  # nobody there to be called
        one.turn("", "", turn, when=PHASE(inst).ne(BOUND), kind=Kind.PASS)


def _everyday(one: _Environment) -> None:
    """Open and close events; let runtime PM suspend ports that have no callbacks for it."""
    up, quiet = DOWN(SYSTEM).eq(0), one.made.turns.quiet()
    for driver, inst in one.processes:
        if any(op.gives(PMU) for op in one.ops[inst]):
            may = up if one.made.plain else one.made.turns.at(BEFORE)
            if not driver.unbind and inst.device.parent is None:
                # it goes with its module alone: kernel/events/core.c perf_try_init_event() takes
                # none that is going
                may &= PHASE(inst).ne(LEAVING)
            for each in (inst, *one.view.counting(inst)):
                _events(one, driver, each, may, quiet)
        if driver.instead_of:
            continue
        if one.made.plain and may_sleep(one.view, inst):
            one.event("runtime PM", f"suspends {inst.name}",
                      all_of(idle(one.view, inst), D3(inst).eq(0)), (D3(inst), 1), about=[inst])
            one.event("runtime PM", f"resumes {inst.name}", D3(inst).eq(1), (D3(inst), 0),
                      about=[inst])


def _events(one: _Environment, driver: Driver, inst: Inst, may: Expr, quiet: Expr) -> None:
    """Open an event on a PMU, the device's own or that of a part of it, and close it.

    Who closes it waits for the CPU on which it counts, and so for the driver's callbacks there.
    """
    one.event("user", f"opens an event on {inst.name}",
              all_of(PMU(inst).eq(1), OPEN(inst).eq(0), may),
              (OPEN(inst), 1), (SOURCE(inst), 1), about=[inst])
    forgets = [] if one.made.plain else [(LOST(inst), 0), (STALE_COUNT(inst), 0)]
    closed = OPEN(inst).eq(1) if one.made.plain else OPEN(inst).eq(1) & quiet
    if driver.atomic:
        owner = inst if inst.device == driver.device else one.view.parent(inst)
        closed &= HANDLER_RUNS(owner).eq(0)
    one.event("user", f"closes the event on {inst.name}", closed,
              (OPEN(inst), 0), (SOURCE(inst), 0), *forgets, about=[inst])


def _shutdown(one: _Environment) -> None:
    if any(driver.shutdown is not None for driver, _ in one.processes):
        still = [PHASE(inst).ne(PROBING) & PHASE(inst).ne(LEAVING)
                 for _, inst in one.processes if inst.device.parent is None]
        one.event("system", "shuts down", all_of(DOWN(SYSTEM).eq(0), *still), (DOWN(SYSTEM), 1))


def _lost(one: _Environment, port: Inst) -> list[tuple[Read, Expr | int]]:
    """Return what a loss of power or a reset does: all that was written to registers is gone.

    What is in config space, the services' own interrupt enables too, is as pci_save_state() left
    it, and comes back with it: drivers/pci/pci.c pci_restore_state(). Of devices on other buses
    some lose their registers in sleep and most do not: those that do say so.
    """
    found: list[tuple[Read, Expr | int]] = [(CONFIG_LOST(port), 1)]
    always = port.device.kind == "pci"
    for user in one.view.users(port):
        found.append((UNPROGRAMMED(user), pick(on_vector(HANDLER, user), 1, UNPROGRAMMED(user))))
        if user.device.kind != "service":
            lost = TRUE if always else LOSES(user).eq(1)
            found.append((LOST(user), pick(SOURCE(user).eq(1) & lost, 1, LOST(user))))
            found.append((SOURCE(user), 0 if always else pick(lost, 0, SOURCE(user))))
            stale = pick(OPEN(user).eq(1) & lost, 1, STALE_COUNT(user))
            found.append((STALE_COUNT(user), stale))
    return found


def _sleep(one: _Environment, bound: Expr, still: Expr) -> None:
    """Let the system sleep: power is lost, and the PCI core restores what it has saved.

    drivers/pci/pci-driver.c pci_pm_suspend_noirq() saves, pci_pm_resume_noirq() restores before
    it calls the driver; messages are written from descriptors in the PCI device's own store.
    """
    turns = one.made.turns
    # drivers/base/power/main.c device_prepare() takes a runtime PM reference on every device, and
    # __device_suspend() has pm_runtime_barrier() wait for the callback that runs
    settled = [IN_RUNTIME_PM(inst).eq(0) for driver, inst in one.processes
               if set(RUNTIME) & driver.callbacks().keys() or calls_of(one.view, inst)]
    # kernel/power/process.c freeze_processes() waits until who calls has left the kernel, and until
    # freezable work has ended
    settled += [own.context.runs(own.inst).eq(0) for own in one.view.contexts
                if own.context.frozen]
    settled += [OTHERS_RUN(inst).eq(0) for driver, inst in one.processes if driver.others_queue]
    enabled = [(WAS_ENABLED(inst), ENABLED(inst)) for _, inst in one.processes
               if inst.device.kind == "pci" and ENABLED in one.view.given]
    one.event("system", "goes to sleep", all_of(turns.at(BEFORE), bound, still, *settled),
              (TURN(SYSTEM), 1), *enabled)
    off = [give for port in one.ports for give in _lost(one, port)]
    # the PCI core has put its devices into D3 by then; others no CPU reaches before they are back
    off += [(D3(port), 1) for port in one.ports if port.device.kind == "pci"]
    one.turn("system", "loses power", turns.events["off"], *off, kind=Kind.POWER_LOST)
    back: list[tuple[Read, Expr | int]] = []
    # one that the PM core leaves alone stays in D3; pci_pm_runtime_resume() restores it, before
    # anybody touches it
    for port in one.ports:
        back += [(CONFIG_LOST(port), 0), (D3(port), fold(pick(left_alone(one.view, port), 1, 0)))]
        back += [(UNPROGRAMMED(user), pick(SUBSTORE(user).eq(1), UNPROGRAMMED(user), 0))
                 for user in one.view.users(port)]
    if any(port.device.kind == "pci" for port in one.ports):
        one.turn("PCI core", "restores what it saved", turns.events["restore"], *back)
    else:
        one.turn("system", "has power again", turns.events["restore"], *back)
    # device_complete() lets go of what device_prepare() holds, and says that it may be idle
    idle_now = [(RPM_BUSY(inst), 0) for _, inst in one.processes if calls_of(one.view, inst)]
    idle_now += [(STAYS(port), 0) for port in one.ports if left_alone(one.view, port) != FALSE]
    one.turn("system", "is awake again", turns.events["over"], *idle_now, settles=True)


def _recovery(one: _Environment, bound: Expr, still: Expr) -> None:
    """Let AER or DPC recover, as err.c pcie_do_recovery(): it restores nothing itself."""
    turns = one.made.turns
    one.event("hardware", "reports a fatal error", all_of(turns.at(BEFORE), bound, still),
              (TURN(SYSTEM), 1))
    reset = [give for port in one.ports for give in _lost(one, port)]
    awake = [(D3(port), 0) for port in one.ports]
    one.turn("AER", "resets the link", turns.events["off"], *reset, *awake)
    one.turn("AER", "is done", turns.events["over"], settles=True)


def _surprise(one: _Environment, bound: Expr, _still: Expr) -> None:
    """Pull the port: nothing behind it answers or interrupts; then its driver is unbound."""
    gone: list[tuple[Read, Expr | int]] = [(TURN(SYSTEM), one.made.turns.last)]
    for port in one.ports:
        gone.append((GONE(port), 1))
        gone += [(SOURCE(user), 0) for user in one.view.users(port)]
    one.event("user", "pulls the port out", one.made.turns.at(BEFORE) & bound, *gone,
              about=one.ports)


def _late(one: _Environment, bound: Expr, _still: Expr) -> None:
    """Let the user unbind a driver to bind another in its place."""
    for driver, inst in one.processes:
        if driver.instead_of:
            one.event(
                "user", f"wants {driver.name} for {inst.name}",
                one.made.turns.at(BEFORE) & bound, (TURN(SYSTEM), one.made.turns.last),
                about=[inst],
            )
