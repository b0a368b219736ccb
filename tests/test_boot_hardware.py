# SPDX-License-Identifier: GPL-2.0-only
"""The hardware model of boots: its server, its registers, its orders, and the guest's object."""

from __future__ import annotations

import mmap
import os
import re
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.boot import cpmu as registers
from checks.boot.cpmu import (
    CAP,
    CLOCK_TICKS,
    CONFIG,
    CONFIGURABLE,
    COUNTER,
    ENABLE,
    EVENT_CAP,
    EVENTS_SHIFT,
    FIXED,
    FREEZE,
    FREEZE_ON_OVERFLOW,
    INT_ON_OVERFLOW,
    M2S_REQ,
    OVERFLOW,
    Counter,
    Cpmu,
    Events,
    Layout,
)
from checks.boot.guest import GUEST, program, with_port_model
from checks.boot.hardware import BLOCK_STEP, MEMORY, ORDERS, VECTORS, Block, Hardware, hardware
from checks.boot.ivshmem import doorbell
from checks.boot.model import Order, model
from generator.errors import UsageError
from generator.tree import Tree

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


def _until(what: object) -> None:
    end = time.monotonic() + 10
    while not what():  # type: ignore[operator]  # a test's own lambda
        assert time.monotonic() < end, "never happened"
        time.sleep(0.005)


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


