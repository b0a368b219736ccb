# SPDX-License-Identifier: GPL-2.0-only
"""drivers/misc/mchp_pci1xxxx: a PCI function that is two auxiliary devices, GPIOs one of them."""

from generator.context import calls, irq_thread
from generator.design import Design, Device, Driver
from generator.facts import BLOCK, MSG
from generator.operation import RETURN, Block
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import DEVM_KZALLOC, IDA_ALLOC, IDA_FREE, KFREE, KZALLOC
from generator.ops.drvdata import DEV_SET_DRVDATA
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    INTX,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
)
from generator.ops.mapping import access
from generator.ops.pci import PCI_SET_DRVDATA, PCI_SET_MASTER, PCIM_ENABLE_DEVICE
from generator.ops.perf import DEVM_IOREMAP, DEVM_REQUEST_MEM_REGION
from generator.ops.registered import DEVM_GPIOCHIP_ADD_DATA
from generator.program import Return

GP = Device("gp", "pci")
BAR = (BLOCK, ("in an assigned BAR",))
EEPROM = Device("eeprom", "aux", GP, answers=((MSG, ("none",)),))
PINS = Device("pins", "aux", GP, answers=(BAR, (MSG, ("0",))))
WRITEL, READL = access("writel"), access("readl")
ASSIGN = access("pci1xxx_assign_bit")


def put(child: Device) -> Block:
    """Return auxiliary_device_uninit() with what .release does: gp_auxiliary_device_release()."""
    return (
        AUXILIARY_DEVICE_UNINIT(child),  # gp:125
        IDA_FREE(child),  # gp:28
    )


ERR_RET = (Return(ok=False),)
ADD_0 = (*put(EEPROM), *ERR_RET)
ALLOC_0 = (
    KFREE(EEPROM),  # gp:132
    *ERR_RET,
)
INIT_0 = (
    IDA_FREE(EEPROM),  # gp:129
    *ALLOC_0,
)
ALLOC_1 = (
    KFREE(PINS),  # gp:122
    *ADD_0,
)
INIT_1 = (
    IDA_FREE(PINS),  # gp:119
    *ALLOC_1,
)
gp = Driver(
    "PCI1xxxxGP", GP,
    probe=(
        PCIM_ENABLE_DEVICE(GP, fail=RETURN),  # gp:37
        DEVM_KZALLOC(GP, GP, fail=RETURN),  # gp:41
        KZALLOC(EEPROM, fail=RETURN),  # gp:45
        IDA_ALLOC(EEPROM, fail=ALLOC_0),  # gp:50
        AUXILIARY_DEVICE_INIT(EEPROM, fail=INIT_0),  # gp:62
        AUXILIARY_DEVICE_ADD(EEPROM, fail=ADD_0),  # gp:66
        KZALLOC(PINS, fail=ADD_0),  # gp:70
        IDA_ALLOC(PINS, fail=ALLOC_1),  # gp:77
        PCI_ALLOC_IRQ_VECTORS(GP, min=1, max=1, types=INTX | MSI | MSIX, fail=INIT_1),  # gp:89
        PCI_IRQ_VECTOR(GP, PINS, nr=0, fail=INIT_1),  # gp:94
        AUXILIARY_DEVICE_INIT(PINS, fail=INIT_1),  # gp:101
        AUXILIARY_DEVICE_ADD(PINS, fail=(*put(PINS), *ADD_0)),  # gp:105
        PCI_SET_DRVDATA(GP),  # gp:109
        PCI_SET_MASTER(GP),  # gp:110
    ),
    remove=(
        AUXILIARY_DEVICE_DELETE(EEPROM),  # gp:142
        *put(EEPROM),
        AUXILIARY_DEVICE_DELETE(PINS),  # gp:144
        *put(PINS),
    ),
)
pins = Driver(
    "PCI1xxxxGPIO", PINS,
    probe=(
        DEVM_KZALLOC(PINS, PINS, fail=RETURN),  # gpio:391
        DEVM_REQUEST_MEM_REGION(PINS, PINS, fail=RETURN),  # gpio:398
        DEVM_IOREMAP(PINS, PINS, fail=RETURN),  # gpio:401
        WRITEL(PINS),  # gpio:405
        DEVM_REQUEST_IRQ(PINS, PINS, shared=0, fail=RETURN),  # gpio:356
        DEV_SET_DRVDATA(PINS),  # gpio:412
        DEVM_GPIOCHIP_ADD_DATA(PINS, fail=RETURN),  # gpio:414
    ),
    suspend=(ASSIGN(PINS),),  # gpio:310
    resume=(ASSIGN(PINS),),  # gpio:326
    contexts=(irq_thread("handler", (
        ASSIGN(PINS),  # gpio:265
        READL(PINS),  # gpio:269
        WRITEL(PINS),  # gpio:279
    )), calls("gpio")),
)
eeprom = Driver("eeprom", EEPROM, probe=())
DESIGN = Design("pci1xxxx-gp", "a PCI function has two auxiliary devices", (GP, EEPROM, PINS),
                (gp, pins, eeprom))
