# SPDX-License-Identifier: GPL-2.0-only
"""Designs whose handlers, sources and vectors do not fit together."""

from dataclasses import replace

from broken.parts import (
    DELETE,
    KID,
    LINE,
    MADE,
    MAKE,
    ONE,
    PORT,
    SERVICE,
    VECTOR,
    WITH_VECTOR,
    Case,
    design,
    kid,
    port,
)
from generator.design import Design, Device, Driver
from generator.drivers.portdrv_irqs import LOOK_UP_DPC, READ_DPC
from generator.facts import ADDED, CLOCK_ON, LIFE, MSG, NO_MESSAGE, msi_on
from generator.operation import IGNORE, RETURN, Guard
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVICE_REGISTER, DEVICE_UNREGISTER, KFREE, KZALLOC
from generator.ops.irq import FREE_IRQ, PCI_FREE_IRQ_VECTORS, PCI_IRQ_VECTOR, REQUEST_IRQ
from generator.ops.memdev import READ_REGISTER
from generator.ops.pci import PCI_SET_MASTER
from generator.ops.perf import (
    CPUHP_STATE_ADD_INSTANCE,
    CPUHP_STATE_REMOVE_INSTANCE,
    DEVM_IOREMAP,
    PERF_PMU_REGISTER,
    PERF_PMU_UNREGISTER,
)
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE, REFUSE
from generator.program import Block, If, Return

FREE = PCI_FREE_IRQ_VECTORS(PORT)
ON_MSI = Guard("pci_dev_msi_enabled(pdev)", msi_on(PORT), ())
MAKES = (ONE, PCI_SET_MASTER(PORT), VECTOR, *MAKE)
DROPS = (*DELETE, FREE)
MASTERED = (*WITH_VECTOR[:2], "port: pci_set_master(port)", *WITH_VECTOR[2:])
BOUND = (*MASTERED, "kid: bind kiddrv", "kid: request_irq(kid)")
MAP, READS = DEVM_IOREMAP(KID, KID), READ_REGISTER(KID)
REQUEST, UNREQUEST = REQUEST_IRQ(KID), FREE_IRQ(KID)
ON, OFF = ENABLE_SOURCE(KID), DISABLE_SOURCE(KID)
ZERO = Guard("irq <= 0", MSG(KID).eq(0), ())
NONE = Guard("irq < 0", MSG(KID).eq(NO_MESSAGE), ())
OWN = PCI_IRQ_VECTOR(PORT, PORT, nr=0)
OWN_HANDLER = (ONE, OWN, REQUEST_IRQ(PORT))
FIRST = (ONE, READ_DPC(SERVICE), PCI_IRQ_VECTOR(PORT, SERVICE, nr=MSG(SERVICE), fail=RETURN))
SECOND = LOOK_UP_DPC(PORT, SERVICE, nr=MSG(SERVICE), fail=RETURN)
SERVED = (KZALLOC(SERVICE), DEVICE_REGISTER(SERVICE))
SHARING = (*OWN_HANDLER, VECTOR, *MAKE)

CALLED = PCI_IRQ_VECTOR(PORT, SERVICE, nr=MSG(SERVICE), fail=RETURN)
STOPPED = (FREE_IRQ(SERVICE), KFREE(SERVICE), FREE)

AER = Device("aer", "service", PORT)
REPORTS = (KZALLOC(AER), DEVICE_REGISTER(AER))
ANYWAY = replace(LINE, on_fail=(*REPORTS, Return()))
NOT_THEN = replace(LINE, on_fail=(Return(),))
LINE_IRQ = PCI_IRQ_VECTOR(PORT, AER, nr=0)
WAS_MADE = Guard("the service was registered", LIFE(AER).eq(ADDED), ())
REPORTED = (If(WAS_MADE, (DEVICE_UNREGISTER(AER),)),)
DATA, NO_DATA = KZALLOC_DATA(KID), KFREE_DATA(KID)
PMU_ON, PMU_OFF = PERF_PMU_REGISTER(KID), PERF_PMU_UNREGISTER(KID)
CPU_ON, CPU_OFF = CPUHP_STATE_ADD_INSTANCE(KID), CPUHP_STATE_REMOVE_INSTANCE(KID)

