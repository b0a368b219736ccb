# SPDX-License-Identifier: GPL-2.0-only
"""A CXL PMU as registers in memory that a guest sees: it counts, freezes, overflows and signals.

Registers and fields are those that drivers/perf/cxl_pmu.c of the pinned tree reads and writes.
Nobody tells us of a write, so `look()` compares memory with what was left there: what the guest
wrote to registers that it cannot write is put back and remembered as misuse. A write of ones that
clears what is set cannot be seen when it writes what is there anyway, which the driver's handler
does: such an overflow is taken as acknowledged a while after it was signalled.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from mmap import mmap

SIZE = 0xE00
CAP, OVERFLOW, FREEZE = 0x00, 0x10, 0x18
EVENT_CAP, CONFIG, FILTER, COUNTER = 0x100, 0x200, 0x400, 0xC00

WRITEABLE_WHEN_FROZEN, CAN_FREEZE, INTERRUPT = 1 << 48, 1 << 49, 1 << 50
FREE_RUN, FIXED, CONFIGURABLE = range(3)
ENABLE, INT_ON_OVERFLOW, FREEZE_ON_OVERFLOW = 1 << 8, 1 << 9, 1 << 10
EVENTS_SHIFT, EVENTS = 24, 0xFFFFFFFF << 24
GROUP_SHIFT, GROUP = 59, 0x1F << 59
TYPE = 0x3
ALL = (1 << 64) - 1

CXL = 0x1E98  # the vendor whose events the specification defines
CLOCK_TICKS, M2S_REQ = 0x0000, 0x0020  # groups of its events
ACKNOWLEDGED_AFTER = 1.0  # seconds: a guest on a busy machine is slow to answer


@dataclass(frozen=True)
class Events:
    """A group of events that counters can count: one Event Capability register."""

    group: int
    mask: int
    vendor: int = CXL


@dataclass(frozen=True)
class Counter:
    """A counter: a fixed one counts `mask` of group number `events`, others what they are told."""

    kind: int = CONFIGURABLE
    events: int = 0
    mask: int = 0


@dataclass(frozen=True)
class Layout:
    """What a CPMU has; `message` is its interrupt message number, None without an interrupt."""

    message: int | None = 0
    width: int = 32
    counters: tuple[Counter, ...] = (Counter(FIXED, 1, 0x1), Counter(), Counter())
    # The pinned driver never says which group a configurable counter is to count: it writes 0.
    groups: tuple[Events, ...] = (Events(M2S_REQ, 0x7FF), Events(CLOCK_TICKS, 0x1))
    freezes: bool = True
    left_on: bool = False  # as firmware may leave it; not after a reset

    @property
    def capability(self) -> int:
        """Return the capability register."""
        value = (len(self.counters) - 1) | self.width << 8 | (len(self.groups) - 1) << 20
        if self.freezes:
            value |= WRITEABLE_WHEN_FROZEN | CAN_FREEZE
        if self.message is not None:
            value |= INTERRUPT | self.message << 44
        return value

    def config(self, number: int) -> int:
        """Return what a counter's configuration register reads as after reset."""
        one = self.counters[number]
        if one.kind != FIXED:
            return one.kind
        return one.kind | one.mask << EVENTS_SHIFT | one.events << GROUP_SHIFT

    def read_only(self, number: int) -> int:
        """Return the bits of a counter's configuration register that cannot be written."""
        return TYPE | (EVENTS | GROUP if self.counters[number].kind == FIXED else 0)


