# SPDX-License-Identifier: GPL-2.0-only
"""A verb that runs a user's file is done by a child: whatever the file does, we can say what.

The child runs the file within limits and goes on to do the whole verb, so that nothing has to be
sent; we mark what the file prints, and turn an end that is no verdict into an error.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from generator.system import stopping

USAGE, ENVIRONMENT = 2, 3
SLACK = 3.0  # seconds that the child has to end by itself when its file did not
LINES, WIDTH = 50, 300  # of what a file prints
SECONDS = 10.0  # for a file to run


def supervised(verb: str, work: Callable[[], int], *, seconds: float, alone: bool) -> int:
    """Return the exit code of work done in a child, or that of the error which ended it.

    seconds: how long a user's file may run. alone: the verb needs no network.
    """
    prints, news, dump = (os.pipe() for _ in range(3))
    _flush()
    child = os.fork()
    if child == 0:
        for reader, _ in (prints, news, dump):
            os.close(reader)
        _be_child(work, prints[1], news[1], dump[1], seconds, alone)
    for _, writer in (prints, news, dump):
        os.close(writer)
    return _Watch(verb, child, seconds).until_end(prints[0], news[0], dump[0])


def _be_child(
    work: Callable[[], int], prints: int, news: int, dump: int, seconds: float, alone: bool
) -> None:
    """Do the work and leave; the file's exit handlers are not run."""
    leave = os._exit
    code = ENVIRONMENT
    try:
        stopping.end_with_parent()
        stopping.listen()
        from generator.system.confined import Confinement, confine

        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        how = Confinement(prints, news, os.fdopen(dump, "wb", 0), seconds, alone)  # type: ignore[arg-type]
        confine(how)
        code = work()
        how.tell(f"end {code}")
    except KeyboardInterrupt:
        code = stopping.INTERRUPTED
    finally:
        leave(code)


def _flush() -> None:
    for file in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            file.flush()


@dataclass
class _Watch:
    """What is known of a child so far."""

    verb: str
    child: int
    seconds: float
    loading: str = ""
    since: float = 0.0
    code: int | None = None
    printed: int = 0
    parts: dict[str, bytes] = field(default_factory=lambda: dict.fromkeys(
        ("prints", "news", "dump"), b""))
    asked: float = 0.0
    killed: bool = False

    def until_end(self, prints: int, news: int, dump: int) -> int:
        """Watch until the child has ended and everything that it said is read."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._heard)
        with selectors.DefaultSelector() as ready:
            for pipe, name in ((prints, "prints"), (news, "news"), (dump, "dump")):
                ready.register(pipe, selectors.EVENT_READ, name)
            status: int | None = None
            while ready.get_map() and status is None:
                for key, _ in ready.select(0.2):
                    if not self._read(key.fd, str(key.data)):
                        ready.unregister(key.fd)
                        os.close(key.fd)
                self._look()
                status = self._ended()
            soon = time.monotonic() + 0.1
            while status is None:  # its end closes our pipes, or it has closed them long before
                time.sleep(0.002 if time.monotonic() < soon else 0.05)
                self._look()
                status = self._ended()
            for key in list(ready.get_map().values()):  # what was said just before the end
                os.set_blocking(key.fd, False)
                with contextlib.suppress(BlockingIOError):
                    while self._read(key.fd, str(key.data)):
                        pass
                os.close(key.fd)
        self._rest()
        return self._verdict(status)

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        if not self.asked:
            self.asked = time.monotonic()
            with contextlib.suppress(OSError):
                os.kill(self.child, signal.SIGTERM)

    def _look(self) -> None:
        now = time.monotonic()
        over = self.loading and now > self.since + self.seconds + SLACK
        ended = self.asked and now > self.asked + stopping.PATIENCE + 1
        if (over or ended) and not self.killed:
            self.killed = True
            for one in (*stopping.descendants(self.child), self.child):
                with contextlib.suppress(OSError):
                    os.kill(one, signal.SIGKILL)

    def _ended(self) -> int | None:
        found, status = os.waitpid(self.child, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if found else None

    def _read(self, pipe: int, name: str) -> bytes:
        data = os.read(pipe, 65536)
        *lines, rest = (self.parts[name] + data).split(b"\n")
        if name == "dump":
            self.parts[name] = (self.parts[name] + data)[:65536]
            return data
        if name == "prints" and len(rest) > WIDTH:  # a line without an end
            lines, rest = [*lines, rest], b""
        self.parts[name] = rest
        for line in lines:
            self._line(name, line.decode(errors="replace"))
        return data

    def _rest(self) -> None:
        if self.parts["prints"]:
            self._line("prints", self.parts["prints"].decode(errors="replace"))
        if self.printed > LINES:
            self._say(f"{self.printed - LINES} more lines that it printed are not shown")

    def _line(self, name: str, line: str) -> None:
        if name == "prints":
            self.printed += 1
            if self.printed <= LINES:
                text = line if len(line) <= WIDTH else f"{line[:WIDTH]}..."
                self._say(f"{self.loading or 'the file'} prints: {text}")
            return
        word, _, rest = line.partition(" ")
        if word == "load":
            self.loading, self.since = rest, time.monotonic()
        elif word == "loaded":
            self.loading = ""
        elif word == "end" and rest.isdigit():
            self.code = int(rest)

    def _verdict(self, status: int) -> int:
        """Return the exit code; an end without a word of the child's is an error."""
        if self.code is not None and self.code == status:
            return status
        if self.asked or status == stopping.INTERRUPTED:
            if self.killed:
                self._say("interrupted")
            return stopping.INTERRUPTED
        if not self.loading:
            self._say(f"{_ending(status)} before there was a verdict: is there enough memory?")
            return ENVIRONMENT
        line = self._stopped_at()
        place = f"{self.loading}:{line}" if line else f"{self.loading}:1"
        late = self.killed or b"Timeout" in self.parts["dump"]
        if late:
            what = f"the file had not ended after {self.seconds:.0f} s, and was here"
            mend = "let it only build DESIGN"
        else:
            what = f"{_ending(status)} while the file was read"
            mend = "take out what ends it"
        self._say(f"{place}: {what}: {mend}")
        return USAGE

    def _stopped_at(self) -> str:
        """Return the line of the file that it was at, by what faulthandler wrote; "" unknown."""
        where = os.path.abspath(self.loading)
        for file, line in re.findall(
            r'File "(.*?)", line (\d+)', self.parts["dump"].decode(errors="replace")
        ):
            if file in (self.loading, where) or (
                file.endswith("...") and where.startswith(file[:-3])
            ):
                return str(line)
        return ""

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            print(f"portwright {self.verb}: {text}", file=sys.stderr, flush=True)  # noqa: T201


def _ending(status: int) -> str:
    if status >= 0:
        return f"the process ended (exit status {status})"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"the process was ended by {name}"
