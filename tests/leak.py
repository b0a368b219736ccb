# SPDX-License-Identifier: GPL-2.0-only
"""The smallest design that breaks a rule, as the text of a user's file."""

LEAK = """
from generator.design import Design, Device, Driver
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE

PORT = Device("port", "pci")
DESIGN = Design("leak", "a port that stays enabled", devices=(PORT,), drivers=(
    Driver("leak", PORT, probe=(PCI_ENABLE_DEVICE(PORT),), remove=()),
))
"""
