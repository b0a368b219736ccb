# SPDX-License-Identifier: GPL-2.0-only
"""What the CXL core does for a memory device's PMU, which is one operation to the designs."""

from __future__ import annotations

from typing import Any

import pytest
from units import parse
from words import choice, seq

from generator.fingerprint import Fails, Fingerprint
from generator.graphs.lts import Label, Lts, difference, word
from generator.reading.reader import Reader

FILE, FUNCTION = "drivers/cxl/core/pmu.c", "devm_cxl_pmu_add"
PRINTS = (
    Fingerprint(("kzalloc", "kzalloc_noprof"), fails=Fails.NULL),
    Fingerprint(("device_initialize",)),
    Fingerprint(("dev_set_name",), fails=Fails.NEGATIVE),
    Fingerprint(("device_add",), fails=Fails.NEGATIVE),
    Fingerprint(("__devm_add_action_or_reset",), fails=Fails.NEGATIVE, args=(1,)),
    Fingerprint(("put_device",)),
)


def _ways() -> Lts:
    """By hand from the pinned file: each step fails, and leaves nothing behind.

    include/linux/device.h __devm_add_action_or_reset(): where it fails, the action was called.
    Of a type that is not there, the error is whatever was on the stack.
    """
    def done(name: str, outcome: str = "ok", args: str = "") -> Lts:
        return word(Label(name, "", outcome, args))

    def returns(what: str) -> Lts:
        return word(Label("return", "", what))

    gone = seq(done("put_device"), returns("error"))
    kept = "__devm_add_action_or_reset"
    added = choice(*(
        seq(done(kept, outcome, "remove_dev"), returns(said))
        for outcome, said in (("ok", "0"), ("fail", "error"))
    ))
    registered = choice(seq(done("device_add"), added), seq(done("device_add", "fail"), gone))
    named = seq(done("device_initialize"), choice(
        seq(done("dev_set_name"), registered), seq(done("dev_set_name", "fail"), gone),
        registered, gone,
    ))
    return choice(
        seq(done("kzalloc", "fail"), returns("error")), seq(done("kzalloc"), named))


@pytest.mark.kernel
def test_a_pmu_of_a_memory_device_is_added_or_nothing_is_left(base: Any) -> None:

    unit = parse(base, FILE)
    got = Reader([unit], PRINTS).read(FUNCTION)
    assert (apart := difference(_ways(), got.lts)) is None, f"\n{apart}"
    assert not got.unread


@pytest.mark.kernel
@pytest.mark.parametrize(("line", "instead"), [
    ("\tput_device(&pmu->dev);\n", ""),
    ("\tdevice_initialize(dev);\n", ""),
    ("return devm_add_action_or_reset(parent, remove_dev, dev)", "return 0"),
])
def test_one_that_leaves_something_is_seen(base: Any, line: str, instead: str) -> None:

    text = parse(base, FILE).text
    assert text.count(line.encode()) == 1
    unit = parse(base, FILE, {FILE: text.replace(line.encode(), instead.encode())})
    assert difference(_ways(), Reader([unit], PRINTS).read(FUNCTION).lts) is not None
