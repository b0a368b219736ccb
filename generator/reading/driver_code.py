# SPDX-License-Identifier: GPL-2.0-only
"""The functions of one driver, lowered, and what its calls and conditions are named."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from generator.errors import TreeError
from generator.fingerprint import CGuard, Fingerprint
from generator.parsing.conditions import canonical
from generator.parsing.cursors import Unit
from generator.reading.cfg import Assign, Branch, Call, Function, Return, liveness
from generator.reading.statements import Lowering
from generator.reading.unset import mark, read_by
from generator.reading.values import Name, members

if TYPE_CHECKING:
    from generator.parsing.unit import Definition

# fmt: off
# what prints, names, or only touches memory
HARMLESS = frozenset((
    "_dev_emerg", "_dev_alert", "_dev_crit", "_dev_err", "_dev_warn", "_dev_notice",
    "_dev_info", "_dev_printk", "_printk", "__dynamic_dev_dbg", "__dynamic_pr_debug",
    "dev_err_probe", "dev_name", "pci_name", "pci_pcie_type", "pci_is_pcie", "INIT_LIST_HEAD",
    "list_add", "list_add_tail", "list_del", "strlen", "strcmp", "strncmp", "memset",
    "memcpy", "pci_find_host_bridge",
))
# fmt: on


@dataclass(frozen=True, eq=False)
class Lowered:
    """A function as it was lowered, and what is asked of it again and again.

    live: for every node, the variables, and their marks, that are still read from it on.
    reads: for every node, the variables whose value it reads itself. calls: the callees.
    conditions: the texts of its branches. digest: equal ones, equal functions. matters, names:
    what the lowering asked of its program, and was told.
    """

    function: Function
    live: tuple[frozenset[str], ...]
    reads: tuple[tuple[str, ...], ...]
    calls: tuple[str, ...]
    conditions: tuple[str, ...]
    asked: frozenset[str]
    digest: bytes
    matters: Mapping[str, bool]
    names: Mapping[str, bool]


_lowered: WeakKeyDictionary[Definition, list[Lowered]] = WeakKeyDictionary()


_steps: dict[tuple[object, ...], dict[object, Any]] = {}
_MOST_STEPS = 64


class Program:
    """One driver, whose source is in `units`.

    sets: paths whose assignments become "set" labels, a trailing * matching any rest, "*."
    matching every member. A path
    is that of a member ("pcie_device.irq"), of an element ("int[*]", "int[NAME]"), of a scalar
    written through a pointer ("&pme"), or of a local variable itself ("function:name").
    Functions of the units are entered wherever they are called, unless a fingerprint names them.
    present: callees that are known not to return NULL. counts: what is returned and is no error
    is as good as 0.
    """

    def __init__(
        self,
        units: Sequence[Unit],
        fingerprints: Iterable[Fingerprint],
        guards: Iterable[CGuard] = (),
        *,
        sets: Collection[str] = (),
        harmless: Collection[str] = HARMLESS,
        present: Collection[str] = (),
        counts: bool = False,
    ) -> None:
        """Note what is there; functions are lowered when they are met."""
        self.counts = counts
        self._prints = {name: one for one in fingerprints for name in one.spellings}
        self._guards: dict[str, list[tuple[CGuard, bool]]] = {}
        for guard in guards:
            for condition in guard.conditions:
                text, polarity = _canonical(condition)
                self._guards.setdefault(text, []).append((guard, polarity))
        self._sets, self._harmless = tuple(sets), frozenset(harmless)
        self._present = frozenset(present)
        self._is_set: dict[str, bool] = {}
        self._bodies: dict[str, tuple[Unit, Definition]] = {
            name: (unit, one) for unit in units for name, one in unit.definitions.items()
        }
        self._paths = ", ".join(unit.path for unit in units)
        self._lowered: dict[str, Lowered] = {}
        self._asked: set[str] = set()

    def enter(self, entry: str) -> Function:
        """Lower all that can be reached, so that the members asked about are known beforehand.

        Errors: TreeError when the units do not define it.
        """
        if entry not in self._bodies:
            near = ", ".join(get_close_matches(entry, self._bodies, 3, 0.4)) or "nothing like it"
            raise TreeError(f"{self._paths}: no function {entry}; there is {near}")
        for name in self.reached(entry):
            self._asked |= self._lowered[name].asked
        return self._lowered[entry].function

    def reached(self, entry: str) -> list[str]:
        """Return all functions that an entry point can reach, lowered, and itself first."""
        found = [entry]
        for name in found:
            if name not in self._lowered:
                self._lowered[name] = self._lower(name)
            for node in self._lowered[name].function.nodes:
                if not isinstance(node, Call):
                    continue
                fingerprint = self._prints.get(node.callee)
                names = [node.callee]
                if fingerprint is not None:
                    at = fingerprint.callback
                    callback = () if at is None else node.uses[at : at + 1]
                    names = [one.text for one in callback if isinstance(one, Name)]
                found += [
                    other for other in names if other in self._bodies and other not in found
                ]
        return found

    def _lower(self, name: str) -> Lowered:
        unit, definition = self._bodies[name]
        known = _lowered.setdefault(definition, [])
        for one in known:
            if all(self.matters(callee) == told for callee, told in one.matters.items()) and all(
                self.names(text, name) == told for text, told in one.names.items()
            ):
                return one
        matters: dict[str, bool] = {}
        names: dict[str, bool] = {}

        def inside(callee: str) -> bool:
            return matters.setdefault(callee, self.matters(callee))

        def named(text: str, function: str) -> bool:
            return names.setdefault(text, self.names(text, function))

        lowering = Lowering(unit, unit.text.split(b"\n"), inside, named)
        known.append(_lowered_as(lowering.function(definition.cursor), matters, names))
        return known[-1]

    def identity(self, entry: str) -> tuple[object, ...]:
        """Return all that the runs of an entry point depend on; equal ones, equal runs.

        It has been entered, and others before it may have been.
        """
        return (*map(self.meaning, self.reached(entry)), self._sets, frozenset(self._asked))

    def meaning(self, name: str) -> tuple[object, ...]:
        """Return all that a function's steps depend on, apart from what is set and asked."""
        one = self._lowered[name]
        return (
            name,
            self.counts,
            one.digest,
            tuple(
                (self._prints.get(callee), callee in self._harmless, callee in self._bodies,
                 callee in self._present)
                for callee in one.calls
            ),
            tuple(self._guard(text, name) for text in one.conditions),
        )

    def steps(self, name: str, owned: frozenset[str]) -> dict[object, Any]:
        """Return what is kept of a function's steps, for all who know them to be the same."""
        key = (self.meaning(name), self._sets, frozenset(self._asked), owned)
        _steps[key] = found = _steps.pop(key, {})  # behind all others
        if len(_steps) > _MOST_STEPS:
            del _steps[next(iter(_steps))]
        return found

    def matters(self, callee: str) -> bool:
        """Return whether a call must be followed even inside a macro."""
        return callee in self._prints or callee in self._bodies

    def fingerprint(self, callee: str) -> Fingerprint | None:
        """Return the operation that a callee is."""
        return self._prints.get(callee)

    def function(self, name: str) -> Function:
        """Return a function that was entered before."""
        return self._lowered[name].function

    def follows(self, name: str) -> bool:
        """Return whether a function of this name is there to be entered."""
        return name in self._lowered

    def live(self, name: str, node: int) -> frozenset[str]:
        """Return the variables, and their marks, that are still read from a node on."""
        return self._lowered[name].live[node]

    def reads(self, name: str, node: int) -> tuple[str, ...]:
        """Return the variables whose value a node reads."""
        return self._lowered[name].reads[node]

    def harmless(self, callee: str) -> bool:
        """Return whether a call without fingerprint is known to be of no interest."""
        return callee in self._harmless

    def present(self, callee: str) -> bool:
        """Return whether a call without fingerprint is known not to return NULL."""
        return callee in self._present

    def guard(self, node: Branch) -> tuple[CGuard, bool] | None:
        """Return the guard that a branch is, and whether it is true when the condition is."""
        return self._guard(node.text, node.place.function)

    def names(self, condition: str, function: str) -> bool:
        """Return whether a guard names this condition of this function."""
        return self._guard(condition, function) is not None

    def _guard(self, condition: str, function: str) -> tuple[CGuard, bool] | None:
        text, polarity = _canonical(condition)
        for guard, wanted in self._guards.get(text, ()):
            if guard.function in ("", function):
                return guard, wanted == polarity
        return None

    def is_set(self, path: str) -> bool:
        """Return whether assignments to this path are labels."""
        if path not in self._is_set:
            self._is_set[path] = any(
                path.startswith(pattern[:-1])
                if pattern.endswith("*")
                else path == pattern or (pattern == "*." and "." in path)
                for pattern in self._sets
            )
        return self._is_set[path]

    def asked(self, path: str) -> bool:
        """Return whether some condition reads a member of this name."""
        return path.rpartition(".")[2].partition("[")[0] in self._asked


_canonical = functools.lru_cache(maxsize=4096)(canonical)


def _lowered_as(
    function: Function, matters: Mapping[str, bool], names: Mapping[str, bool]
) -> Lowered:
    nodes = function.nodes
    return Lowered(
        function,
        tuple(frozenset((*keys, *map(mark, keys))) for keys in liveness(function)),
        tuple(map(read_by, nodes)),
        tuple(dict.fromkeys(node.callee for node in nodes if isinstance(node, Call))),
        tuple(dict.fromkeys(node.text for node in nodes if isinstance(node, Branch))),
        frozenset(
            name
            for node in nodes
            if isinstance(node, Branch | Assign | Return)
            for use in node.uses
            for name in members(use)
        ),
        hashlib.sha256(repr(function).encode()).digest(),
        matters,
        names,
    )
