# SPDX-License-Identifier: GPL-2.0-only
"""MSI-X domains of subdevices, stacked on that of the PCI device (none of it is in 6.12).

A subdevice has an irq domain and a descriptor store of its own; the table and the messages stay
the PCI device's. What chip callbacks and flags a domain has is its template: parameters here.
"""

from __future__ import annotations

from generator.expr import EACH, Over, Role, UsersOf, all_of, pick
from generator.facts import (
    CAN_DYN,
    DOMAIN_NONE,
    DOMAIN_OWN,
    DOMAIN_PARENT,
    HANDLER,
    IRQ,
    IRQDOMAIN,
    MODE,
    MODE_MSIX,
    MOST,
    MSI_DOMAIN,
    NVEC,
    PREPARES,
    PREPARING,
    STALE,
    SUBPARENT,
    SUBPARENT_MARKED,
    SUBPARENT_NO,
    SUBPARENT_YES,
    SUBSTORE,
    V2_PARENT,
    allocated,
    entries,
    on_vector,
)
from generator.operation import DEV, Operation, Param, fail, fault, ok, sets

USER = Role("user")
NR = Param("nr")
TG2 = "proposed: <87jzfpdrc7.ffs@tglx>"

# Chip callbacks: irq_chip_..._parent(), or what the proof of concept had in their place.
NULL, PARENT, OTHER = range(3)
# Bits of `flags`, of struct msi_domain_info and of the sub-parent's supported_flags.
GENERIC, PCI_MSIX, ALLOC_DYN, DEFAULT_OPS = 1, 2, 4, 8
ALL_FLAGS = GENERIC | PCI_MSIX | ALLOC_DYN | DEFAULT_OPS
# What hwirq is made from: msi_index, as in pci_device_domain_set_desc(), or bus, slot and index.
BY_INDEX, BY_DEVICE = range(2)
# Bits of `accepts`: the bus tokens of a parent that the platform's init_dev_msi_info() takes.
ANY, DMAR, AMDVI, STACKED = 1, 2, 4, 8
PINNED = ANY | DMAR | AMDVI  # of 6.12
COMPLETE = {
    "irq_mask": PARENT, "irq_unmask": PARENT, "irq_set_affinity": PARENT,
    "irq_write_msi_msg": OTHER,
    "oneshot_safe": 1, "flags": ALL_FLAGS, "supported": ALL_FLAGS, "hwirq": BY_INDEX,
    "desc_dev": 1, "accepts": PINNED | STACKED,
}  # fmt: skip

_MOST = {
    "irq_mask": OTHER, "irq_unmask": OTHER, "irq_set_affinity": OTHER, "irq_write_msi_msg": OTHER,
    "oneshot_safe": 1, "flags": ALL_FLAGS, "supported": ALL_FLAGS, "hwirq": BY_DEVICE,
    "desc_dev": 1, "accepts": ANY | DMAR | AMDVI | STACKED,
}  # fmt: skip

_FORGET_PARENT = Operation(
    "msi_device_data_release",
    ("dev",),
    (ok(sets(SUBPARENT(DEV), SUBPARENT_NO), sets(MSI_DOMAIN(EACH), DOMAIN_NONE, UsersOf(DEV))),),
    source="kernel/irq/msi.c msi_device_data_release(): the domain goes with the MSI data",
)

_READY = all_of(
    MODE(DEV).eq(MODE_MSIX), NVEC(DEV).ge(1), CAN_DYN(DEV).eq(1), IRQDOMAIN(DEV).eq(V2_PARENT)
)
PCI_ENABLE_MSI_PARENT_DOMAIN = Operation(
    "pci_enable_msi_parent_domain",
    ("dev",),
    (
        ok(sets(SUBPARENT(DEV), SUBPARENT_YES), when=_READY),
        fail("-EINVAL", ~_READY),
    ),
    source=f"{TG2}, inside the MSI core by <87h6an9sxp.ffs@tglx>",
    undo=_FORGET_PARENT,
    managed=True,
    on_devres="dev",
    kinds=(("dev", ("pci",)),),
)

# The proof of concept set the flag on the domain from outside, and asked nothing.
MARK_MSI_PARENT = Operation(
    "domain->flags |= IRQ_DOMAIN_FLAG_MSI_PARENT",
    ("dev",),
    (ok(sets(SUBPARENT(DEV), SUBPARENT_MARKED)),),
    source="refused: <87h6an9sxp.ffs@tglx>",
    undo=_FORGET_PARENT,
    managed=True,
    on_devres="dev",
    sleeps=False,
)

