# SPDX-License-Identifier: GPL-2.0-only
"""What was said of drivers of whom others take something back, or who are called once."""

from __future__ import annotations

import pytest
from as_read import HEAD, PROBE, TAIL, driver_of, read_c, rules_of

from checks.verdict.judge import judge
from generator.kernel.tree import Tree
from generator.program import guards

pytestmark = pytest.mark.kernel

WITH_NONE = """
static int card_start(struct pci_dev *pdev, int irq)
{
	int ret;

	if (pdev) {
		ret = pci_enable_device(pdev);
		if (ret)
			return ret;
		ret = pci_request_regions(pdev, "card");
		if (ret) {
			pci_disable_device(pdev);
			return ret;
		}
	}
	return irq;
}
int card_old(void);
int card_old(void)
{
	return card_start(NULL, 3);
}
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return card_start(pdev, 0);
}
static void card_remove(struct pci_dev *pdev)
{
	pci_release_regions(pdev);
	pci_disable_device(pdev);
}
"""


def test_the_driver_core_gives_probe_a_device(pinned: Tree) -> None:
    """Whether there is one a function asks that is called for other hardware as well."""
    back = "	pci_release_regions(pdev);\n"
    twice = WITH_NONE.replace(back, back * 2)

    assert rules_of(read_c(pinned, HEAD + WITH_NONE + TAIL)) == set()
    assert "N20" in rules_of(read_c(pinned, HEAD + twice + TAIL))


CHILD = """// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/platform_device.h>
struct chip { struct platform_device *child; };
static int chip_probe(struct platform_device *pdev)
{
	struct platform_device_info info = { .name = "child" };
	struct chip *chip = devm_kzalloc(&pdev->dev, sizeof(*chip), GFP_KERNEL);

	if (!chip)
		return -ENOMEM;
	info.parent = &pdev->dev;
	chip->child = platform_device_register_full(&info);
	return PTR_ERR_OR_ZERO(chip->child);
}
static struct platform_driver chip_driver = {
	.driver = { .name = "chip" }, .probe = chip_probe,
};
module_platform_driver(chip_driver);
"""


def test_a_child_that_stays_has_memory_of_its_own(pinned: Tree) -> None:
    said = {one.message for one in judge(read_c(pinned, CHILD).design).counterexamples}

    assert said == {"child of chip can run although chip_driver is unbound"}


LISTED = """
struct one { struct list_head link; struct pci_dev *pdev; int slot; };
static LIST_HEAD(ones);
static struct one *find(int slot)
{
	struct one *one;

	list_for_each_entry(one, &ones, link)
		if (one->slot == slot)
			return one;
	return NULL;
}
static void end(struct one *one)
{
	list_del(&one->link);
	kfree(one);
}
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct one *one, *old;

	one = kzalloc(sizeof(*one), GFP_KERNEL);
	if (!one)
		return -ENOMEM;
	pci_set_drvdata(pdev, one);
	old = find(one->slot);
	if (old)
		end(old);
	list_add_tail(&one->link, &ones);
	return 0;
}
static void card_remove(struct pci_dev *pdev)
{
	struct one *one = pci_get_drvdata(pdev);

	end(one);
}
"""


def test_what_probe_finds_in_a_list_is_another_than_its_own(pinned: Tree) -> None:
    own = LISTED.replace("		end(old);\n", "		end(one);\n")

    assert rules_of(read_c(pinned, HEAD + LISTED + TAIL)) == set()
    assert rules_of(read_c(pinned, HEAD + own + TAIL)), "its own is freed under it"


FILE = """// SPDX-License-Identifier: GPL-2.0
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/platform_device.h>
struct bus { struct dentry *debugfs; };
struct chip { struct bus bus; struct dentry *debugfs; };
static const struct file_operations chip_fops = { };
static int chip_probe(struct platform_device *pdev)
{
	struct chip *chip = devm_kzalloc(&pdev->dev, sizeof(*chip), GFP_KERNEL);

	if (!chip)
		return -ENOMEM;
	chip->debugfs = debugfs_create_dir("chip", chip->bus.debugfs);
	debugfs_create_file("registers", 0400, chip->debugfs, chip, &chip_fops);
	return 0;
}
static struct platform_driver chip_driver = {
	.driver = { .name = "chip" }, .probe = chip_probe,
};
module_platform_driver(chip_driver);
"""


def test_what_is_in_a_directory_of_others_goes_with_it(pinned: Tree) -> None:
    top = FILE.replace("chip->bus.debugfs", "NULL")

    assert rules_of(read_c(pinned, FILE)) == set()
    assert rules_of(read_c(pinned, top)) == {"N17"}


REMOVED = """
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return pci_enable_device(pdev);
}
static void card_remove(struct pci_dev *pdev)
{
	struct card *card = pci_get_drvdata(pdev);

	if (test_and_set_bit(CARD_GOES, &card->flags))
		return;
	pci_disable_device(pdev);
}
"""


def test_a_bit_that_remove_alone_sets_is_not_set_before(pinned: Tree) -> None:
    head = HEAD.replace("struct card {", "enum { CARD_GOES };\nstruct card { unsigned long flags;")
    other = "void card_ends(struct card *card);\nvoid card_ends(struct card *card)\n{\n" \
        "	set_bit(CARD_GOES, &card->flags);\n}\n"

    assert rules_of(read_c(pinned, head + REMOVED + TAIL)) == set()
    assert rules_of(read_c(pinned, head + other + REMOVED + TAIL)) == {"R36"}


