# SPDX-License-Identifier: GPL-2.0-only
"""What was said of drivers that keep what they have in a table, a variable of the file, a flag."""

from __future__ import annotations

import pytest
from as_read import HEAD, PROBE, TAIL, read_c, rules_of

from generator.kernel.tree import Tree

pytestmark = pytest.mark.kernel
MEMBERS = "struct card { struct work_struct work; struct clk *clk;"
SEVERAL = """static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct card *card;
	int ret, i;

	card = devm_kzalloc(&pdev->dev, sizeof(*card), GFP_KERNEL);
	if (!card)
		return -ENOMEM;
	pci_set_drvdata(pdev, card);
	for (i = 0; i < 4; i++) {
		card->clks[i] = devm_clk_get(&pdev->dev, NULL);
		if (IS_ERR(card->clks[i])) {
			ret = PTR_ERR(card->clks[i]);
			return ret;
		}
	}
	for (i = 0; i < 4; i++) {
		ret = clk_prepare_enable(card->clks[i]);
		if (ret)
			goto err;
	}
	return 0;
err:
	while (--i >= 0)
		clk_disable_unprepare(card->clks[i]);
	return ret;
}
static void card_remove(struct pci_dev *pdev)
{
	struct card *card = pci_get_drvdata(pdev);
	int i;

	for (i = 0; i < 4; i++)
		clk_disable_unprepare(card->clks[i]);
}
"""


def test_what_a_table_has_several_of(pinned: Tree) -> None:
    """A loop is cut: it takes one, or two, and gives back one, or none."""
    head = HEAD.replace(MEMBERS, f"{MEMBERS} struct clk *clks[4];")
    one = SEVERAL.replace("clks[i]", "clk")

    assert rules_of(read_c(pinned, head + SEVERAL + TAIL)) == set()
    assert rules_of(read_c(pinned, head + one + TAIL)), "of one clock it would be told"


LATER = """static struct clk *shared;
struct clk *shared_clk(void);
static struct card *card_alloc(struct pci_dev *pdev)
{
	struct card *card;
	int ret;

	shared = shared_clk();
	if (IS_ERR(shared)) {
		ret = PTR_ERR(shared);
		return ERR_PTR(ret);
	}
	card = kzalloc(sizeof(*card), GFP_KERNEL);
	if (!card)
		return ERR_PTR(-ENOMEM);
	return card;
}
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct card *card = card_alloc(pdev);

	if (IS_ERR(card))
		return PTR_ERR(card);
	pci_set_drvdata(pdev, card);
	if (pdev->revision) {
		kfree(card);
		return -ENODEV;
	}
	return 0;
}
static void card_remove(struct pci_dev *pdev)
{
	kfree(pci_get_drvdata(pdev));
}
"""


def test_an_error_that_a_variable_of_the_file_holds(pinned: Tree) -> None:
    """The helper returns it, so its caller does not go on."""
    assert "N20" not in rules_of(read_c(pinned, HEAD + LATER + TAIL))


FLAGGED = """#include <linux/pm_runtime.h>
struct state { struct work_struct work; struct clk *clk; bool on; };
static void state_work(struct work_struct *work)
{
	struct state *state = container_of(work, struct state, work);

	if (state->on) {
		clk_disable_unprepare(state->clk);
		state->on = false;
	} else if (!clk_prepare_enable(state->clk)) {
		state->on = true;
	}
}
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct state *state;

	state = devm_kzalloc(&pdev->dev, sizeof(*state), GFP_KERNEL);
	if (!state)
		return -ENOMEM;
	state->clk = devm_clk_get(&pdev->dev, NULL);
	if (IS_ERR(state->clk))
		return PTR_ERR(state->clk);
	pci_set_drvdata(pdev, state);
	INIT_WORK(&state->work, state_work);
	schedule_work(&state->work);
	return 0;
}
static void card_remove(struct pci_dev *pdev)
{
	struct state *state = pci_get_drvdata(pdev);

	cancel_work_sync(&state->work);
	if (state->on)
		clk_disable_unprepare(state->clk);
}
"""


def test_what_a_flag_says_that_another_function_sets(pinned: Tree) -> None:
    """It is taken where the flag is not set, and given back where it is."""
    assert rules_of(read_c(pinned, HEAD + FLAGGED + TAIL)) == set()


MUXED = """#include <linux/i2c.h>
#include <linux/i2c-mux.h>
#include <linux/of.h>
static int select(struct i2c_mux_core *mux, u32 port) { return 0; }
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct i2c_mux_core *mux;
	struct device_node *node;
	int i, ret;

	of_node_get(pdev->dev.of_node);
	node = of_find_node_by_name(pdev->dev.of_node, "i2c-mux");
	if (!node)
		return -EINVAL;
	of_node_put(node);
	mux = i2c_mux_alloc(NULL, &pdev->dev, 4, 0, 0, select, NULL);
	if (!mux)
		return -ENOMEM;
	pci_set_drvdata(pdev, mux);
	for (i = 0; i < 4; i++) {
		if (i == pdev->devfn)
			ret = i2c_mux_add_adapter(mux, 0, i);
		else
			ret = i2c_mux_add_adapter(mux, 1, i);
		if (ret) {
			i2c_mux_del_adapters(mux);
			return ret;
		}
	}
	return 0;
}
static void card_remove(struct pci_dev *pdev)
{
	i2c_mux_del_adapters(pci_get_drvdata(pdev));
}
"""


