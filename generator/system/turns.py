# SPDX-License-Identifier: GPL-2.0-only
"""Threads that want the same are given turns: the second finds what the first has kept.

    with turn(name): ...
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_guard = threading.Lock()
_locks: dict[str, threading.Lock] = {}


@contextmanager
def turn(name: str) -> Iterator[None]:
    """Let one thread at a time do what has a name."""
    with _guard:
        lock = _locks.setdefault(name, threading.Lock())
    with lock:
        yield
