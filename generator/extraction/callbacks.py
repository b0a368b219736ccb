# SPDX-License-Identifier: GPL-2.0-only
"""Callbacks of interfaces that return an error and keep a runtime PM reference that they took.

Who calls them takes an error for nothing done, and calls nothing that would put it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from generator.errors import NOWHERE, TreeError, Where
from generator.extraction.blocks import Blocks
from generator.extraction.interfaces import functions_by_member
from generator.extraction.texts import callees, text_of
from generator.operation import IGNORE, UNWIND, Do, Guard
from generator.ops.call import CALL_FAILS, CALL_TAKES
from generator.ops.pm import RUNTIME_PUTS
from generator.parsing.cursors import Unit
from generator.program import Block, Call, If, Return, leaves, operations_once

# The struct of an interface -> its word in ops/registered.py, and the members of which nobody takes
# back what failed; () stands for all. drivers/iio/industrialio-buffer.c iio_enable_buffers() calls
# postdisable when postenable has failed.
_STRUCTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "i2c_algorithm": ("i2c", ()),
    "iio_buffer_setup_ops": ("iio", ("preenable",)),
    "iio_info": ("iio", ()),
    "rtc_class_ops": ("rtc", ()),
    "watchdog_ops": ("watchdog", ("start", "ping", "set_timeout", "set_pretimeout")),
}
# Those that count also when they fail: include/linux/pm_runtime.h.
_GETS = {"pm_runtime_get_sync": True, "pm_runtime_resume_and_get": False,
         "pm_runtime_get": True, "pm_runtime_get_noresume": True}
_PUTS = frozenset((*RUNTIME_PUTS, "pm_runtime_put_autosuspend"))
# What a call that is not read may put, by the words of its name; what these name puts nothing.
_WORDS = frozenset(("pm", "power", "put", "suspend", "idle", "busy", "off", "release"))
_PUTS_NOTHING = ("pm_runtime_mark_last_busy", "pm_runtime_enabled", "pm_runtime_active",
                 "pm_runtime_suspended", "of_node_put", "fwnode_handle_put")
_MEMBER = re.compile(r"->|\.|\w\(")
_BY_SCOPE = "__free(pm"  # include/linux/cleanup.h: put where the variable goes
_MOST = 2000  # ways through a callback that are followed


def _may_put(callee: str) -> bool:
    known = callee in _GETS or callee in _PUTS or callee in _PUTS_NOTHING
    return not known and not _WORDS.isdisjoint(callee.split("_"))


def _puts(block: Block) -> bool:
    return any(do.op.name in _PUTS for do in operations_once((block,)))


@dataclass(frozen=True)
class _Way:
    """What was done on the way to a place: references held, where taken, and what C answered."""

    held: int = 0
    taken: Where = NOWHERE
    answers: tuple[tuple[str, bool], ...] = ()
    doubted: bool = False  # a member, which may have changed, said that nothing is to be put


def keeping(of: Blocks, units: Sequence[Unit]) -> Mapping[str, Block]:
    """Return the word of each interface -> the failing ways of its callbacks that keep one."""
    found: dict[str, Block] = {}
    texts = {name: text_of(unit, one.cursor) for unit in units
             for name, one in unit.definitions.items()}
    for struct, member, function in functions_by_member(units, tuple(_STRUCTS)):
        word, members = _STRUCTS[struct]
        if function not in texts or (members and member not in members):
            continue
        text = "\n".join(texts[name] for name in of.reaching((function,)))
        there = callees(text)
        if there.isdisjoint(_GETS) or any(map(_may_put, there - set(texts))) or _BY_SCOPE in text:
            continue
        try:
            body = of.block(function)
            kept = _Ways(texts[function]).kept(body)
        except TreeError:  # too large to be read
            continue
        if kept is not None:
            taken, failed = kept
            steps = (replace(CALL_TAKES(of.device), where=taken),
                     replace(CALL_FAILS(of.device), where=failed))
            fails = Guard(f"{function}() fails", None, ())
            found[word] = (*found.get(word, ()), If(fails, steps, (), failed))
    return found


class _Ways:
    """All ways through a callback, with each condition that stays as it is answered alike."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._stable: dict[str, bool] = {}
        self._left = _MOST
        self._unsure = False

    def kept(self, body: Block) -> tuple[Where, Where] | None:
        """Return where a reference is taken and where an error is returned with it; the first.

        None when there is no such way, or when it is not known what a helper does.
        """
        kept = [(way.taken, end.where) for way, end in self._through(body, _Way())
                if end is not None and not end.ok and way.held > 0 and not way.doubted]
        return kept[0] if kept and not self._unsure else None

    def _through(self, block: Block, way: _Way) -> Iterator[tuple[_Way, Return | None]]:
        """Yield each way through a block, and how it ends there; None where it goes on."""
        self._left -= 1
        if self._left < 0:
            return
        if not block:
            yield way, None
            return
        node, rest = block[0], block[1:]
        if isinstance(node, Return):
            yield way, node
            return
        for now, end in self._ways(node, way):
            if end is not None:
                yield now, end
            else:
                yield from self._through(rest, now)

    def _after(self, node: Call, way: _Way) -> Iterator[tuple[_Way, Return | None]]:
        """Yield each way through a helper, and what its caller does behind it.

        Of one that takes or puts by what it is given nobody knows here what it did.
        """
        ways = tuple(self._through(node.function.body, way))
        self._unsure |= len({one.held for one, end in ways if end is None or end.ok}) > 1
        for now, end in ways:
            now = replace(now, answers=way.answers)  # its parameters are others next time
            if end is None or end.ok:
                yield from self._through(node.then, now)
            else:
                yield from self._fails(node, now, end.where)

    def _ways(self, node: object, way: _Way) -> Iterator[tuple[_Way, Return | None]]:
        if isinstance(node, Do):
            yield from self._does(node, way)
        elif isinstance(node, Call):
            yield from self._after(node, way)
        elif isinstance(node, If):
            yield from self._asks(node, way)
        else:
            yield way, None

    def _does(self, node: Do, way: _Way) -> Iterator[tuple[_Way, Return | None]]:
        name = node.op.name
        if name in _PUTS:
            yield replace(way, held=max(way.held - 1, 0)), None
            return
        more = replace(way, held=way.held + 1, taken=node.where)
        if node.op.fallible:
            counts = _GETS.get(name, False)
            yield from self._fails(node, more if counts else way, node.where, int(counts))
        yield (more if name in _GETS else way), None

    def _fails(
        self, node: Do | Call, way: _Way, where: Where, own: int = 0
    ) -> Iterator[tuple[_Way, Return | None]]:
        """Yield what a caller does when a call has failed, which holds its `own` even so."""
        if node.on_fail == IGNORE:
            yield way, None
        elif node.on_fail == UNWIND:
            yield replace(way, held=own), Return(ok=False, where=where)
        elif isinstance(node.on_fail, tuple):
            yield from self._through(node.on_fail, way)
        else:
            yield way, Return(ok=False, where=where)

    def _asks(self, node: If, way: _Way) -> Iterator[tuple[_Way, Return | None]]:
        names = [one.name for one in leaves(node.guard)]
        known = dict(way.answers)
        for answer, block in ((True, node.then), (False, node.other)):
            now = way
            if len(names) == 1 and self._stays(names[0]):
                if known.get(names[0], answer) != answer:
                    continue
                now = replace(way, answers=tuple({**known, names[0]: answer}.items()))
            skipped = node.other if answer else node.then
            if now.held and any(map(_MEMBER.search, names)) and _puts(skipped) and not _puts(block):
                now = replace(now, doubted=True)
            yield from self._through(block, now)

    def _stays(self, condition: str) -> bool:
        """Return whether nothing that a condition asks is set more than once in the function."""
        if condition not in self._stable:
            words = set(re.findall(r"[A-Za-z_]\w*", condition))
            self._stable[condition] = bool(words) and all(
                len(re.findall(rf"(?<![\w>.]){one}\s*(?:[|&^+-]?=(?!=)|\+\+|--)", self._text)) < 2
                for one in words
            )
        return self._stable[condition]
