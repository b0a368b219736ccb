# SPDX-License-Identifier: GPL-2.0-only
"""drivers/mfd/intel_quark_i2c_gpio.c: a PCI function that is two cells on one vector."""

from generator.design import Design, Device, Driver
from generator.operation import IGNORE, RETURN
from generator.ops.allocated import (
    CLK_REGISTER_FIXED_RATE,
    CLK_UNREGISTER,
    CLKDEV_CREATE,
    CLKDEV_DROP,
    SOFTWARE_NODE_REGISTER_NODE_GROUP,
    SOFTWARE_NODE_UNREGISTER_NODE_GROUP,
)
from generator.ops.child import MFD_ADD_DEVICES, MFD_REMOVE_DEVICES
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import DEV_SET_DRVDATA
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    INTX,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
)
from generator.ops.pci import PCI_SET_MASTER, PCIM_ENABLE_DEVICE
from generator.program import Return

MFD = Device("mfd", "pci")
I2C, GPIO = Device("i2c", "platform", MFD), Device("gpio", "platform", MFD)

UNREGISTER_CLK = (
    CLKDEV_DROP(MFD),  # 192
    CLK_UNREGISTER(MFD),  # 193
)
ERR_VECTORS = (
    PCI_FREE_IRQ_VECTORS(MFD),  # 284
    *UNREGISTER_CLK,
    Return(ok=False),
)
ERR_NODES = (
    SOFTWARE_NODE_UNREGISTER_NODE_GROUP(MFD),  # 282
    *ERR_VECTORS,
)
DESIGN = Design("quark-mfd", "a PCI function has two cells", (MFD, I2C, GPIO), (
    Driver(
        "intel_quark_mfd_i2c_gpio", MFD,
        probe=(
            PCIM_ENABLE_DEVICE(MFD, fail=RETURN),  # 244
            DEVM_KZALLOC(MFD, MFD, fail=RETURN),  # 248
            DEV_SET_DRVDATA(MFD),  # 252
            CLK_REGISTER_FIXED_RATE(MFD, fail=RETURN),  # 166
            CLKDEV_CREATE(MFD, fail=(  # 173
                CLK_UNREGISTER(MFD),  # 177
                Return(ok=False),
            )),
            PCI_SET_MASTER(MFD),  # 258
            PCI_ALLOC_IRQ_VECTORS(MFD, min=1, max=1, types=INTX | MSI | MSIX, fail=(  # 261
                *UNREGISTER_CLK,
                Return(ok=False),
            )),
            PCI_IRQ_VECTOR(MFD, I2C, nr=0, fail=IGNORE),  # 205
            SOFTWARE_NODE_REGISTER_NODE_GROUP(MFD, fail=ERR_VECTORS),  # 230
            PCI_IRQ_VECTOR(MFD, GPIO, nr=0, fail=IGNORE),  # 227
            MFD_ADD_DEVICES(I2C, fail=ERR_NODES),  # 273
            MFD_ADD_DEVICES(GPIO, fail=(  # 273: mfd_add_devices() takes back what it added
                MFD_REMOVE_DEVICES(I2C),
                *ERR_NODES,
            )),
        ),
        remove=(
            MFD_REMOVE_DEVICES(GPIO),  # 292
            MFD_REMOVE_DEVICES(I2C),  # 292
            SOFTWARE_NODE_UNREGISTER_NODE_GROUP(MFD),  # 293
            PCI_FREE_IRQ_VECTORS(MFD),  # 294
            *UNREGISTER_CLK,
        ),
    ),
    Driver("i2c_designware", I2C, (
        DEVM_REQUEST_IRQ(I2C, I2C, shared=1, fail=RETURN),  # master:1065
    )),
    Driver("gpio-dwapb", GPIO, (
        DEVM_REQUEST_IRQ(GPIO, GPIO, shared=1, fail=RETURN),  # dwapb:495
    )),
))
