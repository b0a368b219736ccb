# SPDX-License-Identifier: GPL-2.0-only
"""Stretches that only ask, also by the helpers that they call."""

from __future__ import annotations

from generator.design import Device
from generator.extraction.quiet import quieted, without_what_only_asks
from generator.operation import IGNORE, RETURN, Guard, asked
from generator.ops.clk import CLK_PREPARE_ENABLE
from generator.program import Block, Call, Function, If, Return, walk

CHIP = Device("chip", "platform")
ENABLE = CLK_PREPARE_ENABLE(CHIP)
FAILS = (Return(ok=False),)


def _if(name: str, then: Block, other: Block = ()) -> If:
    return If(Guard(name, None, (name,)), then, other)


def _asks(length: int, last: Block = FAILS) -> Block:
    """Return calls of a helper on both ways of a condition, which do the same, and so on."""
    body = last
    for number in range(length):
        call = Call(Function(f"step{number}", body), RETURN)
        body = (_if(f"c{number}", (call,), (call,)),)
    return body


def _quieted(**blocks: Block) -> dict[str, Block]:
    return quieted(blocks, CHIP)


def test_helpers_that_only_ask_are_one_condition() -> None:
    """However many ways there are through them: twenty double a million times."""
    probe = (*_asks(20, (_if("last", FAILS),)), ENABLE)

    ((first, second),) = [_quieted(probe=probe)["probe"]]

    assert isinstance(first, If)
    assert first.guard == Guard("c19, and 20 conditions more", None, ())
    assert (first.then, first.other) == (FAILS, ())
    assert second == ENABLE


def test_one_that_does_something_stays() -> None:
    probe = _asks(4, (ENABLE,))

    assert _quieted(probe=probe)["probe"] == probe


def test_what_fails_and_is_ignored_goes_on() -> None:
    check = Function("check", _asks(5))
    probe = (Call(check, IGNORE), ENABLE)

    assert _quieted(probe=probe)["probe"] == (ENABLE,)


def test_answers_that_others_need_are_asked_as_they_are() -> None:
    """Who calls the helper from elsewhere is answered alike."""
    body: Block = FAILS
    for number in range(5):
        body = (If(asked(CHIP, f"chip->m{number}"), body, ()),)
    check = Function("check", body)
    probe = (_if("odd", (Call(check, RETURN),)), ENABLE)
    remove = (ENABLE, Call(check, RETURN), ENABLE)
    once = _quieted(probe=probe)["probe"]
    twice = _quieted(probe=probe, remove=remove)

    assert [node for node in walk(once) if isinstance(node, Call)] == []
    (first, *_), (_, second, _) = twice.values()
    assert isinstance(first, If)
    assert first.then == (second,), "the same helper, of which each condition is answered once"


def test_what_a_handler_only_asks_is_nothing() -> None:
    asks, does = _asks(30), (_if("c", (ENABLE,)),)
    blocks = without_what_only_asks({"probe": asks, "atomic": asks, "work": does}, ("probe",))

    assert blocks == {"probe": asks, "atomic": (), "work": does}
