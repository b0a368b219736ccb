# SPDX-License-Identifier: GPL-2.0-only
"""Who compiles units: threads of ours, or the workers of a dask scheduler.

Local(threads)         the default: each thread has a sandboxed process that reads C
connected(address)     workers that a scheduler has; a job that a lost worker had goes to another

Workers are ours on other machines, or more processes here: they need the same code of ours and the
same cache, at the same path. Jobs and results are pickles, which whoever reaches the scheduler can
forge: it belongs into a network that one trusts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from generator.errors import EnvironmentFault
from generator.system.cache import cache, code

_T = TypeVar("_T")
_R = TypeVar("_R")
_SECONDS = 20  # for the scheduler to answer


class Pool(Protocol):
    """Somebody who does the same to many things, a few at a time."""

    def map(self, work: Callable[[_T], _R], items: Iterable[_T]) -> Iterator[_R]:
        """Yield what work makes of each item, in their order."""


@dataclass(frozen=True)
class Local:
    """Threads of this process."""

    threads: int = 2

    def map(self, work: Callable[[_T], _R], items: Iterable[_T]) -> Iterator[_R]:
        """Yield what work makes of each item, in their order."""
        with ThreadPoolExecutor(self.threads) as pool:
            yield from pool.map(work, items)


LOCAL = Local()


@dataclass(frozen=True)
class Remote:
    """The workers of a scheduler."""

    client: Any
    address: str

    def map(self, work: Callable[[_T], _R], items: Iterable[_T]) -> Iterator[_R]:
        """Yield what work makes of each item, in their order.

        work: a function of a module of ours, or such a one with some arguments.
        Errors: EnvironmentFault when no worker is left, or one is of other code.
        """
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        checked = partial(_checked, code("checks", "generator"), str(cache()), work)
        running = self.client.map(checked, list(items), pure=False)
        try:
            for one in running:
                yield one.result()
        except (KilledWorker, FutureCancelledError, OSError) as lost:
            raise EnvironmentFault(
                f"scheduler {self.address}: its workers do not survive a job, or it is gone "
                f"({type(lost).__name__}); look at their logs, or leave --scheduler out"
            ) from lost
        finally:
            self.client.cancel(running)


def _checked(ours: str, where: str, work: Callable[[_T], _R], item: _T) -> _R:
    """Do a job on a worker, when it is of the same code and sees the same cache."""
    if code("checks", "generator") != ours:
        raise EnvironmentFault("a worker of the scheduler runs other code of portwright than this; "
                               "start it again, from the same version")
    if str(cache()) != where:
        raise EnvironmentFault(f"a worker of the scheduler keeps its results in {cache()}; start "
                               f"it with PORTWRIGHT_CACHE={where}")
    return work(item)


@contextmanager
def connected(address: str) -> Iterator[Pool]:
    """Yield who compiles: the workers of the scheduler at an address, or threads without one.

    Errors: EnvironmentFault when dask is not installed, or nobody answers there.
    """
    if not address:
        yield LOCAL
        return
    try:
        from distributed import Client
    except ImportError as missing:
        raise EnvironmentFault("--scheduler takes dask.distributed, which is not installed: "
                               "pip install 'portwright[cluster]'") from missing
    try:
        client = Client(address, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError) as silent:
        raise EnvironmentFault(f"no dask scheduler answers at {address}: start one with "
                               "`dask scheduler`, and workers with `dask worker`") from silent
    with client:
        if not client.scheduler_info()["workers"]:
            raise EnvironmentFault(f"the scheduler at {address} has no workers: start some with "
                                   f"`dask worker {address}`")
        yield Remote(client, address)
