# SPDX-License-Identifier: GPL-2.0-only
"""What a program was seen to do once it is taken to do for as long as its files are what they are.

proven(words, files, programs, prove)    calls prove, unless all of them were proven before

A script of a tree has to find a planted mistake before its silence counts. That takes a second of
CPU for each run of ours, although script and interpreter are the same from commit to commit.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from generator.errors import EnvironmentFault
from generator.system.cache import cache, keep


def proven(
    words: Iterable[str], files: Iterable[Path], programs: Iterable[str],
    prove: Callable[[], None],
) -> None:
    """Have something proven, or take it as proven by an earlier run.

    words: what is proven, and how. files: what decides it, by content wherever it lies.
    programs: what runs it; each counts by place, size and time. A proof that fails is not kept.
    Errors: those of prove.
    """
    told = [*words, *map(_content, files), *map(_program, programs)]
    name = hashlib.sha256("\0".join(told).encode()).hexdigest()[:24]
    mark = cache() / "probes" / f"{name}.proven"
    if mark.is_file():
        with suppress(OSError):
            os.utime(mark)  # the oldest go first
        return
    prove()
    with suppress(EnvironmentFault):  # who may not write there proves it again
        keep(mark, "")


def _content(file: Path) -> str:
    try:
        return f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}"
    except OSError:
        return f"{file.name} is not there"


def _program(name: str) -> str:
    path = os.path.realpath(shutil.which(name) or name)
    try:
        told = os.stat(path)
    except OSError:
        return f"{path} is not there"
    return f"{path} {told.st_size} {told.st_mtime_ns}"