UART = Device("uart", "platform")
OFF_UART, FREE_UART, STOP = DISABLE_SOURCE(UART), FREE_IRQ(UART), CLK_DISABLE_UNPREPARE(UART)


def uart(remove: Block) -> Design:
    """Return the design of a serial port on an irq of its own, whose handler needs its clock."""
    probe = (
        PLATFORM_GET_IRQ(UART, UART), DEVM_CLK_GET(UART), CLK_PREPARE_ENABLE(UART),
        REQUEST_IRQ(UART, shared=0), ENABLE_SOURCE(UART),
    )
    driver = Driver("uart", UART, probe, remove, handler_needs=(CLOCK_ON,))
    return Design("uart", "a serial port", (UART,), (driver,))


CASES = (
    # drivers/pci/pcie/portdrv.c pcie_port_device_register() returns before pci_set_master() on a
    # port without services; a message is a memory write, which PCI_COMMAND_MASTER allows.
    # request_irq() succeeds all the same: nothing in kernel/irq/manage.c asks.
    Case(
        "R10b",
        broken=design(port((ONE, VECTOR, *MAKE), DROPS), kid((REQUEST,), (UNREQUEST,))),
        mended=design(port(MAKES, DROPS), kid((REQUEST,), (UNREQUEST,))),
        trace=(*WITH_VECTOR, "kid: bind kiddrv", "kid: request_irq(kid)"),
        hardware={},
    ),
    # drivers/pci/msi/api.c pci_free_irq_vectors() -> pci_free_msi_irqs() frees the descriptor;
    # kernel/irq/irqdomain.c irq_domain_free_irqs() does not look at desc->action, and
    # kernel/irq/proc.c unregister_irq_proc() removes a directory that is not empty.
    Case(
        "R13",
        broken=design(port(OWN_HANDLER, (FREE, FREE_IRQ(PORT)))),
        mended=design(port(OWN_HANDLER, (FREE_IRQ(PORT), FREE))),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: pci_irq_vector(port, port)",
            "port: request_irq(port)",
            "port: probe returns 0",
            "port: unbind portdrv",
            "port: pci_free_irq_vectors(port)",
        ),
        hardware={},
    ),
    # drivers/pci/pcie/portdrv.c pcie_port_device_remove(): remove_iter() passes by whatever is not
    # on pcie_port_bus_type, then pci_free_irq_vectors(): the child lives on with a number that
    # no vector is behind.
    Case(
        "R14",
        broken=design(port((ONE, VECTOR, *MAKE), (FREE, *DELETE))),
        mended=design(port((ONE, VECTOR, *MAKE), DROPS)),
        trace=(
            *WITH_VECTOR,
            "port: probe returns 0",
            "port: unbind portdrv",
            "port: pci_free_irq_vectors(port)",
        ),
        hardware={},
    ),
    # drivers/pci/msi/api.c pci_irq_vector(): msi_get_virq() of an index beyond those allocated is
    # 0, and the answer -EINVAL; auxiliary_device_add() does not care.
    Case(
        "R16",
        broken=design(port(
            (ONE, PCI_IRQ_VECTOR(PORT, KID, nr=MSG(KID), fail=IGNORE), *MAKE), DROPS
        )),
        mended=design(port((ONE, VECTOR, *MAKE), DROPS)),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: pci_irq_vector(port, kid) -> -EINVAL",
            *MADE,
        ),
        hardware={"kid.message": "1"},
    ),
    # drivers/pci/pcie/portdrv.c pcie_init_service_irqs() begins with -1 for every service, and
    # pcie_device_init() gives that to DPC when nobody has looked its own number up: what
    # drivers/pci/pcie/dpc.c dpc_probe() requests is no irq. AER has its own.
    Case(
        "R16",
        broken=design(port((*FIRST, *SERVED)), devices=(PORT, SERVICE)),
        mended=design(port((*FIRST, SECOND, *SERVED)), devices=(PORT, SERVICE)),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: &dpc = FIELD_GET(PCI_EXP_DPC_IRQ, reg16) for service",
            "port: pci_irq_vector(port, service)",
            "port: kzalloc(service)",
            "port: device_register(service)",
        ),
        hardware={},
    ),
    # drivers/perf/cxl_pmu.c cxl_pmu_probe(): "if (irq <= 0) return -EINVAL", where irq is the
    # message number as cxl_pmu_parse_caps() read it: 0 is a number like any other.
    Case(
        "R16b",
        broken=design(port(MAKE, DELETE), kid((If(ZERO, (REFUSE(KID, fail=RETURN),)),))),
        mended=design(port(MAKE, DELETE), kid((If(NONE, (REFUSE(KID, fail=RETURN),)),))),
        trace=(
            "port: bind portdrv",
            *MADE,
            "kid: bind kiddrv",
            "kid: irq <= 0: yes",
            "kid: refuse the irq for kid -> -EINVAL",
        ),
        hardware={"kid.message": "0"},
    ),
    # The port's own handler is on vector 0 and shares; kernel/irq/manage.c __setup_irq() wants
    # IRQF_SHARED of both: goto mismatch, "Flags mismatch irq NN", -EBUSY.
    Case(
        "R17",
        broken=design(port(SHARING, (*DELETE, FREE_IRQ(PORT), FREE)),
                      kid((REQUEST_IRQ(KID, shared=0),), (UNREQUEST,))),
        mended=design(port(SHARING, (*DELETE, FREE_IRQ(PORT), FREE)),
                      kid((REQUEST,), (UNREQUEST,))),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: pci_irq_vector(port, port)",
            "port: request_irq(port)",
            "port: pci_irq_vector(port, kid)",
            *MADE,
            "kid: bind kiddrv",
            "kid: request_irq(kid) -> -EBUSY",
        ),
        hardware={"kid.message": "0"},
    ),
    # The source is on before there is a handler: kernel/irq/chip.c handle_edge_irq() finds no
    # desc->action, marks the interrupt pending and masks it: the event is lost or late.
    Case(
        "R19",
        broken=design(port(MAKES, DROPS), kid((ON, REQUEST), (OFF, UNREQUEST))),
        mended=design(port(MAKES, DROPS), kid((REQUEST, ON), (OFF, UNREQUEST))),
        trace=(*MASTERED, "kid: bind kiddrv", "kid: enable source for kid"),
        hardware={},
    ),
    # drivers/pci/msi/api.c pci_irq_vector(): without MSI, number 0 is dev->irq, the line of every
    # service of the port. drivers/cxl/pci.c cxl_alloc_irq_vectors() never asks for PCI_IRQ_INTX.
    Case(
        "R20",
        broken=design(port((LINE, PCI_IRQ_VECTOR(PORT, KID, nr=0), *MAKE), DELETE),
                      kid((REQUEST,), (UNREQUEST,))),
        mended=design(port((LINE, If(ON_MSI, (), (Return(),)), VECTOR, *MAKE), DROPS),
                      kid((REQUEST,), (UNREQUEST,))),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: pci_irq_vector(port, kid)",
            *MADE,
            "kid: bind kiddrv",
            "kid: request_irq(kid)",
        ),
        hardware={"port.line": "yes"},
    ),
    # drivers/pci/msi/api.c pci_alloc_irq_vectors_affinity(): PCI_IRQ_INTX wants dev->irq, or else
    # it is -ENOSPC. drivers/pci/pcie/portdrv.c pcie_port_device_register() then leaves nothing of
    # the capabilities but PCIE_PORT_SERVICE_HP; without that statement AER gets a device, irq -1.
    Case(
        "R20",
        broken=design(port((ANYWAY, LINE_IRQ, *REPORTS), REPORTED), devices=(PORT, AER)),
        mended=design(port((NOT_THEN, LINE_IRQ, *REPORTS), REPORTED), devices=(PORT, AER)),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port) -> -ENOSPC",
            "port: kzalloc(aer)",
            "port: device_register(aer)",
            "port: probe returns 0",
        ),
        hardware={"port.line": "no"},
    ),
    # kernel/irq/manage.c __setup_irq() installs the handler, which can run at once, the irq being
    # shared; what it reads is mapped only by the next call.
    Case(
        "N3",
        broken=design(port(MAKES, DROPS), kid((REQUEST, MAP), (UNREQUEST,), (READS,))),
        mended=design(port(MAKES, DROPS), kid((MAP, REQUEST), (UNREQUEST,), (READS,))),
        trace=BOUND,
        hardware={},
    ),
    # kernel/irq/manage.c __free_irq() waits for the handlers, and nothing did before: one that has
    # begun on another CPU goes on behind the write that turns its source off, without a clock.
    Case(
        "N3",
        broken=uart((OFF_UART, STOP, FREE_UART)),
        mended=uart((OFF_UART, FREE_UART, STOP)),
        trace=(
            "uart: bind uart",
            "uart: platform_get_irq(uart, uart)",
            "uart: devm_clk_get(uart)",
            "uart: clk_prepare_enable(uart)",
            "uart: request_irq(uart)",
            "uart: enable source for uart",
            "uart: probe returns 0",
            "uart: unbind uart",
            "uart: disable source for uart",
            "uart: clk_disable_unprepare(uart)",
        ),
        hardware={},
    ),
    # The same for a service that is called as a library, without a device: what it keeps of itself
    # is what drivers/pci/hotplug/pciehp_hpc.c pcie_init() allocates before pciehp_probe() requests.
    Case(
        "N3",
        broken=design(port((ONE, CALLED, REQUEST_IRQ(SERVICE), KZALLOC(SERVICE)), STOPPED),
                      devices=(PORT, SERVICE)),
        mended=design(port((ONE, CALLED, KZALLOC(SERVICE), REQUEST_IRQ(SERVICE)), STOPPED),
                      devices=(PORT, SERVICE)),
        trace=(
            *WITH_VECTOR[:2],
            "port: pci_irq_vector(port, service)",
            "port: request_irq(service)",
        ),
        hardware={},
    ),
    # kernel/irq/manage.c free_irq(): on a shared irq the caller must have disabled the interrupt
    # on the card before the call.
    Case(
        "N4",
        broken=design(port(MAKES, DROPS), kid((REQUEST, ON), (UNREQUEST, OFF))),
        mended=design(port(MAKES, DROPS), kid((REQUEST, ON), (OFF, UNREQUEST))),
        trace=(
            *BOUND,
            "kid: enable source for kid",
            "kid: probe returns 0",
            "kid: unbind kiddrv",
            "kid: free_irq(kid)",
        ),
        hardware={},
    ),
    # kernel/irq/manage.c request_threaded_irq(): "From the point this call is made your handler
    # function may be invoked". drivers/pci/pcie/pme.c pcie_pme_probe() therefore turns its source
    # off and clears what is pending before it requests; a kernel before may have left it on.
    Case(
        "N4b",
        broken=design(port(MAKES, DROPS), kid((REQUEST,), (UNREQUEST,))),
        mended=design(port(MAKES, DROPS), kid((OFF, REQUEST), (UNREQUEST,))),
        trace=BOUND,
        hardware={"kid.left on": "yes"},
    ),
    # kernel/events/core.c perf_pmu_register() ends with the PMU on the list that perf_init_event()
    # walks; event_init() of a driver begins with container_of() or its data.
    Case(
        "N23",
        broken=design(port(MAKE, DELETE), kid((PMU_ON, DATA), (PMU_OFF, NO_DATA))),
        mended=design(port(MAKE, DELETE), kid((DATA, PMU_ON), (PMU_OFF, NO_DATA))),
        trace=("port: bind portdrv", *MADE, "kid: bind kiddrv", "kid: perf_pmu_register(kid)"),
        hardware={},
    ),
    # kernel/cpu.c __cpuhp_state_remove_instance() takes it off the list that hotplug walks.
    Case(
        "N23",
        broken=design(port(MAKE, DELETE), kid((DATA, CPU_ON), (NO_DATA, CPU_OFF))),
        mended=design(port(MAKE, DELETE), kid((DATA, CPU_ON), (CPU_OFF, NO_DATA))),
        trace=("port: bind portdrv", *MADE, "kid: bind kiddrv", "kid: kzalloc driver data(kid)",
               "kid: cpuhp_state_add_instance(kid)", "kid: probe returns 0", "kid: unbind kiddrv",
               "kid: kfree driver data(kid)"),
        hardware={},
    ),
)
