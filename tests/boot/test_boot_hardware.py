# SPDX-License-Identifier: GPL-2.0-only
"""The hardware beside boots: its server, its orders, and what the guest has of it."""

from __future__ import annotations

import mmap
import os
import socket
import struct
import subprocess
import threading
from pathlib import Path

import pytest
from waiting import until

from checks.boot.model.cpmu import (
    CAP,
    CLOCK_TICKS,
    CONFIG,
    ENABLE,
    INT_ON_OVERFLOW,
    Cpmu,
    Layout,
)
from checks.boot.model.guest_object import GUEST, program, with_port_model
from checks.boot.model.ivshmem import doorbell
from checks.boot.model.port import BLOCK_STEP, MEMORY, ORDERS, VECTORS, Block, Hardware, hardware
from checks.boot.model.running import Order, model
from generator.errors import UsageError
from generator.kernel.tree import Tree

ALL = (1 << 64) - 1


class Qemu:
    """The client that QEMU is: it reads what docs/specs/ivshmem-spec.rst says that it is sent."""

    def __init__(self, end: socket.socket, vectors: int) -> None:
        self.socket = end.dup()
        self.version, files = self._message()
        assert files == []
        self.number, files = self._message()
        assert files == []
        shared, files = self._message()
        assert shared == -1
        (self.file,) = files
        self.memory = mmap.mmap(self.file, os.fstat(self.file).st_size)
        self.doors: list[int] = []
        for _ in range(vectors):
            number, files = self._message()
            assert (number, len(files)) == (self.number, 1)
            self.doors += files

    def _message(self) -> tuple[int, list[int]]:
        data, files, _, _ = socket.recv_fds(self.socket, 8, 1)
        return struct.unpack("<q", data)[0], files

    def raised(self, vector: int) -> int:
        try:
            return os.eventfd_read(self.doors[vector])
        except BlockingIOError:
            return 0

    def close(self) -> None:
        self.socket.close()
        self.memory.close()
        for one in (self.file, *self.doors):
            os.close(one)


def test_a_client_gets_memory_and_vectors_and_sees_them_used() -> None:
    with doorbell(size=8192, vectors=3) as bell:
        bell.fire(1)  # before there is anybody
        qemu = Qemu(bell.end, 3)

        assert (qemu.version, qemu.number, len(qemu.memory)) == (0, 0, 8192)
        bell.memory[5] = 77
        assert qemu.memory[5] == 77
        bell.fire(2)
        bell.fire(2)
        assert [qemu.raised(vector) for vector in range(3)] == [0, 1, 2]
        assert bell.fired == [0, 1, 2]
        for none in (3, -1):
            with pytest.raises(IndexError):
                bell.fire(none)
        qemu.close()


def test_a_server_says_nothing_more_and_does_not_hang_up() -> None:
    with doorbell(size=4096, vectors=2) as bell:
        qemu = Qemu(bell.end, 2)
        qemu.socket.setblocking(False)

        with pytest.raises(BlockingIOError):
            qemu.socket.recv(1)
        qemu.close()


def test_nothing_is_left_of_a_server() -> None:
    files = len(os.listdir("/proc/self/fd"))
    with doorbell(size=4096, vectors=2) as bell:
        qemu = Qemu(bell.end, 2)
    qemu.close()
    with pytest.raises(UsageError, match="power of two"), doorbell(size=5000, vectors=1):
        pass

    assert len(os.listdir("/proc/self/fd")) == files

def test_hardware_is_what_the_checker_calls_hardware() -> None:
    made = hardware({
        "port.capability": "MSI-X", "port.count": "4", "port.dynamic": "no", "hp.present": "yes",
        "hp.message": "1", "aer.message": "0", "cpmu A.present": "yes", "cpmu A.message": "2",
        "cpmu B.present": "yes", "cpmu B.message": "none", "cpmu C.present": "no",
    })  # fmt: skip

    assert made == Hardware(4, False, 1, 0, (Block("cpmu A", 2), Block("cpmu B", None)))
    assert hardware({"port.capability": "none", "cpmu.block": "elsewhere"}) == Hardware(
        entries=0, blocks=(Block("cpmu", 2, in_bar=False),)
    )
    assert hardware({"hp.present": "no", "aer.present": "no"}).upstream
    assert not hardware({"hp.present": "no", "aer.present": "yes"}).upstream
    assert hardware({"port.capability": "MSI", "port.count": "2"}) == Hardware(
        entries=2, msi=True, blocks=()
    )


