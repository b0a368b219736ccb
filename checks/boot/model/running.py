# SPDX-License-Identifier: GPL-2.0-only
"""The hardware model while it runs: CPMUs over shared memory, and who orders them about.

with model(hardware) as running: start QEMU with `running.arguments()`, which inherits
`running.passed`, and its kernel with `running.command_line()`.

Orders come from our own process, by calls, or from the guest, through a mailbox in the shared
memory: templates/boot/guest/cpmu.c writes them and waits for the answer, so what it counts is
exact without any timing.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum

from checks.boot.model.cpmu import Cpmu
from checks.boot.model.ivshmem import Doorbell, doorbell
from checks.boot.model.port import MEMORY, ORDERS, VECTORS, Hardware

PORT, HOST = "0000:00:0a.0", "0000:00:0b.0"
PORT_ID = "rp-cpmu"  # what QEMU calls the port, and the bus below it
_MAGIC = 0x54525750
_HEAD = struct.Struct("<4I4Q")  # magic, asked, done, code, four arguments; then the result
_RESETS = 0x40  # how often the guest's object has seen the port reset
_RING = 0x48  # 1 from the guest: raise the port's own interrupt, as QEMU's port cannot
_PAUSE = 0.002
_APART = 0.02  # QEMU can take two of a vector for one when they are closer


class Order(IntEnum):
    """What the guest can ask for, with the arguments that it gives."""

    TRAFFIC = 1  # block, group, event, times: the counters that counted, as bits
    FIRE = 2  # vector, times
    COUNTED = 3  # block, counter: what it has counted
    SIGNALLED = 4  # block: how many interrupts it has raised
    RESET = 5  # block
    VANISH = 6  # block
    SETTLE = 7  # block: wait until no overflow is left; 1 when none is


class Running:
    """Hardware that is switched on."""

    def __init__(self, hardware: Hardware, bell: Doorbell) -> None:
        """Come out of reset, before there is a guest."""
        self.hardware, self.bell = hardware, bell
        self._lock = threading.RLock()
        self.pmus: tuple[Cpmu, ...] = tuple(
            Cpmu(bell.memory, hardware.start(number), hardware.layout(number), self._signal)
            for number in range(len(hardware.blocks))
        )
        self.resets = 0  # of the port, with all that is in it
        self._end = threading.Event()
        bell.memory[ORDERS:ORDERS + _HEAD.size] = _HEAD.pack(_MAGIC, *[0] * 7)
        self._thread = threading.Thread(target=self._run, name="hardware model", daemon=True)
        self._thread.start()

    @property
    def passed(self) -> tuple[int, ...]:
        """Return the descriptors that QEMU has to inherit."""
        return (self.bell.end.fileno(),)

    def arguments(self) -> tuple[str, ...]:
        """Return QEMU's words for the port, and for what stands in for it."""
        upstream = self.hardware.upstream
        name = f"{PORT_ID}-above" if upstream else PORT_ID
        port = f"pcie-root-port,id={name},bus=pcie.0,addr={_slot(PORT)},chassis=64,slot=64"
        below = ("-device", f"x3130-upstream,id={PORT_ID},bus={name}") if upstream else ()
        return "-device", port, *below, *self.bell.arguments("model", _slot(HOST))

    def command_line(self) -> tuple[str, ...]:
        """Return what the kernel is told."""
        return self.hardware.command_line(PORT + "/00.0" * self.hardware.upstream, HOST)

    def traffic(self, block: int, group: int, event: int, times: int) -> list[int]:
        """Let an event happen at a CPMU; return the counters that counted it."""
        with self._lock:
            return self.pmus[block].traffic(group, event, times)

    def fire(self, vector: int, times: int = 1) -> None:
        """Raise a vector some times, whoever it belongs to."""
        for _ in range(times):
            with self._lock:
                self.bell.fire(vector)
            time.sleep(_APART)

    def settled(self, block: int, seconds: float = 5.0) -> bool:
        """Wait until all overflows of a CPMU are acknowledged; return whether they are."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self._lock:
                self.pmus[block].look()
                if not self.pmus[block].overflown:
                    return True
            time.sleep(_PAUSE)
        return False

    def sources(self) -> tuple[bool, ...]:
        """Return of each CPMU whether it could raise its interrupt."""
        with self._lock:
            return tuple(pmu.can_signal() for pmu in self.pmus)

    def misuse(self) -> tuple[str, ...]:
        """Return what the guest wrote to registers that cannot be written."""
        with self._lock:
            return tuple(
                f"{one.name}: {text}"
                for one, pmu in zip(self.hardware.blocks, self.pmus, strict=True)
                for text in pmu.misuse
            )

    def close(self) -> None:
        """Stop looking at the memory."""
        self._end.set()
        self._thread.join()

    def _signal(self, message: int) -> None:
        if message < VECTORS:
            self.bell.fire(message)

    def _run(self) -> None:
        while not self._end.wait(_PAUSE):
            with self._lock:
                for pmu in self.pmus:
                    pmu.look()
            (resets,) = struct.unpack_from("<I", self.bell.memory, ORDERS + _RESETS)
            if resets != self.resets:
                self._reset()
                self.resets = resets
            self._relay()
            _, asked, done, code, *args = _HEAD.unpack_from(self.bell.memory, ORDERS)
            if asked != done:
                result = self._obey(code, args)
                memory = self.bell.memory
                struct.pack_into("<q", memory, ORDERS + _HEAD.size, result)
                struct.pack_into("<I", memory, ORDERS + 8, asked)

    def _relay(self) -> None:
        """Raise the vector of the port's own events, as the port would, for one that it has."""
        memory, at = self.bell.memory, ORDERS + _RING
        if struct.unpack_from("<I", memory, at) != (0,):
            struct.pack_into("<I", memory, at, 0)
            self.bell.fire(self.hardware.hp)

    def _reset(self) -> None:
        with self._lock:
            for pmu in self.pmus:
                pmu.reset()

    def _obey(self, code: int, args: Sequence[int]) -> int:
        """Do what the guest ordered; -1 for what makes no sense."""
        try:
            order = Order(code)
            if order is Order.TRAFFIC:
                return sum(1 << number for number in self.traffic(*args))
            if order is Order.FIRE:
                self.fire(args[0], args[1] or 1)
                return self.bell.fired[args[0]]
            return self._of_block(order, self.pmus[args[0]], args)
        except (IndexError, ValueError):
            return -1

    def _of_block(self, order: Order, pmu: Cpmu, args: Sequence[int]) -> int:
        if order is Order.SETTLE:
            return int(self.settled(args[0]))
        with self._lock:
            if order is Order.COUNTED:
                return pmu.counted[args[1]]
            if order is Order.SIGNALLED:
                return pmu.signalled
            if order is Order.RESET:
                pmu.reset()
            else:
                pmu.vanish()
        return 0


@contextmanager
def model(hardware: Hardware) -> Iterator[Running]:
    """Yield a running model that QEMU can be started beside, and leave nothing of it."""
    with doorbell(size=MEMORY, vectors=VECTORS) as bell:
        running = Running(hardware, bell)
        try:
            yield running
        finally:
            running.close()


def _slot(address: str) -> str:
    return address.rpartition(":")[2]
