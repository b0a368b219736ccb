# SPDX-License-Identifier: GPL-2.0-only
"""A driver of a few lines, in C and as a design."""

from __future__ import annotations

import clang.cindex as ci

from checks.patches.conformance import Sources
from generator.design import Driver
from generator.drivers.portdrv_services import PORT
from generator.ops.pci import (
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_SET_MASTER,
)
from generator.parsing.unit import Unit

PRELUDE = """\
struct pci_dev { int is_busmaster, irq; struct pci_dev *up; };
struct pci_driver {
	const char *name;
	int (*probe)(struct pci_dev *);
	void (*remove)(struct pci_dev *);
	void (*shutdown)(struct pci_dev *);
};
int pci_enable_device(struct pci_dev *);
void pci_disable_device(struct pci_dev *), pci_set_master(struct pci_dev *);
void pci_save_state(struct pci_dev *), wake(struct pci_dev *), more(struct pci_dev *);
"""
PROBE = """\
static int toy_probe(struct pci_dev *dev)
{
	int ret;

	ret = pci_enable_device(dev);
	if (ret)
		return ret;
	pci_set_master(dev);
	return 0;
}
"""
REMOVE = """\
static void toy_remove(struct pci_dev *dev)
{
	pci_disable_device(dev);
}
"""
TOY = """\
static struct pci_driver toy = {
	.probe = toy_probe,
	.remove = toy_remove,
};
"""
DESIGN = Driver(
    "toy",
    PORT,
    probe=(PCI_ENABLE_DEVICE(PORT), PCI_SET_MASTER(PORT)),
    remove=(PCI_DISABLE_DEVICE(PORT),),
    c={PORT: "pci_dev"},
    sources=("toy.c", "extra.c"),
    variable="toy",
)


def unit(text: str, path: str = "toy.c") -> Unit:
    """A parsed file that includes nothing."""
    whole = PRELUDE + text
    tu = ci.Index.create().parse(path, ["-std=gnu11"], [(path, whole)])
    wrong = [item.spelling for item in tu.diagnostics if item.severity >= ci.Diagnostic.Error]
    assert not wrong, wrong
    return Unit(path, (), frozenset(), tu, whole.encode(), 0)


def c_of(*texts: str, **absent: str) -> Sources:
    names = ("toy.c", "extra.c")
    units = {path: unit(text, path) for path, text in zip(names, texts, strict=False)}
    hidden = {f"{name}.c": text.encode() for name, text in absent.items()}
    return Sources(units, hidden, frozenset({"CONFIG_TOY"}), "m", "toy: change")
