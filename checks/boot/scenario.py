# SPDX-License-Identifier: GPL-2.0-only
"""What is done to a guest, in the words of the exploration: bind, unbind, interrupt, sleep, ...

Each scenario is a function of a `Stage` that yields lines; it ends where it began, so that the
next one finds the guest as it was. `ALL` has them in the order in which they are run: hotplug is
last, because the pinned kernel's own lockdep splat ends lockdep.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping

from checks.boot import counting, forbidden, provoke
from checks.boot.expect import Look, greetings, port_lines, premises, unchanged
from checks.boot.initrd import MODULES
from checks.boot.line import Line, shown
from checks.boot.observe import Pci, Seen
from checks.boot.predict import LINE_IRQ, after_unbind, predict
from checks.boot.stage import Stage, message_count

REBINDS = 20
_CORRECTABLE, _NON_FATAL = 0x1, 0x4000  # receiver error; completion timeout


Scenario = Callable[[Stage], Iterator[Line]]


def boot(on: Stage) -> Iterator[Line]:
    """Every port is bound and served as the design says, on the hardware that it is."""
    look = Look("boot", on.look())
    for port in on.board.ports:
        yield from premises(look, port, on.board.platform)
        wanted = predict(on.design, port, on.board.platform, loaded=False, twice=on.kind.twice)
        yield from port_lines(look, wanted)
        yield from greetings(look, wanted, on.kind, on.guest.console())


def load(on: Stage) -> Iterator[Line]:
    """Drivers that are modules come later: they bind, and change nothing for the services."""
    failed = [
        f"{name}: {answer.text}" for name in on.modules
        if (answer := on.guest.order(f"insmod /{MODULES}/{name}.ko")).status
    ]
    yield Line("load", "system", "modules loaded", "all", shown(failed, "all"), "insmod", "kernel")
    look = Look("load", on.look())
    for port in on.board.ports:
        yield from port_lines(look, on.predicted[port.name])


def rebind(on: Stage) -> Iterator[Line]:
    """Ports with nothing below are unbound and bound again, many times: nothing is left behind."""
    before = on.look()
    ports = [(port, pci) for port in on.board.ports
             if not port.below and (pci := before.at(port.place)) is not None]
    drivers = "/sys/bus/pci/drivers/pcieport"
    on.guest.order("; ".join(f"echo {pci.name} >{drivers}/unbind" for _, pci in ports),
                   seconds=120)
    gone = Look("rebind", on.look())
    for port, pci in ports:
        yield from port_lines(gone, after_unbind(
            on.design, port, on.board.platform, twice=on.kind.twice))
        left = sorted(name for name in gone.seen.domains if pci.name in name)
        yield Line("rebind", port.name, "irq domains left by the port", "none", shown(left),
                   "/sys/kernel/debug/irq/domains", "kernel")
    # Each port in a shell of its own: most of it is waiting for slots.
    loops = " ".join(
        f"(echo {pci.name} >bind; n=1; while [ $n -lt {REBINDS} ]; do echo {pci.name} >unbind && "
        f"echo {pci.name} >bind || break; n=$((n+1)); done; echo {pci.name} $n) &"
        for _, pci in ports
    )
    answer = on.guest.order(f"cd {drivers}; {loops} wait", seconds=300)
    times = dict(line.split() for line in answer.lines if len(line.split()) == 2)
    again = Look("rebind", on.look())
    for port, pci in ports:
        yield Line("rebind", port.name, "times it was unbound and bound", str(REBINDS),
                   times.get(pci.name, "0"), answer.text[-300:], "kernel")
        yield from port_lines(again, on.predicted[port.name])
    yield from unchanged("rebind", before, again.seen)


def interrupt(on: Stage) -> Iterator[Line]:
    """An error that a port reports is counted on the message that the design names.

    A level-triggered line cannot be raised so: kernel/irq/resend.c check_irq_resend(). And
    /dev/aer_inject shadows the port's AER registers from then on, its message number too, so this
    comes after everything that binds a port again.
    """
    look = on.look()
    ports = [
        (port, pci, given.message) for port in on.board.ports
        if (given := on.predicted[port.name].services.get("AER")) is not None and given.bound
        and given.message not in (None, LINE_IRQ) and (pci := look.at(port.place)) is not None
    ]
    for kind, correctable, severe in (("correctable", _CORRECTABLE, 0),
                                      ("non-fatal", 0, _NON_FATAL)):
        for _, pci, _ in ports:
            on.guest.order(_injection(pci, correctable, severe))
        on.settled()
        after = on.look()
        for port, pci, message in ports:
            yield from _counted(f"{kind} error", port.name, pci, message, look, after)
        look = after
    files = "aer_rootport_total_err_cor aer_rootport_total_err_nonfatal"
    for port, pci, _ in ports:
        told = on.guest.order(f"cd /sys/bus/pci/devices/{pci.name}; cat {files}")
        yield Line("interrupt", port.name, "errors that AER counted", "1 and 1",
                   " and ".join(told.lines), f"aer_rootport_total_err_* of {pci.name}", "kernel")


def _injection(pci: Pci, correctable: int, severe: int) -> str:
    """Return the order that writes a struct aer_error_inj: drivers/pci/pcie/aer_inject.c."""
    domain, bus, rest = pci.name.split(":")
    slot, function = rest.split(".")
    data = struct.pack(
        "<BBBxIIIIIII", int(bus, 16), int(slot, 16), int(function), severe, correctable,
        0, 1, 2, 3, int(domain, 16),
    )
    return "printf '" + "".join(f"\\x{byte:02x}" for byte in data) + "' >/dev/aer_inject"


def _counted(
    what: str, name: str, pci: Pci, message: int, before: Seen, after: Seen
) -> Iterator[Line]:
    for irq in after.of(pci):
        if irq.hwirq == message:
            continue
        was = message_count(before, pci, irq.hwirq)[0]
        yield Line("interrupt", name, f"{what} also on message {irq.hwirq}", "0 times",
                   f"{irq.count - was} times", irq.text)
    old, new = (message_count(seen, pci, message) for seen in (before, after))
    yield Line("interrupt", name, f"{what} arrives on message {message}", "1 times",
               f"{new[0] - old[0]} times", new[1])


def sleep(on: Stage) -> Iterator[Line]:
    """The system sleeps and wakes: every port is served as before."""
    before = on.look()
    answer = on.guest.order(
        "echo 1 >/sys/module/suspend/parameters/pm_test_delay; "
        "echo platform >/sys/power/pm_test; echo freeze >/sys/power/state; status=$?; "
        "echo none >/sys/power/pm_test; exit $status",
        seconds=120,
    )
    yield Line("sleep", "system", "suspend to idle, as far as the platform", "went and came back",
               "went and came back" if answer.status == 0 else f"failed: {answer.text[-200:]}",
               "/sys/power/state, pm_test platform", "kernel")
    look = Look("sleep", on.look())
    for port in on.board.ports:
        yield from port_lines(look, on.predicted[port.name])
    yield from unchanged("sleep", before, look.seen)


def hotplug(on: Stage) -> Iterator[Line]:
    """A device comes and goes below a port: the slot's interrupt is on the predicted message.

    The one port of QEMU's that has its line only, cxl-rp, raises nothing for its slot.
    """
    before = on.look()
    ports = [
        (port, pci, given.message) for port in on.board.ports
        if (given := on.predicted[port.name].services.get("HP")) is not None and given.bound
        and given.message not in (None, LINE_IRQ) and not port.below
        and (pci := before.at(port.place)) is not None
    ]
    places = [f"{port.place}/00.0" for port, _, _ in ports]
    for port, _, _ in ports:
        on.guest.qmp("device_add", driver="pci-testdev", bus=port.name, id=f"below-{port.name}")
    there = _until(on, places, True)
    for (port, pci, message), place in zip(ports, places, strict=True):
        yield Line("hotplug", port.name, "a device that is added", "appears",
                   "appears" if there.at(place) else "does not appear", "QMP device_add", "kernel")
        old, new = (message_count(seen, pci, message) for seen in (before, there))
        yield Line("hotplug", port.name, "the slot's interrupt", "came",
                   "came" if new[0] > old[0] else "did not come", new[1])
    for port, _, _ in ports:
        on.guest.qmp("device_del", id=f"below-{port.name}")
    left = _until(on, places, False)
    for (port, _, _), place in zip(ports, places, strict=True):
        yield Line("hotplug", port.name, "the device that is removed", "is gone",
                   "is still there" if left.at(place) else "is gone", "QMP device_del", "kernel")
        yield from port_lines(Look("hotplug", left), on.predicted[port.name])


def _until(on: Stage, places: list[str], wanted: bool) -> Seen:
    """Wait until there are, or are not, devices at all of some places; return what there is."""
    for _ in range(15):
        on.settled()
        seen = on.look()
        if all((seen.at(place) is not None) == wanted for place in places):
            break
    return seen


ALL: Mapping[str, Scenario] = {
    "boot": boot, "load": load, "count": counting.count, "reload": counting.reload,
    "rebind": rebind, "sleep": sleep, "interrupt": interrupt, "hotplug": hotplug,
    **provoke.ALL, **forbidden.SCENARIOS,
}
# What a design is driven through when nobody names a scenario.
USUAL = tuple(name for name in ALL if name not in {**provoke.ALL, **forbidden.SCENARIOS})
