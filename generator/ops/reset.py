# SPDX-License-Identifier: GPL-2.0-only
"""A device's reset line (drivers/reset/core.c): got, released, asserted again."""

from __future__ import annotations

from dataclasses import replace

from generator.facts import RELEASED, RESET
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, sets
from generator.ops.counted import gets, gives_back, released, takes

_HAD, _PUT = sets(RESET(DEV), 1), sets(RESET(DEV), 0)
_CORE = "drivers/reset/core.c"

RESET_CONTROL_PUT = gives_back("reset_control_put", _PUT, source=f"{_CORE} reset_control_put()",
                               takes_null=True, takes_error=True)
RESET_CONTROL_GET_EXCLUSIVE = gets(
    "reset_control_get_exclusive", _HAD, undo=RESET_CONTROL_PUT,
    source="include/linux/reset.h reset_control_get_exclusive()")
DEVM_RESET_CONTROL_GET_EXCLUSIVE = gets(
    "devm_reset_control_get_exclusive", _HAD, managed=True,
    undo=released("put reset", _PUT, source=f"{_CORE} devm_reset_control_release()"),
    source="include/linux/reset.h devm_reset_control_get_exclusive()")

# Of one that is optional there may be none: NULL, with which the calls below do nothing.
(DEVM_RESET_CONTROL_GET, DEVM_RESET_CONTROL_GET_SHARED, DEVM_RESET_CONTROL_GET_OPTIONAL_EXCLUSIVE,
 DEVM_RESET_CONTROL_GET_OPTIONAL_SHARED) = (
    replace(DEVM_RESET_CONTROL_GET_EXCLUSIVE, name=name, source=f"include/linux/reset.h {name}()",
            fingerprint=Fingerprint((name,), on=0, fails=Fails.ERRPTR))
    for name in ("devm_reset_control_get", "devm_reset_control_get_shared",
                 "devm_reset_control_get_optional_exclusive",
                 "devm_reset_control_get_optional_shared"))

# That a line stays released behind a driver is no mistake by itself, nor is a pulse, which begins
# with it asserted: a control of one user counts nothing.
RESET_CONTROL_ASSERT = replace(
    gives_back("reset_control_assert", sets(RELEASED(DEV), 0), fails=Fails.DONE,
               source=f"{_CORE} reset_control_assert()"),
    idempotent=True,
)
RESET_CONTROL_DEASSERT = takes(
    "reset_control_deassert", sets(RELEASED(DEV), 1), undo=RESET_CONTROL_ASSERT, error="-EIO",
    needs=(RESET,), source=f"{_CORE} reset_control_deassert()")
