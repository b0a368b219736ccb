# SPDX-License-Identifier: GPL-2.0-only
"""A watchdog that will not share the vector of a service."""

from dataclasses import replace

from designs.sound.beside_services import DESIGN as BESIDE
from designs.sound.beside_services import DOG

from generator.ops.irq import DEVM_REQUEST_IRQ

port, watchdog = BESIDE.drivers
alone = tuple(
    DEVM_REQUEST_IRQ(DOG, DOG, shared=0) if step == DEVM_REQUEST_IRQ(DOG, DOG, shared=1) else step
    for step in watchdog.probe
)
DESIGN = replace(BESIDE, name="selfish", drivers=(port, replace(watchdog, probe=alone)))
