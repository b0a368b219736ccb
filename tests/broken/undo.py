# SPDX-License-Identifier: GPL-2.0-only
"""Designs that give back what they do not have, or take what they have already."""

from broken.parts import DELETE, KID, MADE, MAKE, PORT, Case, design, kid, port
from generator.design import Device
from generator.ops.child import CHILD_REGISTER, CHILD_UNREGISTER
from generator.ops.device import (
    IDA_ALLOC,
    IDA_FREE,
    KFREE,
    KZALLOC,
)
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    FREE_IRQ,
    MSI,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
)
from generator.ops.perf import devm_action
from generator.ops.pm import PM_RUNTIME_PUT, PM_RUNTIME_RESUME_AND_GET
from generator.program import Return

CHILD = Device("child", "express", PORT)
CHILD_OF = (IDA_ALLOC(KID),)
REGISTER = CHILD_REGISTER(CHILD)
BY_KFREE = CHILD_REGISTER(CHILD, fail=(KFREE(CHILD), Return(ok=False)))
WITH_CHILD = (PORT, CHILD)
IRQ = (PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=MSI), PCI_IRQ_VECTOR(PORT, PORT, nr=0),
       DEVM_REQUEST_IRQ(PORT, PORT))
HAD = (PM_RUNTIME_RESUME_AND_GET(PORT, KID),)
PUT_LATER = devm_action(PM_RUNTIME_PUT, "put_parent")(PORT, KID, KID)

CASES = (
    # lib/idr.c ida_free(): the bit of the id is clear, "ida_free called for id=%d which is not
    # allocated"; where somebody has taken it since, it is taken from him without a word.
    Case(
        "N20",
        broken=design(port(CHILD_OF, (IDA_FREE(KID), IDA_FREE(KID)))),
        mended=design(port(CHILD_OF, (IDA_FREE(KID),))),
        trace=(
            "port: bind portdrv",
            "port: ida_alloc(kid)",
            "port: probe returns 0",
            "port: unbind portdrv",
            "port: ida_free(kid)",
            "port: ida_free(kid)",
        ),
        hardware={},
    ),
    # kernel/irq/devres.c devm_request_threaded_irq() has put it on the devres list, where
    # kernel/irq/manage.c free_irq() does not look: devm_irq_release() frees it once more.
    Case(
        "N20",
        broken=design(port(IRQ, (FREE_IRQ(PORT), PCI_FREE_IRQ_VECTORS(PORT)))),
        mended=design(port(IRQ)),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: pci_irq_vector(port, port)",
            "port: devm_request_irq(port, port)",
            "port: probe returns 0",
            "port: unbind portdrv",
            "port: free_irq(port)",
            "port: pci_free_irq_vectors(port)",
            "port: free_irq(port)",
        ),
        hardware={},
    ),
    # drivers/base/power/runtime.c rpm_drop_usage_count(): "Runtime PM usage count underflow!"
    Case(
        "N20",
        broken=design(port(MAKE, DELETE), kid((PUT_LATER,))),
        mended=design(port(MAKE, DELETE), kid((*HAD, PUT_LATER))),
        trace=(
            "port: bind portdrv",
            *MADE,
            "kid: bind kiddrv",
            "kid: devm_add_action_or_reset[pm_runtime_put](port, kid, kid)",
            "kid: probe returns 0",
            "kid: unbind kiddrv",
            "kid: pm_runtime_put(port, kid)",
        ),
        hardware={},
    ),
    # drivers/base/core.c device_register(): device_initialize() comes first, so that even a device
    # that could not be added has a name and a reference, which put_device() drops.
    Case(
        "N20",
        broken=design(port((KZALLOC(CHILD), BY_KFREE), (CHILD_UNREGISTER(CHILD),)),
                      devices=WITH_CHILD),
        mended=design(port((KZALLOC(CHILD), REGISTER), (CHILD_UNREGISTER(CHILD),)),
                      devices=WITH_CHILD),
        trace=(
            "port: bind portdrv",
            "port: kzalloc(child)",
            "port: device_register(child) -> -ENOMEM",
            "port: kfree(child)",
        ),
        hardware={},
    ),
    # The same function: once added, device_unregister() drops the last reference.
    Case(
        "N20",
        broken=design(port((KZALLOC(CHILD), REGISTER),
                           (CHILD_UNREGISTER(CHILD), KFREE(CHILD))), devices=WITH_CHILD),
        mended=design(port((KZALLOC(CHILD), REGISTER), (CHILD_UNREGISTER(CHILD),)),
                      devices=WITH_CHILD),
        trace=(
            "port: bind portdrv",
            "port: kzalloc(child)",
            "port: device_register(child)",
            "port: probe returns 0",
            "port: unbind portdrv",
            "port: device_unregister(child)",
            "port: kfree(child)",
        ),
        hardware={},
    ),
    # lib/idr.c ida_alloc_range() gives another id each time; what is freed is the last.
    Case(
        "N21",
        broken=design(port((*CHILD_OF, *CHILD_OF), (IDA_FREE(KID),))),
        mended=design(port(CHILD_OF, (IDA_FREE(KID),))),
        trace=("port: bind portdrv", "port: ida_alloc(kid)", "port: ida_alloc(kid)"),
        hardware={},
    ),
)
