# SPDX-License-Identifier: GPL-2.0-only
"""Jobs done side by side, each in a process that begins as a copy of this one."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
_jobs: list[Callable[[], Any]] = []  # inherited, not sent: what designs name is told by identity


def results(jobs: Sequence[Callable[[], T]], processes: int) -> Iterator[T]:
    """Yield what jobs return, in their order; in this process, one after the other, for one.

    Errors: what a job raises.
    """
    if processes < 2 or len(jobs) < 2:
        for job in jobs:
            yield job()
        return
    _jobs[:] = jobs
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(min(processes, len(jobs)), fork) as pool:
        yield from pool.map(_done, range(len(jobs)))


def _done(number: int) -> Any:  # noqa: ANN401 - whatever the job returns
    return _jobs[number]()
