# SPDX-License-Identifier: GPL-2.0-only
"""What a design predicts of ports, beside what one look at a guest has shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from checks.boot.build.kind import Kind
from checks.boot.guest.line import Line, shown, yes
from checks.boot.guest.observe import Dev, Irq, Pci, Seen
from checks.boot.predict.board import BWCTRL, BWNOTIF, MODEL, SERVICES, Platform, Port
from checks.boot.predict.predict import LINE_IRQ, Given, Predicted

NO_PORT = "no such device"


@dataclass(frozen=True)
class Look:
    """A look at the guest within a scenario."""

    scenario: str
    seen: Seen


def premises(look: Look, port: Port, platform: Platform) -> Iterator[Line]:
    """Yield what the lab says of its hardware, beside the registers of it."""
    pci = look.seen.at(port.place)
    if pci is None or pci.config is None:
        yield Line(look.scenario, port.name, "the port", "there", NO_PORT, port.place, "premise")
        return
    space = pci.config
    pairs = [
        ("interrupt capability", port.capability, space.kind),
        ("vectors it can have", str(port.entries), str(space.entries)),
        ("link bandwidth notification", yes(_notifies(port)),
         yes(space.notifies or port.type == "upstream")),
    ]
    if BWCTRL in port.services:
        pairs.append(("more than one link speed", "yes", yes(space.speeds > 1)))
    if {"PME", "HP", BWNOTIF, BWCTRL} & set(port.services) and space.mode != "INTx":
        pairs.append(("message number of PME and hotplug", str(platform.message(port, "hp")),
                      str(space.hotplug_message)))
    if "AER" in port.services and space.mode != "INTx":
        pairs.append(("message number of AER", str(platform.message(port, "aer")),
                      str(space.aer_message)))
    for what, said, got in pairs:
        yield Line(look.scenario, port.name, what, said, got, f"config space of {pci.name}",
                   "premise")


def _notifies(port: Port) -> bool:
    """Return whether a port can tell of its link's bandwidth: one speed is no service to bwctrl."""
    return bool({BWNOTIF, BWCTRL} & set(port.services)) or port.type == "upstream" \
        or not port.speeds


def port_lines(look: Look, wanted: Predicted) -> Iterator[Line]:
    """Yield what a design predicts of a port, each beside what was seen."""
    port, pci = wanted.port, look.seen.at(wanted.port.place)
    if pci is None:
        yield Line(look.scenario, port.name, "the port", "there", NO_PORT, port.place, "premise")
        return

    def line(what: str, predicted: str, got: str, evidence: str) -> Line:
        return Line(look.scenario, port.name, what, predicted, got, evidence)

    sysfs = f"/sys/bus/pci/devices/{pci.name}"
    yield line("driver", "pcieport" if wanted.bound else "-", pci.driver, f"{sysfs}/driver")
    if pci.config is not None:
        yield line("interrupts are by", wanted.mode, pci.config.mode, f"{sysfs}/config")
        if wanted.master or not port.below:  # others below may have switched it on
            yield line("bus mastering", "on" if wanted.master else "off",
                       "on" if pci.config.master else "off", f"{sysfs}/config")
    yield from _services(look, wanted, pci, line_of=line)
    yield from _vectors(look.seen, wanted, pci, line_of=line)
    yield from _children(look.seen, wanted, pci, line_of=line)


def _services(look: Look, wanted: Predicted, pci: Pci, line_of: object) -> Iterator[Line]:
    assert callable(line_of)
    there = {one.name: one.driver for one in look.seen.on("pci_express", pci.name)}
    names = {
        wanted.port.service_device(pci.name, name): name
        for name, given in wanted.services.items() if given.there
    }
    said = {_bus_free(device): SERVICES[name].driver if wanted.services[name].bound else "-"
            for device, name in names.items()}
    got = {_bus_free(device): driver for device, driver in there.items()}
    for device in sorted(said.keys() | got.keys()):
        yield line_of(
            f"service {device}", _on(said.get(device)), _on(got.get(device)),
            "/sys/bus/pci_express/devices",
        )


