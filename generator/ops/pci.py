# SPDX-License-Identifier: GPL-2.0-only
"""PCI device enable, bus mastering, saved state, port services (drivers/pci/pci.c)."""

from __future__ import annotations

from dataclasses import replace

from generator.expr import EACH, Role, UsersOf, pick
from generator.facts import (
    CLAIMED,
    CONFIG_LOST,
    DRVDATA,
    ENABLED,
    IRQ,
    LINE,
    LINE_ROUTED,
    MASTER,
    MODE,
    MODE_MSI,
    SAVED,
    SUBSTORE,
    UNPROGRAMMED,
    msi_on,
)
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, Operation, fault, ok, sets
from generator.ops.assign import plain

# pci_enable_device_flags() only counts one that is enabled already.
_OFF = ENABLED(DEV).eq(0)

PCI_DISABLE_DEVICE = Operation(
    "pci_disable_device",
    ("dev",),
    (
        ok(
            sets(ENABLED(DEV), pick(ENABLED(DEV).gt(0), ENABLED(DEV) - 1, 0)),
            sets(MASTER(DEV), pick(ENABLED(DEV).eq(1), 0, MASTER(DEV))),
        ),
    ),
    source="drivers/pci/pci.c pci_disable_device(): the last one clears Bus Master",
    fingerprint=Fingerprint(("pci_disable_device",), on=0),
    kinds=(("dev", ("pci",)),),
)

PCI_ENABLE_DEVICE = Operation(
    "pci_enable_device",
    ("dev",),
    (
        ok(sets(ENABLED(DEV), ENABLED(DEV) + 1)),
        fault("-EINVAL"),
    ),
    source="drivers/pci/pci.c pci_enable_device_flags()",
    fingerprint=Fingerprint(("pci_enable_device",), on=0, fails=Fails.NEGATIVE),
    undo=PCI_DISABLE_DEVICE,
    kinds=(("dev", ("pci",)),),
    fails_when=_OFF,
)

PCIM_ENABLE_DEVICE = Operation(
    "pcim_enable_device",
    ("dev",),
    (
        ok(sets(ENABLED(DEV), ENABLED(DEV) + 1)),
        fault("-EINVAL"),
    ),
    source="drivers/pci/devres.c pcim_enable_device()",
    fingerprint=Fingerprint(("pcim_enable_device",), on=0, fails=Fails.NEGATIVE),
    undo=PCI_DISABLE_DEVICE,
    managed=True,
    on_devres="dev",
    kinds=(("dev", ("pci",)),),
)

PCI_RELEASE_REGIONS = Operation(
    "pci_release_regions",
    ("dev",),
    (ok(sets(CLAIMED(DEV), 0)),),
    source="drivers/pci/pci.c pci_release_regions()",
    fingerprint=Fingerprint(("pci_release_regions",), on=0),
    kinds=(("dev", ("pci",)),),
)

PCI_REQUEST_REGIONS = Operation(
    "pci_request_regions",
    ("dev",),
    (ok(sets(CLAIMED(DEV), 1)), fault("-EBUSY")),
    source="drivers/pci/pci.c pci_request_regions(): every BAR, whole",
    fingerprint=Fingerprint(("pci_request_regions",), on=0, fails=Fails.NEGATIVE),
    undo=PCI_RELEASE_REGIONS,
    kinds=(("dev", ("pci",)),),
)

PCI_SET_MASTER = Operation(
    "pci_set_master",
    ("dev",),
    (ok(sets(MASTER(DEV), 1)),),
    source="drivers/pci/pci.c pci_set_master(); shared with everything below a bridge",
    fingerprint=Fingerprint(("pci_set_master",), on=0),
    sleeps=False,
    kinds=(("dev", ("pci",)),),
)

PCI_CLEAR_MASTER = Operation(
    "pci_clear_master",
    ("dev",),
    (ok(sets(MASTER(DEV), 0)),),
    source="drivers/pci/pci.c pci_clear_master()",
    fingerprint=Fingerprint(("pci_clear_master",), on=0),
    sleeps=False,
    kinds=(("dev", ("pci",)),),
)

