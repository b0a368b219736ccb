# SPDX-License-Identifier: GPL-2.0-only
"""Python's collector of cycles, kept away while much is made that has none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Let no garbage collector look meanwhile, again and again, at each of many expressions.

    What an exploration makes has no cycles, but for a few functions: it goes with the last who
    refers to it.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
