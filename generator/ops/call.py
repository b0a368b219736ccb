# SPDX-License-Identifier: GPL-2.0-only
"""What a callback of an interface has taken for itself when it returns an error."""

from __future__ import annotations

from generator.facts import CALL_HOLDS
from generator.operation import DEV, Operation, ok, sets

CALL_TAKES = Operation(
    "take runtime PM for a call", ("dev",), (ok(sets(CALL_HOLDS(DEV), 1)),),
    source="include/linux/pm_runtime.h pm_runtime_get_sync(), pm_runtime_resume_and_get()",
    sleeps=False,
)
CALL_FAILS = Operation(
    "a call fails", ("dev",), (ok(sets(CALL_HOLDS(DEV), 0)),),
    source="drivers/iio/industrialio-core.c iio_read_channel_info(): an error is handed on, and "
    "nobody takes anything back",
    sleeps=False,
)
