# SPDX-License-Identifier: GPL-2.0-only
"""Self-tests of the programs that judge patches: each finds a planted mistake, or is not heard.

    proven(words, files, programs, prove)    calls prove, unless all of them were proven before

A program that says nothing may have looked at nothing. So whoever runs one has it look first at a
mistake that is planted, and raises EnvironmentFault when it is not named: that is `prove`. Program
and plant are the same from commit to commit, so for as long as they are one proof is enough: it is
kept as an empty file in `probes/` of the cache. The plant stands beside what runs the program; a
test wants each of these files in the list:

    patches/checkpatch.py    a line that ends in a blank
    patches/kerneldoc.py     a parameter that is not described
    patches/people.py        a change of MAINTAINERS, for which somebody has to be named
    compiling/backend.py     for modpost: code that stays calls code that is freed after booting
    patches/deep.py          one for each of sparse, spatch and smatch, in its row of _TOOLS
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
