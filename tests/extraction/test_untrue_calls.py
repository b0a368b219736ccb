# SPDX-License-Identifier: GPL-2.0-only
"""What was said of drivers for what a call does with nothing, returns, or was given."""

from __future__ import annotations

import pytest
from as_read import CHIP_PROBE, HEAD, TAIL, chip_rules, read_c, rules_of

from generator.kernel.tree import Tree

pytestmark = pytest.mark.kernel

SUPPLIED = CHIP_PROBE + """	chip->vcc = devm_regulator_get(dev, "vcc");
	if (IS_ERR(chip->vcc))
		chip->vcc = NULL;
	if (chip->vcc) {
		ret = regulator_enable(chip->vcc);
		if (ret)
			return ret;
	}
	return 0;
}
static void chip_remove(struct platform_device *pdev)
{
	struct chip *chip = platform_get_drvdata(pdev);

	if (chip->vcc)
		regulator_disable(chip->vcc);
}
"""


def test_a_member_has_what_was_got_for_it(pinned: Tree) -> None:
    """A driver that goes on without asks for it by that."""
    asked = SUPPLIED.replace("if (chip->vcc)", "if (pdev->id)")

    assert chip_rules(pinned, SUPPLIED) == set()
    assert "N12" in chip_rules(pinned, asked)


NODE = """static int chip_look(struct device *dev)
{
	struct device_node *remote, *child;

	child = of_get_child_by_name(dev->of_node, "child");
	of_node_put(child);
	remote = of_graph_get_remote_node(dev->of_node, 0, 0);
	if (!remote)
		return -ENODEV;
	of_node_put(remote);
	return 0;
}
""" + CHIP_PROBE + """	return chip_look(dev);
}
static void chip_remove(struct platform_device *pdev) { }
"""


def test_a_node_that_is_put_may_come_from_a_call_that_nothing_names(pinned: Tree) -> None:
    one = NODE.replace("of_graph_get_remote_node(dev->of_node, 0, 0)", "dev->of_node")

    assert chip_rules(pinned, NODE) == set()
    assert chip_rules(pinned, one) == {"N20"}


SUPPLY = """static int chip_sleep(struct device *dev)
{
	struct chip *chip = dev_get_drvdata(dev);

	return regulator_disable(chip->vcc);
}
static int chip_wake(struct device *dev)
{
	struct chip *chip = dev_get_drvdata(dev);

	return regulator_enable(chip->vcc);
}
static const struct dev_pm_ops chip_pm = { RUNTIME_PM_OPS(chip_sleep, chip_wake, NULL) };
""" + CHIP_PROBE + """	chip->vcc = devm_regulator_get(dev, "vcc");
	if (IS_ERR(chip->vcc))
		return PTR_ERR(chip->vcc);
	ret = regulator_enable(chip->vcc);
	if (ret)
		return ret;
	pm_runtime_set_active(dev);
	pm_runtime_enable(dev);
	pm_runtime_idle(dev);
	return 0;
}
static void chip_remove(struct platform_device *pdev)
{
	struct chip *chip = platform_get_drvdata(pdev);

	pm_runtime_disable(&pdev->dev);
	if (!pm_runtime_status_suspended(&pdev->dev))
		regulator_disable(chip->vcc);
}
"""


def test_what_is_switched_off_returns_no_error(pinned: Tree) -> None:
    """So runtime PM does not take the device for active behind it."""
    other = SUPPLY.replace("	return regulator_disable(chip->vcc);",
                           "	regulator_disable(chip->vcc);\n	return chip_start(chip);")

    assert chip_rules(pinned, SUPPLY, ".pm = &chip_pm") == set()
    assert chip_rules(pinned, other, ".pm = &chip_pm") == {"R40"}


TWO = """struct other { int it; };
static int chip_probe(struct platform_device *pdev)
{
	struct other *other;
	struct chip *chip;

	chip = kzalloc(sizeof(*chip), GFP_KERNEL);
	if (!chip)
		return -ENOMEM;
	other = kzalloc(sizeof(*other), GFP_KERNEL);
	if (!other) {
		kfree(chip);
		return -ENOMEM;
	}
	platform_set_drvdata(pdev, chip);
	return 0;
}
static void chip_remove(struct platform_device *pdev)
{
	struct chip *chip = platform_get_drvdata(pdev);

	kfree(chip);
}
"""


def test_other_memory_is_not_the_data_of_the_driver(pinned: Tree) -> None:
    """Nobody frees it here, but C does not say what it is for."""
    same = TWO.replace("sizeof(*other)", "sizeof(*chip)")

    assert chip_rules(pinned, TWO) == set()
    assert "N21" in chip_rules(pinned, same)


NET = """#include <linux/etherdevice.h>
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct net_device *net;
	struct card *card;

	card = kzalloc(sizeof(*card), GFP_KERNEL);
	if (!card)
		return -ENOMEM;
	net = alloc_etherdev(0);
	if (!net) {
		kfree(card);
		return -ENOMEM;
	}
	card->a = (void __iomem *)net;
	pci_set_drvdata(pdev, card);
	return 0;
}
static void card_remove(struct pci_dev *pdev)
{
	struct card *card = pci_get_drvdata(pdev);

	free_netdev((struct net_device *)card->a);
	kfree(card);
}
"""


def test_a_net_device_beside_the_data_of_the_driver(pinned: Tree) -> None:
    """A device has one memory in the model, so of two nothing can be said."""
    assert rules_of(read_c(pinned, HEAD + NET + TAIL)) == set()


