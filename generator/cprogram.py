# SPDX-License-Identifier: GPL-2.0-only
"""The functions of one driver, lowered, and what its calls and conditions are named."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

import clang.cindex as ci

from generator.cast import Cursor, Unit, own_cursors
from generator.cexpr import Name, canonical, members
from generator.cfg import Assign, Branch, Call, Function, Return, liveness
from generator.clower import Lowering
from generator.errors import TreeError
from generator.fingerprint import CGuard, Fingerprint

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


class Program:
    """One driver, whose source is in `units`.

    sets: paths whose assignments become "set" labels, a trailing * matching any rest, "*."
    matching every member. A path
    is that of a member ("pcie_device.irq"), of an element ("int[*]", "int[NAME]"), of a scalar
    written through a pointer ("&pme"), or of a local variable itself ("function:name").
    Functions of the units are entered wherever they are called, unless a fingerprint names them.
    """

    def __init__(
        self,
        units: Sequence[Unit],
        fingerprints: Iterable[Fingerprint],
        guards: Iterable[CGuard] = (),
        *,
        sets: Collection[str] = (),
        harmless: Collection[str] = HARMLESS,
    ) -> None:
        """Only notes what is there; functions are lowered when they are met."""
        self._prints = {name: one for one in fingerprints for name in one.callees}
        self._guards: dict[str, list[tuple[CGuard, bool]]] = {}
        for guard in guards:
            for condition in guard.conditions:
                text, polarity = canonical(condition)
                self._guards.setdefault(text, []).append((guard, polarity))
        self._sets, self._harmless = tuple(sets), frozenset(harmless)
        self._bodies: dict[str, tuple[Unit, Cursor]] = {}
        self._lines: dict[str, list[bytes]] = {}
        for unit in units:
            self._lines[unit.path] = unit.text.split(b"\n")
            for cursor in own_cursors(unit):
                if cursor.kind == ci.CursorKind.FUNCTION_DECL and cursor.is_definition():
                    self._bodies[cursor.spelling] = (unit, cursor)
        self._lowered: dict[str, Function] = {}
        self._live: dict[str, list[frozenset[str]]] = {}
        self._asked: set[str] = set()

    def enter(self, entry: str) -> Function:
        """Lowers all that can be reached, so that the members asked about are known beforehand.

        Errors: TreeError when the units do not define it.
        """
        if entry not in self._bodies:
            near = ", ".join(get_close_matches(entry, self._bodies, 3, 0.4)) or "nothing like it"
            raise TreeError(f"{', '.join(self._lines)}: no function {entry}; there is {near}")
        waiting = [entry]
        while waiting:
            name = waiting.pop()
            if name in self._lowered or name not in self._bodies:
                continue
            unit, cursor = self._bodies[name]
            lines = self._lines[unit.path]
            function = Lowering(unit, lines, self.matters, self.names).function(cursor)
            self._lowered[name] = function
            self._live[name] = liveness(function)
            for node in function.nodes:
                if isinstance(node, Branch | Assign | Return):
                    for use in node.uses:
                        self._asked.update(members(use))
                if isinstance(node, Call):
                    fingerprint = self._prints.get(node.callee)
                    if fingerprint is None:
                        waiting.append(node.callee)
                    elif fingerprint.callback is not None:
                        callback = node.uses[fingerprint.callback : fingerprint.callback + 1]
                        waiting += [one.text for one in callback if isinstance(one, Name)]
        return self._lowered[entry]

    def matters(self, callee: str) -> bool:
        """Whether a call must be followed even inside a macro."""
        return callee in self._prints or callee in self._bodies

    def fingerprint(self, callee: str) -> Fingerprint | None:
        """The operation that a callee is."""
        return self._prints.get(callee)

    def function(self, name: str) -> Function:
        """A function that was entered before."""
        return self._lowered[name]

    def follows(self, name: str) -> bool:
        """Whether a function of this name is there to be entered."""
        return name in self._lowered

    def live(self, name: str, node: int) -> frozenset[str]:
        """The variables that are still read from a node on."""
        return self._live[name][node]

    def harmless(self, callee: str) -> bool:
        """Whether a call without fingerprint is known to be of no interest."""
        return callee in self._harmless

    def guard(self, node: Branch) -> tuple[CGuard, bool] | None:
        """The guard that a branch is, and whether it is true when the condition is."""
        return self._guard(node.text, node.place.function)

    def names(self, condition: str, function: str) -> bool:
        """Whether a guard names this condition of this function."""
        return self._guard(condition, function) is not None

    def _guard(self, condition: str, function: str) -> tuple[CGuard, bool] | None:
        text, polarity = canonical(condition)
        for guard, wanted in self._guards.get(text, ()):
            if guard.function in ("", function):
                return guard, wanted == polarity
        return None

    def is_set(self, path: str) -> bool:
        """Whether assignments to this path are labels."""
        return any(
            path.startswith(pattern[:-1])
            if pattern.endswith("*")
            else path == pattern or (pattern == "*." and "." in path)
            for pattern in self._sets
        )

    def asked(self, path: str) -> bool:
        """Whether some condition reads a member of this name."""
        return path.rpartition(".")[2] in self._asked
