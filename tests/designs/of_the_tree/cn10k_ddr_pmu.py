# SPDX-License-Identifier: GPL-2.0-only
"""drivers/perf/marvell_cn10k_ddr_pmu.c: a PMU that a timer looks at, for it has no irq."""

from dataclasses import replace

from generator.context import hrtimer
from generator.design import Design, Device, Driver
from generator.fingerprint import Fingerprint
from generator.operation import RETURN
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import PLATFORM_SET_DRVDATA
from generator.ops.mapping import DEVM_PLATFORM_GET_AND_IOREMAP_RESOURCE, access
from generator.ops.perf import (
    CPUHP_STATE_ADD_INSTANCE,
    CPUHP_STATE_REMOVE_INSTANCE,
    DEVM_KASPRINTF,
    PERF_PMU_REGISTER,
    PERF_PMU_UNREGISTER,
)
from generator.ops.work import HRTIMER_CANCEL, HRTIMER_INIT, HRTIMER_START
from generator.program import Return

DDR = Device("ddr", "platform")
READQ, WRITEQ = access("readq_relaxed"), access("writeq_relaxed")
ADD = replace(CPUHP_STATE_ADD_INSTANCE, name="cpuhp_state_add_instance_nocalls",
              fingerprint=Fingerprint(("cpuhp_state_add_instance_nocalls",)))
REMOVE = replace(CPUHP_STATE_REMOVE_INSTANCE, name="cpuhp_state_remove_instance_nocalls",
                 fingerprint=Fingerprint(("cpuhp_state_remove_instance_nocalls",)))
ADD = replace(ADD, undo=REMOVE, outcomes=ADD.outcomes[:1])  # 683: its value is not looked at

DESIGN = Design("cn10k-ddr-pmu", "a PMU of a memory controller", (DDR,), (Driver(
    "cn10k-ddr-pmu", DDR,
    probe=(
        DEVM_KZALLOC(DDR, DDR, fail=RETURN),  # 640
        PLATFORM_SET_DRVDATA(DDR),  # 645
        DEVM_PLATFORM_GET_AND_IOREMAP_RESOURCE(DDR, fail=RETURN),  # 647
        WRITEQ(DDR),  # 654
        DEVM_KASPRINTF(DDR, fail=RETURN),  # 675
        HRTIMER_INIT(DDR, timer="poll"),  # 680
        ADD(DDR),  # 683
        PERF_PMU_REGISTER(DDR, fail=(  # 687
            REMOVE(DDR),  # 694
            Return(ok=False),
        )),
    ),
    remove=(
        HRTIMER_CANCEL(DDR, timer="poll"),  # 708
        REMOVE(DDR),  # 710
        PERF_PMU_UNREGISTER(DDR),  # 714
    ),
    atomic=(HRTIMER_START(DDR, timer="poll"),),  # 452
    contexts=(hrtimer("poll", (READQ(DDR),)),),  # 402
    unbind=False,  # 738: suppress_bind_attrs
),))
