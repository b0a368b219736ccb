# SPDX-License-Identifier: GPL-2.0-only
"""What a running kernel shows, read from what templates/boot/observe.sh printed in the guest.

    observed(lines) -> Seen
    Seen.port(place) -> the PCI device at a place: the devices and functions on the way to it
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_COMMAND = 0x04
_MASTER = 0x4
_CAP_POINTER = 0x34
_CAP_EXPRESS, _CAP_MSI, _CAP_MSIX = 0x10, 0x05, 0x11
_EXT_AER = 1


@dataclass(frozen=True)
class Config:
    """The configuration space of a device, as bytes."""

    data: bytes

    def word(self, at: int) -> int:
        """Return the 16 bits at an offset."""
        return int.from_bytes(self.data[at:at + 2], "little")

    def long(self, at: int) -> int:
        """Return the 32 bits at an offset."""
        return int.from_bytes(self.data[at:at + 4], "little")

    def capability(self, wanted: int) -> int:
        """Return where a capability is, 0 where there is none."""
        at, seen = self.data[_CAP_POINTER] & ~3, 0
        while at and seen < 48:
            if self.data[at] == wanted:
                return at
            at, seen = self.data[at + 1] & ~3, seen + 1
        return 0

    def extended(self, wanted: int) -> int:
        """Return where an extended capability is, 0 where there is none."""
        at, seen = 0x100, 0
        while at and at + 4 <= len(self.data) and seen < 48:
            head = self.long(at)
            if head & 0xffff == wanted and head:
                return at
            at, seen = head >> 20 & ~3, seen + 1
        return 0

    @property
    def master(self) -> bool:
        """Return whether bus mastering is on."""
        return bool(self.word(_COMMAND) & _MASTER)

    @property
    def kind(self) -> str:
        """Return which interrupt capability the device has: as the model's question names it."""
        if self.capability(_CAP_MSIX):
            return "MSI-X"
        return "MSI" if self.capability(_CAP_MSI) else "none"

    @property
    def entries(self) -> int:
        """Return how many vectors its table has, or how many messages it can send."""
        if at := self.capability(_CAP_MSIX):
            return (self.word(at + 2) & 0x7ff) + 1
        if at := self.capability(_CAP_MSI):
            return 1 << (self.word(at + 2) >> 1 & 7)
        return 0

    @property
    def mode(self) -> str:
        """Return what is switched on, as the model's fact names it."""
        msix, msi = self.capability(_CAP_MSIX), self.capability(_CAP_MSI)
        if msix and self.word(msix + 2) & 0x8000:
            return "MSI-X"
        if msi and self.word(msi + 2) & 1:
            return "MSI"
        return "INTx"

    @property
    def notifies(self) -> bool:
        """Return whether the port can tell of a change of its link's bandwidth."""
        return bool(self.long(self.capability(_CAP_EXPRESS) + 0x0c) >> 21 & 1)

    @property
    def speeds(self) -> int:
        """Return how many speeds the port's link can have.

        Source: drivers/pci/pci.c pcie_get_supported_speeds().
        """
        at = self.capability(_CAP_EXPRESS)
        most = self.word(at + 0x0c) & 0xf
        told = self.long(at + 0x2c) & 0xfe & (2 << most) - 1
        return told.bit_count() or (most if most <= 2 else 0)

    @property
    def hotplug_message(self) -> int:
        """Return the message number of PME, hotplug and bandwidth notification."""
        return self.word(self.capability(_CAP_EXPRESS) + 2) >> 9 & 0x1f

    @property
    def aer_message(self) -> int | None:
        """Return the message number of AER, None where there is no AER with one."""
        at = self.extended(_EXT_AER)
        return self.long(at + 0x30) >> 27 if at else None


@dataclass(frozen=True)
class Pci:
    """A PCI device: where it is, who drives it, which irqs it has."""

    name: str
    path: str
    kind: str
    driver: str
    irq: int
    config: Config | None = None
    msi: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dev:
    """A device on another bus: `owner` is the PCI device above it."""

    bus: str
    name: str
    path: str
    driver: str

    @property
    def owner(self) -> str:
        """Return the name of the nearest PCI device above."""
        found = re.findall(r"/([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])(?=/)", self.path)
        return found[-1] if found else ""

    def number(self) -> int:
        """Return the number at the end of its name, by which devices of a kind are in order."""
        last = self.name.rpartition(".")[2]
        return int(last) if last.isdigit() else 0


@dataclass(frozen=True)
class Irq:
    """A Linux irq: how often it came on each CPU, who handles it, which message it is."""

    number: int
    counts: tuple[int, ...]
    chip: str
    actions: tuple[str, ...]
    text: str
    domain: str = ""
    hwirq: int = -1

    @property
    def count(self) -> int:
        """Return how often it came."""
        return sum(self.counts)


