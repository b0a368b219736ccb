# SPDX-License-Identifier: GPL-2.0-only
"""What a run of C comes across: where its labels are, and what nothing names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from generator.graphs.lts import Label
from generator.reading.cfg import Extent, Node


class Site(NamedTuple):
    """Where an edge comes from: the call or condition, and the statement that it is part of."""

    place: Extent
    statement: Extent


class Unnamed(NamedTuple):
    """Something in the lifecycle that no fingerprint and no guard names."""

    text: str
    place: Extent

    def __str__(self) -> str:
        """Return it as path:line:column: text."""
        return f"{self.place}: {self.text}"


Said = tuple[str, Any]  # the name of one of the sets of Notes, and what is put into it


class Notes:
    """Sets that grow; what one step puts into them can be repeated without taking it again."""

    def __init__(self) -> None:
        """Begin, with nothing said."""
        self.sites: dict[Label, set[Site]] = {}
        self.guarded: dict[Label, set[Site]] = {}
        self.later: dict[str, set[str]] = {}
        self.free: set[Unnamed] = set()
        self.decided: set[Extent] = set()
        self.unknown: set[Unnamed] = set()
        self.unread: set[Unnamed] = set()
        self.unset: set[Unnamed] = set()
        self.strays: set[tuple[str, Unnamed]] = set()
        self.elsewhere: set[tuple[str, Unnamed]] = set()
        self._said: list[Said] = []

    def begin(self) -> None:
        """Begin a step."""
        self._said = []

    def said(self) -> tuple[Said, ...]:
        """Return what was said in this step."""
        return tuple(self._said)

    def site(self, kind: str, label: Label, node: Node) -> None:
        """Say where a label is."""
        self.say(kind, (label, Site(node.place, node.statement)))

    def say(self, kind: str, what: Any) -> None:  # noqa: ANN401 - as many types as kinds
        """Put something into the sets of a kind."""
        self._said.append((kind, what))
        self.hear([(kind, what)])

    def hear(self, said: Iterable[Said]) -> None:
        """Put into the sets what was said elsewhere."""
        for kind, what in said:
            where = getattr(self, kind)
            if isinstance(where, dict):
                where.setdefault(what[0], set()).add(what[1])
            else:
                where.add(what)
