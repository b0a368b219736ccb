# SPDX-License-Identifier: GPL-2.0-only
"""A PCI driver of a few lines that the kernel does not have: it enables its card in probe."""

PATH = "drivers/pci/chime.c"
GOOD = b"""// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
#include <linux/pci.h>

static int chime_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return pci_enable_device(pdev);
}

static void chime_remove(struct pci_dev *pdev)
{
	pci_disable_device(pdev);
}

static struct pci_driver chime_driver = {
	.name	= "chime",
	.probe	= chime_probe,
	.remove	= chime_remove,
};
module_pci_driver(chime_driver);
MODULE_LICENSE("GPL");
"""
