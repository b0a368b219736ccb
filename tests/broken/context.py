# SPDX-License-Identifier: GPL-2.0-only
"""Designs that do things at the wrong time or place, or promise what they do not keep."""

from broken.parts import (
    AWAKE,
    DELETE,
    KID,
    MADE,
    MAKE,
    MANY,
    ONE,
    PORT,
    SERVICE,
    SLEEP,
    Case,
    design,
    kid,
    port,
)
from generator.design import Design, Device, Driver
from generator.drivers.portdrv import TAKES_IRQ
from generator.facts import BLOCK, HAS, LOCAL, MSG, NVEC
from generator.operation import IGNORE, RETURN, Guard, sets
from generator.ops.assign import note
from generator.ops.cxl import CXL_FIND_REGBLOCK_INSTANCE
from generator.ops.device import KFREE_NOTE, KZALLOC, KZALLOC_NOTE
from generator.ops.irq import PCI_FREE_IRQ_VECTORS, PCI_IRQ_VECTOR
from generator.ops.memdev import READL
from generator.ops.pci import (
    PCI_CLEAR_MASTER,
    PCI_DEV_IRQ,
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_SET_DRVDATA,
    PCI_SET_MASTER,
)
from generator.ops.perf import (
    DEVM_IOREMAP,
    DEVM_REQUEST_MEM_REGION,
    PEEK,
    PEEK_ENDS,
    PERF_PMU_REGISTER,
    READQ,
)
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE
from generator.ops.pm import (
    PM_RUNTIME_ALLOW,
    PM_RUNTIME_RESUME_AND_GET,
    PM_RUNTIME_SET_ACTIVE,
)
from generator.ops.power import PM_RUNTIME_DISABLE, PM_RUNTIME_ENABLE
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.program import Block, If, Node, Return

ELSEWHERE = Guard("the block is not in an assigned BAR", BLOCK(KID).eq(1), ())
THERE = Guard("it is there", HAS(KID).eq(1), ())
FIND = CXL_FIND_REGBLOCK_INSTANCE(PORT, fail=IGNORE)
LOOK = (PEEK(KID, fail=RETURN), READQ(KID), PEEK_ENDS(KID))
VECTOR = PCI_IRQ_VECTOR(PORT, KID, nr=MSG(KID), fail=RETURN)
SERVES = ((KID, HAS(KID).eq(1)),)
OTHER = Device("other", "pci")
UART = Device("uart", "platform")
CLAIM, MAP = DEVM_REQUEST_MEM_REGION(KID, KID), DEVM_IOREMAP(KID, KID)
TWO = note("nvec = 2", sets(LOCAL(PORT), 2))()
HIGHEST = note("nvec = msg + 1", sets(LOCAL(PORT), MSG(KID) + 1))()
MORE = If(Guard("nvec > 1", LOCAL(PORT).gt(1), ()), ())
AS_MANY = If(Guard("nvec == nr_entries", LOCAL(PORT).eq(NVEC(PORT)), ()), ())
FREE, ENABLE = PCI_FREE_IRQ_VECTORS(PORT), PCI_ENABLE_DEVICE(PORT)
NOTED_DATA = (KZALLOC_NOTE(PORT), PCI_SET_DRVDATA(PORT))
COUNTS = (PERF_PMU_REGISTER(KID),)


def beside(*probe: Node) -> Design:
    """Return a port's driver and another PCI device that it is not bound to."""
    return Design("two", "a driver of one port", (PORT, SERVICE, OTHER), (port(probe),))


def halts(shutdown: Block) -> Design:
    """Return a driver that does something before kexec to a device which runtime PM suspends."""
    driver = Driver(
        "uartdrv", UART, (
            DEVM_PLATFORM_IOREMAP_RESOURCE(UART), PM_RUNTIME_SET_ACTIVE(UART),
            PM_RUNTIME_ENABLE(UART),
        ), (PM_RUNTIME_DISABLE(UART),), shutdown, runtime_suspend=(), runtime_resume=(),
    )
    return Design("halts", "a serial port", (UART,), (driver,))


