# SPDX-License-Identifier: GPL-2.0-only
"""A CXL PMU as registers in memory: it counts, freezes, overflows and signals."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator

import pytest

from checks.boot.model import cpmu as registers
from checks.boot.model.cpmu import (
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
from generator.kernel.tree import Tree

ALL = (1 << 64) - 1


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


def test_firmware_leaves_counters_on_and_a_reset_does_not() -> None:
    bench = Bench(Layout(message=3, left_on=True))
    assert bench.pmu.can_signal()
    bench.pmu.write(FREEZE, ALL)
    assert not bench.pmu.can_signal()
    bench.pmu.reset()
    assert not bench.pmu.can_signal()
    bench.start(1)
    assert bench.pmu.can_signal()
    bench.pmu.write(CONFIG + 8, bench.pmu.read(CONFIG + 8) & ~INT_ON_OVERFLOW)
    assert not bench.pmu.can_signal()
    bench.memory.close()
