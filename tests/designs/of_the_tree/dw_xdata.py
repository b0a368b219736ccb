# SPDX-License-Identifier: GPL-2.0-only
"""drivers/misc/dw-xdata-pcie.c: a misc device that is used by its attributes alone."""

from dataclasses import replace

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.facts import MAPPED, MEMORY
from generator.fingerprint import Fingerprint
from generator.operation import RETURN, Guard, Operation, ok, sets
from generator.ops.allocated import KFREE_TEXT, KSTRDUP
from generator.ops.device import DEVM_KZALLOC, IDA_ALLOC, IDA_FREE
from generator.ops.mapping import PCIM_IOMAP_REGIONS, access
from generator.ops.pci import PCI_SET_DRVDATA, PCI_SET_MASTER, PCIM_ENABLE_DEVICE
from generator.ops.registered import MISC_DEREGISTER, MISC_REGISTER
from generator.program import If, Return

CARD = Device("card", "pci")
WRITEL = access("writel")
# It has no file operations, so nobody can open it; its attributes wait for who is inside.
MISC_DEL = replace(MISC_DEREGISTER, kind="calls", word="attributes", does="cancel and wait")
MISC_ADD = replace(MISC_REGISTER, kind="calls", word="attributes", undo=MISC_DEL)
DEV = Role("dev")
BURST = Fact("burst", 1, "the card reads or writes memory until it is stopped", held=True)
STOP = Operation("dw_xdata_stop", ("dev",), (ok(sets(BURST(DEV), 0)),), needs=(MEMORY, MAPPED),
                 source="drivers/misc/dw-xdata-pcie.c dw_xdata_stop()",
                 fingerprint=Fingerprint(("dw_xdata_stop",)))
START = Operation("dw_xdata_start", ("dev",), (ok(sets(BURST(DEV), 1)),), needs=(MEMORY, MAPPED),
                  source="drivers/misc/dw-xdata-pcie.c dw_xdata_start()",
                  fingerprint=Fingerprint(("dw_xdata_start",)))
ENABLED = Guard("it is to be started", None, ("enabled",))

DESIGN = Design("dw-xdata", "a traffic generator on PCI", (CARD,), (Driver(
    "dw-xdata-pcie", CARD,
    probe=(
        PCIM_ENABLE_DEVICE(CARD, fail=RETURN),  # 299
        PCIM_IOMAP_REGIONS(CARD, fail=RETURN),  # 306
        PCI_SET_MASTER(CARD),  # 312
        DEVM_KZALLOC(CARD, CARD, fail=RETURN),  # 315
        IDA_ALLOC(CARD, fail=RETURN),  # 336
        KSTRDUP(CARD, fail=(  # 343
            IDA_FREE(CARD),  # 380
            Return(ok=False),
        )),
        WRITEL(CARD),  # 353
        WRITEL(CARD),  # 354
        PCI_SET_DRVDATA(CARD),  # 365
        MISC_ADD(CARD, fail=(  # 368
            KFREE_TEXT(CARD),  # 377
            IDA_FREE(CARD),  # 380
            Return(ok=False),
        )),
    ),
    remove=(
        STOP(CARD),  # 396
        MISC_DEL(CARD),  # 397
        KFREE_TEXT(CARD),  # 398
        IDA_FREE(CARD),  # 399
    ),
    contexts=(calls("attributes", (If(ENABLED, (
        START(CARD),  # 232
    ), (
        STOP(CARD),  # 235
    )),)),),
),))
