# SPDX-License-Identifier: GPL-2.0-only
"""What a design's file makes itself: registrations, and pointers of the driver's data."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from beside_oracle import compare

from checks.machine.episode import episodes_of
from checks.verdict.judge import judge
from generator.context import Context, calls, file
from generator.design import Design, Device, Driver
from generator.errors import ModelError
from generator.ops.allocated import KFREE_OWN, KZALLOC_OWN
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.own import pointer, registers
from generator.ops.perf import devm_action
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.work import Of
from generator.program import Block, If

CODEC = Device("codec", "platform")
START, END = "snd_soc_register_component", "snd_soc_unregister_component"
SW = pointer("role_sw")
MADE = (KZALLOC_OWN(CODEC), PLATFORM_GET_IRQ(CODEC, CODEC), REQUEST_IRQ(CODEC))
LATE = (*MADE, SW.set(CODEC))


def broken(
    probe: Block, remove: Block, *contexts: Context, atomic: Block = ()
) -> set[str]:
    design = Design("codec", "what a stranger registers", (CODEC,), (
        Driver("drv", CODEC, probe, remove, contexts=contexts, atomic=atomic),))
    for episode in episodes_of(design):
        compare(design, episode=episode)
    return {one.rule for one in judge(design, sought=()).counterexamples}


def registered(pair: tuple[Of, Of], *, by_hand: bool = True, opened: bool = False) -> set[str]:
    start, end = pair
    context = (file if opened else calls)("dai", (SW.use(CODEC),))
    return broken((KZALLOC_OWN(CODEC), SW.set(CODEC), start(CODEC)),
                  (*((end(CODEC),) if by_hand else ()), KFREE_OWN(CODEC)), context)


def test_what_a_stranger_registers_is_called_until_it_is_unregistered() -> None:
    assert registered(registers("dai", START, END)) == set()
    assert registered(registers("dai", START, END), by_hand=False) == {"N17"}
    assert registered(registers("dai", START, END, waits=False)) == {"N17"}
    assert registered(registers("dai", START, END, file=True), opened=True) == {"N17"}


def test_what_devres_unregisters_goes_behind_remove() -> None:
    pair = registers("dai", START, END, managed=True)
    free = devm_action(KFREE_OWN, "free")

    assert registered(pair, by_hand=False) == {"N17"}
    assert broken((KZALLOC_OWN(CODEC), free(CODEC, CODEC), pair[0](CODEC)), (), calls("dai")) \
        == set()


def test_what_is_registered_twice_names_its_contexts() -> None:
    start, end = registers("dai", START, END, idempotent=True, error="")

    assert not start(CODEC).op.fallible
    assert broken((start(CODEC, dai="one"), start(CODEC, dai="two")),
                  (end(CODEC, dai="two"), end(CODEC, dai="one"), end(CODEC, dai="one")),
                  calls("one"), calls("two")) == set()


@pytest.mark.parametrize(("wrong", "wanted"), [
    (lambda: registers("a dai", START, END), r'as "dai" of calls\("dai", ...\): not \'a dai\''),
    (lambda: registers("class", START, END), "the word by which the context is named"),
    (lambda: registers("fail", START, END), "the word by which the context is named"),
    (lambda: registers("dai", "a b", END), "the second is the function that registers, as a text"),
    (lambda: registers("dai", START, ""), "the third is the function that unregisters"),
    (lambda: registers("dai", START, END, waits=1), "waits= is True or False, not 1"),
    (lambda: registers("dai", START, END, error="ENOMEM"), 'error= is as "-ENOMEM", or ""'),
    (lambda: pointer(""), "its name is a text"),
])  # fmt: skip
def test_what_is_written_wrongly_is_told_with_its_line(
    wrong: Callable[[], object], wanted: str
) -> None:
    with pytest.raises(ModelError, match=wanted) as told:
        wrong()
    assert str(told.value).startswith(f"{__file__}:")


@pytest.mark.parametrize(("atomic", "late", "early"), [
    ((SW.use(CODEC),), "N3", "N3"),  # it is called before
    ((If(SW.there(CODEC), (SW.use(CODEC),)),), "", "N12"),  # cleared between the two
])  # fmt: skip
def test_a_handler_looks_whether_a_pointer_is_set(atomic: Block, late: str, early: str) -> None:
    leave = (FREE_IRQ(CODEC), SW.clear(CODEC), KFREE_OWN(CODEC))

    assert broken(LATE, leave, atomic=atomic) == ({late} if late else set())
    assert broken(LATE, (SW.clear(CODEC), *leave), atomic=atomic) == {early}


def test_a_pointer_is_null_again_when_the_driver_is_bound_again() -> None:
    used = (SW.use(CODEC),)

    assert broken((*used, KZALLOC_OWN(CODEC), SW.set(CODEC)), (KFREE_OWN(CODEC),)) == {"N12"}


def test_flags_are_set_where_nobody_may_sleep() -> None:
    removing = pointer("removing")
    set_it = (removing.set(CODEC), removing.clear(CODEC))

    assert broken(MADE, (FREE_IRQ(CODEC), KFREE_OWN(CODEC)), atomic=set_it) == set()
