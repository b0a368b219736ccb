# SPDX-License-Identifier: GPL-2.0-only
"""Jobs done side by side, each in a process that begins as a copy of this one."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from generator.errors import EnvironmentFault
from generator.system import stopping

if TYPE_CHECKING:  # one job needs none of it, and it takes a while to load
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

T = TypeVar("T")
PROCESSES = 2  # of a verb that explores, unless it says otherwise
_LOOK = 0.2  # seconds between two looks at whether the user wants no more
_GRACE = 1.5  # seconds for jobs to give what they have, then


def results(jobs: Sequence[Callable[[], T]], processes: int) -> Generator[T, None, None]:
    """Yield what jobs return, in their order; in this process, one after the other, for one.

    When the user wants no more, those that were begun give what they have, and it ends early.
    Errors: what a job raises, EnvironmentFault when its process is ended from outside.
    """
    if processes < 2 or len(jobs) < 2:
        for job in jobs:
            if stopping.asked():
                return
            yield job()
        return
    workers = [_Worker(jobs) for _ in range(min(processes, len(jobs)))]
    try:
        yield from _given(workers, len(jobs))
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A process that does one job after the other: what designs name is told by identity, so
    jobs are inherited, not sent."""

    def __init__(self, jobs: Sequence[Callable[[], Any]]) -> None:
        import multiprocessing

        fork = multiprocessing.get_context("fork")
        self.pipe, theirs = fork.Pipe()
        self.process: BaseProcess = fork.Process(target=_work, args=(theirs, jobs), daemon=True)
        self.process.start()
        theirs.close()
        self.job: int | None = None

    def begin(self, number: int) -> None:
        self.job = number
        with contextlib.suppress(OSError):  # it has ended: answer() says so
            self.pipe.send(number)

    def answer(self) -> Any:  # noqa: ANN401 - whatever the job returns
        try:
            went_well, what = self.pipe.recv()
        except (EOFError, OSError) as lost:
            self.process.join(1)
            raise EnvironmentFault(
                "a process that explores was ended from outside "
                f"(exit status {self.process.exitcode}): is there enough memory?"
            ) from lost
        self.job = None
        if not went_well:
            raise what
        return what

    def ask(self) -> None:
        with contextlib.suppress(OSError):
            os.kill(self.process.pid or 0, signal.SIGTERM)

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _given(workers: Sequence[_Worker], count: int) -> Iterator[Any]:
    """Hand out jobs, and yield the answers in the order of the jobs."""
    from multiprocessing.connection import Connection, wait

    left, found, following = iter(range(count)), dict[int, Any](), 0
    until = 0.0  # when asked to end: how long to wait for what was begun
    for worker in workers:
        worker.begin(next(left))
    while any(worker.job is not None for worker in workers):
        if stopping.asked() and not until:
            until = time.monotonic() + _GRACE
            for worker in workers:
                worker.ask()
        if until and time.monotonic() > until:
            break
        pipes = {worker.pipe: worker for worker in workers if worker.job is not None}
        for pipe in wait(list(pipes), _LOOK):
            assert isinstance(pipe, Connection)
            worker = pipes[pipe]
            number = worker.job
            assert number is not None
            try:
                found[number] = worker.answer()
            except EnvironmentFault:
                worker.job = None
                if not stopping.asked():
                    raise
                continue  # it was asked to end before it could listen
            if not stopping.asked() and (another := next(left, None)) is not None:
                worker.begin(another)
        while following in found:
            yield found.pop(following)
            following += 1
    for number in sorted(found):  # a job before it gave nothing
        yield found[number]


def _work(pipe: Connection, jobs: Sequence[Callable[[], Any]]) -> None:
    """Do jobs until there are no more, or the process that wants them is gone."""
    stopping.end_with_parent()
    stopping.listen()
    with stopping.collecting(), contextlib.suppress(EOFError, OSError):
        while True:
            number = pipe.recv()
            try:
                told: tuple[bool, object] = True, jobs[number]()
            except Exception as fault:  # noqa: BLE001 - it is raised again where it is wanted
                told = False, fault
            pipe.send(told)