def greetings(look: Look, wanted: Predicted, kind: Kind, log: str) -> Iterator[Line]:
    """Yield how often each service's driver has said that it is there.

    It does so in its probe, which runs inside the port's: device_register() binds it. A console
    whose driver is bound again prints the log from its beginning.
    """
    lines = log.rpartition("Linux version ")[2].splitlines()
    pci = look.seen.at(wanted.port.place)
    for name, given in wanted.services.items():
        greeting = SERVICES[name].greeting
        if pci is None or not greeting:
            continue
        said = [line for line in lines if f"{pci.name}: {greeting}" in line]
        yield Line(look.scenario, wanted.port.name, f"times {name} was probed",
                   str(kind.probes(1) if given.bound else 0), str(len(said)),
                   said[-1] if said else f"no line with {greeting!r}")


def _on(driver: str | None) -> str:
    if driver is None:
        return "absent"
    return "no driver" if driver == "-" else f"bound to {driver}"


def _bus_free(device: str) -> str:
    """Return the name of a service without the address of its port."""
    return device.rpartition(":")[2]


def _vectors(seen: Seen, wanted: Predicted, pci: Pci, line_of: object) -> Iterator[Line]:
    """Yield which messages there are, and who handles each."""
    assert callable(line_of)
    mine = {one.hwirq: one for one in seen.of(pci)} if pci.msi else {}
    yield line_of("messages with a vector", shown(wanted.messages), shown(mine),
                  f"/sys/bus/pci/devices/{pci.name}/msi_irqs")
    for number, actions in wanted.handlers().items():
        if number == LINE_IRQ:
            irq = seen.irqs.get(pci.irq)
            got = _among(irq, actions)
            what = "handlers on the INTx line"
        else:
            irq = mine.get(number)
            got = tuple(sorted(_core(irq))) if irq else ()
            what = f"handlers of message {number}"
        yield line_of(what, shown(actions), shown(got), irq.text if irq else "no such irq")


def _core(irq: Irq) -> list[str]:
    """Return the handlers of the port's own services among those of an irq."""
    known = {one.action for one in SERVICES.values()}
    return [name for name in irq.actions if name in known]


def _among(irq: Irq | None, actions: Sequence[str]) -> tuple[str, ...]:
    """Return which of some handlers are on an irq that others may share."""
    return tuple(sorted(name for name in actions if irq is not None and name in irq.actions))


def _children(seen: Seen, wanted: Predicted, pci: Pci, line_of: object) -> Iterator[Line]:
    """Yield what is on the auxiliary bus below the port: what it serves, and nothing else."""
    assert callable(line_of)
    mine = sorted(seen.on("auxiliary", pci.name), key=Dev.number)
    blocks = [number for number, given in enumerate(wanted.cpmus) if given.there]
    served = [wanted.cpmus[number] for number in blocks]
    yield from _sources(seen, wanted, line_of)
    yield line_of("auxiliary devices", str(len(served)), str(len(mine)),
                  shown((one.name for one in mine), "/sys/bus/auxiliary/devices is without"))
    for number, given in enumerate(served[:len(mine)]):
        device = mine[number]
        yield line_of(f"auxiliary device {number}", _bound(given.bound),
                      _bound(device.driver != "-"), f"{device.path}/driver")
        pmus = [one for one in seen.devices if one.bus == "event_source"
                and one.path.startswith(f"{device.path}/")]
        yield line_of(f"PMU of auxiliary device {number}", "registered" if given.pmu else "none",
                      "registered" if pmus else "none",
                      shown((one.name for one in pmus), "/sys/bus/event_source/devices"))
        yield from _register_lines(seen, pmus, given, blocks[number], number, device, line_of)
        if given.message is None:
            continue
        irq = next((one for one in seen.of(pci) if one.hwirq == given.message), None)
        others = _others(irq)
        yield line_of(f"interrupt of auxiliary device {number}",
                      f"a handler of its own on message {given.message}",
                      f"a handler of its own on message {irq.hwirq}" if irq and others
                      else "no handler there", irq.text if irq else "no such irq")
    yield from _handlers(seen, wanted, pci, line_of)


