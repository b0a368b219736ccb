# SPDX-License-Identifier: GPL-2.0-only
"""What tests ask of designs that were read out of C."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from checks.verdict.judge import judge
from generator.design import Design, Driver
from generator.extraction import source
from generator.extraction.extract import Extracted, drivers, extract
from generator.extraction.text import as_python
from generator.kernel.tree import Tree
from generator.operation import Do
from generator.program import walk

ESB = "drivers/watchdog/i6300esb.c"
Read = Callable[[str], Extracted]

# What stands around the functions card_probe() and card_remove() of a small driver in C.
HEAD = """// SPDX-License-Identifier: GPL-2.0
#include <linux/clk.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/workqueue.h>
struct card { struct work_struct work; struct clk *clk; void __iomem *a; void __iomem *b; };
static DEFINE_MUTEX(unused);
static struct card *of(struct pci_dev *pdev) { return pci_get_drvdata(pdev); }
"""
# How the probe of one begins that has data and a device that is enabled, both by devres.
PROBE = """static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct card *card;
	int ret;

	card = devm_kzalloc(&pdev->dev, sizeof(*card), GFP_KERNEL);
	if (!card)
		return -ENOMEM;
	pci_set_drvdata(pdev, card);
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
"""
TAIL = """
static struct pci_driver card_driver = {
	.name = "card", .probe = card_probe, .remove = card_remove,
};
module_pci_driver(card_driver);
"""

# The same of a platform device, chip_probe() and chip_remove().
CHIP = """// SPDX-License-Identifier: GPL-2.0
#include <linux/clk.h>
#include <linux/clk-provider.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_graph.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>
#include <linux/regulator/consumer.h>
#include <linux/workqueue.h>
struct chip { struct clk *clk; struct clk_hw hw; struct regulator *vcc; struct work_struct work; };
int chip_start(struct chip *chip);
static struct chip *the_chip;
"""
CHIP_DRIVER = """
static struct platform_driver chip_driver = {
	.driver = { .name = "chip", CHIP_PM }, .probe = chip_probe, .remove_new = chip_remove,
};
module_platform_driver(chip_driver);
"""
CHIP_PROBE = """static int chip_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct chip *chip = devm_kzalloc(dev, sizeof(*chip), GFP_KERNEL);
	int ret = 0;

	if (!chip)
		return -ENOMEM;
	platform_set_drvdata(pdev, chip);
"""

HELPER = """
static int card_start(struct pci_dev *pdev)
{
	int ret = pci_enable_device(pdev);

	if (ret)
		return ret;
	pci_set_master(pdev);
	return 0;
}
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret = card_start(pdev);

	if (ret)
		return ret;
	return 0;
}
static void card_remove(struct pci_dev *pdev)
{
	pci_disable_device(pdev);
}
"""


def again(design: Design) -> Design:
    """Return what a design's text defines."""
    space: dict[str, Any] = {}
    exec(compile(as_python(design, ("why it is here",)), "read.py", "exec"), space)
    found = space["DESIGN"]
    assert isinstance(found, Design)
    return found


def names_of(block: tuple[Any, ...]) -> list[str]:
    """Return the operations of a block by name, in the order of the text."""
    return [one.op.name for one in walk(block) if isinstance(one, Do)]


def read_c(pinned: Tree, text: str) -> Extracted:
    """Return the design of a driver that stands in the place of one of the tree."""
    unit = source.parsed(pinned, ESB, {ESB: text.encode()}, exact=False).unit
    found = extract((unit,), drivers(unit)[0])
    assert again(found.design) == found.design, "its text defines it"
    return found


def driver_of(found: Extracted) -> Driver:
    """Return the driver that was read."""
    return found.design.drivers[-1]


def rules_of(found: Extracted) -> set[str]:
    """Return the rules that what was read breaks."""
    return {one.rule for one in judge(found.design).counterexamples}


def chip_rules(pinned: Tree, text: str, pm: str = "") -> set[str]:
    """Return the rules that a small platform driver breaks; pm: a member of its struct driver."""
    return rules_of(read_c(pinned, CHIP + text + CHIP_DRIVER.replace("CHIP_PM", pm)))
