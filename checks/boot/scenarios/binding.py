# SPDX-License-Identifier: GPL-2.0-only
"""Ports and their children bound, and unbound: at boot, by modules that come later, by sysfs."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from checks.boot.build.initrd import MODULES
from checks.boot.guest.line import Line, shown
from checks.boot.guest.observe import Seen
from checks.boot.predict.expect import Look, greetings, port_lines, premises, unchanged
from checks.boot.predict.predict import after_unbind, child_module
from checks.boot.scenarios.delivery import delivered
from checks.boot.scenarios.memory import kept, objects
from checks.boot.scenarios.stage import Stage

REBINDS = 20


def boot(on: Stage) -> Iterator[Line]:
    """Every port is bound and served as the design says, on the hardware that it is."""
    look = Look("boot", on.look())
    for port in on.board.ports:
        yield from premises(look, port, on.board.platform)
        wanted = on.predicted[port.name]
        yield from port_lines(look, wanted)
        yield from greetings(look, wanted, on.kind, on.guest.console())


def load(on: Stage) -> Iterator[Line]:
    """Drivers that are modules come later: they bind, and change nothing for the services."""
    before = on.look()
    failed = [
        f"{name}: {answer.text}" for name in on.modules
        if (answer := on.guest.order(f"insmod /{MODULES}/{name}.ko")).status
    ]
    yield Line("load", "system", "modules loaded", "all", shown(failed, "all"), "insmod", "kernel")
    on.loaded = True
    look = Look("load", on.look())
    yield from _asked(on)
    yield from _held(on, before, look.seen)
    for port in on.board.ports:
        yield from port_lines(look, on.predicted[port.name])


def _asked(on: Stage) -> Iterator[Line]:
    """Yield which module the auxiliary devices of ports ask for, as udev would hear it."""
    if not any(one.there for port in on.predicted.values() for one in port.cpmus):
        return
    said = on.guest.order("sed -n s/^MODALIAS=//p /sys/bus/auxiliary/devices/*/uevent").lines
    found = {
        name for alias in said for name in on.modules for pattern in on.kernel.aliases(name)
        if fnmatchcase(alias, pattern)
    }
    yield Line("load", "system", "module that auxiliary devices ask for",
               child_module(on.design) or shown(()), shown(found), f"uevent: {shown(set(said))}")


def _held(on: Stage, before: Seen, after: Seen) -> Iterator[Line]:
    """Yield how many runtime PM references of each port its children's drivers have taken."""
    for name, wanted in on.predicted.items():
        pci = after.at(wanted.port.place)
        if wanted.cpmus and pci is not None and {pci.name} <= before.usage.keys():
            taken = after.usage.get(pci.name, 0) - before.usage[pci.name]
            yield Line("load", name, "runtime PM references that children hold",
                       str(sum(one.power for one in wanted.cpmus)), str(taken),
                       f"/sys/bus/pci/devices/{pci.name}/power/runtime_usage")


def rebind(on: Stage) -> Iterator[Line]:
    """Ports with nothing below are unbound and bound again, many times: nothing is left behind."""
    before, memory = on.look(), objects(on)
    ports = [(port, pci) for port in on.board.ports
             if not port.below and (pci := before.at(port.place)) is not None]
    drivers = "/sys/bus/pci/drivers/pcieport"
    on.guest.order("; ".join(f"echo {pci.name} >{drivers}/unbind" for _, pci in ports),
                   seconds=120)
    gone = Look("rebind", on.look())
    for port, pci in ports:
        yield from port_lines(gone, after_unbind(
            on.design, port, on.board.platform, loaded=on.loaded, twice=on.kind.twice))
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
    if len(ports) == 1:  # of several at once, each leaves something to the others' tables
        name = ports[0][1].name
        yield kept("rebind", REBINDS, on, memory, lambda: on.guest.order(
            f"cd {drivers}; n=0; while [ $n -lt {REBINDS} ]; do echo {name} >unbind; "
            f"echo {name} >bind; n=$((n+1)); done", seconds=300))
    yield from delivered("rebind", on)
