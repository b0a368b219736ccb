# SPDX-License-Identifier: GPL-2.0-only
"""Designs that count runtime PM references wrongly, or wait for themselves."""

from dataclasses import replace

from broken.parts import (
    AWAKE,
    DELETE,
    KID,
    MADE,
    MAKE,
    ONE,
    PORT,
    SLEEP,
    Case,
    design,
    kid,
    port,
)
from generator.context import calls
from generator.operation import IGNORE
from generator.ops.call import CALL_FAILS, CALL_TAKES
from generator.ops.irq import (
    DISABLE_IRQ_WAKE,
    ENABLE_IRQ_WAKE,
    FREE_IRQ,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    REQUEST_IRQ,
    REQUEST_IRQ_NO_SUSPEND,
)
from generator.ops.pm import PM_RUNTIME_GET_SYNC, PM_RUNTIME_PUT, PM_RUNTIME_PUT_NOIDLE
from generator.ops.pm import PM_RUNTIME_RESUME_AND_GET as GET
from generator.ops.registered import WATCHDOG_REGISTER_DEVICE, WATCHDOG_UNREGISTER_DEVICE
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.program import Block

# A port and its child that share a vector; the port's is to wake the system.
ON_ONE: Block = (ONE, PCI_IRQ_VECTOR(PORT, PORT, nr=0), PCI_IRQ_VECTOR(PORT, KID, nr=0))
SHARING = replace(
    port((*ON_ONE, REQUEST_IRQ(PORT), *MAKE),
         (*DELETE, FREE_IRQ(PORT), PCI_FREE_IRQ_VECTORS(PORT))),
    suspend=(ENABLE_IRQ_WAKE(PORT, fail=IGNORE),), resume=(DISABLE_IRQ_WAKE(PORT),),
)
LIVE = kid((REQUEST_IRQ(KID), ENABLE_SOURCE(KID)), (DISABLE_SOURCE(KID), FREE_IRQ(KID)))
ON_ONE_BY = (
    "port: bind portdrv",
    "port: pci_alloc_irq_vectors(port)",
    "port: pci_irq_vector(port, port)",
    "port: pci_irq_vector(port, kid)",
)

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
    # drivers/pci/pcie/pme.c pcie_pme_suspend() arms its irq; kernel/irq/pm.c suspend_device_irq()
    # marks the irq, and irq_pm_check_wakeup() wakes the system by whoever raises it.
    Case(
        "N43",
        broken=design(SHARING, LIVE),
        mended=design(SHARING, replace(
            LIVE, suspend=(DISABLE_SOURCE(KID),), resume=(ENABLE_SOURCE(KID),)
        )),
        trace=(
            *ON_ONE_BY,
            "port: request_irq(port)",
            *MADE,
            "port: probe returns 0",
            "kid: bind kiddrv",
            "kid: request_irq(kid)",
            "kid: enable source for kid",
            "kid: probe returns 0",
            "system: goes to sleep",
            "port: suspend portdrv",
            "port: enable_irq_wake(port)",
            "system: loses power",
        ),
        hardware={},
        episode="sleep",
    ),
    # kernel/irq/manage.c irq_set_irq_wake(): desc->wake_depth is 0 where it could not be armed.
    Case(
        "N44",
        broken=design(SHARING),
        mended=design(replace(SHARING, suspend=(ENABLE_IRQ_WAKE(PORT),))),
        trace=(
            *ON_ONE_BY,
            "port: request_irq(port)",
            *MADE,
            "port: probe returns 0",
            "system: goes to sleep",
            "port: suspend portdrv",
            "port: enable_irq_wake(port) -> -ENXIO",
            "system: loses power",
            "PCI core: restores what it saved",
            "port: resume portdrv",
            "port: disable_irq_wake(port)",
        ),
        hardware={},
        episode="sleep",
    ),
    # The same function counts: armed for each sleep, and disarmed after none.
    Case(
        "N44",
        broken=design(replace(SHARING, resume=())),
        mended=design(replace(SHARING, suspend=(ENABLE_IRQ_WAKE(PORT),))),
        trace=(
            *ON_ONE_BY,
            "port: request_irq(port)",
            *MADE,
            "port: probe returns 0",
            "system: goes to sleep",
            "port: suspend portdrv",
            "port: enable_irq_wake(port)",
            "system: loses power",
            "PCI core: restores what it saved",
            "port: resume portdrv",
            "system: is awake again",
        ),
        hardware={},
        episode="sleep",
    ),
    # drivers/base/power/ has no part in this: an irq that is armed in probe stays armed.
    Case(
        "N44",
        broken=design(port((*ON_ONE, ENABLE_IRQ_WAKE(PORT)), (PCI_FREE_IRQ_VECTORS(PORT),))),
        mended=design(port(
            (*ON_ONE, ENABLE_IRQ_WAKE(PORT)), (DISABLE_IRQ_WAKE(PORT), PCI_FREE_IRQ_VECTORS(PORT))
        )),
        trace=(
            *ON_ONE_BY,
            "port: enable_irq_wake(port)",
            "port: probe returns 0",
            "port: unbind portdrv",
            "port: pci_free_irq_vectors(port)",
            "port: unbound",
        ),
        hardware={},
    ),
    # kernel/irq/pm.c irq_pm_install_action(), called by kernel/irq/manage.c __setup_irq(): of the
    # actions on an irq all have IRQF_NO_SUSPEND, or none.
    Case(
        "N45",
        broken=design(SHARING, kid((REQUEST_IRQ_NO_SUSPEND(KID),), (FREE_IRQ(KID),))),
        mended=design(SHARING, LIVE),
        trace=(
            *ON_ONE_BY,
            "port: request_irq(port)",
            *MADE,
            "kid: bind kiddrv",
            "kid: request_irq(kid)",
        ),
        hardware={},
        floating=("port",),
    ),
    # drivers/iio/industrialio-core.c iio_read_channel_info() hands on what read_raw returns: who
    # reads sees an error, and nobody calls the driver again for it.
    Case(
        "N48",
        broken=design(port(MAKE, DELETE), replace(
            kid((WATCHDOG_REGISTER_DEVICE.on("watchdog")(KID),),
                (WATCHDOG_UNREGISTER_DEVICE.on("watchdog")(KID),)),
            contexts=(calls("watchdog", (CALL_TAKES(KID), CALL_FAILS(KID))),))),
        mended=design(port(MAKE, DELETE), replace(
            kid((WATCHDOG_REGISTER_DEVICE.on("watchdog")(KID),),
                (WATCHDOG_UNREGISTER_DEVICE.on("watchdog")(KID),)),
            contexts=(calls("watchdog", (CALL_FAILS(KID),)),))),
        trace=(
            "port: bind portdrv",
            *MADE,
            "kid: bind kiddrv",
            "kid: watchdog_register_device(kid)",
            "kid watchdog: watchdog is called",
            "kid watchdog: take runtime PM for a call for kid",
            "kid watchdog: a call fails for kid",
        ),
        hardware={},
        floating=("port",),
    ),
)
