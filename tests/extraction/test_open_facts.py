# SPDX-License-Identifier: GPL-2.0-only
"""What is said of a driver that has two of a kind: of one by devres nothing, of the other all."""

from __future__ import annotations

import pytest
from as_read import read_c, rules_of

from generator.kernel.tree import Tree

pytestmark = pytest.mark.kernel

CHIP = """// SPDX-License-Identifier: GPL-2.0
#include <linux/clk.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/platform_device.h>
struct chip { struct clk *clk, *bus; struct slot *slots; struct list_head free; };
struct slot { struct list_head list; };
int chip_start(struct chip *chip);
static int chip_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct chip *chip = devm_kzalloc(dev, sizeof(*chip), GFP_KERNEL);
	int ret, i;

	if (!chip)
		return -ENOMEM;
	for (i = 0; i < 2; i++) {
		struct slot *slot = chip->slots + i;

		list_add(&slot->list, &chip->free);
	}
	chip->bus = devm_clk_get_enabled(dev, "bus");
	if (IS_ERR(chip->bus))
		return PTR_ERR(chip->bus);
	chip->clk = devm_clk_get(dev, NULL);
	if (IS_ERR(chip->clk))
		return PTR_ERR(chip->clk);
	ret = clk_prepare_enable(chip->clk);
	if (ret)
		return ret;
	platform_set_drvdata(pdev, chip);
	ret = chip_start(chip);
	if (ret)
		clk_disable_unprepare(chip->clk);
	return ret;
}
static void chip_remove(struct platform_device *pdev)
{
	struct chip *chip = platform_get_drvdata(pdev);
	struct slot *slot;

	list_for_each_entry(slot, &chip->free, list)
		chip_start(chip);
	clk_disable_unprepare(chip->clk);
}
static struct platform_driver chip_driver = {
	.driver = { .name = "chip" }, .probe = chip_probe, .remove_new = chip_remove,
};
module_platform_driver(chip_driver);
"""
ACTION = """static void chip_off(void *chip)
{
	clk_disable_unprepare(((struct chip *)chip)->clk);
}
static int chip_probe("""
OFF = "\tif (ret)\n\t\tclk_disable_unprepare(chip->clk);\n"


def _rules(pinned: Tree, text: str) -> set[str]:
    found: set[str] = rules_of(read_c(pinned, text))
    return found


def test_beside_a_clock_of_devres_the_one_that_is_switched_by_hand_is_told(pinned: Tree) -> None:
    assert _rules(pinned, CHIP) == set()
    assert _rules(pinned, CHIP.replace(OFF, "")) == {"R40"}


def test_what_an_action_of_devres_switches_off_is_given_back(pinned: Tree) -> None:
    """What devres calls for the driver is no other thing beside what it took by hand."""
    text = CHIP.replace("	clk_disable_unprepare(chip->clk);\n}", "}").replace(OFF, "")
    text = text.replace("static int chip_probe(", ACTION).replace(
        "	platform_set_drvdata",
        "	ret = devm_add_action_or_reset(dev, chip_off, chip);\n	if (ret)\n"
        "		return ret;\n	platform_set_drvdata")
    assert _rules(pinned, text) == set()


def test_a_clock_that_may_be_what_somebody_else_has_is_not_known(pinned: Tree) -> None:
    """What failed to be got is then no reason not to switch it on."""
    plain = CHIP.replace('chip->bus = devm_clk_get_enabled(dev, "bus");', "").replace(
        "	if (IS_ERR(chip->bus))\n		return PTR_ERR(chip->bus);\n", "")
    asked = "if (IS_ERR(chip->clk))\n"
    goes_on = plain.replace(asked, "if (IS_ERR(chip->clk) && !pdev->id)\n")
    given = goes_on.replace("	ret = clk_prepare", "	if (pdev->id)\n		chip->clk = "
                            "other->clk;\n	ret = clk_prepare").replace(
        "	int ret, i;\n", "	struct chip *other = dev_get_platdata(dev);\n	int ret, i;\n", 1)

    assert "N12" in _rules(pinned, goes_on)
    assert _rules(pinned, given) == set()
