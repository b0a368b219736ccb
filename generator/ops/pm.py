# SPDX-License-Identifier: GPL-2.0-only
"""Runtime PM of a port and of those who use it (drivers/base/power/runtime.c)."""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Role, Same, minimum, pick
from generator.facts import D3, MORE_POWER, POWER, RPM_ALLOWED, SLEEPY
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, Operation, Outcome, Set, fail, fault, ok, sets
from generator.ops.runtime import ELSEWHERE, WITH_USER

USER = Role("user")
_OF_PCI = (("dev", ("pci", "core", "service")),)

# The usage count of a device is who holds it: each user counts its own references, and the one that
# local_pci_probe() takes is there until the driver of the device itself gives it away. `user` is
# the device whose driver calls, `dev` the one that is held: the parent, or the user itself.
_ITSELF = Same(DEV, USER)
_GAVE_AWAY = _ITSELF & SLEEPY(DEV).eq(1)
_TAKES = (
    sets(SLEEPY(DEV), pick(_ITSELF, 0, SLEEPY(DEV))),
    sets(POWER(USER), pick(_GAVE_AWAY, POWER(USER), 1)),
    sets(MORE_POWER(USER), pick(
        _GAVE_AWAY | POWER(USER).eq(0), MORE_POWER(USER),
        minimum(MORE_POWER(USER) + 1, MORE_POWER.top),
    )),
)
_DROPS = (
    sets(SLEEPY(DEV), pick(_ITSELF & POWER(USER).eq(0), 1, SLEEPY(DEV))),
    sets(POWER(USER), pick(MORE_POWER(USER).ge(1), 1, 0)),
    sets(MORE_POWER(USER), pick(MORE_POWER(USER).ge(1), MORE_POWER(USER) - 1, 0)),
)
_AWAKE = sets(D3(DEV), 0)


def _put(name: str, *, sleeps: bool = False) -> Operation:
    return Operation(
        name,
        ("dev", "user"),
        (ok(*_DROPS),),
        source=f"include/linux/pm_runtime.h {name}()",
        fingerprint=Fingerprint((name,), on=0),
        sleeps=sleeps,
        kinds=_OF_PCI, elsewhere=ELSEWHERE[name],
    )


# That a device which nobody holds is suspended at once, later or never: runtime PM does any of it.
PM_RUNTIME_PUT = _put("pm_runtime_put")
PM_RUNTIME_PUT_NOIDLE = _put("pm_runtime_put_noidle")
PM_RUNTIME_PUT_SYNC = _put("pm_runtime_put_sync", sleeps=True)
PM_RUNTIME_PUT_SYNC_SUSPEND = _put("pm_runtime_put_sync_suspend", sleeps=True)


def _get(name: str, *outcomes: Outcome, fails: Fails, sleeps: bool = True) -> Operation:
    return Operation(
        name,
        ("dev", "user"),
        outcomes,
        source=f"include/linux/pm_runtime.h {name}()",
        fingerprint=Fingerprint((name,), on=0, fails=fails),
        undo=PM_RUNTIME_PUT,
        sleeps=sleeps,
        kinds=_OF_PCI, elsewhere=ELSEWHERE[name],
    )


PM_RUNTIME_RESUME_AND_GET = _get(
    "pm_runtime_resume_and_get", ok(*_TAKES, _AWAKE), fault("-EACCES"), fails=Fails.NEGATIVE,
)
# __pm_runtime_resume() counts first: one that fails has its reference, and somebody must drop it.
PM_RUNTIME_GET_SYNC = _get(
    "pm_runtime_get_sync", ok(*_TAKES, _AWAKE), fault("-EACCES", *_TAKES), fails=Fails.NONNEGATIVE,
)
# It asks for the resume and does not wait: the device may sleep yet.
PM_RUNTIME_GET = _get("pm_runtime_get", ok(*_TAKES), fails=Fails.NEVER, sleeps=False)
# drivers/base/power/runtime.c pm_runtime_get_conditional(): a device that sleeps is not woken.
PM_RUNTIME_GET_IF_ACTIVE = _get(
    "pm_runtime_get_if_active",
    ok(*_TAKES, when=D3(DEV).eq(0)), fail("0", D3(DEV).eq(1)), fault("-EINVAL"),
    fails=Fails.TAKEN, sleeps=False,
)

