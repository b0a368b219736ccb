# SPDX-License-Identifier: GPL-2.0-only
"""Power domains, and runtime PM where the driver itself enables it: not on PCI.

drivers/base/power/common.c, runtime.c.
"""

from __future__ import annotations

from generator.facts import POWER_DOMAIN, RPM_ENABLED
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, Operation, ok, sets
from generator.ops.counted import gets, gives_back, released

_COMMON, _RUNTIME = "drivers/base/power/common.c", "drivers/base/power/runtime.c"

DEV_PM_DOMAIN_DETACH = gives_back("dev_pm_domain_detach", sets(POWER_DOMAIN(DEV), 0),
                                  source=f"{_COMMON} dev_pm_domain_detach()")
DEV_PM_DOMAIN_ATTACH_BY_NAME = gets(
    "dev_pm_domain_attach_by_name", sets(POWER_DOMAIN(DEV), 1), undo=DEV_PM_DOMAIN_DETACH,
    source=f"{_COMMON} dev_pm_domain_attach_by_name()")

PM_RUNTIME_DISABLE = Operation(
    "pm_runtime_disable",
    ("dev",),
    (ok(sets(RPM_ENABLED(DEV), 0)),),
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
    undo=released("disable runtime PM", sets(RPM_ENABLED(DEV), 0),
                  source=f"{_RUNTIME} pm_runtime_disable_action()"),
    source=f"{_RUNTIME} devm_pm_runtime_enable()", fails=Fails.NEGATIVE)
