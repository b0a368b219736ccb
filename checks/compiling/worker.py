# SPDX-License-Identifier: GPL-2.0-only
"""A process that only reads C: what libclang sees of a stranger's file, it sees here.

    read(job) -> what inside.py, the other end, answers

A worker is started in a sandbox, kept for the next unit, and ended with us. A job goes to it as a
pickle; the answer comes back as JSON, which runs nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import pickle
import select
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any, TypeAlias

from generator.errors import EnvironmentFault, Timeout
from generator.parsing import pch
from generator.parsing.job import Directories, Job, content_id
from generator.system import stopping
from generator.system.house import ROOT
from generator.system.plumbing import PATIENCE
from generator.system.sandbox import Limits, command, environment

SECONDS = 90  # of CPU for one unit; the slowest of the kernel takes about five
MEMORY = 3 << 30  # bytes of address space
_LENGTH = struct.Struct("!Q")
_Place: TypeAlias = tuple[int, Path, Path, Path]


READY = b"ready"

# What compiles on this machine at once, whoever wants it: a core and, of a large unit, some hundred
# MB each.
COMPILERS = threading.BoundedSemaphore(2)


class Exceeded(Exception):
    """A unit takes more than any unit may, or libclang does not survive it."""


class _Worker:
    """One process and the two ends of what we say to each other."""

    def __init__(self, place: Directories) -> None:
        place.cache.mkdir(parents=True, exist_ok=True)
        argv = command(
            [sys.executable, "-m", "checks.compiling.inside"],
            readable=(ROOT, Path(sys.prefix), Path(sys.base_prefix), place.source,
                      place.build.parent),
            writable=(place.cache,), cwd=ROOT,
            limits=Limits(seconds=1 << 30, memory=MEMORY), lasting=True,
        )
        env = environment(PYTHONPATH=str(ROOT), PYTHONDONTWRITEBYTECODE="1",
                          PORTWRIGHT_CACHE=str(place.cache))
        with tempfile.TemporaryFile() as said:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, env=env
            )
            assert self.process.stdout is not None
            try:
                receive(self.process.stdout)
            except EOFError:
                self.end()
                said.seek(0)
                last = said.read().decode(errors="replace").strip().splitlines()[-1:]
                raise EnvironmentFault(f"no unit can be read in the sandbox: {last}") from None

    def ask(self, what: str, job: Job) -> dict[str, Any]:
        """Return what the worker answers. Errors: Exceeded, Timeout."""
        stopping.refuse()
        told, heard = self.process.stdin, self.process.stdout
        assert told is not None
        assert heard is not None
        try:
            send(told, pickle.dumps((what, job, SECONDS, pch.foreseen())))
            if not select.select([heard], [], [], PATIENCE)[0]:
                raise Timeout(f"{job.path}: not read within {PATIENCE} s")
            answer: dict[str, Any] = json.loads(receive(heard))
        except (BrokenPipeError, EOFError) as ended:
            stopping.refuse()
            raise Exceeded(job.path) from ended
        return answer

    def end(self) -> None:
        """End the process and all below it."""
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()


_idle: dict[_Place, list[_Worker]] = {}
_exceeded: set[tuple[str, str]] = set()
_guard = threading.Lock()


def read(job: Job, what: str = "diagnosis") -> dict[str, Any]:
    """Return what a worker answers of a job; `what` is asked of it.

    Errors: Exceeded, EnvironmentFault when there is no sandbox, Timeout.
    """
    with COMPILERS:
        return _read(job, what)


def _read(job: Job, what: str) -> dict[str, Any]:
    key = (os.getpid(), job.place.source, job.place.build.parent, job.place.cache)
    mine = (job.path, content_id(job.overlay.get(job.path) or b""))
    with _guard:
        if mine in _exceeded:  # under another configuration
            raise Exceeded(job.path)
        waiting = _idle.setdefault(key, [])
        worker = waiting.pop() if waiting else None
    worker = worker or _Worker(job.place)
    try:
        answer = worker.ask(what, job)
    except BaseException as wrong:
        worker.end()
        if isinstance(wrong, Exceeded):
            with _guard:
                _exceeded.add(mine)
        raise
    with _guard:
        _idle[key].append(worker)
    return answer


@atexit.register
def _end_all() -> None:
    for (process, *_), workers in _idle.items():
        for worker in workers if process == os.getpid() else ():
            worker.end()
    _idle.clear()


def send(pipe: IO[bytes], data: bytes) -> None:
    """Write a message."""
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes:
    """Return the next message. Errors: EOFError when there is none any more."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    data = pipe.read(_LENGTH.unpack(head)[0])
    if len(data) < _LENGTH.unpack(head)[0]:
        raise EOFError
    return data
