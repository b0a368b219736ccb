# SPDX-License-Identifier: GPL-2.0-only
"""Blocks are walked and rebuilt in one place, wherever something stands inside of something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from generator import program, rewrite
from generator.drivers.pcie_cxlpmu import CPMU
from generator.drivers.portdrv_services import PORT
from generator.load import load
from generator.operation import IGNORE, Guard
from generator.ops.aux import AUXILIARY_DEVICE_ADD
from generator.ops.device import IDA_ALLOC, KZALLOC
from generator.ops.pci import PCI_CLEAR_MASTER, PCI_SET_MASTER
from generator.program import (
    Block,
    Do,
    Each,
    Function,
    If,
    Ifdef,
    Node,
    Not,
    Return,
    call,
    called,
    either,
    guards,
    mapped,
    operations,
    operations_once,
    walk,
    walk_once,
)

SET, CLEAR = PCI_SET_MASTER(PORT), PCI_CLEAR_MASTER(PORT)
INNER = Function("inner", (IDA_ALLOC(CPMU, fail=(CLEAR, Return(False))),))
OUTER = Function("outer", (call(INNER, fail=IGNORE),))


def asks(name: str) -> Guard:
    return Guard(name, None, (name,))


# What may stand inside of what: a block with `inner` in it, and what comes before that.
INSIDE: dict[str, Callable[[Block], Block]] = {
    "then of If": lambda inner: (If(asks("a"), inner),),
    "other of If": lambda inner: (If(asks("a"), (), inner),),
    "then of Ifdef": lambda inner: (Ifdef("CONFIG_A", inner),),
    "other of Ifdef": lambda inner: (Ifdef("CONFIG_A", (), inner),),
    "body of Each": lambda inner: (Each(CPMU, inner),),
    "what is done when an operation fails": lambda inner: (KZALLOC(CPMU, fail=inner),),
    "what is done when a helper fails": lambda inner: (call(INNER, fail=inner),),
    "what follows a helper": lambda inner: (call(OUTER, then=inner),),
    "a helper": lambda inner: (call(Function("outer", inner)),),
    "a helper of a helper": lambda inner: (call(Function("outer", (call(Function("f", inner)),))),),
}
OWN = [name for name in INSIDE if not name.startswith("a helper")]


@pytest.mark.parametrize("where", INSIDE)
def test_everything_inside_of_a_node_is_found(where: str) -> None:
    block = INSIDE[where]((SET, If(asks("b"), (call(OUTER),))))

    assert SET in operations(block)
    assert SET in operations_once((block,))
    assert "b" in [guard.name for guard in guards(block)]
    assert {"outer", "inner"} <= {function.name for function in called(block)}


@pytest.mark.parametrize("where", INSIDE)
def test_a_function_has_of_its_own_what_does_not_stand_in_its_helpers(where: str) -> None:
    block = INSIDE[where]((If(asks("b"), (SET,)),))

    assert ("b" in [one.name for one in guards(block, helpers=False)]) == (where in OWN)
    assert (SET in walk(block, helpers=False)) == (where in OWN)


def test_nodes_come_in_the_order_of_the_text() -> None:
    add = AUXILIARY_DEVICE_ADD(CPMU, fail=(CLEAR,))
    again = Each(CPMU, (add,), again=asks("more"))
    asked = If(either(asks("a"), Not(asks("b"))), (SET,), (again,))

    found = walk((asked, call(OUTER, then=(KZALLOC(CPMU),), fail=(Return(False),))))

    assert found[:5] == [asked, SET, again, add, CLEAR]
    assert [str(node) for node in found[6:] if isinstance(node, Do)] == [
        "ida_alloc(cpmu)", "pci_clear_master(port)", "kzalloc(cpmu)",
    ]
    assert found[-1] == Return(False)
    assert [guard.name for guard in guards((asked,))] == ["a", "b", "more"]


@pytest.mark.parametrize("where", INSIDE)
def test_a_block_is_rebuilt_wherever_something_is_replaced(where: str) -> None:
    def change(node: Node) -> Block | None:
        return (CLEAR, CLEAR) if node == SET else None

    def helper(function: Function) -> Function:
        return replace(function, body=mapped(function.body, change, helper))

    block, wanted = INSIDE[where]((SET,)), INSIDE[where]((CLEAR, CLEAR))

    assert mapped(block, change, helper) == wanted
    assert mapped(block, change) == (wanted if where in OWN else block)


def test_what_is_put_in_is_not_looked_into() -> None:
    around = mapped((SET,), lambda node: (If(asks("a"), (SET,)),) if node == SET else None)

    assert around == (If(asks("a"), (SET,)),)


@pytest.mark.parametrize("where", OWN)
def test_a_helper_can_fail_wherever_in_it_an_error_is_returned(where: str) -> None:
    assert Function("f", INSIDE[where]((Return(False),))).fallible
    assert not Function("f", INSIDE[where]((Return(), call(OUTER)))).fallible


@pytest.mark.parametrize("name", INSIDE)
def test_what_is_not_changed_is_not_made_anew(name: str) -> None:
    """It was looked at when it was made, and is not looked at again."""
    block = (CLEAR, *INSIDE[name]((SET,)))

    assert mapped(block) is block
    changed = mapped(block, lambda node: () if node is CLEAR else None)
    assert [one is other for one, other in zip(changed, block[1:], strict=True)] == [True]


def test_a_driver_that_is_not_changed_is_not_made_anew() -> None:
    design = load("auxbus").design

    assert rewrite.rewritten(design, lambda _: None) is design
    made = rewrite.functions(design, "pcie_cxlpmu_delete_device", lambda body: body[1:])
    assert [one is other for one, other in zip(made.drivers, design.drivers, strict=True)] == [
        one.variable != "pcie_portdriver" for one in design.drivers]


def test_each_helper_is_looked_into_once_however_many_call_it() -> None:
    """Where each calls the next one twice, walk() finds twice as much with each."""
    body: Block = (SET,)
    for number in range(40):
        step = Function(f"step{number}", body)
        body = (If(asks(step.name), (call(step),), (call(step),)),)

    assert len(walk_once((body,))) == 1 + 3 * 40
    assert operations_once((body, body)) == (SET,)


def test_whether_a_helper_fails_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ways lead to it: each of its callers asks, and theirs."""
    asked: list[Block] = []
    may_fail = program._may_fail

    def counted(body: Block) -> bool:
        asked.append(body)
        return may_fail(body)

    monkeypatch.setattr(program, "_may_fail", counted)
    body: Block = (CLEAR,)
    for number in range(12):
        step = Function(f"step{number}", body)
        body = (If(asks(step.name), (call(step),), (call(step),)),)

    assert not Function("probe", body).fallible
    assert len(asked) == 1 + 12