class Bench:
    """A CPMU with a guest's hand on its registers, and a clock that we turn."""

    def __init__(self, layout: Layout) -> None:
        self.memory = mmap.mmap(-1, 4096)
        self.fired: list[int] = []
        self.now = 0.0
        self.pmu = Cpmu(self.memory, 0, layout, self.fired.append, clock=lambda: self.now)

    def start(self, number: int, mask: int = 0, more: int = 0) -> None:
        """Do what cxl_pmu_event_start() does between pmu_disable and pmu_enable."""
        self.pmu.write(FREEZE, ALL)
        config = self.pmu.read(CONFIG + 8 * number) | INT_ON_OVERFLOW | FREEZE_ON_OVERFLOW | ENABLE
        self.pmu.write(CONFIG + 8 * number, config | mask << EVENTS_SHIFT | more)
        self.pmu.write(COUNTER + 8 * number, 0)
        self.pmu.write(FREEZE, 0)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A CPMU with a fixed counter of clock ticks and two configurable ones, 16 bits wide."""
    one = Bench(Layout(message=3, width=16))
    yield one
    one.memory.close()


# cxl_pmu_parse_caps() of the pinned tree, field by field: GENMASKs of drivers/perf/cxl_pmu.c.
@pytest.mark.parametrize(
    ("field", "low", "high", "value"),
    [
        ("NUM_COUNTERS", 0, 5, 2), ("COUNTER_WIDTH", 8, 15, 16), ("NUM_EVN_CAP_REG_SUP", 20, 24, 1),
        ("FILTERS_SUP", 32, 39, 0), ("MSI_N", 44, 47, 3), ("WRITEABLE_WHEN_FROZEN", 48, 48, 1),
        ("FREEZE", 49, 49, 1), ("INT", 50, 50, 1), ("VERSION", 60, 63, 0),
    ],
)
def test_capabilities_are_where_the_driver_reads_them(
    bench: Bench, field: str, low: int, high: int, value: int
) -> None:
    found = bench.pmu.read(CAP) >> low & (1 << high - low + 1) - 1

    assert found == value, field


@pytest.mark.kernel
def test_fields_and_registers_are_those_of_the_driver(pinned: Tree) -> None:
    texts = [(pinned.work / name).read_text() for name in
             ("drivers/perf/cxl_pmu.c", "drivers/cxl/pmu.h", "drivers/cxl/cxlpci.h")]
    text = "\n".join(texts)

    def bits(name: str) -> int:
        found = re.search(rf"#define\s+{name}\s+(?:GENMASK_ULL\((\d+), (\d+)\)|BIT_ULL\((\d+)\))",
                          text)
        assert found, name
        high, low, bit = found.groups()
        return 1 << int(bit) if bit else (1 << int(high) + 1) - (1 << int(low))

    full = Layout(message=15, width=255, counters=(Counter(),) * 64, groups=(Events(0, 1),) * 32)
    for name in ("NUM_COUNTERS_MSK", "COUNTER_WIDTH_MSK", "NUM_EVN_CAP_REG_SUP_MSK", "MSI_N_MSK",
                 "WRITEABLE_WHEN_FROZEN", "FREEZE", "INT"):
        assert full.capability & bits(f"CXL_PMU_CAP_{name}") == bits(f"CXL_PMU_CAP_{name}"), name
    assert bits("CXL_PMU_COUNTER_CFG_ENABLE") == registers.ENABLE
    assert bits("CXL_PMU_COUNTER_CFG_INT_ON_OVRFLW") == registers.INT_ON_OVERFLOW
    assert bits("CXL_PMU_COUNTER_CFG_FREEZE_ON_OVRFLW") == registers.FREEZE_ON_OVERFLOW
    assert bits("CXL_PMU_COUNTER_CFG_EVENTS_MSK") == registers.EVENTS
    assert bits("CXL_PMU_COUNTER_CFG_EVENT_GRP_ID_IDX_MSK") == registers.GROUP
    assert bits("CXL_PMU_COUNTER_CFG_TYPE_MSK") == registers.TYPE
    for name, value in (("CAP_REG", CAP), ("OVERFLOW_REG", OVERFLOW), ("FREEZE_REG", FREEZE)):
        assert re.search(rf"CXL_PMU_{name}\s+{value:#x}\n", text), name
    for name, value in (("EVENT_CAP", EVENT_CAP), ("COUNTER_CFG", CONFIG), ("COUNTER", COUNTER)):
        assert re.search(rf"CXL_PMU_{name}_REG\(n\)\s+\({value:#x} \+ 8 \* \(n\)\)", text), name
    assert re.search(rf"CXL_PMU_REGMAP_SIZE {registers.SIZE:#x} ", text)
    assert "CXL_REGLOC_RBI_PMU,\n\tCXL_REGLOC_RBI_TYPES" in text  # 4, the last but one of five


def test_a_counter_counts_its_events_and_no_others(bench: Bench) -> None:
    bench.start(0)
    bench.start(1, mask=0b10)

    assert bench.pmu.traffic(CLOCK_TICKS, 0, 5) == [0]
    assert bench.pmu.traffic(M2S_REQ, 1, 7) == [1]
    assert bench.pmu.traffic(M2S_REQ, 2, 9) == []
    assert bench.pmu.traffic(0x10, 1, 9) == []
    assert [bench.pmu.read(COUNTER + 8 * number) for number in range(3)] == [5, 7, 0]
    assert bench.pmu.counted == [5, 7, 0]


def test_a_counter_that_is_off_or_frozen_stands_still(bench: Bench) -> None:
    bench.start(0)
    bench.pmu.write(FREEZE, 0b1)
    assert bench.pmu.traffic(CLOCK_TICKS, 0, 5) == []
    bench.pmu.write(FREEZE, 0b10)
    assert bench.pmu.traffic(CLOCK_TICKS, 0, 5) == [0]
    bench.pmu.write(CONFIG, bench.pmu.read(CONFIG) & ~ENABLE)
    assert bench.pmu.traffic(CLOCK_TICKS, 0, 5) == []
    assert bench.pmu.counted[0] == 5


def test_an_overflow_wraps_signals_freezes_and_is_acknowledged(bench: Bench) -> None:
    bench.start(0)
    bench.start(1, mask=0b10)

    bench.pmu.traffic(CLOCK_TICKS, 0, 0x10003)

    assert (bench.pmu.read(COUNTER), bench.pmu.counted[0]) == (3, 0x10003)
    assert (bench.pmu.read(OVERFLOW), bench.fired, bench.pmu.signalled) == (1, [3], 1)
    assert bench.pmu.traffic(M2S_REQ, 1, 7) == []  # FREEZE_ON_OVRFLW stops all
    bench.pmu.write(OVERFLOW, 1)  # the handler's acknowledgement: nothing to be seen of it
    bench.pmu.look()
    assert bench.pmu.read(OVERFLOW) == 1
    bench.now = registers.ACKNOWLEDGED_AFTER
    bench.pmu.look()
    assert bench.pmu.read(OVERFLOW) == 0
    assert bench.pmu.traffic(M2S_REQ, 1, 7) == [1]


def test_writing_more_ones_than_there_are_clears_at_once(bench: Bench) -> None:
    bench.start(0)
    bench.pmu.traffic(CLOCK_TICKS, 0, 0x10000)

    bench.pmu.write(OVERFLOW, 0b111)  # cxl_pmu_quiesce() of the auxbus series
    bench.pmu.look()

    assert (bench.pmu.read(OVERFLOW), bench.pmu.overflown) == (0, 0)


def test_no_interrupt_without_its_enable_or_without_a_message() -> None:
    for layout, clear in ((Layout(width=16), INT_ON_OVERFLOW), (Layout(None, 16), 0)):
        bench = Bench(layout)
        bench.start(0)
        bench.pmu.write(CONFIG, bench.pmu.read(CONFIG) & ~clear)
        bench.pmu.traffic(CLOCK_TICKS, 0, 0x10000)

        assert (bench.fired, bench.pmu.signalled, bench.pmu.read(OVERFLOW)) == ([], 0, 1)


# The driver's own mistakes of this kind are what the report is to show: each is planted once.
@pytest.mark.parametrize("offset", [CAP, EVENT_CAP, EVENT_CAP + 8, CONFIG, CONFIG + 8])
def test_a_write_to_what_cannot_be_written_is_undone_and_told(bench: Bench, offset: int) -> None:
    before = bench.pmu.read(offset)
    bench.pmu.write(offset, before ^ 0b1)

    bench.pmu.look()

    assert bench.pmu.read(offset) == before
    assert len(bench.pmu.misuse) == 1
    assert f"{offset:#x}" in bench.pmu.misuse[0]


def test_what_the_driver_writes_to_a_counter_is_no_misuse(bench: Bench) -> None:
    bench.start(0)
    bench.start(1, mask=0x7FF, more=5 << 16)

    bench.pmu.look()

    assert bench.pmu.misuse == []


def test_a_pmu_that_is_gone_reads_as_ones_and_counts_nothing(bench: Bench) -> None:
    bench.start(0)
    bench.pmu.vanish()
    bench.pmu.write(CONFIG, 0)
    bench.pmu.look()

    assert (bench.pmu.read(CAP), bench.pmu.read(CONFIG), bench.pmu.misuse) == (ALL, ALL, [])
    assert bench.pmu.traffic(CLOCK_TICKS, 0, 1) == []
    bench.pmu.reset()
    assert bench.pmu.read(CONFIG) == Layout().config(0)


def test_two_counters_of_one_event_both_count(bench: Bench) -> None:
    bench.start(1, mask=0b10)
    bench.start(2, mask=0b11)

    assert bench.pmu.traffic(M2S_REQ, 1, 4) == [1, 2]
    assert bench.pmu.traffic(M2S_REQ, 0, 4) == [2]
    assert bench.pmu.counted == [0, 4, 8]


def test_a_fixed_counter_keeps_its_events() -> None:
    layout = Layout(counters=(Counter(FIXED, 1, 0b101), Counter(CONFIGURABLE)))

    # type, events at 24, index of the group at 59
    assert layout.config(0) == 1 | 0b101 << 24 | 1 << 59
    assert layout.config(1) == 2


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
    _until(lambda: struct.unpack_from("<I", memory, ORDERS + 8)[0] == asked + 1)
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
        _until(lambda: running.resets == 1)

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
        _until(running.misuse)

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