def test_what_a_loop_registers_and_a_node_that_a_look_up_puts(pinned: Tree) -> None:
    """One adapter for each port, ended by one call; what is looked for begins at a node it puts."""
    assert rules_of(read_c(pinned, HEAD + MUXED + TAIL)) == set()


ONE = """// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
struct chip { struct delayed_work event; };
static struct chip *the_chip;
static void chip_event(struct work_struct *work) { }
static int chip_conf(struct platform_device *pdev)
{
	struct chip *chip;

	if (the_chip)
		return 0;
	chip = kzalloc(sizeof(*chip), GFP_KERNEL);
	if (!chip)
		return -ENOMEM;
	INIT_DELAYED_WORK(&chip->event, chip_event);
	the_chip = chip;
	return 0;
}
static int chip_probe(struct platform_device *pdev)
{
	return chip_conf(pdev);
}
static void chip_remove(struct platform_device *pdev)
{
	disable_delayed_work_sync(&the_chip->event);
	kfree(the_chip);
}
static struct platform_driver chip_driver = {
	.driver = { .name = "chip" }, .probe = chip_probe, .remove_new = chip_remove,
};
module_platform_driver(chip_driver);
"""


def test_a_pointer_of_the_file_is_not_set_before_who_sets_it(pinned: Tree) -> None:
    other = ONE.replace("static int chip_probe", """void chip_is(struct chip *chip);
void chip_is(struct chip *chip)
{
	the_chip = chip;
}
static int chip_probe""")

    assert rules_of(read_c(pinned, ONE)) == set()
    assert rules_of(read_c(pinned, other)) == {"N12"}, "as it was said of both"


PORTS = """
#include <linux/etherdevice.h>
struct ports { int count; struct net_device *list[4]; };
static int port_probe(struct ports *ports)
{
	struct net_device *dev = alloc_etherdev(0);
	int ret;

	if (!dev)
		return -ENOMEM;
	ret = register_netdev(dev);
	if (ret) {
		free_netdev(dev);
		return ret;
	}
	ports->list[ports->count++] = dev;
	return 0;
}
static void port_remove(struct net_device *dev)
{
	unregister_netdev(dev);
	free_netdev(dev);
}
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct ports *ports;
	int ret, i;

	ports = devm_kzalloc(&pdev->dev, sizeof(*ports), GFP_KERNEL);
	if (!ports)
		return -ENOMEM;
	pci_set_drvdata(pdev, ports);
	for (i = 0; i < pdev->revision; i++) {
		ret = port_probe(ports);
		if (ret)
			goto err;
	}
	if (ports->count == 0)
		return -ENODEV;
	ret = pci_enable_device(pdev);
	if (ret)
		goto err;
	return 0;
err:
	for (i = 0; i < ports->count; i++)
		port_remove(ports->list[i]);
	return ret;
}
static void card_remove(struct pci_dev *pdev)
{
	struct ports *ports = pci_get_drvdata(pdev);
	int i;

	pci_disable_device(pdev);
	for (i = 0; i < ports->count; i++)
		port_remove(ports->list[i]);
}
"""


def test_what_a_helper_takes_that_a_loop_calls_is_several(pinned: Tree) -> None:
    loop = "	for (i = 0; i < pdev->revision; i++) {\n"
    once = PORTS.replace(loop, "	{\n")
    once = once.replace("		port_remove(ports->list[i]);\n}", "		;\n}")

    assert rules_of(read_c(pinned, HEAD + PORTS + TAIL)) == set()
    assert rules_of(read_c(pinned, HEAD + once + TAIL)), "of one that stays it is told"


BITS = HEAD.replace(
    "struct card {", "struct card { unsigned long up; struct work_struct begin;") + """
static void card_late(struct work_struct *work) { }
static void card_begin(struct work_struct *work)
{
	struct card *card = container_of(work, struct card, begin);

	if (test_and_set_bit(3, &card->up))
		return;
	INIT_WORK(&card->work, card_late);
}
""" + PROBE + """	INIT_WORK(&card->begin, card_begin);
	schedule_work(&card->begin);
	return 0;
}
static void card_remove(struct pci_dev *pdev)
{
	struct card *card = of(pdev);

	cancel_work_sync(&card->begin);
	if (test_bit(3, &card->up))
		flush_work(&card->work);
}
"""


def test_a_bit_says_what_was_done(pinned: Tree) -> None:
    """A work that is set up later is waited for where a bit says that it was."""
    always = BITS.replace("if (test_bit(3, &card->up))\n\t", "")

    assert rules_of(read_c(pinned, BITS + TAIL)) == set()
    assert rules_of(read_c(pinned, always + TAIL)) == {"N12"}
