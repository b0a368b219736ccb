# SPDX-License-Identifier: GPL-2.0-only
"""A design of a driver, edited perhaps, held against what its C says today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from generator.design import Design, Driver
from generator.graphs.design_lts import project
from generator.graphs.lts import Difference, Lts, difference
from generator.program import Block


@dataclass(frozen=True)
class Apart:
    """Where a design and the C part: in which of what driver.blocks() returns, and how.

    how: the shortest run that one of them has alone, `want` being the design. None: the whole
    block is there on one side alone, which `text` says.
    """

    entry: str
    how: Difference | None
    text: str = ""

    def __str__(self) -> str:
        """Return it as it is printed."""
        return f"{self.entry}: {self.text}" if self.how is None else f"{self.entry}:\n{self.how}"


def held(design: Design, as_read: Design) -> tuple[Apart, ...]:
    """Return where a design does otherwise than its C, of which `as_read` was read just now.

    Every operation and condition that C has counts, in the order of the runs; what only the model
    knows does not.
    """
    (read,) = (one for one in as_read.drivers if one.variable)
    mine = next((one for one in design.drivers if one.variable == read.variable), None)
    if mine is None:
        return (Apart(read.variable, None, "no driver of the design is variable= this"),)
    return tuple(_apart(mine, read))


def _apart(mine: Driver, read: Driver) -> Iterator[Apart]:
    ours, theirs = mine.blocks(), read.blocks()
    for entry in dict.fromkeys((*ours, *theirs)):
        if entry not in ours or entry not in theirs:
            who = "C has it" if entry in theirs else "the design has it"
            yield Apart(entry, None, f"only {who}")
            continue
        how = difference(_runs(mine, ours[entry]), _runs(read, theirs[entry]))
        if how is not None:
            yield Apart(entry, how)


def _runs(driver: Driver, block: Block) -> Lts:
    return project(replace(driver, probe=block, contexts=(), c={}), "probe")
