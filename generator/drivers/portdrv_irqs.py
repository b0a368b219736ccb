# SPDX-License-Identifier: GPL-2.0-only
"""How the port driver of the pinned kernel gets its vectors, and which service has which irq.

Every function here is one of drivers/pci/pcie/portdrv.c, under its name there.
"""

from __future__ import annotations

from dataclasses import replace

from generator.drivers.portdrv_services import AER, HP, MORE, PORT, SERVICE
from generator.expr import TRUE, Nth, Role, maximum
from generator.facts import BEGUN, DPC, FILLED, IRQ, LOCAL, MSG, NO_MSI, NVEC, SECOND, SEEN
from generator.operation import IGNORE, RETURN, Guard, sets
from generator.ops.assign import assign
from generator.ops.irq import (
    INTX,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
)
from generator.ops.pci import PCI_READ_CONFIG_DWORD, PCI_READ_CONFIG_WORD, PCIE_CAPABILITY_READ_WORD
from generator.program import Block, Each, Function, If, Ifdef, Return, both, call

_NVEC = "pcie_message_numbers:nvec"
READ_INTO = (_NVEC, "&pme", "&aer", "&dpc")
_WITH_HP = (sets(LOCAL(PORT), MSG(HP) + 1), sets(BEGUN(PORT), 1))
WITH_AER = replace(  # and so with DPC
    assign(
        _NVEC, "max(nvec, *aer + 1)", sets(LOCAL(PORT), maximum(LOCAL(PORT), MSG(AER) + 1)),
        roles=("dev",),
    ),
    needs=(BEGUN,),
)


def _has(service: Nth, text: str) -> Guard:
    return Guard(text, SEEN(service).eq(1), (text,))


_PME_TEXT = "mask & (PCIE_PORT_SERVICE_PME | PCIE_PORT_SERVICE_HP | PCIE_PORT_SERVICE_BWNOTIF)"
HAS_PME_HP = _has(HP, _PME_TEXT)
HAS_AER = _has(AER, "mask & PCIE_PORT_SERVICE_AER")
HAS_DPC = Guard(
    "mask & PCIE_PORT_SERVICE_DPC", DPC(PORT).eq(1), ("mask & PCIE_PORT_SERVICE_DPC",)
)
# Without its capability a port would not have the service: get_port_device_capability().
POS = Guard("pos", TRUE, ("pos",))
# DPC is folded into AER, but it has a number and a place among the irqs of its own.
_SECOND = SECOND(Role("service"))
READ_DPC = assign(
    "&dpc", "FIELD_GET(PCI_EXP_DPC_IRQ, reg16)", sets(_SECOND, 1), roles=("service",)
)
LOOK_UP_DPC = replace(
    PCI_IRQ_VECTOR,
    needs=(SECOND,),
    needs_of="user",
    outcomes=tuple(
        replace(one, gives=(sets(SECOND(Role("user")), 2),)) for one in PCI_IRQ_VECTOR.outcomes
    ),
)


