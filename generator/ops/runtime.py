# SPDX-License-Identifier: GPL-2.0-only
"""Runtime PM of devices that are not PCI: nobody has enabled it, and nobody holds a reference.

What pm.py has of a PCI device is another operation there: `elsewhere` of those takes it from here,
by the name of the call. Who asks for a resume waits until runtime_resume has returned, and who puts
the last reference with pm_runtime_put_sync() until runtime_suspend has.
drivers/base/power/runtime.c.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from generator.expr import Expr, Read, Role, minimum, pick
from generator.facts import (
    IN_RUNTIME_PM,
    MORE_POWER,
    POWER,
    RPM_ACTIVE,
    RPM_ASKED,
    RPM_ASLEEP,
    RPM_BUSY,
    RPM_ENABLED,
    RPM_FORBIDDEN,
    RPM_LATER,
)
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, Operation, Outcome, Set, fail, fault, ok, sets

USER = Role("user")
HEADER, RUNTIME = "include/linux/pm_runtime.h", "drivers/base/power/runtime.c"
OFF_PCI = (("dev", ("platform", "i2c", "spi", "aux", "usb", "cxl", "express", "hid", "sdio",
                    "pnp")),)
DONE = IN_RUNTIME_PM(DEV).eq(0)  # __pm_runtime_barrier(): no callback of the device runs


def holds(user: Role) -> tuple[Set, ...]:
    """Return that a user has one reference more, and that the device is not idle."""
    held, more = POWER(user), MORE_POWER(user)
    return (sets(held, 1), sets(more, pick(held.eq(1), minimum(more + 1, MORE_POWER.top), more)),
            sets(RPM_BUSY(DEV), 1))


def lets_go(user: Role, *, idle: bool = True) -> tuple[Set, ...]:
    """Return that a user has one reference less; with the last, the device may be idle if told."""
    held, more = POWER(user), MORE_POWER(user)
    gone = (sets(held, pick(more.ge(1), 1, 0)), sets(more, pick(more.ge(1), more - 1, 0)))
    return (*gone, sets(RPM_BUSY(DEV), pick(more.ge(1), RPM_BUSY(DEV), 0))) if idle else gone


def _put(name: str, *, sleeps: bool = False, idle: bool = True) -> Operation:
    return Operation(
        name, ("dev", "user"), (ok(*lets_go(USER, idle=idle)),), source=f"{HEADER} {name}()",
        fingerprint=Fingerprint((name,), on=0), sleeps=sleeps, kinds=OFF_PCI,
    )


_PUT = _put("pm_runtime_put")
# rpm_idle() suspends it at once, unless it is to wait (autosuspend) or somebody else holds it.
_PUT_SYNC = Operation(
    "pm_runtime_put_sync", ("dev", "user"), (ok(),), begins=lets_go(USER), waits=DONE,
    source=f"{HEADER} pm_runtime_put_sync()",
    fingerprint=Fingerprint(("pm_runtime_put_sync",), on=0), kinds=OFF_PCI,
)

_PUT_SYNC_SUSPEND = replace(  # whatever autosuspend says
    _PUT_SYNC, name="pm_runtime_put_sync_suspend",
    source=f"{HEADER} pm_runtime_put_sync_suspend()",
    fingerprint=Fingerprint(("pm_runtime_put_sync_suspend",), on=0))
# update_autosuspend() tells rpm_idle() as well: a device that nobody holds is suspended at once.
AT_ONCE = (sets(RPM_LATER(DEV), 0), sets(RPM_BUSY(DEV), 0))
_DONT_USE_AUTOSUSPEND = Operation(
    "pm_runtime_dont_use_autosuspend", ("dev",), (ok(),), begins=AT_ONCE, waits=DONE,
    source=f"{RUNTIME} __pm_runtime_use_autosuspend()",
    fingerprint=Fingerprint(("pm_runtime_dont_use_autosuspend",), on=0), at=".dev", kinds=OFF_PCI,
)
_ON, _ACTIVE = RPM_ENABLED(DEV).eq(1), RPM_ACTIVE(DEV).eq(1)
_RESUMED = sets(RPM_ACTIVE(DEV), 1)
_IDLE = sets(RPM_BUSY(DEV), pick(_ON, 0, RPM_BUSY(DEV)))  # rpm_idle() where runtime PM is enabled
_RPM_IDLE = replace(
    _DONT_USE_AUTOSUSPEND, name="pm_runtime_idle", begins=(_IDLE,),
    source=f"{HEADER} pm_runtime_idle()", fingerprint=Fingerprint(("pm_runtime_idle",), on=0))
# Who calls one of these waits for a runtime_suspend that they bring about.
SUSPENDS = frozenset({
    _PUT_SYNC.name, _PUT_SYNC_SUSPEND.name, _DONT_USE_AUTOSUSPEND.name, _RPM_IDLE.name,
    "disable runtime PM",
})


def _get(name: str, *failed: Set, fails: Fails) -> Operation:
    """Return what counts first and resumes then: rpm_resume() of a device that is active is done.

    It fails where runtime PM is disabled, and where runtime_resume of the device, or of one above
    it, does. The next may go well: rpm_callback() of 7.3 does not keep the error of a resume in
    power.runtime_error. Those of 6.12 and 7.2 do, until pm_runtime_set_active(), so that a life in
    which one fails and a later one goes well is none of theirs.
    """
    ways: tuple[Outcome, ...] = (
        ok(_RESUMED, when=_ON | _ACTIVE), fail("-EACCES", ~_ON & ~_ACTIVE, *failed),
        fault("-EINVAL", *failed, when=_ON & ~_ACTIVE),
    )
    return Operation(
        name, ("dev", "user"), ways, begins=holds(USER), waits=DONE, undo=_PUT,
        leaves=(RPM_ACTIVE,),
        source=f"{HEADER} {name}()", fingerprint=Fingerprint((name,), on=0, fails=fails),
        kinds=OFF_PCI,
    )


_GET = Operation(
    "pm_runtime_get", ("dev", "user"), (ok(*holds(USER), sets(RPM_ASKED(DEV), 1)),), undo=_PUT,
    sleeps=False, leaves=(RPM_ASKED, RPM_BUSY),
    source=f"{HEADER} pm_runtime_get()", kinds=OFF_PCI,
    fingerprint=Fingerprint(("pm_runtime_get",), on=0, fails=Fails.NEVER),
)
_GET_IF_ACTIVE = Operation(
    "pm_runtime_get_if_active", ("dev", "user"),
    (ok(*holds(USER), when=_ACTIVE & DONE & _ON), fail("0", ~(_ACTIVE & DONE) & _ON),
     fail("-EINVAL", ~_ON)),
    undo=_PUT, leaves=(RPM_BUSY,), sleeps=False, kinds=OFF_PCI,
    source=f"{RUNTIME} pm_runtime_get_conditional()",
    fingerprint=Fingerprint(("pm_runtime_get_if_active",), on=0, fails=Fails.TAKEN),
)


def _plain(name: str, *gives: Set, sleeps: bool = True) -> Operation:
    return Operation(
        name, ("dev",), (ok(*gives),), source=f"{HEADER} {name}()", sleeps=sleeps,
        fingerprint=Fingerprint((name,), on=0), at=".dev", kinds=OFF_PCI,
    )

_PUT_NOIDLE_OWN = _plain("pm_runtime_put_noidle", *lets_go(DEV, idle=False), sleeps=False)


def _told(name: str, value: int, *also: Set) -> Operation:
    """Return what tells runtime PM the status: __pm_runtime_set_status(), only where it is off."""
    def unless(fact: Read, given: Expr | int) -> Set:
        return sets(fact, pick(_ON, fact, given))

    return _plain(name, unless(RPM_ACTIVE(DEV), value), unless(RPM_ASLEEP(DEV), 0), *also,
                  sleeps=False)


# Forbidding holds it and resumes it, once; allowing lets go, and says that it may be idle.
_FORBIDDEN = sets(RPM_FORBIDDEN(DEV), 1)
_FORBID = Operation(
    "pm_runtime_forbid", ("dev",),
    (ok(_RESUMED, _FORBIDDEN, when=_ON | _ACTIVE), ok(_FORBIDDEN, when=~_ON & ~_ACTIVE)),
    begins=(_FORBIDDEN,), waits=DONE, source=f"{RUNTIME} pm_runtime_forbid()",
    fingerprint=Fingerprint(("pm_runtime_forbid",), on=0), at=".dev", kinds=OFF_PCI,
)
FORBIDS = _FORBID.name
_ALLOWED = sets(RPM_BUSY(DEV), pick(_ON & RPM_FORBIDDEN(DEV).eq(1), 0, RPM_BUSY(DEV)))

ELSEWHERE: Mapping[str, Operation] = {one.name: one for one in (
    _PUT, _PUT_SYNC, _PUT_SYNC_SUSPEND, _GET, _GET_IF_ACTIVE,
    _put("pm_runtime_put_noidle", idle=False),
    _get("pm_runtime_get_sync", fails=Fails.NONNEGATIVE),
    _get("pm_runtime_resume_and_get", *lets_go(USER, idle=False), fails=Fails.NEGATIVE),
    _plain("pm_runtime_put_autosuspend", *lets_go(DEV), sleeps=False),
    replace(_plain("pm_runtime_get_noresume", *holds(DEV), sleeps=False), undo=_PUT_NOIDLE_OWN,
            leaves=(RPM_BUSY,)),
    _told("pm_runtime_set_active", 1), _told("pm_runtime_set_suspended", 0),
    # update_autosuspend() of either asks rpm_idle() for a device that nobody holds, and runs its
    # runtime_suspend where the delay is over; one of less than 0, which holds it, is not explored.
    _plain("pm_runtime_set_autosuspend_delay", _IDLE),
    _plain("pm_runtime_use_autosuspend", sets(RPM_LATER(DEV), 1), _IDLE),
    _DONT_USE_AUTOSUSPEND, _RPM_IDLE,
    _FORBID, _plain("pm_runtime_allow", sets(RPM_FORBIDDEN(DEV), 0), _ALLOWED),
)}
# The same calls with who holds the reference, as their siblings take it.
WITH_USER: Mapping[str, Operation] = {
    "pm_runtime_put_autosuspend": _put("pm_runtime_put_autosuspend"),
    "pm_runtime_get_noresume": replace(
        _put("pm_runtime_get_noresume"), outcomes=(ok(*holds(USER)),), leaves=(RPM_BUSY,),
        undo=ELSEWHERE["pm_runtime_put_noidle"]),
}
