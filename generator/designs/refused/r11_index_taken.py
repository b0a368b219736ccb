# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but a vector is added without a look whether the port has it."""

from __future__ import annotations

from dataclasses import replace

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused
from generator.operation import RETURN, Do
from generator.program import Block, If


def _added(body: Block) -> Block:
    """Return the helper with what it does without a vector done first, where it can be done."""
    looked_up = body[0]
    assert isinstance(looked_up, Do)
    assert isinstance(looked_up.on_fail, tuple)
    asked, *added = looked_up.on_fail
    assert isinstance(asked, If)
    first = replace(asked, then=tuple(added), other=())
    return (first, replace(looked_up, on_fail=RETURN), *body[1:])


REFUSED = Refusal(
    "R11", "a vector is added without a look whether the port has it",
    r"CPMU 1: no vector for message 1 \(-16\)", ("boot",), board="dynamic",
)
DESIGN, SERIES = refused(
    "r11-index-taken", rewrite.functions(auxbus.DESIGN, "pcie_cxlpmu_get_irq", _added)
)