def test_what_cannot_be_shown_is_refused() -> None:
    with pytest.raises(UsageError, match="power of two"):
        Hardware(entries=3, msi=True)
    with pytest.raises(UsageError, match="message number"):
        hardware({"aer.message": "none"})
    with pytest.raises(UsageError, match="at most 8"):
        Hardware(entries=9)
    with pytest.raises(UsageError, match="3 CPMUs"):
        Hardware(blocks=(Block(), Block(), Block()))


def test_the_kernel_is_told_the_hardware() -> None:
    made = Hardware(entries=4, hp=1, aer=2, blocks=(Block("a", 3), Block("b", 3, in_bar=False)))

    assert made.command_line("0000:00:04.0", "0000:00:05.0") == (
        "port_model.port=0000:00:04.0", "port_model.host=0000:00:05.0", "port_model.entries=4",
        "port_model.msi=0", "port_model.bar_size=131072", "port_model.dynamic=1",
        "port_model.pme=1", "port_model.aer=2", "port_model.blocks=0x400,0x10402",
    )  # fmt: skip


def test_with_one_message_granted_every_number_is_zero() -> None:
    # PCI Express: a function granted fewer messages than it has uses those that it has
    made = Hardware(entries=4, msi=True, blocks=(Block("a", 2), Block("b", None)))

    assert [made.layout(number).message for number in (0, 1)] == [0, None]
    assert "port_model.msi=1" in made.command_line("p", "h")


def _order(memory: mmap.mmap, order: Order, *args: int) -> int:
    """Give an order as templates/boot/guest/cpmu.c does."""
    magic, asked, done = struct.unpack_from("<3I", memory, ORDERS)
    assert (magic, asked) == (0x54525750, done)
    struct.pack_into("<I4Q", memory, ORDERS + 12, order, *(*args, 0, 0, 0, 0)[:4])
    struct.pack_into("<I", memory, ORDERS + 4, asked + 1)
    until(lambda: struct.unpack_from("<I", memory, ORDERS + 8)[0] == asked + 1)
    result: int = struct.unpack_from("<q", memory, ORDERS + 48)[0]
    return result


def test_the_guest_orders_traffic_and_hears_what_was_counted() -> None:
    two = Hardware(blocks=(Block("a", 2), Block("b", 5)))
    with model(two) as running:
        qemu = Qemu(running.bell.end, VECTORS)
        guest = Cpmu.__new__(Cpmu)  # only for its registers
        guest.memory, guest.start = qemu.memory, BLOCK_STEP
        guest.write(CONFIG, guest.read(CONFIG) | ENABLE | INT_ON_OVERFLOW)

        assert _order(qemu.memory, Order.TRAFFIC, 1, CLOCK_TICKS, 0, 41) == 0b1
        assert _order(qemu.memory, Order.TRAFFIC, 0, CLOCK_TICKS, 0, 41) == 0
        assert _order(qemu.memory, Order.COUNTED, 1, 0) == 41
        assert _order(qemu.memory, Order.TRAFFIC, 1, CLOCK_TICKS, 0, 1 << 32) == 0b1
        assert [qemu.raised(vector) for vector in range(VECTORS)] == [0, 0, 0, 0, 0, 1, 0, 0]
        assert _order(qemu.memory, Order.SETTLE, 1) == 1
        assert _order(qemu.memory, Order.SIGNALLED, 1) == 1
        assert _order(qemu.memory, Order.FIRE, 2, 3) == 3
        assert qemu.raised(2) == 3
        qemu.close()


