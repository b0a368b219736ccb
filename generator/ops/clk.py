# SPDX-License-Identifier: GPL-2.0-only
"""A device's clock (drivers/clk/clk.c, clkdev.c, clk-devres.c): got, prepared, enabled.

One clock of a device is told apart from no other: they are what is counted together.
"""

from __future__ import annotations

from dataclasses import replace

from generator.facts import CLOCK, CLOCK_ON, CLOCK_PREPARED
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, sets
from generator.ops.counted import gets, gives_back, less, more, released, takes

_HAD, _PUT = sets(CLOCK(DEV), 1), sets(CLOCK(DEV), 0)
_DEVRES = "drivers/clk/clk-devres.c"

CLK_PUT = gives_back("clk_put", _PUT, source="drivers/clk/clkdev.c clk_put()", takes_null=True)
CLK_GET = gets("clk_get", _HAD, undo=CLK_PUT, source="drivers/clk/clkdev.c clk_get()")

CLK_UNPREPARE = gives_back(
    "clk_unprepare", less(CLOCK_PREPARED), source="drivers/clk/clk.c clk_unprepare()")
CLK_PREPARE = takes(
    "clk_prepare", more(CLOCK_PREPARED), undo=CLK_UNPREPARE, error="-EIO", needs=(CLOCK,),
    source="drivers/clk/clk.c clk_prepare(): may sleep")
CLK_DISABLE = gives_back(
    "clk_disable", less(CLOCK_ON), sleeps=False, source="drivers/clk/clk.c clk_disable()")
CLK_ENABLE = takes(
    "clk_enable", more(CLOCK_ON), undo=CLK_DISABLE, error="-EIO", needs=(CLOCK_PREPARED,),
    sleeps=False, source="drivers/clk/clk.c clk_enable(): of a prepared clock, -ESHUTDOWN else")
CLK_DISABLE_UNPREPARE = gives_back(
    "clk_disable_unprepare", less(CLOCK_ON), less(CLOCK_PREPARED),
    source="include/linux/clk.h clk_disable_unprepare()")
CLK_PREPARE_ENABLE = takes(
    "clk_prepare_enable", more(CLOCK_PREPARED), more(CLOCK_ON), undo=CLK_DISABLE_UNPREPARE,
    error="-EIO", needs=(CLOCK,), source="include/linux/clk.h clk_prepare_enable()")

_RELEASE = released("put clock", _PUT, source=f"{_DEVRES} devm_clk_release()")
_UNPREPARE = released("unprepare and put clock", less(CLOCK_PREPARED), _PUT,
                      source=f"{_DEVRES} devm_clk_release()")
_DISABLE = released("disable and put clock", less(CLOCK_ON), less(CLOCK_PREPARED), _PUT,
                    source=f"{_DEVRES} devm_clk_release()")

DEVM_CLK_GET = gets("devm_clk_get", _HAD, undo=_RELEASE, managed=True,
                    source=f"{_DEVRES} devm_clk_get()")
DEVM_CLK_GET_OPTIONAL = gets("devm_clk_get_optional", _HAD, undo=_RELEASE, managed=True,
                             source=f"{_DEVRES} devm_clk_get_optional()")
DEVM_CLK_GET_PREPARED = gets(
    "devm_clk_get_prepared", _HAD, more(CLOCK_PREPARED), undo=_UNPREPARE, managed=True,
    source=f"{_DEVRES} devm_clk_get_prepared()")
DEVM_CLK_GET_ENABLED = gets(
    "devm_clk_get_enabled", _HAD, more(CLOCK_PREPARED), more(CLOCK_ON), undo=_DISABLE,
    managed=True, source=f"{_DEVRES} devm_clk_get_enabled()")
DEVM_CLK_GET_OPTIONAL_ENABLED = replace(
    DEVM_CLK_GET_ENABLED, name="devm_clk_get_optional_enabled",
    source=f"{_DEVRES} devm_clk_get_optional_enabled()",
    fingerprint=Fingerprint(("devm_clk_get_optional_enabled",), on=0, fails=Fails.ERRPTR))

# Several at once count as one, as they do one by one. What switches them is for designs that are
# written: nothing that is read is held to it.
DEVM_CLK_BULK_GET = gets("devm_clk_bulk_get", _HAD, undo=_RELEASE, managed=True,
                         source=f"{_DEVRES} devm_clk_bulk_get()", fails=Fails.NEGATIVE)
DEVM_CLK_BULK_GET_ALL = gets("devm_clk_bulk_get_all", _HAD, undo=_RELEASE, managed=True,
                             source=f"{_DEVRES} devm_clk_bulk_get_all()", fails=Fails.NONNEGATIVE)
CLK_BULK_DISABLE_UNPREPARE = replace(
    CLK_DISABLE_UNPREPARE, name="clk_bulk_disable_unprepare", fingerprint=None,
    source="include/linux/clk.h clk_bulk_disable_unprepare()")
CLK_BULK_PREPARE_ENABLE = replace(
    CLK_PREPARE_ENABLE, name="clk_bulk_prepare_enable", fingerprint=None,
    undo=CLK_BULK_DISABLE_UNPREPARE, source="include/linux/clk.h clk_bulk_prepare_enable()")