PCI_SAVE_STATE = Operation(
    "pci_save_state",
    ("dev",),
    (ok(sets(SAVED(DEV), MASTER(DEV) + 1)),),
    source="drivers/pci/pci.c pci_save_state()",
    fingerprint=Fingerprint(("pci_save_state",), on=0),
    kinds=(("dev", ("pci",)),),
)

# Config space as it was saved, which is as it should be only if nothing has changed since;
# messages are rewritten from the descriptors of this device only. The pinned kernel clears
# state_saved there and does not ask it: what was saved once can be restored again.
PCI_RESTORE_STATE = Operation(
    "pci_restore_state",
    ("dev",),
    (
        ok(
            sets(CONFIG_LOST(DEV), pick(SAVED(DEV).eq(MASTER(DEV) + 1), 0, CONFIG_LOST(DEV))),
            sets(
                UNPROGRAMMED(EACH),
                pick(SUBSTORE(EACH).eq(1), UNPROGRAMMED(EACH), 0),
                UsersOf(DEV),
            ),
        ),
    ),
    source="drivers/pci/pci.c pci_restore_state(); drivers/pci/msi/msi.c "
    "__pci_restore_msix_state()",
    fingerprint=Fingerprint(("pci_restore_state",), on=0),
    kinds=(("dev", ("pci",)),),
)

# What a kernel with interrupt domains of subdevices would need: none of 6.12 has it.
RESTORE_SUBDEVICE_VECTORS = Operation(
    "restore subdevice vectors",
    ("dev",),
    (ok(sets(UNPROGRAMMED(EACH), 0, UsersOf(DEV))),),
    source="as drivers/pci/msi/msi.c __pci_restore_msix_state(), for the stores of subdevices",
    kinds=(("dev", ("pci",)),),
)

PCIE_LINK_RCEC = Operation(
    "pcie_link_rcec",
    ("dev",),
    (ok(),),
    source="drivers/pci/pcie/rcec.c pcie_link_rcec()",
    fingerprint=Fingerprint(("pcie_link_rcec",), on=0),
    kinds=(("dev", ("pci",)),),
)

# Config space: what is read there is answered by questions of the guards behind it.
PCIE_CAPABILITY_READ_WORD = plain("pcie_capability_read_word")
PCIE_CAPABILITY_READ_DWORD = plain("pcie_capability_read_dword")
PCIE_CAPABILITY_CLEAR_WORD = plain("pcie_capability_clear_and_set_word_unlocked")
PCI_READ_CONFIG_WORD = plain("pci_read_config_word")
PCI_READ_CONFIG_DWORD = plain("pci_read_config_dword")
PCIE_PME_INTERRUPT_ENABLE = plain("pcie_pme_interrupt_enable", args=(1,))

_MSI_IRQ = pick(MODE(DEV).eq(MODE_MSI), 1, 0)
# Of drivers that take the number of the device as it is, and ask for no vectors.
PCI_DEV_IRQ = Operation(
    "pdev->irq",
    ("dev", "user"),
    (ok(sets(IRQ(Role("user")), pick(
        msi_on(DEV), _MSI_IRQ, pick(LINE_ROUTED(DEV).eq(1), LINE, 0),
    ))),),
    source="drivers/pci/irq.c pci_assign_irq(); with MSI drivers/pci/msi/msi.c "
    "msi_capability_init()",
    sleeps=False,
    kinds=(("dev", ("pci",)),),
)

_DRVDATA = Fingerprint(("pci_set_drvdata",), on=0, args=(1,))
PCI_SET_DRVDATA = Operation(
    "pci_set_drvdata",
    ("dev",),
    (ok(sets(DRVDATA(DEV), 1)),),
    source="include/linux/pci.h pci_set_drvdata()",
    fingerprint=_DRVDATA,
    shown=("data",),
    sleeps=False,
    kinds=(("dev", ("pci",)),),
)
PCI_CLEAR_DRVDATA = replace(
    PCI_SET_DRVDATA, name="pci_set_drvdata NULL", outcomes=(ok(sets(DRVDATA(DEV), 0)),)
)