def test_a_reset_of_the_port_is_one_of_its_pmus() -> None:
    with model(Hardware(blocks=(Block("a"), Block("b")))) as running:
        running.pmus[1].write(CONFIG, running.pmus[1].read(CONFIG) | ENABLE)
        assert running.traffic(1, CLOCK_TICKS, 0, 9) == [0]
        struct.pack_into("<I", running.bell.memory, ORDERS + 0x40, 1)
        until(lambda: running.resets == 1)

        assert running.pmus[1].read(CONFIG) == Layout().config(0)
        assert (running.pmus[1].counted[0], running.traffic(1, CLOCK_TICKS, 0, 9)) == (0, [])


def test_an_order_without_sense_is_answered_and_does_no_harm() -> None:
    with model(Hardware()) as running:
        for order, args in ((99, ()), (Order.TRAFFIC, (7, 0, 0, 1)), (Order.FIRE, (VECTORS,)),
                            (Order.COUNTED, (0, 77))):
            assert _order(running.bell.memory, order, *args) == -1
        assert _order(running.bell.memory, Order.RESET, 0) == 0
        assert _order(running.bell.memory, Order.VANISH, 0) == 0
        assert running.pmus[0].read(CAP) == ALL


def test_misuse_is_told_with_the_name_of_the_pmu() -> None:
    with model(Hardware(blocks=(Block("a"), Block("b")))) as running:
        assert running.misuse() == ()
        running.pmus[1].write(CAP, 0)
        until(running.misuse)

        assert running.misuse()[0].startswith("b: 0x0 written to 0x0")


def test_nothing_is_left_of_a_model() -> None:
    before = threading.active_count(), len(os.listdir("/proc/self/fd"))
    with model(Hardware()) as running:
        assert len(running.bell.memory) == MEMORY

    assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before


def test_qemu_is_told_of_the_port_and_inherits_the_doorbell() -> None:
    with model(Hardware()) as running:
        text = " ".join(running.arguments())
        (passed,) = running.passed

        assert f"socket,id=model,fd={passed}" in text
        assert "pcie-root-port,id=rp-cpmu,bus=pcie.0,addr=0a.0" in text
        assert "ivshmem-doorbell,vectors=8,chardev=model,bus=pcie.0,addr=0b.0" in text
        assert "port_model.port=0000:00:0a.0" in running.command_line()
    with model(Hardware(upstream=True)) as running:
        assert "x3130-upstream,id=rp-cpmu,bus=rp-cpmu-above" in running.arguments()
        assert "port_model.port=0000:00:0a.0/00.0" in running.command_line()


@pytest.mark.kernel
def test_the_guest_object_is_put_beside_the_port_driver_of_any_series(pinned: Tree) -> None:
    path = "drivers/pci/pcie/Makefile"
    plain = with_port_model(pinned, {})
    changed = with_port_model(pinned, {path: b"obj-y += other.o\n", "x": None})

    makefile = (pinned.work / path).read_bytes()
    assert plain[path] is not None
    assert plain[path].removeprefix(makefile).count(b"\n") == 3
    assert changed[path].startswith(b"obj-y += other.o\n\n#")
    assert changed[path].endswith(b"\nobj-y += port_model.o\n")
    assert changed["x"] is None
    assert "drivers/pci/pcie/port_model.c" in plain


@pytest.mark.kernel
def test_the_guest_object_is_to_the_standards_of_the_kernel(pinned: Tree) -> None:
    told = subprocess.run(
        ["perl", str(pinned.work / "scripts/checkpatch.pl"), "--no-tree", "--strict", "--terse",
         "--no-summary", "-f", str(GUEST / "port_model.c")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (told.stdout, told.returncode) == ("", 0)


@pytest.mark.kernel
def test_the_guest_program_runs_and_says_what_is_not_there(pinned: Tree, tmp_path: Path) -> None:
    file = tmp_path / "cpmu"
    file.write_bytes(program(pinned))
    file.chmod(0o755)

    def told(*steps: str) -> tuple[str, int]:
        done = subprocess.run([file, "none", *steps], capture_output=True, text=True, check=False)
        return done.stdout, done.returncode

    assert told("sleep:1", "close", "read") == ("close\n", 0)
    assert told("open:no_such:0x1") == ("open no_such: no such PMU\n", 1)
    assert told("model:1:0") == ("model: not there\n", 1)
    assert told("dance") == ("dance: no such step\n", 1)
