# SPDX-License-Identifier: GPL-2.0-only
"""What another kernel or another subsystem edits: configurations, directories, subject prefixes.

Beside it a kernel is named in pin.toml, and its compiler's package in .ci/setup.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

COMPILER, LLVM = "clang-19", "-19"

# What every configuration asks for.
COMMON = (
    "CONFIG_PCI=y",
    "CONFIG_PCI_MSI=y",
    "CONFIG_PCIEPORTBUS=y",
    "CONFIG_HOTPLUG_PCI=y",
    "CONFIG_HOTPLUG_PCI_PCIE=y",
    "CONFIG_PCIEAER=y",
    "CONFIG_PCIEAER_INJECT=m",
    "CONFIG_PCIE_DPC=y",
    "CONFIG_PCIE_EDR=y",
    "CONFIG_PCIE_PTM=y",
    "CONFIG_ACPI=y",
    "CONFIG_PERF_EVENTS=y",
    "CONFIG_PM=y",
    "CONFIG_MODULES=y",
)
DEFCONFIG = {
    "x86_64": "arch/x86/configs/x86_64_defconfig",
    "i386": "arch/x86/configs/i386_defconfig",
    "arm64": "arch/arm64/configs/defconfig",
    "riscv": "arch/riscv/configs/defconfig",
}
# where the code of an architecture lies, when its name is another
SOURCES = {"x86_64": "x86", "i386": "x86"}
# of --matrix: configurations of kbuild's own, with nothing in them that we want
KINDS = ("defconfig", "allmodconfig", "allnoconfig")


@dataclass(frozen=True)
class Config:
    """A configuration: an architecture and the lines that must hold in its .config.

    `kind` is one of kbuild's own, to which the lines are added as far as kconfig lets them be.
    """

    name: str
    arch: str
    wanted: tuple[str, ...]
    compiler: str = COMPILER
    llvm: str = LLVM
    kind: str = ""


def _cxl(value: str, *more: str) -> tuple[str, ...]:
    parts = ("BUS", "PCI", "MEM", "PORT", "PMU", *more)
    return tuple(f"CONFIG_CXL_{part}={value}" for part in parts)


def _off(*symbols: str) -> tuple[str, ...]:
    return tuple(f"# CONFIG_{symbol} is not set" for symbol in symbols)


_AER = ("PCIEAER", "PCIEAER_INJECT", "PCIE_DPC", "PCIE_EDR")

# A symbol goes off together with what selects it or depends on it.
CONFIGS: Mapping[str, Config] = {
    config.name: config
    for config in (
        Config("m", "x86_64", _cxl("m", "ACPI")),
        Config("y", "x86_64", _cxl("y", "ACPI")),
        Config("n", "x86_64", _off("CXL_BUS")),
        Config("no-msi", "x86_64", (*_cxl("m", "ACPI"), *_off("PCI_MSI", "AMD_IOMMU"))),
        Config("no-aer", "x86_64", (*_cxl("m", "ACPI"), *_off(*_AER))),
        Config("no-pm", "x86_64", (*_cxl("m", "ACPI"), *_off("PM", "SUSPEND", "HIBERNATION"))),
        # CXL_ACPI wants 64 bits. What pci_dbg() and its kin are given is code here, not dropped:
        # a division in it may be one that the machine has no instruction for.
        Config("i386", "i386", (*_cxl("m"), "CONFIG_DYNAMIC_DEBUG=y")),
    )
}

# Where the series work: one make asks for all of them, because that costs what one for each costs,
# and the users of a header that is touched are looked for here.
DIRS = ("drivers/pci", "drivers/cxl", "drivers/perf", "drivers/base")

# The directories of which kernels of these architectures are made.
WHOLE = (
    "arch/x86", "block", "certs", "crypto", "drivers", "fs", "init", "io_uring", "ipc", "kernel",
    "lib", "mm", "net", "security", "sound", "virt",
)

# Subject prefixes by path, most specific first, as counted over the stable 6.12 changelog: the
# pinned tree has no history to count them in.
PREFIXES: tuple[tuple[str, str], ...] = (
    ("drivers/perf/cxl_pmu.c", r"perf/cxlpmu|drivers/perf"),
    ("drivers/perf/", r"perf/[\w-]+|drivers/perf"),
    ("drivers/cxl/", r"cxl(/\w+)?"),
    ("include/cxl/", r"cxl(/\w+)?|perf/cxlpmu"),
    ("drivers/pci/pcie/", r"PCI(/\w+)?|PCI: \w+"),
    ("drivers/pci/", r"PCI(/\w+)?|PCI: \w+"),
    ("include/linux/pci", r"PCI(/\w+)?"),
    ("drivers/base/auxiliary.c", r"driver core: auxiliary bus|driver core"),
    ("drivers/base/", r"driver core|PM(: \w+)?|platform"),
    ("kernel/irq/", r"genirq(/\w+)?"),
    ("arch/x86/", r"x86(/\w+)?"),
)