PCI_INIT_SUBDEVICE = Operation(
    "pci_init_subdevice",
    ("dev", "user"),
    (
        ok(sets(MSI_DOMAIN(USER), DOMAIN_PARENT), when=SUBPARENT(DEV).ne(SUBPARENT_NO)),
        fail("-EINVAL", SUBPARENT(DEV).eq(SUBPARENT_NO)),
    ),
    source=TG2,
    sleeps=False,
    kinds=(("dev", ("pci",)),),
)

REMOVE_SUBDEV_DOMAIN = Operation(
    "msi_remove_device_irq_domain",
    ("dev", "user"),
    (
        ok(
            sets(MSI_DOMAIN(USER), pick(MSI_DOMAIN(USER).eq(DOMAIN_OWN), DOMAIN_PARENT,
                                        MSI_DOMAIN(USER))),
            sets(PREPARES(USER), 0),
        ),
    ),
    source="kernel/irq/msi.c msi_remove_device_irq_domain()",
)

_STACKED = SUBPARENT(DEV).ne(SUBPARENT_NO) & MSI_DOMAIN(USER).eq(DOMAIN_PARENT)
PCI_SUBDEV_CREATE_DOMAIN = Operation(
    "pci_subdev_create_domain",
    ("dev", "user"),
    (
        ok(
            sets(MSI_DOMAIN(USER), DOMAIN_OWN),
            sets(PREPARES(USER), Param("desc_dev")),
            when=_STACKED,
        ),
        fault("-ENOMEM", when=_STACKED),
        fail("-ENODEV", ~_STACKED),
    ),
    source=f"{TG2}, template as drivers/pci/msi/irqdomain.c pci_msix_template",
    params=tuple(COMPLETE),
    ranges=tuple((name, 0, most) for name, most in _MOST.items()),
    defaults=tuple(COMPLETE.items()),
    undo=REMOVE_SUBDEV_DOMAIN,
    managed=True,
    on_devres="user",
    kinds=(("dev", ("pci",)),),
)

PCI_SUBDEV_MSIX_FREE = Operation(
    "pci_subdev_msix_free",
    ("dev", "user"),
    (
        ok(
            sets(
                HANDLER(EACH),
                pick(on_vector(HANDLER, EACH) & HANDLER(EACH).eq(IRQ(USER)), STALE, HANDLER(EACH)),
                UsersOf(DEV),
            ),
            sets(SUBSTORE(USER), 0),
            sets(IRQ(USER), 0),
        ),
    ),
    source=TG2,
    needs_d0="user",
    kinds=(("dev", ("pci",)),),
)

_HAVE = all_of(
    SUBPARENT(DEV).ne(SUBPARENT_NO), MSI_DOMAIN(USER).eq(DOMAIN_OWN), MODE(DEV).eq(MODE_MSIX)
)
# The parent's domain finds the index, whoever's store it is in: kernel/irq/msi.c
# msi_domain_alloc(), irq_find_mapping() of the parent.
_TAKEN = allocated(DEV, NR) | Over(
    "any", UsersOf(DEV), SUBSTORE(EACH).eq(1) & IRQ(EACH).eq(NR + 1)
)
_FREE = all_of(_HAVE, NR.lt(entries(DEV)), ~_TAKEN)
_DONE = sets(PREPARING(USER), 0)
PCI_SUBDEV_MSIX_ALLOC_AT = Operation(
    "pci_subdev_msix_alloc_at",
    ("dev", "user"),
    (
        ok(_DONE, sets(SUBSTORE(USER), 1), sets(IRQ(USER), NR + 1), when=_FREE),
        fault("-ENOSPC", _DONE, when=_FREE),
        fail("-ENODEV", ~_HAVE, _DONE),
        fail("-ENOSPC", _HAVE & NR.lt(entries(DEV)) & _TAKEN, _DONE),
        fail("-ERANGE", _HAVE & NR.ge(entries(DEV)), _DONE),
    ),
    begins=(sets(PREPARING(USER), 1),),  # prepare_desc() reads the table, under no lock of DEV
    source=f"{TG2}; drivers/pci/msi/msi.c msix_prepare_msi_desc()",
    params=("nr",),
    ranges=(("nr", 0, MOST - 1),),
    undo=PCI_SUBDEV_MSIX_FREE,
    needs_d0="user",
    kinds=(("dev", ("pci",)),),
)
