# SPDX-License-Identifier: GPL-2.0-only
"""The modelled port on a running kernel: what the hardware counts is what perf counts.

The messages are by hand from drivers/pci/pcie/portdrv.c and the auxbus series: services have
vectors 0 to the highest of their numbers, CPMUs the vector of their own number, added if the
platform can, else counted in when the port's vectors are allocated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from checks.boot.build.initrd import MODULES, initrd
from checks.boot.build.kernel import Kernel, kernel
from checks.boot.guest.lost import PANIC, Lost
from checks.boot.guest.qemu import Guest, Setup, running
from checks.boot.model.guest_object import PROGRAM, program, with_port_model
from checks.boot.model.port import Block, Hardware
from checks.boot.model.running import HOST, PORT, Order, Running, model
from generator.kernel.tree import Tree
from generator.load import load
from generator.series.generate import generate

pytestmark = [pytest.mark.boot, pytest.mark.kernel, pytest.mark.slow]

EVENT = "0x1e98002000000002"  # M2S_REQ, MemRd
WRAPS = (1 << 32) + 9
PARAMETERS = "/sys/module/port_model/parameters"
NATIVE = ("-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off")


@pytest.fixture(scope="module")
def auxbus(pinned: Tree) -> Kernel:
    """The kernel of the auxbus series, with the guest object in it."""
    series = generate(load("auxbus").module.SERIES, pinned)
    return kernel(pinned, with_port_model(pinned, series.commits[-1].overlay))


@dataclass
class Bench:
    """A guest, and the hardware beside it."""

    guest: Guest
    beside: Running

    @property
    def port(self) -> str:
        """The port: that below the first root port when it is a switch's."""
        return "0000:01:00.0" if self.beside.hardware.upstream else PORT

    def pmu(self, number: int) -> str:
        """Return the name of a PMU: segment, then bus, device and function as they are encoded."""
        return f"cxl_pmu_0000{'0100' if self.beside.hardware.upstream else '0050'}.{number}"

    def lines(self, command: str) -> tuple[str, ...]:
        return self.guest.order(command, seconds=120).lines

    def cpmu(self, *steps: str) -> list[str]:
        """Take steps of the guest's program; return what each said of numbers."""
        said = self.lines(f"/{PROGRAM} {HOST} {' '.join(steps)}")
        return [line.rpartition(" ")[2] for line in said if line.startswith(("read", "model"))]

    def vectors(self) -> dict[int, tuple[int, list[str]]]:
        """Return how often each message of the port came, and who handles it."""
        found = {}
        for line in self.lines(f"grep {self.port} /proc/interrupts"):
            words = line.replace(",", "").split()
            at = next(n for n, word in enumerate(words) if word.startswith("PCI-"))
            message = int(words[at + 1].partition("-")[0])
            found[message] = (sum(map(int, words[1:at])), words[at + 2:])
        return found

    def counts(self) -> dict[int, int]:
        return {message: count for message, (count, _) in self.vectors().items()}

    def fired(self, *messages: int) -> dict[int, int]:
        """Raise messages, once each; return which of the port came how often."""
        before = self.counts()
        self.cpmu(*(f"model:{Order.FIRE:d}:{message}" for message in messages))
        return {message: count - before[message] for message, count in self.counts().items()}


@pytest.fixture
def booted(auxbus: Kernel, pinned: Tree, tmp_path: Path):
    """Boot hardware, with all modules loaded."""

    @contextmanager
    def boot(hardware: Hardware) -> Iterator[Bench]:
        image = tmp_path / "initrd"
        image.write_bytes(initrd(auxbus, {PROGRAM: program(pinned)}))
        with model(hardware) as beside:
            setup = Setup(
                args=(*NATIVE, *beside.arguments()), kernel_args=beside.command_line(),
                passed=beside.passed,
            )
            with running(setup, auxbus.image, image, tmp_path) as guest:
                bench = Bench(guest, beside)
                for name in auxbus.modules():
                    assert bench.lines(f"insmod /{MODULES}/{name}.ko") == ()
                yield bench

    return boot


A, B = Block("a", 2), Block("b", 3)
SELDOM = pytest.mark.others  # a board is so, and what is counted on it test_boot_kernel.py sees