OWN = """static void chip_stop(void *data)
{
	struct chip *chip = data;

	clk_unregister(chip->clk);
}
""" + CHIP_PROBE + """	chip->clk = clk_register(dev, &chip->hw);
	if (IS_ERR(chip->clk))
		return PTR_ERR(chip->clk);
	ret = chip_start(chip);
	if (ret) {
		clk_unregister(chip->clk);
		return ret;
	}
	return devm_add_action_or_reset(dev, chip_stop, chip);
}
static void chip_remove(struct platform_device *pdev) { }
"""


def test_an_action_of_devres_takes_nothing_itself(pinned: Tree) -> None:
    """What clk_register() gives nothing names, so of what is unregistered nothing can be said."""
    named = OWN.replace("clk_register(dev, &chip->hw)",
                        'clk_register_fixed_rate(dev, "c", NULL, 0, 0)')

    twice = named.replace("	if (ret) {\n", "	if (ret) {\n		clk_unregister(chip->clk);\n")

    assert chip_rules(pinned, OWN) == set()
    assert chip_rules(pinned, twice) == {"N20"}


ROUND = """static int chip_look(struct device *dev)
{
	struct device_node *phy, *child;

	for_each_available_child_of_node(dev->of_node, child) {
		phy = of_parse_phandle(child, "phy", 0);
		if (!phy)
			continue;
		if (chip_start(NULL)) {
			of_node_put(phy);
			of_node_put(child);
			return -ENODEV;
		}
		of_node_put(phy);
	}
	return 0;
}
""" + CHIP_PROBE + """	return chip_look(dev);
}
static void chip_remove(struct platform_device *pdev) { }
"""


def test_a_loop_over_nodes_holds_the_one_it_is_at(pinned: Tree) -> None:
    twice = ROUND.replace("of_node_put(child)", "of_node_put(phy)")

    assert chip_rules(pinned, ROUND) == set()
    assert chip_rules(pinned, twice) == {"N20"}


QUEUED = """int others_queue(struct work_struct *work);
static void chip_work(struct work_struct *work) { }
int chip_eject(struct chip *chip)
{
	return others_queue(&chip->work);
}
""" + CHIP_PROBE + """	INIT_WORK(&chip->work, chip_work);
	return 0;
}
static void chip_remove(struct platform_device *pdev) { }
"""


def test_a_work_that_only_others_queue_may_be_cancelled_by_them(pinned: Tree) -> None:
    own = QUEUED.replace("return others_queue(", "return schedule_work(")

    assert chip_rules(pinned, QUEUED) == set()
    assert chip_rules(pinned, own) == {"N17"}


NODES = CHIP_PROBE + """	if (dev->of_node)
		ret = of_platform_populate(dev->of_node, NULL, NULL, dev);
	return ret;
}
static void chip_remove(struct platform_device *pdev)
{
	if (pdev->dev.of_node)
		of_platform_depopulate(&pdev->dev);
}
"""


def test_the_node_of_a_device_is_asked_in_two_spellings(pinned: Tree) -> None:
    assert chip_rules(pinned, NODES) == set()
    assert chip_rules(pinned, NODES.replace("	if (pdev->dev.of_node)\n",
                                        "	if (pdev->id)\n")) == {"N17"}


KEPT = """#include <linux/ioport.h>
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	if (!request_region(0x100, 2, "card"))
		return -EBUSY;
	return -ENODEV;
}
static void card_remove(struct pci_dev *pdev) { }
"""


def test_what_the_exit_of_a_module_releases_by_a_macro(pinned: Tree) -> None:
    release = "void card_release(void)\n{\n	release_region(0x100, 2);\n}\n"

    assert rules_of(read_c(pinned, HEAD + KEPT + release + TAIL)) == set()
    assert rules_of(read_c(pinned, HEAD + KEPT + TAIL)) == {"R40"}


ENABLED = """
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret = pci_enable_device(pdev);

	if (ret)
		return ret;
	if (!pdev->revision) {
		if (pci_is_enabled(pdev))
			pci_disable_device(pdev);
		return -ENODEV;
	}
	return 0;
}
static void card_remove(struct pci_dev *pdev)
{
	pci_disable_device(pdev);
}
"""


def test_whether_a_device_is_enabled_is_known(pinned: Tree) -> None:
    other = ENABLED.replace("pci_is_enabled(pdev)", "pdev->multifunction")

    assert rules_of(read_c(pinned, HEAD + ENABLED + TAIL)) == set()
    assert rules_of(read_c(pinned, HEAD + other + TAIL)) == {"R36"}


LOOKED_UP = CHIP_PROBE + """	if (pdev->id) {
		ret = fwnode_irq_get_byname(dev_fwnode(dev->parent), "alert");
		if (ret <= 0)
			return ret;
	}
	INIT_WORK(&chip->work, chip_work);
	return 0;
}
static void chip_remove(struct platform_device *pdev)
{
	struct chip *chip = platform_get_drvdata(pdev);

	cancel_work_sync(&chip->work);
}
"""


def test_an_irq_of_firmware_is_never_0(pinned: Tree) -> None:
    work = "static void chip_work(struct work_struct *work) { }\n"
    of_node = LOOKED_UP.replace('fwnode_irq_get_byname(dev_fwnode(dev->parent), "alert")',
                                'of_property_count_u32_elems(dev->of_node, "alert")')

    assert chip_rules(pinned, work + LOOKED_UP) == set()
    assert chip_rules(pinned, work + of_node) == {"N12"}
