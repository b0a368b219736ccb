# SPDX-License-Identifier: GPL-2.0-only
"""A C function as a control-flow graph of small steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from generator.reading.values import Expr, Var, variables

NOWHERE = Var("")


class Extent(NamedTuple):
    """Where something stands: lines and columns count from 1, columns in bytes; the end is past."""

    path: str
    function: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        """Return it as diagnostics print it."""
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(slots=True)
class Node:
    """One step: `next` has one entry, two for a branch (true, false), any number for a choice.

    A plain one reads its uses, and does nothing that matters with them.
    """

    place: Extent
    statement: Extent
    next: list[int] = field(default_factory=lambda: [-1])
    uses: tuple[Expr, ...] = ()


@dataclass(slots=True)
class Assign(Node):
    """A variable gets the value of uses[0]; without any, its value is lost.

    A compound `op` has its right operand as uses[1]. unset: it is declared, and nothing more.
    """

    target: Var = NOWHERE
    op: str = "="
    unset: bool = False


@dataclass(slots=True)
class Store(Node):
    """uses[0], a member or an element, gets the value of uses[1] by `op`."""

    op: str = "="


@dataclass(slots=True)
class Call(Node):
    """target = callee(uses...); records: the struct that each argument is or points to, or ""."""

    callee: str = ""
    target: Var = NOWHERE
    record: str = ""
    records: tuple[str, ...] = ()


@dataclass(slots=True)
class Branch(Node):
    """A condition leaf uses[0]; text is "" when it stands inside a macro."""

    text: str = ""


@dataclass(slots=True)
class Unlikely(Node):
    """The default of a switch over a whole enum: unreachable, so locals unset here do no harm."""


@dataclass(slots=True)
class Return(Node):
    """The function ends, with uses[0] if it has a value."""


@dataclass(frozen=True, slots=True)
class Function:
    """A lowered function: nodes[0] is its entry; all of its ends are Return nodes."""

    name: str
    parameters: tuple[Var, ...]
    nodes: tuple[Node, ...]
    void: bool
    unread: tuple[tuple[str, Extent], ...]


def liveness(function: Function) -> list[frozenset[str]]:
    """Return for every node the variables that it, or a node after it, reads before writing."""
    live: list[frozenset[str]] = [frozenset()] * len(function.nodes)
    reads = [frozenset(k for use in node.uses for k in variables(use)) for node in function.nodes]
    changed = True
    while changed:
        changed = False
        for number in range(len(function.nodes) - 1, -1, -1):
            node = function.nodes[number]
            after: frozenset[str] = frozenset()
            for target in node.next:
                after |= live[target] if target >= 0 else frozenset()
            if isinstance(node, Assign | Call):
                after -= {node.target.key}
            now = reads[number] | after
            if now != live[number]:
                live[number], changed = now, True
    return live
