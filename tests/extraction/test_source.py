# SPDX-License-Identifier: GPL-2.0-only
"""A driver's file is parsed as kbuild builds it; kconfig is only asked what it may grant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from generator.errors import TreeError
from generator.extraction import source
from generator.kernel import variant
from generator.kernel.kbuild import Base
from generator.kernel.tree import Tree


@pytest.mark.kernel
@pytest.mark.parametrize(("path", "alone"), [
    # depends on MFD_AXP20X, which is off
    ("drivers/power/supply/axp20x_battery.c", 0),
    ("drivers/watchdog/i6300esb.c", 1),
    # depends on (X86 || COMPILE_TEST) && PCI
    ("drivers/watchdog/hpwdt.c", 1),
])
def test_a_symbol_is_asked_for_alone_where_what_it_depends_on_is_on(
    pinned: Tree, monkeypatch: pytest.MonkeyPatch, path: str, alone: int
) -> None:
    asked: list[tuple[str, ...]] = []

    def at(base: Base, changed: Mapping[str, bytes | None], extra: Sequence[str] = (),
           *, strict: bool = True) -> Base:
        asked.append(tuple(extra))
        raise TreeError("not granted")

    monkeypatch.setattr(variant, "at", at)
    source.parsed(pinned, path)
    assert sum(len(one) == 1 for one in asked) == alone
    assert len(asked) == len(set(asked))
