# SPDX-License-Identifier: GPL-2.0-only
"""Designs that count runtime PM references wrongly, or wait for themselves."""

from dataclasses import replace

from broken.parts import (
    AWAKE,
    DELETE,
    KID,
    MADE,
    MAKE,
    PORT,
    SLEEP,
    Case,
    design,
    kid,
    port,
)
from generator.operation import IGNORE
from generator.ops.pm import PM_RUNTIME_GET_SYNC, PM_RUNTIME_PUT, PM_RUNTIME_PUT_NOIDLE
from generator.ops.pm import PM_RUNTIME_RESUME_AND_GET as GET

CASES = (
    # include/linux/pm_runtime.h pm_runtime_resume_and_get() has dropped its reference itself when
    # it fails: drivers/base/power/runtime.c rpm_drop_usage_count() finds none of the child's then.
    Case(
        "N41",
        broken=design(port(MAKE, DELETE), kid((
            GET(PORT, KID, fail=(PM_RUNTIME_PUT_NOIDLE(PORT, KID),)),), (
            PM_RUNTIME_PUT(PORT, KID),
        ))),
        mended=design(port(MAKE, DELETE), kid((GET(PORT, KID),), (PM_RUNTIME_PUT(PORT, KID),))),
        trace=(
            "port: bind portdrv",
            *MADE,
            "kid: bind kiddrv",
            "kid: pm_runtime_resume_and_get(port, kid) -> -EACCES",
            "kid: pm_runtime_put_noidle(port, kid)",
        ),
        hardware={},
        floating=("port",),
    ),
    # drivers/pci/pci-driver.c local_pci_probe() holds one reference, which may be given away once.
    Case(
        "N41",
        broken=design(port((PM_RUNTIME_PUT_NOIDLE(PORT, PORT), PM_RUNTIME_PUT(PORT, PORT)))),
        mended=design(port((PM_RUNTIME_PUT_NOIDLE(PORT, PORT),), (
            PM_RUNTIME_GET_SYNC(PORT, PORT, fail=IGNORE),
        ))),
        trace=(
            "port: bind portdrv",
            "port: pm_runtime_put_noidle(port, port)",
            "port: pm_runtime_put(port, port)",
        ),
        hardware={},
    ),
    # drivers/base/power/runtime.c rpm_suspend() has set RPM_SUSPENDING when it calls the driver,
    # and rpm_resume() waits until that is over.
    Case(
        "N42",
        broken=design(replace(
            port(SLEEP, AWAKE),
            runtime_suspend=(
                PM_RUNTIME_GET_SYNC(PORT, PORT), PM_RUNTIME_PUT_NOIDLE(PORT, PORT),
            ),
        )),
        mended=design(replace(port(SLEEP, AWAKE), runtime_suspend=())),
        trace=(
            "port: bind portdrv",
            "port: pm_runtime_put_autosuspend(port)",
            "port: pm_runtime_allow(port)",
            "port: probe returns 0",
            "port: runtime_suspend portdrv",
            "port: pm_runtime_get_sync(port, port)",
        ),
        hardware={},
        episode="sleep",
    ),
)
