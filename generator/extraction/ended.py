# SPDX-License-Identifier: GPL-2.0-only
"""What is said of reading that took too long: how far it came, and in which function it was."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator

from generator.system.stopping import Late


@contextlib.contextmanager
def telling(function: str, read: Collection[str]) -> Iterator[None]:
    """Let a Late that is raised while a function is read say so, and how many were read before.

    Of functions in each other the inner one is said.
    """
    try:
        yield
    except Late as late:
        late.args = late.args or (
            f"{function}() was being read, {len(read)} functions were read before",)
        raise