RUNTIME_GETS = frozenset(one.name for one in (
    PM_RUNTIME_RESUME_AND_GET, PM_RUNTIME_GET_SYNC, PM_RUNTIME_GET, PM_RUNTIME_GET_IF_ACTIVE,
))
RUNTIME_PUTS = frozenset(one.name for one in (
    PM_RUNTIME_PUT, PM_RUNTIME_PUT_NOIDLE, PM_RUNTIME_PUT_SYNC,
    PM_RUNTIME_PUT_SYNC_SUSPEND,
))

# The same calls by a driver that holds one reference at most, ever: fewer facts, fewer states.
PM_RUNTIME_PUT_ONLY = Operation(
    "pm_runtime_put",
    ("dev", "user"),
    (ok(sets(POWER(USER), 0)),),
    source="include/linux/pm_runtime.h pm_runtime_put()",
    fingerprint=Fingerprint(("pm_runtime_put",), on=0),
    sleeps=False,
)

PM_RUNTIME_GET_ONLY = Operation(
    "pm_runtime_resume_and_get",
    ("dev", "user"),
    (ok(sets(POWER(USER), 1), sets(D3(DEV), 0)), fault("-EACCES")),
    source="include/linux/pm_runtime.h pm_runtime_resume_and_get()",
    fingerprint=Fingerprint(("pm_runtime_resume_and_get",), on=0, fails=Fails.NEGATIVE),
    undo=PM_RUNTIME_PUT_ONLY,
)


def _plain(name: str, *gives: Set, sleeps: bool = True) -> Operation:
    return Operation(
        name,
        ("dev",),
        (ok(*gives),),
        source=f"include/linux/pm_runtime.h {name}()",
        fingerprint=Fingerprint((name,), on=0),
        at=".dev", sleeps=sleeps,
        kinds=_OF_PCI if name in ELSEWHERE else (), elsewhere=ELSEWHERE.get(name),
        for_another=WITH_USER.get(name),
    )


PM_RUNTIME_SET_AUTOSUSPEND_DELAY = _plain("pm_runtime_set_autosuspend_delay")
PM_RUNTIME_USE_AUTOSUSPEND = _plain("pm_runtime_use_autosuspend")
PM_RUNTIME_DONT_USE_AUTOSUSPEND = _plain("pm_runtime_dont_use_autosuspend")
PM_RUNTIME_IDLE = _plain("pm_runtime_idle")
PM_RUNTIME_SET_ACTIVE = _plain("pm_runtime_set_active", _AWAKE, sleeps=False)
PM_RUNTIME_SET_SUSPENDED = _plain("pm_runtime_set_suspended", sleeps=False)
PM_RUNTIME_MARK_LAST_BUSY = _plain("pm_runtime_mark_last_busy", sleeps=False)
# Of a PCI device they are the reference of local_pci_probe(), which is given away and taken again;
# of a device on another bus, where nobody has taken one, a reference as any other on itself.
PM_RUNTIME_PUT_AUTOSUSPEND = _plain(
    "pm_runtime_put_autosuspend", sets(SLEEPY(DEV), 1), sleeps=False)
PM_RUNTIME_GET_NORESUME = _plain("pm_runtime_get_noresume", sets(SLEEPY(DEV), 0), sleeps=False)
# What counts is the last of the calls: the port may sleep once user space is allowed to let
# it, and is awake and stays so once that is forbidden.
PM_RUNTIME_ALLOW = _plain("pm_runtime_allow", sets(RPM_ALLOWED(DEV), 1))
PM_RUNTIME_FORBID = _plain("pm_runtime_forbid", sets(RPM_ALLOWED(DEV), 0), sets(D3(DEV), 0))
# With flags that make no difference here.
DEV_PM_SET_DRIVER_FLAGS = _plain("dev_pm_set_driver_flags", sleeps=False)
SMART_SUSPEND, NO_DIRECT_COMPLETE = "DPM_FLAG_SMART_SUSPEND", "DPM_FLAG_NO_DIRECT_COMPLETE"
# The driver's callbacks for sleep cope with a device that runtime PM has suspended.
DEV_PM_SET_SMART_SUSPEND = replace(DEV_PM_SET_DRIVER_FLAGS, flags=(SMART_SUSPEND,))
# The PM core calls them for every sleep, and does not leave a suspended device alone.
DEV_PM_SET_NO_DIRECT_COMPLETE = replace(DEV_PM_SET_DRIVER_FLAGS, flags=(NO_DIRECT_COMPLETE,))
DEV_PM_SET_SMART_SUSPEND_NO_DIRECT_COMPLETE = replace(
    DEV_PM_SET_DRIVER_FLAGS, flags=(SMART_SUSPEND, NO_DIRECT_COMPLETE))
