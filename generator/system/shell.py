# SPDX-License-Identifier: GPL-2.0-only
"""What the shell gets back: a verb's exit code, and one error instead of a traceback."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
import traceback
from collections.abc import Callable
from typing import TextIO

from generator.system.visible import visible

FINDINGS, USAGE, ENVIRONMENT, UNTESTABLE, INTERRUPTED, NO_READER = 1, 2, 3, 125, 130, 141
TRACEBACK = "PORTWRIGHT_TRACEBACK"  # set to 1: where an error of ours comes from
_MENDS = {
    errno.ENOSPC: "make room there, or name another place",
    errno.EDQUOT: "make room there, or name another place",
    errno.EROFS: "name a place that can be written to",
    errno.EACCES: "it may not be used by you: change its rights, or name another",
    errno.ENOENT: "make it first, or name another",
    errno.EISDIR: "name a file",
    errno.ENOTDIR: "name a directory",
    errno.EMFILE: "too many files are open: raise `ulimit -n`",
    errno.ENOMEM: "there is not enough memory",
}


def guarded(name: str, work: Callable[[], int]) -> int:
    """Return the exit code of some work whose results are on stdout, all of them written.

    name: what the error is of, as `portwright check`.
    """
    from generator.errors import PortwrightError

    try:
        code = work()
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except PortwrightError as fault:
        return _complain(name, _one(str(fault), fault.exit_code), fault.exit_code)
    except KeyboardInterrupt:
        return _complain(name, "interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader went away, as `| head` does
        _drop(sys.stdout)
        return NO_READER
    except MemoryError:
        return _complain(name, "there is not enough memory", ENVIRONMENT)
    except RecursionError:
        return _complain(name, "something is nested too deeply: use fewer levels", USAGE)
    except ImportError as fault:
        if (fault.name or "").split(".")[0] in ("generator", "checks"):
            return _wrong(name, fault)
        return _complain(name, f"a Python package that it needs is missing or damaged ({fault}): "
                         "install portwright again", ENVIRONMENT)
    except OSError as fault:
        return _complain(name, told(fault), ENVIRONMENT)
    except Exception as fault:
        if os.environ.get(TRACEBACK) == "1":
            raise
        return _wrong(name, fault)


def _wrong(name: str, fault: Exception) -> int:
    """Say what is our own fault."""
    return _complain(name, f"an error of portwright itself: {_ours(fault)}; {TRACEBACK}=1 "
                     "shows all of it", UNTESTABLE)


def told(fault: OSError) -> str:
    """Return what the system refused, and what would mend it."""
    what = fault.strerror or str(fault) or type(fault).__name__
    if "usable temporary directory" in what:
        return "no directory for temporary files can be written to: make room, or set TMPDIR"
    place = fault.filename if isinstance(fault.filename, str) else "output"
    mend = _MENDS.get(fault.errno or 0, "")
    return f"{place}: {what}" + (f": {mend}" if mend else "")


def _ours(fault: Exception) -> str:
    frames = traceback.extract_tb(fault.__traceback__)
    place = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return " ".join(f"{type(fault).__name__}: {fault}".split())[:300] + place


def _one(text: str, code: int) -> str:
    """Return what is wrong with a user's input on one line; what programs said keeps its own."""
    if code != USAGE:
        return text
    return " ".join(re.sub(r"[^\s/]{200,}", lambda word: f"{word[0][:80]}...", text).split())


def _complain(name: str, text: str, code: int) -> int:
    """Say what is wrong, and let what could not be written be forgotten."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        _drop(sys.stdout)
    try:
        print(f"{name}: {visible(text)}", file=sys.stderr, flush=True)  # noqa: T201
    except (OSError, ValueError):
        _drop(sys.stderr)
    return code


def _drop(file: TextIO) -> None:
    """Let a stream that cannot be written to lead nowhere: it is flushed once more at the end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, file.fileno())
        os.close(nowhere)


def prepare() -> None:
    """Make of the process that the shell started one whose streams take any text.

    Errors: EnvironmentFault when there is no stdout, or no directory that one stands in.
    """
    from generator.errors import EnvironmentFault

    closed = sys.stdout is None
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for good
    for number in (0, 1, 2):  # or the next file that is opened becomes one of them
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if closed:
        raise EnvironmentFault("stdout is closed, so nobody would see the result: leave it open")
    try:
        os.getcwd()
    except FileNotFoundError:
        raise EnvironmentFault("the directory that you stand in is gone: cd to another") from None
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
