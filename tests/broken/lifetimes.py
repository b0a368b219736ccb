# SPDX-License-Identifier: GPL-2.0-only
"""Designs that bind, unwind or remove wrongly."""

from dataclasses import replace

from broken.parts import DELETE, KID, MADE, MAKE, ONE, PORT, Case, design, kid, port
from generator.design import Design, Device, Driver
from generator.facts import BELOW
from generator.ops.aux import AUXILIARY_DEVICE_ADD, AUXILIARY_DEVICE_INIT
from generator.ops.device import DEVM_KZALLOC, IDA_ALLOC, KFREE, KZALLOC
from generator.ops.irq import PCI_FREE_IRQ_VECTORS
from generator.ops.pci import (
    PCI_CLEAR_MASTER,
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_SET_MASTER,
)
from generator.ops.perf import DEVM_IOREMAP, DEVM_KCALLOC, PERF_PMU_REGISTER, PERF_PMU_UNREGISTER
from generator.program import Return

# The PCI core would set vectors up before the port has a driver.
CORE = Device("core", "pci")
EARLY = Design(
    "early", "the PCI core allocates vectors of a port that nobody has bound", (CORE, PORT),
    (Driver("pcicore", CORE, (ONE,)), port(())),
)
BOUND_FIRST = Design(
    "bound first", "the port's driver allocates its vectors", (CORE, PORT),
    (Driver("pcicore", CORE, ()), port((ONE,), (PCI_FREE_IRQ_VECTORS(PORT),))),
)
HALF = (IDA_ALLOC(KID), KZALLOC(KID), AUXILIARY_DEVICE_INIT(KID))
ADD_THEN_KFREE = AUXILIARY_DEVICE_ADD(KID, fail=(KFREE(KID), Return(ok=False)))
REGISTER, UNREGISTER = PERF_PMU_REGISTER(KID), PERF_PMU_UNREGISTER(KID)
COUNTS = kid((REGISTER,), (UNREGISTER,))

