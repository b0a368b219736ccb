# SPDX-License-Identifier: GPL-2.0-only
"""The drawing that the thread arrived at: a CPMU has an MSI-X domain below that of its port.

     ____________________            _____________________
    | port               |          | cpmu                |
    | portdrv binds      | creates  | auxiliary           |  perf driver binds, creates the domain,
    | MSI-X on, one      |--------->| own irq domain, own |  adds its vector at its own number,
    | vector or more     |          | descriptors         |  requests it
    | MSI-X domain  <----|----------|-- parent            |
    |____________________|          |_____________________|

Drawn by Thomas Gleixner: the ownership in <87plpsbbe5.ffs@tglx>, the domains in
<87jzfpdrc7.ffs@tglx>, what belongs into the MSI core in <87h6an9sxp.ffs@tglx>, whose desc->dev it
is in <87ed5n8qtt.ffs@tglx>. The accepted direction. Dynamic MSI-X only, so x86 only today; the
port's services are untouched. None of its operations is in 6.12, and nobody in the thread said
that vectors in a subdevice's store must be restored after sleep: here the port's driver does it.
A CPMU whose number the port itself has a vector for is refused by its own driver.
"""

from __future__ import annotations

from dataclasses import replace

from generator.designs import today
from generator.designs.parts.subdevice import with_subdevices

DESIGN = replace(
    with_subdevices(today.DESIGN),
    name="msix-subdevice",
    drawing="portdrv binds a port and makes its MSI-X domain a parent; each CPMU has a domain and "
    "vectors of its own, which its driver creates.",
    evidence="<87jzfpdrc7.ffs@tglx>",
    status="accepted direction, once the MSI core learns of it: <87h6an9sxp.ffs@tglx>, "
    "<87ed5n8qtt.ffs@tglx>",
)
