# SPDX-License-Identifier: GPL-2.0-only
"""The init and exit of a module: what is registered when it comes, and must be gone with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.context import REGISTERED, Context, queued
from generator.design import Device, Driver
from generator.errors import TreeError, Where
from generator.expr import Fact
from generator.extraction.blocks import Blocks
from generator.extraction.of_members import of_members
from generator.extraction.texts import callees, unreached
from generator.extraction.vocabulary import not_founded, on_contexts
from generator.extraction.without import Without
from generator.operation import Operation
from generator.parsing.cursors import Unit
from generator.program import operations_once
from generator.reading.cfg import Extent
from generator.reading.sites import Unnamed

_INIT = re.compile(
    r"^(?:module_init|(?:core|postcore|arch|subsys|fs|device|late)_initcall(?:_sync)?)"
    r"\s*\(\s*(\w+)\s*\)", re.M)
_EXIT = re.compile(r"^module_exit\s*\(\s*(\w+)\s*\)", re.M)


@dataclass(frozen=True)
class Module:
    """A module that does more than register one driver: its init is the probe, its exit remove.

    lost: what it is without, as nothing true can be said of it. said: what was not read.
    """

    driver: Driver | None
    of: Blocks
    functions: Mapping[str, str]
    lost: frozenset[Operation]
    said: tuple[Unnamed, ...]


def module(units: Sequence[Unit], at: Extent) -> Module | None:
    """Return the module that some files are, None when init and exit have nothing to get wrong.

    One that the macros write, module_pci_driver() and its like, and one without an exit, which
    stays for ever, are such.
    """
    texts = [unit.text.decode("utf-8", "replace") for unit in units]
    names = [{name for text in texts for name in which.findall(text)} for which in (_INIT, _EXIT)]
    if any(len(some) != 1 for some in names):
        return None
    (init,), (exit_,) = names
    known = {name for unit in units for name in unit.definitions}
    if not {init, exit_} <= known:
        return None
    device = Device("module", "platform")
    of = Blocks(device, units, (), of_module=True)
    try:
        blocks = {"probe": of.block(init), "remove": of.block(exit_)}
    except TreeError as large:
        said = (Unnamed(f"the module's {init}() and {exit_}(): {large}", at),)
        return Module(None, of, {}, frozenset(), said)
    open_ = _elsewhere(units, of) | of_members(blocks.values(), units)
    lost = not_founded(blocks.values(), open_)
    blocks = Without(lost).blocks(blocks)
    done = [do.op for do in operations_once(blocks.values())]
    begun = {one.context[1] for one in done if one.does == "start"}
    if len(begun) < 2 and begun <= {one.context[1] for one in done if one.does != "start"}:
        return None  # it registers one thing, and takes it back
    where = Where(at.path, at.line)
    contexts = {one.context[1]: one.context[0] for one in done if one.context[0] in REGISTERED}
    driver = Driver(
        "module", device, blocks["probe"], blocks["remove"], where=where, sources=(at.path,),
        unbind=not any(b"THIS_MODULE" in unit.text for unit in units),  # else an open file holds it
        contexts=tuple(Context(name, (), kind, where=where) for name, kind in contexts.items()),
    )
    return Module(driver, of, {"init": init, "exit": exit_}, lost, ())


def _elsewhere(units: Sequence[Unit], of: Blocks) -> frozenset[Fact]:
    """Return what functions take back that neither init nor exit reaches."""
    found: set[Fact] = set()
    for text in unreached(units, of.reached()):
        known = (on_contexts().get(callee) for callee in callees(text))
        if any(one is not None and one.does.startswith("cancel") for one in known):
            found |= {queued(word) for word in re.findall(r"\w+", text)}
    return frozenset(found)
