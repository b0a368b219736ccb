# SPDX-License-Identifier: GPL-2.0-only
"""What a guest shows, read, and held to what was predicted: each difference is a line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from checks.boot.build.kernel import Kernel
from checks.boot.guest.observe import observed, placed
from checks.boot.guest.protocol import Answer
from checks.boot.predict.board import BOARDS, PLAIN, Cpmu, Port
from checks.boot.predict.expect import Look, port_lines, premises, unchanged
from checks.boot.predict.predict import predict
from checks.boot.scenarios.memory import grown, kept
from checks.boot.scenarios.stage import Stage
from generator.designs import auxbus, today

PORTS = {port.name: port for port in BOARDS["dynamic"].ports}
BUSY = Port("busy", "model", "00:0a.0", "root", "MSI-X", 4, ("PME", "AER", "HP"),
            (("hp", 0), ("aer", 1)), cpmus=(Cpmu(2),))


# What a guest shows. The registers are written here as the PCI specifications lay them out.

PORT = "0000:00:04.0"
PATH = f"/sys/devices/pci0000:00/{PORT}"


def _space(*, mode: int = 0x8000, table: int = 1, master: bool = True, aer: int = 0) -> str:
    data = bytearray(4096)
    data[4] = 4 if master else 0
    data[0x34] = 0x40
    data[0x40:0x44] = bytes((0x10, 0x60)) + (0x0042).to_bytes(2, "little")  # PCI Express
    data[0x4c:0x50] = (1 << 21).to_bytes(4, "little")  # of it: bandwidth notification
    data[0x60:0x64] = bytes((0x11, 0)) + (mode | table - 1).to_bytes(2, "little")  # MSI-X
    data[0x100:0x104] = (1 | 1 << 16).to_bytes(4, "little")  # AER
    data[0x130:0x134] = (aer << 27).to_bytes(4, "little")
    return data.hex()


def _lines(
    *, space: str = "", actions: str = "PCIe PME, aerdrv, pciehp", hp: str = "pciehp",
    driver: str = "pcieport", counts: str = "3 4", extra: tuple[str, ...] = (),
) -> list[str]:
    return [
        f"pci {PORT} {PATH} 0x060400 {driver} 24",
        f"config {PORT} {space or _space()}",
        f"msi {PORT} 24 msix",
        f"device pci_express {PORT}:pcie001 {PATH}/{PORT}:pcie001 pcie_pme",
        f"device pci_express {PORT}:pcie002 {PATH}/{PORT}:pcie002 aer",
        f"device pci_express {PORT}:pcie004 {PATH}/{PORT}:pcie004 {hp}",
        f"device pci_express {PORT}:pcie010 {PATH}/{PORT}:pcie010 -",
        "interrupts CPU0       CPU1",
        f"interrupts 24: {counts} PCI-MSIX-{PORT} 0-edge {actions}",
        "interrupts NMI: 0 0 Non-maskable interrupts",
        f"irq 24 domain: PCI-MSIX-{PORT}-12 ",
        "irq 24 hwirq: 0x0 ",
        f"domain PCI-MSIX-{PORT}-12 mapped= 1",
        "domain VECTOR Total allocated= 30",
        "module cxl_pmu 16384 0 - Live 0x0",
        "of a kind that nobody knows",
        "pci 0000:01:00.0 /sys/devices/that/goes/while/we/look -",
        *extra,
    ]


def _wrong(lines: list[str]) -> dict[str, str]:
    said = predict(today.DESIGN, PORTS["rp-msix"], PLAIN)
    found = port_lines(Look("boot", observed(lines)), said)
    return {line.what: line.observed for line in found if not line.holds}


def test_a_place_has_no_bus_number_but_the_first() -> None:
    assert placed("/sys/devices/pci0000:00/0000:00:06.0/0000:02:00.0/0000:03:01.0") == (
        "00:06.0/00.0/01.0")
    assert placed("/sys/devices/pci0000:34/0000:34:00.0") == "34:00.0"


def test_what_the_guest_shows_is_read() -> None:
    seen = observed(_lines())
    port = seen.at("00:04.0")

    assert port is not None
    assert port.config is not None
    assert (port.driver, port.config.kind, port.config.entries, port.config.mode) == (
        "pcieport", "MSI-X", 1, "MSI-X")
    (irq,) = seen.of(port)
    assert (irq.number, irq.hwirq, irq.count) == (24, 0, 7)
    assert irq.actions == ("PCIe PME", "aerdrv", "pciehp")
    assert seen.modules == ("cxl_pmu",)
    assert seen.domains["VECTOR"] == {"Total allocated": 30}


def test_a_guest_that_does_what_was_predicted_has_no_wrong_line() -> None:
    assert _wrong(_lines()) == {}


@pytest.mark.parametrize(
    ("lines", "what", "observed_"),
    [
        (_lines(driver="-"), "driver", "-"),
        (_lines(space=_space(mode=0)), "interrupts are by", "INTx"),
        (_lines(space=_space(master=False)), "bus mastering", "off"),
        (_lines(hp="-"), "service pcie004", "no driver"),
        (_lines()[:5] + _lines()[6:], "service pcie004", "absent"),
        (_lines(extra=(f"device pci_express {PORT}:pcie008 {PATH}/{PORT}:pcie008 -",)),
         "service pcie008", "no driver"),
        (_lines(actions="PCIe PME, pciehp"), "handlers of message 0", "PCIe PME, pciehp"),
        (_lines(actions="PCIe PME, aerdrv, aerdrv, pciehp"), "handlers of message 0",
         "PCIe PME, aerdrv, aerdrv, pciehp"),
        (_lines(extra=(f"msi {PORT} 25 msix", "irq 25 hwirq: 0x1 ")), "messages with a vector",
         "0, 1"),
        (_lines(extra=(f"device auxiliary pcieport.cxl_pmu.0 {PATH}/pcieport.cxl_pmu.0 -",)),
         "auxiliary devices", "1"),
    ],
)
def test_each_difference_is_a_line(lines: list[str], what: str, observed_: str) -> None:
    assert _wrong(lines) == {what: observed_}


def test_hardware_that_is_not_what_the_lab_says_is_a_wrong_premise() -> None:
    lines = _lines(space=_space(table=4, aer=3))
    found = premises(Look("boot", observed(lines)), PORTS["rp-msix"], PLAIN)

    assert {(line.what, line.observed) for line in found if not line.holds} == {
        ("vectors it can have", "4"), ("message number of AER", "3")}


def test_a_port_that_is_not_there_is_a_line() -> None:
    said = predict(today.DESIGN, PORTS["rp-msix"], PLAIN)
    found = list(port_lines(Look("boot", observed([])), said))

    assert [line.observed for line in found] == ["no such device"]


AUX = f"{PATH.replace(PORT, '0000:00:0a.0')}/pcieport.cxl_pmu"


def _cpmu_lines(
    *, actions: str = "cxl_pmu", driver: str = "cxl_pmu", pmu: str = "cxl_pmu_00000050.0",
    claims: str = "pcieport.cxl_pmu.0",
) -> list[str]:
    port, path = "0000:00:0a.0", PATH.replace(PORT, "0000:00:0a.0")
    return [
        f"pci {port} {path} 0x060400 pcieport 30",
        f"config {port} {_space(table=4, aer=1)}",
        *(f"msi {port} {30 + n} msix" for n in range(3)),
        *(f"irq {30 + n} hwirq: 0x{n} " for n in range(3)),
        "interrupts CPU0",
        f"interrupts 30: 0 PCI-MSIX-{port} 0-edge PCIe PME, pciehp",
        f"interrupts 31: 0 PCI-MSIX-{port} 1-edge aerdrv",
        *([f"interrupts 32: 0 PCI-MSIX-{port} 2-edge {actions}"] if actions else []),
        f"device pci_express {port}:pcie001 {path}/a pcie_pme",
        f"device pci_express {port}:pcie002 {path}/b aer",
        f"device pci_express {port}:pcie004 {path}/c pciehp",
        f"device auxiliary pcieport.cxl_pmu.0 {AUX}.0 {driver}",
        *([f"device event_source {pmu} {AUX}.0/{pmu} -"] if pmu else []),
        f"iomem fe000000-fe000dff : {claims}",
    ]


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        (_cpmu_lines(), set()),
        (_cpmu_lines(driver="-"), {"auxiliary device 0"}),
        (_cpmu_lines(pmu=""), {"PMU of auxiliary device 0"}),
        (_cpmu_lines(pmu="cxl_pmu_00000050.1"),
         {"PMU of auxiliary device 0: index in the Register Locator"}),
        (_cpmu_lines(claims="somebody else"), {"registers of auxiliary device 0"}),
        (_cpmu_lines(actions=""), {"interrupt of auxiliary device 0",
                                   "handlers of message 2 beside the services'"}),
        (_cpmu_lines(actions="cxl_pmu, cxl_pmu"), {"handlers of message 2 beside the services'"}),
        (_cpmu_lines(actions="aerdrv"),
         {"interrupt of auxiliary device 0", "handlers of message 2",
          "handlers of message 2 beside the services'"}),
    ],
)
def test_a_cpmu_is_held_to_device_driver_and_vector(lines: list[str], wrong: set[str]) -> None:
    said = predict(auxbus.DESIGN, replace(BUSY, name="cpmu"), PLAIN)
    found = port_lines(Look("load", observed(lines)), said)

    assert {line.what for line in found if not line.holds} == wrong


def test_what_is_left_behind_is_a_line() -> None:
    before = observed(_lines())
    leak = observed([line.replace("allocated= 30", "allocated= 31") for line in _lines()])
    moved = observed([line.replace("allocated= 30", "allocated= 29") for line in _lines()])
    extra = observed(_lines(extra=("device auxiliary left.0 /sys/devices/left.0 -",)))

    assert all(line.holds for line in unchanged("rebind", before, observed(_lines())))
    assert all(line.holds for line in unchanged("rebind", before, moved))
    assert [line.observed for line in unchanged("rebind", before, leak) if not line.holds] == [
        "VECTOR: Total allocated was 30, is 31"]
    assert [line.observed for line in unchanged("rebind", before, extra) if not line.holds] == [
        "new auxiliary left.0 -"]


def test_a_runtime_pm_reference_that_is_kept_is_a_line() -> None:
    before = observed(_lines(extra=(f"usage {PORT} 2",)))
    after = observed(_lines(extra=(f"usage {PORT} 3",)))

    assert all(line.holds for line in unchanged("reload", before, before))
    assert [line.observed for line in unchanged("reload", before, after) if not line.holds] == [
        f"{PORT}: 2 were held, 3 are"]


class FakeGuest:
    """A guest that answers with how many objects one cache has, time after time."""

    def __init__(self, counts: tuple[int, ...]) -> None:
        self.counts = list(counts)

    def order(self, _command: str) -> Answer:
        return Answer((f"probe+0x40 {self.counts.pop(0)}",), 0)

    def stage(self) -> Stage:
        board, kernel = BOARDS["static"], Kernel(Path(), "", 0.0)
        return Stage(self, today.DESIGN, board, kernel)  # type: ignore[arg-type]  # a part of one


def test_memory_is_kept_when_every_time_keeps_some() -> None:
    before = {"kstrdup+0x20": 1000, "probe+0x40": 500}

    assert grown(20, before, {"kstrdup+0x20": 1019, "probe+0x40": 480}) == {}
    assert grown(20, before, {"kstrdup+0x20": 1000, "probe+0x40": 540}) == {"probe+0x40": 40}


@pytest.mark.parametrize(
    ("counts", "seen"),
    # Before; after; after as many times again, and again.
    [((500, 505), "none"), ((500, 530, 531), "none"), ((500, 532, 564, 592, 680), "none"),
     ((500, 540, 580, 620, 660), "40 of probe+0x40")])
def test_memory_that_only_the_first_time_needs_is_not_kept(
    counts: tuple[int, ...], seen: str
) -> None:
    guest = FakeGuest(counts[1:])

    line = kept("rebind", 20, guest.stage(), {"probe+0x40": counts[0]}, lambda: None)

    assert (line.observed, line.holds) == (seen, seen == "none")


def test_memory_that_cannot_be_read_is_not_none() -> None:
    guest = FakeGuest((500,))

    assert not kept("rebind", 20, guest.stage(), {}, lambda: None).holds


@pytest.mark.parametrize(
    ("source", "said"), [((False,), "no"), ((True,), "yes")])
def test_a_cpmu_that_can_raise_its_interrupt_is_a_line(
    source: tuple[bool, ...], said: str
) -> None:
    wanted = predict(auxbus.DESIGN, BUSY, PLAIN)
    seen = replace(observed(_cpmu_lines()), sources=source)

    assert [line.observed for line in port_lines(Look("load", seen), wanted)
            if line.what == "CPMU 0 can raise its interrupt"] == [said]
