# SPDX-License-Identifier: GPL-2.0-only
"""What is taken back where a member says so, however many ways lead there."""

from __future__ import annotations

import pytest

from generator.design import Device
from generator.extraction import of_members
from generator.extraction.of_members import reached
from generator.facts import MAPPED
from generator.operation import Guard
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE
from generator.ops.mapping import access
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE
from generator.program import Block, Call, Function, If, Return

CHIP = Device("chip", "platform")
TAKE, BACK = CLK_PREPARE_ENABLE(CHIP), CLK_DISABLE_UNPREPARE(CHIP)


def _if(name: str, then: Block, other: Block = ()) -> If:
    return If(Guard(name, None, (name,)), then, other)


def _chain(length: int, last: Block) -> Block:
    """Return calls of a helper on both ways of a condition, which do the same, and so on."""
    body = last
    for number in range(length):
        call = Call(Function(f"step{number}", body))
        body = (_if(f"c->m{number}", (call,), (call,)),)
    return body


@pytest.mark.parametrize("length", [5, 50])
def test_a_helper_is_looked_into_once_for_all_ways_to_it(
    monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    seen = []
    here = of_members._here
    monkeypatch.setattr(of_members, "_here", lambda *args: (seen.append(1), here(*args))[1])

    ((operation, ways),) = reached((_chain(length, (BACK,)),))

    assert len(seen) == 1 + 5 * length  # a helper, its two ways, and what follows each call
    assert operation is BACK.op
    assert ways.every == frozenset()
    assert len(ways.some) == 2 * length


def test_what_all_ways_ask_and_what_some_do() -> None:
    back = Call(Function("off", (BACK,)))
    found = dict(reached((
        (TAKE, _if("c->clk", (_if("c->on", (back,)),))),
        (_if("c->clk", (back,), (Return(ok=False),)),),
    )))

    assert found[TAKE.op].some == frozenset()
    assert found[BACK.op].every == {("c->clk", True)}
    assert found[BACK.op].some == {("c->clk", True), ("c->on", True)}
    assert found[BACK.op].least == {frozenset({("c->clk", True)})}


def test_what_gives_up_asks_nothing_of_where_it_stands() -> None:
    ladder = Function("err", (_if("c->clk", (BACK,)), Return(ok=False)))
    found = dict(reached(((_if("c->odd", (Call(ladder),)),),)))

    assert found[BACK.op].every == {("c->clk", True)}


@pytest.mark.parametrize("mapped", [True, False])
def test_registers_are_left_out_where_ways_are_too_many(mapped: bool) -> None:
    """Unless they are mapped whatever is asked."""
    maps = DEVM_PLATFORM_IOREMAP_RESOURCE(CHIP)
    probe = (maps,) if mapped else (_if("c->has", (maps,)),)
    uses = access("chip_write")(CHIP)
    chain = _chain(9, (uses,))

    assert dict(reached((chain,)))[uses.op].least is None
    assert (MAPPED in of_members.of_members((probe, chain), ())) is not mapped
