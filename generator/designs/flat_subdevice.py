# SPDX-License-Identifier: GPL-2.0-only
"""Where the discussion was heading: services as library calls, CPMUs as MSI-X subdevices.

     ______________________
    | port                 |  calls pme_init(), aer_init(), dpc_init(), hp_init()
    | portdrv binds        |          _____________________
    | MSI-X domain  <------| creates | cpmu                |
    |                      |-------->| own irq domain      |  perf driver binds
    |______________________|         |_____________________|

Option 3a of Jonathan Cameron, <20240829131746.00003743@Huawei.com>, with the domains of Thomas
Gleixner, <87jzfpdrc7.ffs@tglx>. Nobody drew it in one piece.
"""

from __future__ import annotations

from dataclasses import replace

from generator.designs import today
from generator.designs.parts.library import LIBRARY
from generator.designs.parts.subdevice import with_subdevices

DESIGN = replace(
    with_subdevices(today.DESIGN, LIBRARY),
    name="flat-subdevice",
    drawing="portdrv binds a port, calls the services as a library and makes its MSI-X domain a "
    "parent; each CPMU has a domain and vectors of its own.",
    evidence="<20240829131746.00003743@Huawei.com>",
    status="left open: what the options of <20240829131746.00003743@Huawei.com> and the domains of "
    "<87jzfpdrc7.ffs@tglx> come to together",
)
