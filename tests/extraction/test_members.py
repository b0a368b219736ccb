# SPDX-License-Identifier: GPL-2.0-only
"""What handlers look for in members, the driver's own data, the line of a PCI device."""

from __future__ import annotations

import pytest
from as_read import ESB, again, names_of

from checks.verdict.judge import judge
from generator.extraction import source
from generator.extraction.extract import Extracted, drivers, extract
from generator.facts import CLOCK, MEMORY
from generator.kernel.tree import Tree
from generator.operation import Guard
from generator.ops.member import member
from generator.program import guards

pytestmark = pytest.mark.kernel
CARD = """// SPDX-License-Identifier: GPL-2.0
#include <linux/clk.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
struct card { struct clk *clk; struct device *dev; };
static irqreturn_t card_irq(int irq, void *data)
{
	struct card *card = data;

	clk_get_rate(card->clk);
	return IRQ_HANDLED;
}
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct card *card;
	int ret;

	card = kzalloc(sizeof(*card), GFP_KERNEL);
	if (!card)
		return -ENOMEM;
	pci_set_drvdata(pdev, card);
	ret = pci_enable_device(pdev);
	if (ret)
		goto free;
	card->clk = clk_get(&pdev->dev, NULL);
	if (IS_ERR(card->clk)) {
		ret = dev_err_probe(&pdev->dev, PTR_ERR(card->clk), "no clock");
		goto disable;
	}
	ret = request_irq(pdev->irq, card_irq, IRQF_SHARED, "card", card);
	if (ret)
		goto put;
	return 0;
put:
	clk_put(card->clk);
disable:
	pci_disable_device(pdev);
free:
	kfree(card);
	return ret;
}
static void card_remove(struct pci_dev *pdev)
{
	struct card *card = pci_get_drvdata(pdev);

	free_irq(pdev->irq, card);
	clk_put(card->clk);
	pci_disable_device(pdev);
	kfree(card);
}
static struct pci_driver card_driver = {
	.name = "card", .probe = card_probe, .remove = card_remove,
};
module_pci_driver(card_driver);
"""
FREE = "	free_irq(pdev->irq, card);\n"


def _read(tree: Tree, text: str = CARD) -> Extracted:
    unit = source.parsed(tree, ESB, {ESB: text.encode()}, exact=False).unit
    found = extract((unit,), drivers(unit)[0])
    assert again(found.design) == found.design, "its text defines it"
    return found


def _rules(found: Extracted) -> set[str]:
    return {one.rule for one in judge(found.design).counterexamples}


def _later(line: str, behind: str) -> str:
    """Return the driver whose remove does a line later."""
    head, remove = CARD.split("static void card_remove", 1)
    assert line in remove
    assert behind in remove
    moved = remove.replace(line, "").replace(behind, behind + line)
    return f"{head}static void card_remove{moved}"


def test_a_handler_needs_what_it_reads_of_members(pinned: Tree) -> None:
    found = _read(pinned)
    (driver,) = found.design.drivers
    assert set(driver.handler_needs) == {MEMORY, member("card.clk"), CLOCK}
    assert _rules(found) == set()
    assert _rules(_read(pinned, _later(FREE, "	clk_put(card->clk);\n"))) == {"N3"}


def test_a_handler_that_asks_first_needs_nothing(pinned: Tree) -> None:
    asks = "	if (!card->clk)\n		return IRQ_NONE;\n	clk_get_rate(card->clk);"
    found = _read(pinned, CARD.replace("	clk_get_rate(card->clk);", asks))
    assert found.design.drivers[0].handler_needs == ()


def test_the_line_of_a_device_goes_with_its_last_disable(pinned: Tree) -> None:
    found = _read(pinned)
    assert "pdev->irq" in names_of(found.design.drivers[0].probe)
    head, remove = CARD.split("static void card_remove", 1)
    off = "	pci_disable_device(pdev);\n"
    early = remove.replace(off, "").replace(FREE, off + FREE)
    assert _rules(_read(pinned, f"{head}static void card_remove{early}")) == {"R36"}
    msi = CARD.replace("	ret = request_irq", "	pci_enable_msi(pdev);\n	ret = request_irq")
    assert "pdev->irq" not in names_of(_read(pinned, msi).design.drivers[0].probe)


def test_own_data_is_told_from_other_memory(pinned: Tree) -> None:
    found = _read(pinned)
    assert names_of(found.design.drivers[0].probe)[0] == "kzalloc own data"
    head, remove = CARD.split("static void card_remove", 1)
    left = f"{head}static void card_remove{remove.replace('	kfree(card);', '')}"
    assert _rules(_read(pinned, left)) == {"R36"}
    other = left.replace("pci_set_drvdata(pdev, card);", "").replace('"card", card', '"card", pdev')
    assert "kzalloc own data" not in names_of(_read(pinned, other).design.drivers[0].probe)


def test_dev_err_probe_gives_its_error_back(pinned: Tree) -> None:
    (driver,) = _read(pinned).design.drivers
    names = {one.name for one in guards(driver.probe) if isinstance(one, Guard)}
    assert "C does not say" not in names


def test_what_devres_gives_back_is_not_given_back_by_hand(pinned: Tree) -> None:
    managed = CARD.replace("pci_enable_device", "pcim_enable_device")
    assert _rules(_read(pinned, managed)) & {"N20", "R36"}
    assert _rules(_read(pinned, managed.replace("	pci_disable_device(pdev);\n", "	;\n"))) == set()