def pcie_message_numbers() -> Function:
    """Return the reading of message numbers: how many vectors the services want."""
    return Function(
        "pcie_message_numbers",
        (
            assign(_NVEC, "0", sets(LOCAL(PORT), 0), sets(BEGUN(PORT), 1))(),
            If(
                HAS_PME_HP,
                (
                    PCIE_CAPABILITY_READ_WORD(PORT),
                    assign("&pme", "FIELD_GET(PCI_EXP_FLAGS_IRQ, reg16)")(),
                    assign(_NVEC, "", *_WITH_HP)(),
                ),
            ),
            Ifdef(
                "CONFIG_PCIEAER",
                (
                    If(
                        HAS_AER,
                        (
                            If(
                                POS,
                                (
                                    PCI_READ_CONFIG_DWORD(PORT),
                                    assign("&aer", "FIELD_GET(PCI_ERR_ROOT_AER_IRQ, reg32)")(),
                                    WITH_AER(PORT),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
            If(
                HAS_DPC,
                (
                    If(
                        POS,
                        (
                            PCI_READ_CONFIG_WORD(PORT),
                            READ_DPC(AER),
                            assign(_NVEC, "max(nvec, *dpc + 1)")(),
                        ),
                    ),
                ),
            ),
        ),
    )


TOO_MANY = Guard("nvec > nr_entries", LOCAL(PORT).gt(NVEC(PORT)), ("nvec > nr_entries",))
UNEQUAL = Guard("nvec != nr_entries", LOCAL(PORT).ne(NVEC(PORT)), ("nvec != nr_entries",))
BEST = MSIX | MSI
MOST_ENTRIES = 32


def allocate(counted_in: Block = ()) -> Block:
    """Return the vector dance: the most, read the numbers, exactly as many.

    `counted_in` is done once it is known that the services have their vectors.
    """
    return (
        PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=MOST_ENTRIES, types=BEST, fail=RETURN),
        call(pcie_message_numbers()),
        If(TOO_MANY, (PCI_FREE_IRQ_VECTORS(PORT), Return(ok=False))),
        *counted_in,
        If(
            UNEQUAL,
            (
                PCI_FREE_IRQ_VECTORS(PORT),
                PCI_ALLOC_IRQ_VECTORS(
                    PORT, min=LOCAL(PORT), max=LOCAL(PORT), types=BEST, fail=RETURN
                ),
            ),
        ),
    )


def _give(index: str, value: str = "pci_irq_vector()") -> Block:
    return (assign(f"int[{index}]", value)(),)


def assign_irqs() -> Block:
    """Return the mapping of message numbers to irqs; a failure is not looked at."""
    return (
        If(
            HAS_PME_HP,
            (
                PCI_IRQ_VECTOR(PORT, HP, nr=MSG(HP), fail=IGNORE),
                *_give("PCIE_PORT_SERVICE_PME_SHIFT"),
                *_give("PCIE_PORT_SERVICE_HP_SHIFT"),
                *_give("PCIE_PORT_SERVICE_BWNOTIF_SHIFT"),
            ),
        ),
        If(
            HAS_AER,
            (
                PCI_IRQ_VECTOR(PORT, AER, nr=MSG(AER), fail=IGNORE),
                *_give("PCIE_PORT_SERVICE_AER_SHIFT"),
            ),
        ),
        If(
            HAS_DPC,
            (
                LOOK_UP_DPC(PORT, AER, nr=MSG(AER), fail=IGNORE),
                *_give("PCIE_PORT_SERVICE_DPC_SHIFT"),
            ),
        ),
    )


def pcie_port_enable_irq_vec(counted_in: Block = ()) -> Function:
    """Return the attempt to run the port on MSI-X or MSI."""
    allocation = Function("pcie_port_alloc_irq_vec", allocate(counted_in))
    assignment = Function("pcie_port_assign_irqs", assign_irqs())
    return Function("pcie_port_enable_irq_vec", (call(allocation), call(assignment)))


def pcie_init_service_irqs(counted_in: Block = ()) -> Function:
    """Return the choice of the interrupt mode: MSI-X, MSI, or INTx for the whole port."""
    wants_line = both(
        Guard("mask & PCIE_PORT_SERVICE_PME", SEEN(HP).eq(1), ("mask & PCIE_PORT_SERVICE_PME",)),
        Guard("pcie_pme_no_msi()", NO_MSI(PORT).eq(1), ("pcie_pme_no_msi()",)),
    )
    service = Role("service")
    none = assign(
        "int[*]", "-1", sets(IRQ(service), 0), sets(FILLED(service), 1),
        sets(SECOND(service), 0), roles=("service",),
    )
    return Function(
        "pcie_init_service_irqs",
        (
            Each(SERVICE, (none(SERVICE),), again=MORE, first=True),
            If(
                wants_line,
                (),
                (call(pcie_port_enable_irq_vec(counted_in), fail=IGNORE, then=(Return(),)),),
            ),
            PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=INTX, fail=RETURN),
            Each(
                SERVICE,
                (PCI_IRQ_VECTOR(PORT, SERVICE, nr=0, fail=IGNORE), *_give("*")),
                again=MORE, first=True,
            ),
        ),
    )
