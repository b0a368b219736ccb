# SPDX-License-Identifier: GPL-2.0-only
"""Runtime PM of a port and of those who use it (drivers/base/power/runtime.c)."""

from __future__ import annotations

from generator.expr import Role
from generator.facts import D3, POWER, RPM_ALLOWED, SLEEPY
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, Operation, Set, fault, ok, sets

USER = Role("user")

PM_RUNTIME_PUT = Operation(
    "pm_runtime_put",
    ("dev", "user"),
    (ok(sets(POWER(USER), 0)),),
    source="include/linux/pm_runtime.h pm_runtime_put()",
    fingerprint=Fingerprint(("pm_runtime_put",), on=0),
    sleeps=False,
)

PM_RUNTIME_RESUME_AND_GET = Operation(
    "pm_runtime_resume_and_get",
    ("dev", "user"),
    (ok(sets(POWER(USER), 1), sets(D3(DEV), 0)), fault("-EACCES")),
    source="include/linux/pm_runtime.h pm_runtime_resume_and_get()",
    fingerprint=Fingerprint(("pm_runtime_resume_and_get",), on=0, fails=Fails.NEGATIVE),
    undo=PM_RUNTIME_PUT,
)


def _plain(name: str, *gives: Set) -> Operation:
    return Operation(
        name,
        ("dev",),
        (ok(*gives),),
        source=f"include/linux/pm_runtime.h {name}()",
        fingerprint=Fingerprint((name,), on=0),
        at=".dev",
    )


PM_RUNTIME_SET_AUTOSUSPEND_DELAY = _plain("pm_runtime_set_autosuspend_delay")
PM_RUNTIME_USE_AUTOSUSPEND = _plain("pm_runtime_use_autosuspend")
PM_RUNTIME_DONT_USE_AUTOSUSPEND = _plain("pm_runtime_dont_use_autosuspend")
PM_RUNTIME_MARK_LAST_BUSY = _plain("pm_runtime_mark_last_busy")
PM_RUNTIME_PUT_AUTOSUSPEND = _plain("pm_runtime_put_autosuspend", sets(SLEEPY(DEV), 1))
PM_RUNTIME_GET_NORESUME = _plain("pm_runtime_get_noresume", sets(SLEEPY(DEV), 0))
# What counts is the last of the calls: the port may sleep once user space is allowed to let
# it, and is awake and stays so once that is forbidden.
PM_RUNTIME_ALLOW = _plain("pm_runtime_allow", sets(RPM_ALLOWED(DEV), 1))
PM_RUNTIME_FORBID = _plain("pm_runtime_forbid", sets(RPM_ALLOWED(DEV), 0), sets(D3(DEV), 0))
DEV_PM_SET_DRIVER_FLAGS = _plain("dev_pm_set_driver_flags")