CASES = (
    # drivers/pci/msi/msi.c pci_setup_msi_context() -> kernel/irq/msi.c msi_setup_device_data():
    # devres_add() on the port. drivers/base/dd.c really_probe(): devres_head is not empty, -EBUSY.
    Case(
        "R01",
        broken=EARLY,
        mended=BOUND_FIRST,
        trace=(
            "core: bind pcicore",
            "core: pci_alloc_irq_vectors(port)",
            "port: bind portdrv",
        ),
        hardware={},
    ),
    # The same, at the call that does it.
    Case(
        "R02",
        broken=EARLY,
        mended=BOUND_FIRST,
        trace=("core: bind pcicore", "core: pci_alloc_irq_vectors(port)"),
        hardware={},
    ),
    # drivers/pci/pci.c pci_clear_master() -> __pci_set_master() clears PCI_COMMAND_MASTER of the
    # bridge, through which everything below it does DMA and sends messages.
    Case(
        "R09",
        broken=design(port((PCI_SET_MASTER(PORT),), (PCI_CLEAR_MASTER(PORT),))),
        mended=design(port((PCI_SET_MASTER(PORT),))),
        trace=(
            "port: bind portdrv",
            "port: pci_set_master(port)",
            "port: probe returns 0",
            "port: unbind portdrv",
            "port: pci_clear_master(port)",
        ),
        hardware={"port.below": "yes"},
    ),
    # drivers/pci/pci.c pci_enable_bridge() leaves a bridge alone that is_busmaster already.
    Case(
        "R09",
        broken=design(port((PCI_SET_MASTER(PORT), PCI_CLEAR_MASTER(PORT)))),
        mended=design(port((PCI_SET_MASTER(PORT),))),
        trace=(
            "port: bind portdrv", "port: pci_set_master(port)", "port: pci_clear_master(port)"
        ),
        hardware={},
    ),
    # drivers/cxl/core/regs.c devm_cxl_iomap_block() takes the struct device whose devres it
    # uses: given the port, the mapping lives until the port is unbound, not the child.
    Case(
        "R23",
        broken=design(port(MAKE, DELETE), kid((DEVM_IOREMAP(KID, PORT),))),
        mended=design(port(MAKE, DELETE), kid((DEVM_IOREMAP(KID, KID),))),
        trace=("port: bind portdrv", *MADE, "kid: bind kiddrv", "kid: devm_ioremap(kid, port)"),
        hardware={},
    ),
    # drivers/base/devres.c devm_kmalloc() adds to the list of the device that it is given: the
    # port's is released when the port is unbound (drivers/base/dd.c device_unbind_cleanup()).
    Case(
        "R23",
        broken=design(port(MAKE, DELETE), kid((DEVM_KCALLOC(PORT),))),
        mended=design(port(MAKE, DELETE), kid((DEVM_KCALLOC(KID),))),
        trace=("port: bind portdrv", *MADE, "kid: bind kiddrv", "kid: devm_kcalloc(port)"),
        hardware={},
    ),
    # drivers/base/auxiliary.c __auxiliary_device_add(): device_add() fails (a name that exists,
    # drivers/base/core.c), the reference of device_initialize() is still held: kfree() frees a
    # kobject with a name and a count.
    Case(
        "R24",
        broken=design(port((*HALF, ADD_THEN_KFREE), DELETE)),
        mended=design(port(MAKE, DELETE)),
        trace=(
            "port: bind portdrv",
            *MADE[:-1],
            "port: auxiliary_device_add(kid) -> -EEXIST",
            "port: kfree(kid)",
        ),
        hardware={},
    ),
    # drivers/pci/pci-driver.c pci_device_remove() says in a comment that it does not complain
    # of a device that is left enabled: enable_cnt stays 1.
    Case(
        "R36",
        broken=design(port((PCI_ENABLE_DEVICE(PORT),))),
        mended=design(port((PCI_ENABLE_DEVICE(PORT),), (PCI_DISABLE_DEVICE(PORT),)),
                      given={BELOW: "no"}),
        trace=(
            "port: bind portdrv",
            "port: pci_enable_device(port)",
            "port: probe returns 0",
            "port: unbind portdrv",
            "port: unbound",
        ),
        hardware={},
    ),
    # The same for what a driver keeps of parts that have no driver of their own, as
    # drivers/perf/arm-ni.c arm_ni_probe() of its clock domains: PMUs of an unbound driver.
    Case(
        "R36",
        broken=design(port((REGISTER,))),
        mended=design(port((REGISTER,), (UNREGISTER,))),
        trace=(
            "port: bind portdrv",
            "port: perf_pmu_register(kid)",
            "port: probe returns 0",
            "port: unbind portdrv",
            "port: unbound",
        ),
        hardware={},
    ),
    # kernel/events/core.c perf_pmu_register() makes the PMU visible: an event can open before
    # probe goes on. The next call fails, and perf_pmu_unregister() frees pmu_disable_count and
    # the contexts without a look at events. The event can open at any place between.
    Case(
        "N1",
        broken=design(port(MAKE, DELETE), kid((REGISTER, DEVM_KZALLOC(KID, KID)), (UNREGISTER,))),
        mended=design(port(MAKE, DELETE), kid((DEVM_KZALLOC(KID, KID),))),
        trace=(
            "port: bind portdrv",
            *MADE,
            "kid: bind kiddrv",
            "kid: perf_pmu_register(kid)",
            "user: opens an event on kid",
            "kid: devm_kzalloc(kid, kid) -> -ENOMEM",
            "kid: perf_pmu_unregister(kid)",
        ),
        hardware={},
        floating=("user",),
    ),
    # drivers/base/core.c device_shutdown() calls the port's .shutdown, and who runs `reboot -f` has
    # not closed anything: perf_pmu_unregister() comes from there.
    Case(
        "N47",
        broken=design(replace(port(MAKE, DELETE), shutdown=DELETE), COUNTS),
        mended=design(replace(port(MAKE, DELETE), shutdown=()), COUNTS),
        trace=(
            "port: bind portdrv",
            *MADE,
            "port: probe returns 0",
            "kid: bind kiddrv",
            "kid: perf_pmu_register(kid)",
            "kid: probe returns 0",
            "user: opens an event on kid",
            "system: shuts down",
            "port: shutdown portdrv",
            "port: the child was added: yes",
            "port: auxiliary_device_delete(kid)",
            "kid: unbind kiddrv",
            "kid: perf_pmu_unregister(kid)",
        ),
        hardware={},
        floating=("kid", "user"),
    ),
)
