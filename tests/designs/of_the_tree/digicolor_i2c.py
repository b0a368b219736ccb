# SPDX-License-Identifier: GPL-2.0-only
"""drivers/i2c/busses/i2c-digicolor.c: an I2C adapter of a SoC."""

from dataclasses import replace

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.facts import MAPPED
from generator.fingerprint import Fingerprint
from generator.operation import RETURN
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import PLATFORM_SET_DRVDATA
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.mapping import access
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.registered import I2C_ADD_ADAPTER, I2C_DEL_ADAPTER
from generator.ops.source import ENABLE_SOURCE
from generator.program import Return

ADAP = Device("adap", "platform")
WRITEB, READB = access("writeb_relaxed"), access("readb_relaxed")
SOURCE = replace(ENABLE_SOURCE, name="dc_i2c_set_irq", needs=(MAPPED,),
                 fingerprint=Fingerprint(("writeb_relaxed",)))

DESIGN = Design("digicolor-i2c", "an I2C adapter of a SoC", (ADAP,), (Driver(
    "digicolor-i2c", ADAP,
    probe=(
        DEVM_KZALLOC(ADAP, ADAP, fail=RETURN),  # 294
        PLATFORM_SET_DRVDATA(ADAP),  # 303
        DEVM_CLK_GET(ADAP, fail=RETURN),  # 308
        DEVM_PLATFORM_IOREMAP_RESOURCE(ADAP, fail=RETURN),  # 312
        PLATFORM_GET_IRQ(ADAP, ADAP, fail=RETURN),  # 316
        DEVM_REQUEST_IRQ(ADAP, ADAP, fail=RETURN),  # 320
        WRITEB(ADAP),  # 133
        CLK_PREPARE_ENABLE(ADAP, fail=RETURN),  # 337
        I2C_ADD_ADAPTER(ADAP, fail=(  # 341
            CLK_DISABLE_UNPREPARE(ADAP),  # 343
            Return(ok=False),
        )),
    ),
    remove=(
        I2C_DEL_ADAPTER(ADAP),  # 354
        CLK_DISABLE_UNPREPARE(ADAP),  # 355
    ),
    atomic=(
        READB(ADAP),  # 138
        WRITEB(ADAP),  # 165
    ),
    contexts=(calls("i2c", (SOURCE(ADAP),)),),  # 133
),))