@dataclass(frozen=True)
class Seen:
    """Everything that one look at a guest showed."""

    pci: Mapping[str, Pci]
    devices: tuple[Dev, ...]
    irqs: Mapping[int, Irq]
    domains: Mapping[str, Mapping[str, int]]
    modules: tuple[str, ...]
    claims: Mapping[str, str] = field(default_factory=dict)  # who claims which physical addresses
    usage: Mapping[str, int] = field(default_factory=dict)  # runtime PM references of PCI devices
    sources: tuple[bool, ...] = ()  # of the modelled CPMUs: can it raise its interrupt?
    other: Mapping[str, int] = field(default_factory=dict)  # interrupts that have no number

    def at(self, place: str) -> Pci | None:
        """Return the PCI device at a place, as "00:04.0/00.0": no bus number but the first."""
        return next((one for one in self.pci.values() if placed(one.path) == place), None)

    def on(self, bus: str, owner: str) -> tuple[Dev, ...]:
        """Return the devices of a bus that a PCI device owns."""
        return tuple(one for one in self.devices if one.bus == bus and one.owner == owner)

    def of(self, pci: Pci) -> tuple[Irq, ...]:
        """Return the irqs of a PCI device, by their message numbers; the line when it has none."""
        numbers = sorted(pci.msi) or [pci.irq]
        found = [self.irqs[number] for number in numbers if number in self.irqs]
        return tuple(sorted(found, key=lambda one: (one.hwirq, one.number)))


def placed(path: str) -> str:
    """Return the place that a path in sysfs means, without bus numbers that firmware gave."""
    steps = re.findall(r"/[0-9a-f]{4}:([0-9a-f]{2}):([0-9a-f]{2}\.[0-7])", path)
    return "/".join(
        f"{bus}:{slot}" if not number else slot for number, (bus, slot) in enumerate(steps)
    )


def observed(lines: Sequence[str]) -> Seen:
    """Return what the lines of observe.sh say; a line of a kind that is not known is left out."""
    rows: dict[str, list[str]] = {}
    for line in lines:
        kind, _, rest = line.partition(" ")
        rows.setdefault(kind, []).append(rest)
    irqs, other = _interrupts(rows.get("interrupts", []), rows.get("irq", []))
    return Seen(
        _pci(rows), _devices(rows.get("device", [])), irqs,
        _domains(rows.get("domain", [])),
        tuple(sorted(row.split()[0] for row in rows.get("module", []))),
        _claims(rows.get("iomem", [])),
        {row.split()[0]: int(row.split()[1]) for row in rows.get("usage", [])
         if re.fullmatch(r"\S+ \d+", row)},
        other=other,
    )


def _claims(rows: Sequence[str]) -> dict[str, str]:
    """Return /proc/iomem the other way round: the addresses of each name."""
    found: dict[str, str] = {}
    for row in rows:
        where, _, name = row.partition(" : ")
        found[name] = f"{found[name]}, {where}" if name in found else where
    return found


def _devices(rows: Sequence[str]) -> tuple[Dev, ...]:
    return tuple(Dev(*row.split()) for row in rows if len(row.split()) == 4)


def _pci(rows: Mapping[str, Sequence[str]]) -> dict[str, Pci]:
    spaces = dict(row.split() for row in rows.get("config", []) if len(row.split()) == 2)
    given: dict[str, dict[int, str]] = {}
    for row in rows.get("msi", []):
        if len(row.split()) != 3:
            continue
        name, number, kind = row.split()
        given.setdefault(name, {})[int(number)] = kind
    found = {}
    for row in rows.get("pci", []):
        if len(row.split()) != 5:
            continue  # it went, or came, while we looked
        name, path, kind, driver, irq = row.split()
        space = Config(bytes.fromhex(spaces[name])) if name in spaces else None
        found[name] = Pci(name, path, kind, driver, int(irq), space, given.get(name, {}))
    return found


def _interrupts(
    table: Sequence[str], details: Sequence[str]
) -> tuple[dict[int, Irq], dict[str, int]]:
    """Read /proc/interrupts, and what debugfs says of each irq beside it."""
    known: dict[int, dict[str, str]] = {}
    for row in details:
        number, key, value, *_ = [*row.split(), "", ""]
        if number.isdigit():
            known.setdefault(int(number), {}).setdefault(key.rstrip(":"), value)
    cpus = len(table[0].split()) if table else 0
    irqs: dict[int, Irq] = {}
    other: dict[str, int] = {}
    for row in table[1:]:
        name, _, rest = row.partition(":")
        words = rest.split()
        counts = tuple(int(word) for word in words[:cpus] if word.isdigit())
        if not name.isdigit():
            other[name] = sum(counts)
            continue
        told = known.get(int(name), {})
        actions = _actions(rest, cpus)
        irqs[int(name)] = Irq(
            int(name), counts, words[cpus] if len(words) > cpus else "", actions,
            " ".join(row.split()), told.get("domain", ""), int(told.get("hwirq", "-1"), 0),
        )
    for at, told in known.items():  # those that nobody handles
        irqs.setdefault(at, Irq(
            at, (), "", (), f"{at}: nobody handles it", told.get("domain", ""),
            int(told.get("hwirq", "-1"), 0),
        ))
    return irqs, other


def _actions(rest: str, cpus: int) -> tuple[str, ...]:
    """Return who handles an irq; names may have blanks in them, what is before them has none.

    Before the names are the counts, the chip, the number in the chip's domain, and the kind of
    trigger: "0-edge" on x86, "0 Edge" elsewhere. Source: kernel/irq/proc.c show_interrupts().
    """
    words = rest.split(None, cpus + 2)
    tail = words[cpus + 2] if len(words) > cpus + 2 else ""
    first, _, names = tail.partition(" ")
    if first in ("Edge", "Level"):
        tail = names
    return tuple(part.strip() for part in tail.split(",") if part.strip())


def _domains(rows: Sequence[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        name, _, rest = row.partition(" ")
        key, _, value = rest.partition("=")
        if value.strip().isdigit():
            found.setdefault(name, {})[key] = int(value)
    return found
