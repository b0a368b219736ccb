# SPDX-License-Identifier: GPL-2.0-only
"""A sensor that its port forgets to delete before it gives its vectors back."""

from dataclasses import replace

from designs.sound.thermal import DESIGN as THERMAL
from designs.sound.thermal import PORT

from generator.ops.irq import PCI_FREE_IRQ_VECTORS
from generator.ops.pci import PCI_DISABLE_DEVICE

port, thermal = THERMAL.drivers
late = (PCI_FREE_IRQ_VECTORS(PORT), port.remove[0], PCI_DISABLE_DEVICE(PORT))
DESIGN = replace(THERMAL, name="survivor", drivers=(replace(port, remove=late), thermal))
