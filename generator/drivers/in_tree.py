# SPDX-License-Identifier: GPL-2.0-only
"""The drivers of a tree that answers otherwise than the one that their blocks are written after.

Blocks here are those of the default pin. What another tree does instead hangs on what it answers
to a fact of generator/tree_facts/, and stands here, fact by fact and answer by answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from generator import rewrite
from generator.ctext import Code
from generator.design import Design
from generator.drivers.portdrv_failing import failing
from generator.drivers.portdrv_services import free
from generator.errors import NOWHERE, ModelError
from generator.operation import Do, Guard, Node
from generator.ops.assign import assign
from generator.ops.perf import PERF_PMU_UNREGISTER, PERF_PMU_UNREGISTER_DETACHING, devm_action
from generator.program import And, Block, Condition, If, Not, Or, both
from generator.spelling import NAMES, names_in, spelt

Change = Callable[[Design], Design]


def in_tree(design: Design, said: Mapping[str, str]) -> Design:
    """Return a design as it is in a tree, by what that answers to facts; others are as written.

    Errors: ModelError for an answer that the blocks of the drivers are not known for.
    """
    found = []
    for fact, ways in OTHERWISE.items():
        answer = said.get(fact, next(iter(ways)))
        change = ways.get(answer)
        if change is None:
            raise ModelError(NOWHERE, unknown(fact, answer))
        if change is not _as_written:
            design = change(design)
            found.append((fact, answer))
    names = names_in(said)
    found += [(fact, said[fact]) for fact in NAMES if fact in said and fact not in OTHERWISE
              and names_in({fact: said[fact]})]
    if names:
        design = _spelt(design, names)
    return replace(design, tree=tuple(found)) if found else design


# Facts of what a call does, whoever calls it: a driver that was read of C is asked no other.
OF_CALLS = ("open events",)


def unknown(fact: str, answer: str) -> str:
    """Return that an answer is none that the drivers are known for."""
    known = " and ".join(repr(answer) for answer in OTHERWISE[fact])
    return (f"{fact}: this tree says {answer!r}, and the drivers are known for {known}: "
            "generator/drivers/in_tree.py wants the other way")


def _as_written(design: Design) -> Design:
    return design


def _bwctrl(design: Design) -> Design:
    """Return it with a bandwidth controller on links that have more than one speed."""
    notifies = free("linkcap & PCI_EXP_LNKCAP_LBNC")
    speeds = free("hweight8(dev->supported_speeds) > 1")
    return _asked(design, lambda one: both(one, speeds) if one == notifies else one)


def _spelt(design: Design, names: Mapping[str, str]) -> Design:
    """Return it with symbols under their names in the tree, in conditions and in other C."""

    def change(node: Node) -> Block | None:
        if isinstance(node, Code):
            return (replace(node, text=spelt(node.text, names)),)
        if isinstance(node, Do) and node.op.label is not None:
            _, path, value = node.op.label
            if spelt(path + value, names) == path + value:
                return None
            return (replace(node, op=assign(spelt(path, names), spelt(value, names))),)
        return None

    return _asked(rewrite.rewritten(design, change), lambda one: replace(
        one, name=spelt(one.name, names), c=tuple(spelt(text, names) for text in one.c),
    ))


def _native_aer(design: Design) -> Design:
    """Return it with DPC where AER is left to the kernel, on ports without AER of their own too.

    The model folds DPC into AER: a port with DPC alone is one with this service all the same,
    which has a message number and a vector.
    """
    aer, native = free("services & PCIE_PORT_SERVICE_AER"), free("host->native_aer")
    return _asked(design, lambda one: native if one == aer else one)


def _restored_only(design: Design) -> Design:
    """Return it with a configuration that pci_restore_state() leaves saved."""
    return rewrite.entry(
        design, "pcieport", "slot_reset",
        lambda nodes: rewrite.around(nodes, "pci_save_state", keep=False),
    )


def _detached(design: Design) -> Design:
    """Return it with PMUs whose events are detached when they are unregistered."""

    def change(node: Node) -> Block | None:
        if not isinstance(node, Do):
            return None
        if node.op == PERF_PMU_UNREGISTER:
            return (replace(node, op=PERF_PMU_UNREGISTER_DETACHING),)
        if node.op.undo != PERF_PMU_UNREGISTER:
            return None
        if node.op.managed:
            (callback,) = node.op.shown
            return (replace(node, op=devm_action(PERF_PMU_UNREGISTER_DETACHING, callback)),)
        return (replace(node, op=replace(node.op, undo=PERF_PMU_UNREGISTER_DETACHING)),)

    detached = rewrite.rewritten(design, change)
    # What they live with does not happen any more.
    return replace(detached, waivers=tuple(one for one in design.waivers if one.rule != "N1"))


def _asked(design: Design, change: Callable[[Guard], Condition]) -> Design:
    """Return a design with other conditions in the place of those that its branches ask."""

    def told(node: Node) -> Block | None:
        if not isinstance(node, If):
            return None
        guard = _mapped(node.guard, change)
        inner = tuple(rewrite.block(one, told) for one in node.blocks())
        return (replace(node, guard=guard).with_blocks(*inner),)

    return rewrite.rewritten(design, told)


def _mapped(condition: Condition, change: Callable[[Guard], Condition]) -> Condition:
    match condition:
        case And(parts=parts):
            return And(tuple(_mapped(part, change) for part in parts))
        case Or(parts=parts):
            return Or(tuple(_mapped(part, change) for part in parts))
        case Not(part=part):
            return Not(_mapped(part, change))
    return change(condition)


# fact -> answer -> what becomes of a design; the first answer is that of the default pin
OTHERWISE: Mapping[str, Mapping[str, Change]] = {
    "bandwidth service": {
        "BWNOTIF, where links notify": _as_written,
        "BWCTRL, where links notify and have more than one speed": _bwctrl,
    },
    "DPC service": {"with the AER service": _as_written, "where AER is native": _native_aer},
    "slot reset": {"restores and saves": _as_written, "restores": _restored_only},
    "no service left": {"well": _as_written, "-ENODEV": failing},
    "open events": {"leaves them": _as_written, "detaches them": _detached},
}