CLOSED = """
#include <linux/netdevice.h>
static struct workqueue_struct *queue;
static struct net_device *net_of(struct card *card);
static void card_work(struct work_struct *work) { }
static irqreturn_t card_irq(int irq, void *data)
{
	struct card *card = data;

	queue_work(queue, &card->work);
	return IRQ_HANDLED;
}
static int card_close(struct net_device *dev)
{
	flush_workqueue(queue);
	return 0;
}
static const struct net_device_ops card_ops = { .ndo_stop = card_close };
""" + PROBE + """\
	INIT_WORK(&card->work, card_work);
	net_of(card)->netdev_ops = &card_ops;
	return devm_request_irq(&pdev->dev, pdev->irq, card_irq, IRQF_SHARED, "card", card);
}
static void card_remove(struct pci_dev *pdev)
{
	struct card *card = pci_get_drvdata(pdev);

	unregister_netdev(net_of(card));
}
"""


def test_unregistering_a_network_device_closes_it(pinned: Tree) -> None:
    never = CLOSED.replace(".ndo_stop = card_close", "").replace(
        "static int card_close", "int card_close(struct net_device *dev);\nint card_close").replace(
        "	flush_workqueue(queue);\n", "")

    assert "N17" not in rules_of(read_c(pinned, HEAD + CLOSED + TAIL))
    assert "N17" in rules_of(read_c(pinned, HEAD + never + TAIL))


INPUT = """// SPDX-License-Identifier: GPL-2.0
#include <linux/i2c.h>
#include <linux/input.h>
#include <linux/module.h>
struct keys { struct input_dev *input; };
static int keys_start(struct i2c_client *client)
{
	struct keys *keys = i2c_get_clientdata(client);
	struct input_dev *input = keys->input;

	if (!input) {
		input = devm_input_allocate_device(&client->dev);
		if (!input)
			return -ENOMEM;
		keys->input = input;
	}
	return 0;
}
static int keys_probe(struct i2c_client *client)
{
	struct keys *keys = devm_kzalloc(&client->dev, sizeof(*keys), GFP_KERNEL);
	int ret;

	if (!keys)
		return -ENOMEM;
	i2c_set_clientdata(client, keys);
	ret = keys_start(client);
	if (ret)
		return ret;
	if (keys->input)
		ret = input_register_device(keys->input);
	return ret;
}
static struct i2c_driver keys_driver = { .driver = { .name = "keys" }, .probe = keys_probe };
module_i2c_driver(keys_driver);
"""


def test_an_input_device_that_devres_has_is_unregistered_by_devres(pinned: Tree) -> None:
    plain = INPUT.replace("devm_input_allocate_device(&client->dev)", "input_allocate_device()")

    assert rules_of(read_c(pinned, INPUT)) == set()
    assert rules_of(read_c(pinned, plain))


DOG = """// SPDX-License-Identifier: GPL-2.0
#include <linux/clk.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>
struct dog { struct clk *clk; };
int dog_start(struct device *dev);
int dog_start(struct device *dev)
{
	return pm_runtime_resume_and_get(dev);
}
static int dog_probe(struct platform_device *pdev)
{
	struct dog *dog = devm_kzalloc(&pdev->dev, sizeof(*dog), GFP_KERNEL);
	int ret;

	if (!dog)
		return -ENOMEM;
	dog->clk = devm_clk_get(&pdev->dev, NULL);
	if (IS_ERR(dog->clk))
		return PTR_ERR(dog->clk);
	platform_set_drvdata(pdev, dog);
	pm_runtime_enable(&pdev->dev);
	if (pm_runtime_enabled(&pdev->dev)) {
		ret = pm_runtime_resume_and_get(&pdev->dev);
		if (ret < 0)
			return ret;
	} else {
		ret = clk_prepare_enable(dog->clk);
		if (ret)
			return ret;
	}
	ret = dog_check(dog);
	if (ret) {
		clk_disable_unprepare(dog->clk);
		pm_runtime_disable(&pdev->dev);
		return ret;
	}
	pm_runtime_put_sync(&pdev->dev);
	return 0;
}
static void dog_remove(struct platform_device *pdev)
{
	pm_runtime_disable(&pdev->dev);
}
static int dog_sleep(struct device *dev)
{
	struct dog *dog = dev_get_drvdata(dev);

	clk_disable_unprepare(dog->clk);
	return 0;
}
static int dog_wake(struct device *dev)
{
	struct dog *dog = dev_get_drvdata(dev);

	return clk_prepare_enable(dog->clk);
}
static const struct dev_pm_ops dog_pm = { RUNTIME_PM_OPS(dog_sleep, dog_wake, NULL) };
static struct platform_driver dog_driver = {
	.driver = { .name = "dog", .pm = &dog_pm }, .probe = dog_probe, .remove_new = dog_remove,
};
module_platform_driver(dog_driver);
"""


def test_what_runtime_pm_switches_is_left_out_where_runtime_pm_is(pinned: Tree) -> None:
    """Others hold references as well, so nobody knows when its callbacks are called."""
    dog = DOG.replace("int dog_start", "struct dog;\nint dog_check(struct dog *dog);\n"
                      "int dog_start", 1)
    begin, end = dog.index("static int dog_sleep"), dog.index("static const struct dev_pm_ops")
    by_hand = (dog[:begin] + dog[end:]).replace("RUNTIME_PM_OPS(dog_sleep, dog_wake, NULL)", "")

    found = read_c(pinned, dog)

    assert rules_of(found) == set()
    assert "R40" in rules_of(read_c(pinned, by_hand))
    # it was enabled just before, which is known although nothing is said of that
    assert not [one.name for one in guards(driver_of(found).probe) if "enabled" in one.name]