def _register_lines(
    seen: Seen, pmus: list[Dev], given: Given, block: int, number: int, device: Dev, line_of: object
) -> Iterator[Line]:
    """Yield whose registers a device has: those of a block, claimed in its name, and quiet."""
    assert callable(line_of)
    if pmus:
        yield line_of(f"PMU of auxiliary device {number}: index in the Register Locator",
                      str(block), pmus[0].name.rpartition(".")[2], pmus[0].name)
    claimed = seen.claims.get(device.name, "")
    yield line_of(f"registers of auxiliary device {number}", _claimed(given.claimed),
                  _claimed(bool(claimed)), f"{claimed or 'nothing'} : {device.name} in /proc/iomem")


def _claimed(value: bool) -> str:
    return "claimed" if value else "not claimed"


def _sources(seen: Seen, wanted: Predicted, line_of: object) -> Iterator[Line]:
    """Yield which CPMUs could raise their interrupt, as their registers say."""
    assert callable(line_of)
    if wanted.port.device != MODEL:
        return
    for number, given in enumerate(wanted.cpmus):
        if number < len(seen.sources):
            yield line_of(f"CPMU {number} can raise its interrupt", yes(given.source),
                          yes(seen.sources[number]), "its registers, as the hardware has them")


def _handlers(seen: Seen, wanted: Predicted, pci: Pci, line_of: object) -> Iterator[Line]:
    """Yield how many handlers each message has beside those of the port's services."""
    assert callable(line_of)
    said = Counter(given.message for given in wanted.cpmus if given.message is not None)
    for irq in seen.of(pci) if pci.msi else ():
        if irq.hwirq in wanted.messages:
            yield line_of(f"handlers of message {irq.hwirq} beside the services'",
                          str(said[irq.hwirq]), str(len(_others(irq))), irq.text)


def _others(irq: Irq | None) -> list[str]:
    return [name for name in (irq.actions if irq else ()) if name not in _core_names()]


def _core_names() -> set[str]:
    return {one.action for one in SERVICES.values() if one.action}


def _bound(value: bool) -> str:
    return "bound" if value else "not bound"


def unchanged(scenario: str, before: Seen, after: Seen) -> Iterator[Line]:
    """Yield what must be as it was: irq domains, vectors, devices, modules."""
    domains = _changed(before.domains, after.domains)
    yield Line(scenario, "system", "irq domains and vectors", "as before",
               domains or "as before", "/sys/kernel/debug/irq/domains", "kernel")
    old = {(one.bus, one.name, one.driver) for one in before.devices}
    new = {(one.bus, one.name, one.driver) for one in after.devices}
    told = shown([f"gone {' '.join(one)}" for one in old - new]
                 + [f"new {' '.join(one)}" for one in new - old], "as before")
    yield Line(scenario, "system", "devices on the buses", "as before", told, "/sys/bus", "kernel")
    held = [f"{name}: {old_} were held, {after.usage[name]} are" for name, old_
            in before.usage.items() if after.usage.get(name, old_) != old_]
    yield Line(scenario, "system", "runtime PM references", "as before", shown(held, "as before"),
               "/sys/bus/pci/devices/*/power/runtime_usage", "kernel")


def _worse(key: str, old: int, new: int) -> bool:
    """Return whether a number of an irq domain says that something was left behind.

    An irq that was moved to another CPU keeps its old vector until it comes next, so there may be
    fewer vectors than before: arch/x86/kernel/apic/vector.c apic_update_vector().
    """
    if key in ("Total allocated", "Global reserved"):
        return new > old
    return new < old if key == "Global available" else new != old


def _changed(
    before: Mapping[str, Mapping[str, int]], after: Mapping[str, Mapping[str, int]]
) -> str:
    """Return which irq domains differ, and in what; "" when none does."""
    old, new = before, after
    said = [f"gone: {name}" for name in old.keys() - new.keys()]
    said += [f"new: {name}" for name in new.keys() - old.keys()]
    for name in old.keys() & new.keys():
        said += [
            f"{name}: {key} was {old[name].get(key)}, is {new[name].get(key)}"
            for key in sorted(old[name].keys() | new[name].keys())
            if _worse(key, old[name].get(key, 0), new[name].get(key, 0))
        ]
    return "; ".join(sorted(said))
