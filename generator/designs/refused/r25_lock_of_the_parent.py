# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but a child's driver takes the lock of the device above in its probe."""

from __future__ import annotations

from dataclasses import replace

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused
from generator.drivers.pcie_cxlpmu import CPMU
from generator.drivers.portdrv_services import PORT
from generator.ops.corelock import DEVICE_LOCK, DEVICE_UNLOCK

# What fails later must not unlock it once more.
LOCK = replace(DEVICE_LOCK, undo=None)(PORT, CPMU)
UNLOCK = DEVICE_UNLOCK(PORT, CPMU)
REFUSED = Refusal(
    "R25", "a child's driver takes the lock of the device above in its probe",
    r"INFO: task .* blocked for more than \d+ seconds", ("boot", "load", "rebind"),
    args=("sysctl.kernel.hung_task_timeout_secs=20",),
)
DESIGN, SERIES = refused(
    "r25-lock-of-the-parent",
    rewrite.entry(
        auxbus.DESIGN, "cxl_pmu", "probe",
        lambda block: rewrite.around(block, "quiesce", before=(LOCK,), after=(UNLOCK,)),
    ),
)
