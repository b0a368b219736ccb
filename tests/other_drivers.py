# SPDX-License-Identifier: GPL-2.0-only
"""The drivers beside portdrv that are written down, and which configurations leave one out."""

from generator.drivers.cxl_pci import cxl_pci
from generator.drivers.pciehp_core import pciehp
from generator.drivers.perf_cxl_pmu import cxl_bus_driver
from generator.drivers.pme_aer_dpc import aer, dpc, pme

DRIVERS = {
    driver.name: driver
    for driver in (pme(), aer(), dpc(), pciehp(), cxl_pci(), cxl_bus_driver(zero=False))
}
# what a configuration leaves out, read off the Makefiles and Kconfig
NOT_BUILT = {
    ("pcie_pme", "no-pm"), ("aer", "no-aer"), ("dpc", "no-aer"),
    ("cxl_pci", "n"), ("cxl_pmu on the CXL bus", "n"),
}
