# SPDX-License-Identifier: GPL-2.0-only
"""When to end: the user wants no more (Ctrl-C, SIGTERM), or the time of a budget is up.

Whoever can give what was found so far looks at asked() between two steps, inside of collecting();
long steps that cannot are made inside of bounded(), which ends them by an exception. attempted()
is for steps that run programs, in threads too: what runs is ended, and no program is begun.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TypeVar

INTERRUPTED = 130
PATIENCE = 2.0  # seconds between the wish to end and the end, whatever is still running
_UNWINDING = 30.0  # the same where threads notice that their programs are ended, and to tell of it
_AGAIN = 0.1  # an exception can get lost where Python ignores it: it is raised again
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1


T = TypeVar("T")


class Ended(KeyboardInterrupt):
    """The user wants no more."""


class Late(BaseException):
    """What bounded() bounds takes too long, or the user wants no more."""


@dataclass
class _State:
    asked: float = 0.0  # when, on the clock; 0.0: not yet
    collecting: int = 0
    until: float = 0.0  # of the innermost bounded(); 0.0: there is none
    attempts: int = 0  # attempted() that run
    telling: bool = False  # of what was attempted: that ran, and was ended


_state = _State()


def asked() -> bool:
    """Return whether the user wants no more."""
    return _state.asked > 0.0


def listen() -> None:
    """Take SIGINT and SIGTERM from here on; for a process that has just begun."""
    global _state
    _state = _State()
    for number in _SIGNALS:
        signal.signal(number, _heard)
    signal.signal(signal.SIGALRM, _clock)
    sys.unraisablehook = unraised
    _arm()


def unraised(what: sys.UnraisableHookArgs) -> None:
    """Print what Python ignores, but no end: one that gets lost so is raised again."""
    if not isinstance(what.exc_value, Late | Ended):
        sys.__unraisablehook__(what)


def over() -> None:
    """Take no more notice of time: the work is done, and Python itself comes to its end."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def end_with_parent() -> None:
    """Let the kernel end this process when the one that started it ends, however it does."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(INTERRUPTED)


@contextlib.contextmanager
def collecting() -> Iterator[None]:
    """Let signals only be noted: what runs inside asks asked(), and gives what it has."""
    _state.collecting += 1
    try:
        yield
    finally:
        _state.collecting -= 1


def attempted(work: Callable[[], T]) -> T | None:
    """Return what some work gives, None when the user wants no more.

    The programs that it runs are ended then, and none is begun, whichever thread wants to: so
    threads that are waited for come to their end, and nobody takes a killed program's word.
    """
    if asked():
        return None
    _state.attempts += 1
    try:
        return work()
    except KeyboardInterrupt:
        _state.asked = _state.asked or time.monotonic()
        return None
    finally:
        _state.attempts -= 1
        if _state.asked and not _state.attempts:
            _state.asked, _state.telling = time.monotonic(), True  # which has its own time
            _arm()


def refuse() -> None:
    """See that programs are wanted still, before one begins and when it ended. Errors: Ended."""
    if _state.asked and _state.attempts:
        raise Ended


@contextlib.contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raise Late when what runs inside takes longer, or when the user wants no more.

    Only the main thread can be interrupted: in others nothing is bounded.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if asked() or seconds <= 0:
        raise Late
    before, handler = _state.until, signal.signal(signal.SIGALRM, _clock)
    until = time.monotonic() + seconds
    _state.until = min(until, before) if before else until
    try:
        _arm()
        yield
    finally:
        _state.until = before
        signal.signal(signal.SIGALRM, handler)
        _arm()


def _arm() -> None:
    """Set the timer to what comes next."""
    ends = [_state.until] if _state.until else []
    ends += [_state.asked + _patience()] if _state.asked else []
    if ends:
        signal.setitimer(signal.ITIMER_REAL, max(min(ends) - time.monotonic(), 0.001), _AGAIN)
    else:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _patience() -> float:
    return _UNWINDING if _state.attempts or _state.telling else PATIENCE


def _heard(_number: int, _frame: FrameType | None) -> None:
    if not _state.asked:
        _state.asked = time.monotonic()
    _arm()
    if _state.attempts:
        _kill_all()
    if _state.until:
        raise Late
    if not _state.collecting:
        raise Ended


def _clock(_number: int, _frame: FrameType | None) -> None:
    now = time.monotonic()
    if _state.asked and now >= _state.asked + _patience():
        end_now()
    if _state.until and now >= _state.until:
        raise Late


def end_now() -> None:
    """End at once, and every process that this one has started."""
    _kill_all()
    with contextlib.suppress(Exception):
        print("portwright: interrupted", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(INTERRUPTED)


def _kill_all() -> None:
    _kill(descendants(os.getpid()))


def end(program: int) -> None:
    """Kill a program that this process has started, and what that has started: make and cc1."""
    _kill((program, *descendants(program)))


def _kill(processes: Iterable[int]) -> None:
    for process in processes:
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)


def descendants(of: int) -> list[int]:
    """Return the processes below one, the nearest first."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            text = stat.read_text(encoding="utf-8", errors="replace")
            parent = int(text[text.rindex(")") + 1 :].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = list(children.get(of, ()))
    for one in found:
        found += children.get(one, ())
    return found