@dataclass
class Cpmu:
    """A CPMU at `start` of some memory; `fire` raises the vector of a message number.

    `counted` has how much each counter has counted since `reset()`, whatever software made of
    it; `overflown` the counters whose overflow is not acknowledged; `signalled` how many
    interrupts were raised; `misuse` what the guest must not do.
    """

    memory: mmap
    start: int
    layout: Layout
    fire: Callable[[int], object]
    counted: list[int] = field(default_factory=list)
    signalled: int = 0
    misuse: list[str] = field(default_factory=list)
    clock: Callable[[], float] = time.monotonic
    gone: bool = False
    overflown: int = 0
    _since: float = 0.0

    def __post_init__(self) -> None:
        """Come out of reset, and from firmware."""
        self.reset()
        for number in range(len(self.layout.counters)) if self.layout.left_on else ():
            self.write(CONFIG + 8 * number,
                       self.layout.config(number) | ENABLE | INT_ON_OVERFLOW)

    def read(self, offset: int) -> int:
        """Return a register."""
        at = self.start + offset
        return int.from_bytes(self.memory[at:at + 8], "little")

    def write(self, offset: int, value: int) -> None:
        """Set a register, whoever may write it."""
        at = self.start + offset
        self.memory[at:at + 8] = value.to_bytes(8, "little")

    def reset(self) -> None:
        """Be as after power on: nothing enabled, configured, counted or overflown."""
        self.memory[self.start:self.start + SIZE] = bytes(SIZE)
        self.counted = [0] * len(self.layout.counters)
        self.gone, self.overflown = False, 0
        for offset, value in self._constant():
            self.write(offset, value)
        for number in range(len(self.layout.counters)):
            self.write(CONFIG + 8 * number, self.layout.config(number))

    def vanish(self) -> None:
        """Be gone, as a device that was pulled out: every read is all ones."""
        self.gone = True
        self.memory[self.start:self.start + SIZE] = b"\xff" * SIZE

    def frozen(self, number: int) -> bool:
        """Return whether a counter stands still: it is frozen, or one overflowed that freezes."""
        if self.layout.freezes and self.read(FREEZE) >> number & 1:
            return True
        return any(
            self.overflown >> other & 1 and self.read(CONFIG + 8 * other) & FREEZE_ON_OVERFLOW
            for other in range(len(self.layout.counters))
        )

    def can_signal(self) -> bool:
        """Return whether an event could raise the interrupt: a counter runs, and would say so."""
        return any(
            self.read(CONFIG + 8 * number) & (ENABLE | INT_ON_OVERFLOW)
            == ENABLE | INT_ON_OVERFLOW and not self.frozen(number)
            for number in range(len(self.layout.counters))
        )

    def counts(self, number: int, group: int, event: int) -> bool:
        """Return whether a counter counts an event of a group of CXL events now."""
        config = self.read(CONFIG + 8 * number)
        free = config & TYPE == FREE_RUN
        if self.frozen(number) or not (free or config & ENABLE):
            return False
        index = (config & GROUP) >> GROUP_SHIFT
        if index >= len(self.layout.groups):
            return False
        found = self.layout.groups[index]
        return (found.group, found.vendor) == (group, CXL) and bool(
            found.mask & (config & EVENTS) >> EVENTS_SHIFT & 1 << event
        )

    def traffic(self, group: int, event: int, times: int) -> list[int]:
        """Let an event happen some times; return the counters that counted it.

        A counter that overflows has wrapped; it sets its status bit and freezes and signals as
        it is configured. What `times` leaves of an event when counters freeze is counted all the
        same: events are not ordered here.
        """
        self.look()
        if self.gone:
            return []
        counting = [
            number for number in range(len(self.layout.counters))
            if self.counts(number, group, event)
        ]
        overflown = 0
        for number in counting:
            value = self.read(COUNTER + 8 * number) + times
            self.counted[number] += times
            self.write(COUNTER + 8 * number, value & (1 << self.layout.width) - 1)
            if value >> self.layout.width:
                overflown |= 1 << number
        if overflown:
            self._overflow(overflown)
        return counting

    def look(self) -> None:
        """See what the guest has written since the last time, and answer as hardware does."""
        if self.gone:
            self.vanish()
            return
        for offset, value in self._constant():
            self._hold(offset, value, ALL)
        for number in range(len(self.layout.counters)):
            self._hold(CONFIG + 8 * number, self.layout.config(number),
                       self.layout.read_only(number))
        written = self.read(OVERFLOW)
        if written != self.overflown:
            self.overflown &= ~written
            self.write(OVERFLOW, self.overflown)
        elif self.overflown and self.clock() - self._since >= ACKNOWLEDGED_AFTER:
            self.overflown = 0
            self.write(OVERFLOW, 0)

    def _overflow(self, bits: int) -> None:
        self.overflown |= bits
        self._since = self.clock()
        self.write(OVERFLOW, self.overflown)
        signals = any(
            bits >> number & 1 and self.read(CONFIG + 8 * number) & INT_ON_OVERFLOW
            for number in range(len(self.layout.counters))
        )
        if signals and self.layout.message is not None:
            self.signalled += 1
            self.fire(self.layout.message)

    def _hold(self, offset: int, value: int, mask: int) -> None:
        found = self.read(offset)
        if found & mask != value & mask:
            self.misuse.append(f"{found:#x} written to {offset:#x}, which reads as {value:#x}")
            self.write(offset, found & ~mask | value & mask)

    def _constant(self) -> list[tuple[int, int]]:
        groups = [
            (EVENT_CAP + 8 * number, one.mask | one.group << 32 | one.vendor << 48)
            for number, one in enumerate(self.layout.groups)
        ]
        return [(CAP, self.layout.capability), *groups]
