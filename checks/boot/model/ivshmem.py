# SPDX-License-Identifier: GPL-2.0-only
"""The other side of QEMU's ivshmem-doorbell device: memory that both see, and its vectors.

QEMU reads from a socket, while it starts, where the memory is and what to wait for, one eventfd
per vector; from then on it shows the memory in BAR 2 and raises a vector when its eventfd is
written. All that a server has to say fits into the socket, so it is said before QEMU is there,
over a pair that has no name: nothing listens, and nothing can be left in the file system.
Source: docs/specs/ivshmem-spec.rst of QEMU 7.2, "Client-Server protocol".
"""

from __future__ import annotations

import mmap
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from generator.errors import UsageError

PROTOCOL = 0  # the only version there is
SHARED = -1  # instead of an id: here is the memory
_CLIENT = 0


class Doorbell:
    """The memory and the vectors of one ivshmem-doorbell; QEMU is given `end`."""

    def __init__(self, *, size: int, vectors: int) -> None:
        """Say all there is to say. Errors: UsageError for a size that PCI does not know."""
        if size & (size - 1) or size < mmap.PAGESIZE:
            raise UsageError(f"{size}: shared memory has a power of two as its size")
        self.vectors = vectors
        self.fired = [0] * vectors
        file = os.memfd_create("ivshmem", os.MFD_CLOEXEC)
        os.ftruncate(file, size)
        self.memory = mmap.mmap(file, size)
        self.doors = [os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK) for _ in range(vectors)]
        # Ours stays open: QEMU takes its end for an unplugged server otherwise.
        self._ours, self.end = socket.socketpair()
        for number, *files in ((PROTOCOL,), (_CLIENT,), (SHARED, file),
                               *((_CLIENT, door) for door in self.doors)):
            socket.send_fds(self._ours, [struct.pack("<q", number)], files)
        os.close(file)

    def fire(self, vector: int) -> None:
        """Raise a vector; two of the same within a few milliseconds can become one.

        Errors: IndexError when there is no such vector.
        """
        if vector < 0:
            raise IndexError(vector)
        os.eventfd_write(self.doors[vector], 1)
        self.fired[vector] += 1

    def arguments(self, name: str, slot: str) -> tuple[str, ...]:
        """Return QEMU's words for the device; it has to be given the descriptor of `end`."""
        return (
            "-chardev", f"socket,id={name},fd={self.end.fileno()}",
            "-device",
            f"ivshmem-doorbell,vectors={self.vectors},chardev={name},bus=pcie.0,addr={slot}",
        )

    def close(self) -> None:
        """Leave nothing."""
        self.end.close()
        self._ours.close()
        for door in self.doors:
            os.close(door)
        self.doors = []
        self.memory.close()


@contextmanager
def doorbell(*, size: int, vectors: int) -> Iterator[Doorbell]:
    """Yield memory and vectors, and leave nothing of them. Errors: UsageError."""
    bell = Doorbell(size=size, vectors=vectors)
    try:
        yield bell
    finally:
        bell.close()