CASES = (
    # drivers/pci/msi/msi.c msix_map_region() maps a table in a BAR; only drivers/pci/setup-res.c
    # pci_enable_resources() sets PCI_COMMAND_MEMORY, where firmware has not.
    Case(
        "N22",
        broken=design(port((ONE,), (FREE,))),
        mended=design(port((ENABLE, ONE), (FREE, PCI_DISABLE_DEVICE(PORT)))),
        trace=("port: bind portdrv", "port: pci_alloc_irq_vectors(port)"),
        hardware={},
    ),
    Case(
        "N22",
        broken=design(port((DEVM_IOREMAP(PORT, PORT), READL(PORT)))),
        mended=design(port((ENABLE, DEVM_IOREMAP(PORT, PORT), READL(PORT)),
                           (PCI_DISABLE_DEVICE(PORT),))),
        trace=("port: bind portdrv", "port: devm_ioremap(port, port)", "port: readl(port)"),
        hardware={},
    ),
    # drivers/pci/pci.c do_pci_enable_device() calls pcibios_enable_device(), which routes the line:
    # drivers/acpi/pci_irq.c acpi_pci_irq_enable() sets dev->irq.
    Case(
        "N22",
        broken=design(port((PCI_DEV_IRQ(PORT, PORT), ENABLE), (PCI_DISABLE_DEVICE(PORT),))),
        mended=design(port((ENABLE, PCI_DEV_IRQ(PORT, PORT)), (PCI_DISABLE_DEVICE(PORT),))),
        trace=("port: bind portdrv", "port: pdev->irq for port, port"),
        hardware={"port.line": "yes"},
    ),
    # drivers/pci/pcie/Kconfig: PCIEPORTBUS is bool; drivers/cxl/Kconfig: CXL_BUS is tristate. With
    # =m, vmlinux has no cxl_find_regblock_instance (drivers/cxl/core/regs.c): ld fails.
    Case(
        "R22",
        broken=design(port((FIND,))),
        mended=design(port((FIND,), builtin=False)),
        trace=("port: bind portdrv", "port: cxl_find_regblock_instance(port)"),
        hardware={},
    ),
    # drivers/pci/pci-driver.c local_pci_probe() leaves the last pm_runtime_put() to the driver:
    # after it the port goes to D3hot, where a register write is an unsupported request.
    Case(
        "R34",
        broken=design(port((*SLEEP, ENABLE_SOURCE(PORT)), (*AWAKE, DISABLE_SOURCE(PORT)))),
        mended=design(port((ENABLE_SOURCE(PORT), *SLEEP), (*AWAKE, DISABLE_SOURCE(PORT)))),
        trace=(
            "port: bind portdrv",
            "port: pm_runtime_put_autosuspend(port)",
            "port: pm_runtime_allow(port)",
            "runtime PM: suspends port",
            "port: enable source for port",
        ),
        hardware={},
    ),
    # drivers/base/core.c device_shutdown() holds the device and waits, and resumes nothing: what
    # drivers/base/power/runtime.c rpm_suspend() has suspended behind the probe stays so.
    Case(
        "R34",
        broken=halts((READL(UART),)),
        mended=halts((PM_RUNTIME_RESUME_AND_GET(UART, UART, fail=(Return(),)), READL(UART))),
        trace=(
            "uart: bind uartdrv",
            "uart: devm_platform_ioremap_resource(uart)",
            "uart: pm_runtime_set_active(uart)",
            "uart: pm_runtime_enable(uart)",
            "uart: probe returns 0",
            "uart: runtime_suspend uartdrv",
            "uart: runtime_suspend returns",
            "system: shuts down",
            "uart: shutdown uartdrv",
            "uart: readl(uart)",
        ),
        hardware={},
    ),
    # drivers/cxl/core/regs.c cxl_decode_regblock() indexes pdev->resource[] with any BIR: 6 is the
    # ROM, 7 a bridge window, and IORESOURCE_UNSET is not looked at.
    Case(
        "N7",
        broken=design(port(LOOK)),
        mended=design(port((If(ELSEWHERE, (Return(),)), *LOOK))),
        trace=("port: bind portdrv", "port: ioremap(kid)"),
        hardware={"kid.block": "elsewhere"},
    ),
    # lib/devres.c __devm_ioremap_resource() claims, then maps. arch/x86/mm/ioremap.c
    # __ioremap_caller() does not look at claims: of registers that somebody else has, it takes the
    # memory type from him or fails, and devm_request_mem_region() says only then whose they are.
    Case(
        "N7b",
        broken=design(port(MAKE, DELETE), kid((MAP, CLAIM))),
        mended=design(port(MAKE, DELETE), kid((CLAIM, MAP))),
        trace=(
            "port: bind portdrv",
            *MADE,
            "kid: bind kiddrv",
            "kid: devm_ioremap(kid, kid)",
            "kid: devm_request_mem_region(kid, kid)",
        ),
        hardware={},
    ),
    # kernel/events/core.c event_sched_in() calls pmu->add() with interrupts off;
    # drivers/base/power/runtime.c __pm_runtime_resume() does might_sleep().
    Case(
        "N8",
        broken=design(port(MAKE, DELETE),
                      kid(COUNTS, atomic=(PM_RUNTIME_RESUME_AND_GET(PORT, KID, fail=RETURN),))),
        mended=design(port(MAKE, DELETE), kid(COUNTS, atomic=(DISABLE_SOURCE(KID),))),
        trace=(
            "port: bind portdrv",
            *MADE,
            "kid: bind kiddrv",
            "kid: perf_pmu_register(kid)",
            "user: opens an event on kid",
            "kid: callback of kiddrv",
            "kid: pm_runtime_resume_and_get(port, kid)",
        ),
        hardware={},
        floating=("user",),
    ),
    # Nothing fails, the child is there, and the driver does not make its device.
    Case(
        "N9",
        broken=design(port((If(THERE, ()),)), serves=SERVES),
        mended=design(port((If(THERE, MAKE),), DELETE), serves=SERVES),
        trace=("port: bind portdrv", "port: it is there: yes", "port: probe returns 0"),
        hardware={"kid.present": "yes"},
    ),
    # drivers/pci/pcie/portdrv.c pcie_port_device_register(): at out:, with nothing registered, it
    # frees vectors and clears bus mastering. This one does not.
    Case(
        "N10",
        broken=design(port((ONE,), (PCI_FREE_IRQ_VECTORS(PORT),))),
        mended=design(port((ONE, PCI_FREE_IRQ_VECTORS(PORT)))),
        trace=("port: bind portdrv", "port: pci_alloc_irq_vectors(port)", "port: probe returns 0"),
        hardware={},
    ),
    # drivers/pci/pci.c pci_set_master() writes the command register of the device it is given.
    Case(
        "N11",
        broken=beside(PCI_SET_MASTER(OTHER)),
        mended=beside(PCI_SET_MASTER(PORT), PCI_CLEAR_MASTER(PORT)),
        trace=("port: bind portdrv", "port: pci_set_master(other)"),
        hardware={},
    ),
    # drivers/pci/msi/api.c pci_irq_vector() answers for the device that it is given: the irq of
    # another port, on which no message of this one's child ever comes.
    Case(
        "N11",
        broken=beside(PCI_IRQ_VECTOR(OTHER, SERVICE, nr=0)),
        mended=beside(PCI_IRQ_VECTOR(PORT, SERVICE, nr=0)),
        trace=("port: bind portdrv", "port: pci_irq_vector(other, service)"),
        hardware={},
    ),
    # drivers/pci/pcie/portdrv.c pcie_port_enable_irq_vec() reads the numbers after it has
    # allocated and not before: with MSI they may move. This one reads first.
    Case(
        "N12",
        broken=design(port((*LOOK, ONE, VECTOR), (PCI_FREE_IRQ_VECTORS(PORT),))),
        mended=design(port((ONE, *LOOK, VECTOR), (PCI_FREE_IRQ_VECTORS(PORT),))),
        trace=(
            "port: bind portdrv",
            "port: ioremap(kid)",
            "port: readq(kid)",
            "port: iounmap(kid)",
            "port: pci_alloc_irq_vectors(port)",
            "port: pci_irq_vector(port, kid)",
        ),
        hardware={},
    ),
    # The same function compares nvec with what it was given. Here nothing was counted yet: in C,
    # a variable without a value.
    Case(
        "N12",
        broken=design(port((MANY, MORE, TWO), (FREE,))),
        mended=design(port((MANY, TWO, MORE), (FREE,))),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: nvec > 1: no",
        ),
        hardware={},
    ),
    # Again there: it allocates as many as there can be, and only then calls
    # pcie_message_numbers(). Before, the numbers are not those of the mode that is to come.
    Case(
        "N12",
        broken=design(port((HIGHEST, MANY), (FREE,))),
        mended=design(port((MANY, HIGHEST), (FREE,))),
        trace=("port: bind portdrv", "port: nvec = msg + 1"),
        hardware={},
    ),
    # pcie_port_device_register() has irqs[] on its stack, and pcie_device_init() gives a service
    # what stands in its place there: pcie_init_service_irqs() must have written it, if only -1.
    Case(
        "N12",
        broken=design(port((KZALLOC(SERVICE), TAKES_IRQ(SERVICE))), devices=(PORT, SERVICE)),
        mended=design(
            port((PCI_IRQ_VECTOR(PORT, SERVICE, nr=0), KZALLOC(SERVICE), TAKES_IRQ(SERVICE))),
            devices=(PORT, SERVICE),
        ),
        trace=(
            "port: bind portdrv",
            "port: kzalloc(service)",
            "port: pcie_device.irq = int[*] for service",
        ),
        hardware={},
    ),
    # And it compares nvec with nr_entries, which pci_alloc_irq_vectors() returned, before it frees
    # them: afterwards nr_entries is what it was, and there are none.
    Case(
        "N12",
        broken=design(port((MANY, TWO, FREE, AS_MANY), (FREE,))),
        mended=design(port((MANY, TWO, AS_MANY, FREE), (FREE,))),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: nvec = 2",
            "port: pci_free_irq_vectors(port)",
            "port: nvec == nr_entries: no",
        ),
        hardware={},
    ),
    # include/linux/pci.h pci_set_drvdata() keeps a pointer: mm/slub.c kfree() leaves it as it is.
    # drivers/base/dd.c device_unbind_cleanup() clears it when the driver is unbound, not before.
    Case(
        "N12",
        broken=design(port((*NOTED_DATA, KFREE_NOTE(PORT)))),
        mended=design(port(NOTED_DATA, (KFREE_NOTE(PORT),))),
        trace=(
            "port: bind portdrv",
            "port: kzalloc note(port)",
            "port: pci_set_drvdata(port)",
            "port: kfree note(port)",
            "port: probe returns 0",
        ),
        hardware={},
    ),
    # drivers/pci/pci-driver.c local_pci_probe() holds a reference, which the driver's probe may
    # give away; .remove takes it back with pm_runtime_get_noresume(), and pci_device_remove() puts
    # what local_pci_probe() held. Taken back without being given, one is left over for good.
    Case(
        "N16",
        broken=design(port((PM_RUNTIME_ALLOW(PORT),), AWAKE)),
        mended=design(port(SLEEP, AWAKE)),
        trace=(
            "port: bind portdrv",
            "port: pm_runtime_allow(port)",
            "port: probe returns 0",
            "port: unbind portdrv",
            "port: pm_runtime_forbid(port)",
            "port: pm_runtime_get_noresume(port)",
        ),
        hardware={},
    ),
)
