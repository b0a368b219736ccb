# SPDX-License-Identifier: GPL-2.0-only
"""What tests ask of designs that were read out of C."""

from __future__ import annotations

from typing import Any

from generator.design import Design
from generator.extraction.text import as_python
from generator.operation import Do
from generator.program import walk

ESB = "drivers/watchdog/i6300esb.c"


def again(design: Design) -> Design:
    """Return what a design's text defines."""
    space: dict[str, Any] = {}
    exec(compile(as_python(design, ("why it is here",)), "read.py", "exec"), space)
    found = space["DESIGN"]
    assert isinstance(found, Design)
    return found


def names_of(block: tuple[Any, ...]) -> list[str]:
    """Return the operations of a block by name, in the order of the text."""
    return [one.op.name for one in walk(block) if isinstance(one, Do)]