@pytest.mark.parametrize(
    ("hardware", "messages"),
    [
        (Hardware(entries=8, blocks=(A, Block("b", 5))), {0: 2, 1: 1, 2: 1, 5: 1}),
        # 2 and 3 counted in: vectors 0 to 3
        pytest.param(
            Hardware(dynamic=False, blocks=(A, B)), {0: 2, 1: 1, 2: 1, 3: 1}, marks=SELDOM),
        # both with AER, whose vector there is already
        (Hardware(blocks=(Block("a", 1), Block("b", 1))), {0: 2, 1: 3}),
        # the other has no interrupt, so no device
        (Hardware(blocks=(Block("a", 0), Block("b", None))), {0: 3, 1: 1}),
        # beyond the table, and in a BAR that bridges do not have: no devices
        (Hardware(blocks=(Block("a", 6), Block("b", 3, in_bar=False))), {0: 2, 1: 1}),
        (Hardware(entries=1, aer=0, blocks=(Block("a", 0), A)), {0: 4}),
        (Hardware(entries=4, msi=True, blocks=(A,)), {0: 4}),  # x86 grants one message
        # vector 0 is allocated as well, and nobody has it
        pytest.param(
            Hardware(upstream=True, blocks=(A, Block("b", 1))), {1: 1, 2: 1}, marks=SELDOM),
    ],
    ids=["dynamic", "static", "shared", "zero", "beyond", "one", "msi", "upstream"],
)
def test_perf_counts_what_the_hardware_counts(
    booted, hardware: Hardware, messages: dict[int, int]
) -> None:
    with booted(hardware) as bench:
        assert {message: len(names) - names.count("PCIe") for message, (_, names)
                in bench.vectors().items()} == messages  # "PCIe PME" is two words
        handlers = [name for _, names in bench.vectors().values() for name in names]
        served = [number for number in range(len(hardware.blocks))
                  if f"{bench.pmu(number)}_overflow" in handlers]
        others = 0 if hardware.upstream else 3  # PME, pciehp and AER
        assert len(served) == sum(messages.values()) - others
        for number in served:
            before = bench.counts()
            traffic = f"model:{Order.TRAFFIC:d}:{number}:0x20:1"
            said = bench.cpmu(
                f"open:{bench.pmu(number)}:{EVENT}", f"{traffic}:1000", "read", "close",
                f"open:{bench.pmu(number)}:{EVENT}", f"{traffic}:{WRAPS}",
                f"model:{Order.SETTLE:d}:{number}", "read",
                f"model:{Order.COUNTED:d}:{number}:1",
            )
            # counter 1, the first configurable one: bit 1 of what counted
            assert said == ["2", "1000", "2", "1", str(WRAPS), str(WRAPS + 1000)]
            came = {message: count - before[message] for message, count in bench.counts().items()}
            message = hardware.message(number)
            assert came == {one: int(one == message) for one in before}
        assert bench.beside.misuse() == ()


def test_without_bus_mastering_nothing_arrives(booted) -> None:
    config = f"/sys/bus/pci/devices/{PORT}/config"
    with booted(Hardware()) as bench:
        assert bench.fired(0, 1, 2) == {0: 1, 1: 1, 2: 1}
        bench.lines(f"printf '\\003' | dd of={config} bs=1 seek=4 count=1 conv=notrunc")

        assert bench.fired(0, 1, 2) == {0: 0, 1: 0, 2: 0}


def test_vectors_come_back_with_the_power(booted) -> None:
    with booted(Hardware()) as bench:
        bench.lines(f"echo 1 >{PARAMETERS}/lose_asleep; echo core >/sys/power/pm_test; "
                    "echo mem >/sys/power/state; echo none >/sys/power/pm_test")

        assert bench.lines(f"cat {PARAMETERS}/lose") == ("1",)
        assert bench.beside.resets == 1
        # __pci_restore_msix_state() writes every vector of the port again, the added one too
        assert bench.fired(0, 1, 2) == {0: 1, 1: 1, 2: 1}


def test_vectors_come_back_after_a_bus_reset(booted) -> None:
    with booted(Hardware(upstream=True, blocks=(A, Block("b", 1)))) as bench:
        bench.lines("echo 1 >/sys/bus/pci/devices/0000:00:0a.0/reset_subordinate")

        assert bench.beside.resets == 1
        assert bench.fired(1, 2) == {1: 1, 2: 1}


def test_what_is_lost_and_not_restored_is_dead(booted) -> None:
    with booted(Hardware()) as bench:
        bench.lines(f"echo 1 >{PARAMETERS}/lose")

        assert bench.lines(f"hexdump -n 2 -s 4 -e '\"%x\"' /sys/bus/pci/devices/{PORT}/config"
                           ) == ("0",)
        for message in range(3):
            bench.beside.fire(message)
        assert set(bench.counts().values()) == {0, 1}  # 1: pciehp's first command


def test_a_port_that_is_found_again_counts_again(booted) -> None:
    with booted(Hardware()) as bench:
        bench.lines(f"echo 1 >/sys/bus/pci/devices/{PORT}/remove")
        assert bench.counts() == {}
        assert bench.lines("ls /sys/bus/auxiliary/devices") == ()
        bench.lines("echo 1 >/sys/bus/pci/rescan; sleep 1")

        assert bench.cpmu(f"open:{bench.pmu(0)}:{EVENT}", f"model:{Order.TRAFFIC:d}:0:0x20:1:77",
                          "read") == ["2", "77"]
        assert bench.fired(0, 1, 2) == {0: 1, 1: 1, 2: 1}


def test_a_pulled_port_is_unbound_and_leaves_nothing(booted) -> None:
    with booted(Hardware()) as bench:
        bench.lines(f"/{PROGRAM} {HOST} model:{Order.VANISH:d}:0; echo 1 >{PARAMETERS}/gone; "
                    f"echo 1 >/sys/bus/pci/devices/{PORT}/remove")

        assert bench.lines("ls /sys/bus/auxiliary/devices") == ()
        assert bench.counts() == {}


def test_a_port_cannot_be_unbound_under_an_open_event(booted) -> None:
    # N1: perf_pmu_unregister() detaches no event, and devres of the child frees its state and
    # unmaps its registers: the next read of the event goes there, by whatever took their place.
    with booted(Hardware()) as bench:
        bench.lines(f"/{PROGRAM} {HOST} open:{bench.pmu(0)}:{EVENT} sleep:3000 read >/tmp/event & "
                    f"sleep 1; echo {PORT} >/sys/bus/pci/drivers/pcieport/unbind")
        with pytest.raises(Lost) as lost:
            bench.lines("sleep 4")

    assert lost.value.kind == PANIC
    _, _, oops = lost.value.log.partition("Oops: ")  # a page fault, or a protection fault
    assert re.search(r"\b(_*perf_\w+|cxl_pmu_\w+)\+0x", oops), oops
