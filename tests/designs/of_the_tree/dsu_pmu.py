# SPDX-License-Identifier: GPL-2.0-only
"""drivers/perf/arm_dsu_pmu.c: a PMU of a cluster of CPUs, which cannot be unbound by sysfs."""

from dataclasses import replace

from generator.design import Design, Device, Driver
from generator.facts import MEMORY
from generator.fingerprint import Fingerprint
from generator.operation import RETURN
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import PLATFORM_SET_DRVDATA
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.perf import (
    CPUHP_STATE_ADD_INSTANCE,
    CPUHP_STATE_REMOVE_INSTANCE,
    DEVM_KASPRINTF,
    PERF_PMU_REGISTER,
    PERF_PMU_UNREGISTER,
)
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.program import Return

DSU = Device("dsu", "platform")
REMOVE = replace(CPUHP_STATE_REMOVE_INSTANCE, name="cpuhp_state_remove_instance",
                 fingerprint=Fingerprint(("cpuhp_state_remove_instance",)))
ADD = replace(CPUHP_STATE_ADD_INSTANCE, undo=REMOVE)

DESIGN = Design("dsu-pmu", "a PMU of a cluster of CPUs", (DSU,), (Driver(
    "arm-dsu-pmu", DSU,
    probe=(
        DEVM_KZALLOC(DSU, DSU, fail=RETURN),  # 574
        PLATFORM_GET_IRQ(DSU, DSU, fail=RETURN),  # 712
        DEVM_KASPRINTF(DSU, fail=RETURN),  # 716
        DEVM_REQUEST_IRQ(DSU, DSU, fail=RETURN),  # 720
        PLATFORM_SET_DRVDATA(DSU),  # 728
        ADD(DSU, fail=RETURN),  # 729
        PERF_PMU_REGISTER(DSU, fail=(  # 751
            REMOVE(DSU),  # 753
            Return(ok=False),
        )),
    ),
    remove=(
        PERF_PMU_UNREGISTER(DSU),  # 764
        REMOVE(DSU),  # 765
    ),
    unbind=False,  # 787: suppress_bind_attrs
    handler_needs=(MEMORY,),
),))
