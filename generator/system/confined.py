# SPDX-License-Identifier: GPL-2.0-only
"""A user's file is run to read its design: in a child it is run within limits, and no longer.

It is held against accidents: a file that loops, prints, ends the process, starts others, eats
memory or opens a connection is an error like any other. It is no jail for a file that means harm:
what checks it afterwards runs in the same process.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import io
import os
import posix
import resource
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

MEMORY = 1 << 30  # bytes, beside what we have already
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_REFUSED = {
    "os.fork": "starts a process", "os.forkpty": "starts a process", "os.exec": "becomes a program",
    "os.posix_spawn": "starts a process", "os.spawn": "starts a process",
    "os.system": "starts a process", "subprocess.Popen": "starts a process",
    "os.kill": "sends a signal", "os.killpg": "sends a signal",
    "socket.__new__": "opens a connection", "socket.getaddrinfo": "opens a connection",
    "socket.gethostbyname": "opens a connection",
}


class Forbidden(Exception):
    """A user's file did what reading a design never needs."""


@dataclass
class Confinement:
    """What a child needs to run a file: the pipes of whoever watches it.

    prints: for what the file prints. news: for what begins and ends. dump: for where it was when
    it did not end. alone: whether the network may be left for good, where it must be.
    """

    prints: int
    news: int
    dump: io.BufferedWriter
    seconds: float
    alone: bool
    armed: bool = False
    hooked: bool = False

    def tell(self, text: str) -> None:
        """Say what begins or ends."""
        with contextlib.suppress(OSError):
            os.write(self.news, f"{text}\n".encode(errors="surrogateescape"))


_confinements: list[Confinement] = []  # at most one: of this process


def confine(how: Confinement) -> None:
    """Run every file of a user within limits, from here on in this process."""
    _confinements[:] = [how]
    faulthandler.enable(how.dump, all_threads=False)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


@contextlib.contextmanager
def confined(path: Path) -> Iterator[None]:
    """Hold what runs inside, a user's file, to the limits of this process; if it has any.

    Errors: Forbidden, at the line of the file, for a process, a thread, a signal, a connection.
    """
    if not _confinements:
        yield
        return
    (how,) = _confinements
    how.tell(f"load {path}")
    threads, depth = set(threading.enumerate()), sys.getrecursionlimit()
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    with contextlib.ExitStack() as stack:
        stack.callback(how.tell, "loaded")
        stack.enter_context(_marked(how.prints))
        stack.enter_context(_offline(how.alone))
        faulthandler.dump_traceback_later(how.seconds, exit=True, file=how.dump)
        stack.callback(faulthandler.cancel_dump_traceback_later)
        stack.enter_context(_limited(how.seconds))
        stack.enter_context(_hooked(how))
        for number, handler in handlers.items():
            stack.callback(signal.signal, number, handler)
        stack.callback(signal.setitimer, signal.ITIMER_REAL, 0)
        stack.callback(sys.setrecursionlimit, depth)
        yield
        if set(threading.enumerate()) - threads:
            raise Forbidden("starts a thread")


@contextlib.contextmanager
def _marked(prints: int) -> Iterator[None]:
    """Let what is printed go to who marks it as the file's, by whatever way it is printed."""
    ours = sys.stdout, sys.stderr
    _flush(*ours)
    kept = os.dup(1), os.dup(2)
    lines = io.TextIOWrapper(
        open(prints, "wb", buffering=0, closefd=False),  # noqa: SIM115 - the pipe stays
        encoding="utf-8", errors="backslashreplace", write_through=True,
    )
    for number in (1, 2):
        os.dup2(prints, number)
    sys.stdout = sys.stderr = lines
    try:
        yield
    finally:
        _flush(lines)
        for number, old in zip((1, 2), kept, strict=True):
            os.dup2(old, number)
            os.close(old)
        sys.stdout, sys.stderr = ours


def _flush(*files: object) -> None:
    for file in files:
        if isinstance(file, io.TextIOWrapper):
            with contextlib.suppress(OSError, ValueError):
                file.flush()


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Bound CPU time, memory and processes; what is above the soft limits stays ours."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    wanted = {
        resource.RLIMIT_AS: pages * resource.getpagesize() + MEMORY,
        resource.RLIMIT_CPU: int(used + seconds) + 2,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }
    before = {kind: resource.getrlimit(kind) for kind in wanted}
    for kind, most in wanted.items():
        soft, hard = before[kind]
        bounds = [one for one in (most, soft, hard) if one != resource.RLIM_INFINITY]
        resource.setrlimit(kind, (min(bounds), hard))
    try:
        yield
    finally:
        for kind, both in before.items():
            resource.setrlimit(kind, both)


@contextlib.contextmanager
def _hooked(how: Confinement) -> Iterator[None]:
    """Refuse at its line what Python can tell of; the limits are for what it cannot."""

    def hook(event: str, _args: object) -> None:
        if how.armed and event in _REFUSED:
            raise Forbidden(_REFUSED[event])

    def leave(status: int = 0) -> NoReturn:
        raise Forbidden(f"ends the process (os._exit({status!r}))")

    if not how.hooked:
        sys.addaudithook(hook)  # there is no taking it away
        how.hooked = True
    ends = os._exit
    os._exit = posix._exit = leave
    how.armed = True
    try:
        yield
    finally:
        how.armed = False
        os._exit = posix._exit = ends


@contextlib.contextmanager
def _offline(alone: bool) -> Iterator[None]:
    """Leave the network, where the kernel lets us: and come back, unless `alone`.

    With the right to, a network of our own is all that it takes. Without it takes a user
    namespace as well, which nobody comes back from: for a verb that needs no network.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with contextlib.ExitStack() as stack:
        try:
            back = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, back)
        except OSError:
            yield
            return
        if libc.unshare(_CLONE_NEWNET) == 0:
            stack.callback(libc.setns, back, _CLONE_NEWNET)
        elif alone:
            user, group = os.getuid(), os.getgid()
            if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
                with contextlib.suppress(OSError):
                    Path("/proc/self/setgroups").write_text("deny", encoding="utf-8")
                for file, one in (("uid_map", user), ("gid_map", group)):
                    with contextlib.suppress(OSError):
                        Path(f"/proc/self/{file}").write_text(f"{one} {one} 1", encoding="utf-8")
        yield
