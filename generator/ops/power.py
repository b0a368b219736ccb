# SPDX-License-Identifier: GPL-2.0-only
"""Power domains, and runtime PM where the driver itself enables it: not on PCI.

drivers/base/power/common.c, runtime.c. What both have in common is in pm.py.
"""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Place
from generator.facts import POWER_DOMAIN, RPM_ACTIVE, RPM_ENABLED
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, Guard, Operation, fault, ok, sets
from generator.ops.counted import gets, gives_back, released
from generator.ops.runtime import AT_ONCE, DONE, OFF_PCI

_COMMON, _RUNTIME = "drivers/base/power/common.c", "drivers/base/power/runtime.c"

DEV_PM_DOMAIN_DETACH = gives_back("dev_pm_domain_detach", sets(POWER_DOMAIN(DEV), 0),
                                  source=f"{_COMMON} dev_pm_domain_detach()")
DEV_PM_DOMAIN_ATTACH_BY_NAME = gets(
    "dev_pm_domain_attach_by_name", sets(POWER_DOMAIN(DEV), 1), undo=DEV_PM_DOMAIN_DETACH,
    source=f"{_COMMON} dev_pm_domain_attach_by_name()")

# __pm_runtime_disable() counts first, and waits then for a callback that runs.
_OFF = (sets(RPM_ENABLED(DEV), 0),)
PM_RUNTIME_DISABLE = Operation(
    "pm_runtime_disable",
    ("dev",),
    (ok(*_OFF),),
    begins=_OFF,
    waits=DONE,
    source="include/linux/pm_runtime.h pm_runtime_disable()",
    fingerprint=Fingerprint(("pm_runtime_disable",), on=0),
    at=".dev",
)
PM_RUNTIME_ENABLE = Operation(
    "pm_runtime_enable",
    ("dev",),
    (ok(sets(RPM_ENABLED(DEV), 1)),),
    source=f"{_RUNTIME} pm_runtime_enable()",
    fingerprint=Fingerprint(("pm_runtime_enable",), on=0),
    at=".dev",
    undo=PM_RUNTIME_DISABLE,
    sleeps=False,
)
DEVM_PM_RUNTIME_ENABLE = gets(
    "devm_pm_runtime_enable", sets(RPM_ENABLED(DEV), 1), managed=True, error="-ENOMEM",
    undo=replace(
        released("disable runtime PM", *_OFF, source=f"{_RUNTIME} pm_runtime_disable_action()"),
        begins=AT_ONCE, waits=DONE,
    ),
    source=f"{_RUNTIME} devm_pm_runtime_enable()", fails=Fails.NEGATIVE)

# Callbacks for system sleep, and remove, that call the driver's own for runtime PM unless the
# device is suspended. What is done then the machine puts in its place: checks/machine/forced.py.
PM_RUNTIME_FORCE_SUSPEND = Operation(
    "pm_runtime_force_suspend",
    ("dev",),
    (ok(), fault("-EBUSY")),
    source=f"{_RUNTIME} pm_runtime_force_suspend()",
    fingerprint=Fingerprint(("pm_runtime_force_suspend",), on=0, fails=Fails.NEGATIVE),
    kinds=OFF_PCI,
)
PM_RUNTIME_FORCE_RESUME = replace(
    PM_RUNTIME_FORCE_SUSPEND, name="pm_runtime_force_resume",
    source=f"{_RUNTIME} pm_runtime_force_resume()",
    fingerprint=Fingerprint(("pm_runtime_force_resume",), on=0, fails=Fails.NEGATIVE),
)


def suspended(device: Place) -> Guard:
    """Return the condition pm_runtime_status_suspended() of a device that is not PCI."""
    return Guard("runtime PM has it suspended", RPM_ACTIVE(device).eq(0),
                 ("pm_runtime_status_suspended(dev)",))
