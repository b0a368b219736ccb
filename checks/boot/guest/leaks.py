# SPDX-License-Identifier: GPL-2.0-only
"""Memory of a guest's kernel that nobody refers to any more, as its kmemleak finds it.

    leaks(guest, scenario) -> (a line: it was looked for, the complaints)
"""

from __future__ import annotations

import re

from checks.boot.guest.line import Line
from checks.boot.guest.qemu import Guest

_FILE = "/sys/kernel/debug/kmemleak"
# What is younger than five seconds is not reported: MSECS_MIN_AGE in mm/kmemleak.c. A pointer can
# be on its way from one place to another during one scan.
_LOOK = (
    f"sleep 6; echo scan >{_FILE} && echo scan >{_FILE} && cat {_FILE} && echo clear >{_FILE}"
)
_HEAD = re.compile(r"unreferenced object 0x[0-9a-f]+ \(size (\d+)\):")
_FRAME = re.compile(r"    ([\w.]+)\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[\w+\])?")
_FRAMES = 8


def leaks(guest: Guest, scenario: str) -> tuple[Line, tuple[str, ...]]:
    """Let a guest look for memory that is lost; what it has told once it does not tell again.

    Errors: Lost.
    """
    answer = guest.order(_LOOK, seconds=120)
    done = "done" if answer.status == 0 else f"failed: {answer.text[-200:]}"
    line = Line(scenario, "system", "search for lost memory", "done", done, _FILE, "kernel")
    return line, lost_memory(answer.lines)


def lost_memory(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return each object that kmemleak reports as one line: its size, and who allocated it."""
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        if head := _HEAD.match(line):
            found.append((head[1], []))
        elif found and (frame := _FRAME.fullmatch(line)):
            found[-1][1].append(frame[1])
    return tuple(
        f"unreferenced object of {size} bytes: " + " < ".join(frames[:_FRAMES])
        for size, frames in found
    )
