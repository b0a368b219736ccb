# SPDX-License-Identifier: GPL-2.0-only
"""A device's regulator (drivers/regulator/core.c, devres.c): got, and enabled."""

from __future__ import annotations

from dataclasses import replace

from generator.facts import SUPPLY, SUPPLY_ON
from generator.fingerprint import Fails
from generator.operation import DEV, sets
from generator.ops.counted import gets, gives_back, less, more, released, takes

_HAD, _PUT = sets(SUPPLY(DEV), 1), sets(SUPPLY(DEV), 0)
_CORE, _DEVRES = "drivers/regulator/core.c", "drivers/regulator/devres.c"

REGULATOR_PUT = gives_back("regulator_put", _PUT, source=f"{_CORE} regulator_put()",
                           takes_null=True, takes_error=True)
REGULATOR_GET = gets("regulator_get", _HAD, undo=REGULATOR_PUT,
                     source=f"{_CORE} regulator_get()")
REGULATOR_DISABLE = gives_back("regulator_disable", less(SUPPLY_ON), fails=Fails.DONE,
                               source=f"{_CORE} regulator_disable()")
REGULATOR_ENABLE = takes("regulator_enable", more(SUPPLY_ON), undo=REGULATOR_DISABLE,
                         error="-EIO", needs=(SUPPLY,), source=f"{_CORE} regulator_enable()")

_RELEASE = released("put regulator", _PUT, source=f"{_DEVRES} devm_regulator_release()")
_DISABLE = released("disable and put regulator", less(SUPPLY_ON), _PUT,
                    source=f"{_DEVRES} devm_regulator_get_enable(): its action, then the put")

DEVM_REGULATOR_GET = gets("devm_regulator_get", _HAD, undo=_RELEASE, managed=True,
                          source=f"{_DEVRES} devm_regulator_get()")
DEVM_REGULATOR_GET_OPTIONAL = gets("devm_regulator_get_optional", _HAD, undo=_RELEASE, managed=True,
                                   source=f"{_DEVRES} devm_regulator_get_optional()")
DEVM_REGULATOR_GET_ENABLE = gets(
    "devm_regulator_get_enable", _HAD, more(SUPPLY_ON), undo=_DISABLE, managed=True,
    source=f"{_DEVRES} devm_regulator_get_enable()", fails=Fails.NEGATIVE)

# Several at once count as one. What switches them is for designs that are written.
DEVM_REGULATOR_BULK_GET = gets(
    "devm_regulator_bulk_get", _HAD, undo=_RELEASE, managed=True,
    source=f"{_DEVRES} devm_regulator_bulk_get()", fails=Fails.NEGATIVE)
REGULATOR_BULK_DISABLE = replace(
    REGULATOR_DISABLE, name="regulator_bulk_disable", fingerprint=None,
    source=f"{_CORE} regulator_bulk_disable()")
REGULATOR_BULK_ENABLE = replace(
    REGULATOR_ENABLE, name="regulator_bulk_enable", fingerprint=None,
    undo=REGULATOR_BULK_DISABLE, source=f"{_CORE} regulator_bulk_enable()")
