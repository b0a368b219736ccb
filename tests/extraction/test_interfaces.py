# SPDX-License-Identifier: GPL-2.0-only
"""What others call of an interface that a driver registers, and what has to be initialised."""

from __future__ import annotations

import pytest
from as_read import ESB, again

from checks.verdict.judge import judge
from generator.context import calls
from generator.extraction import source
from generator.extraction.extract import Extracted, drivers, extract
from generator.extraction.interfaces import called
from generator.facts import MEMORY
from generator.kernel.tree import Tree
from generator.ops.member import member

pytestmark = pytest.mark.kernel
LAMP = """// SPDX-License-Identifier: GPL-2.0
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/leds.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/regmap.h>
struct lamp {
	struct led_classdev led; struct mutex lock; struct completion done; struct regmap *map;
};
static int lamp_set(struct led_classdev *led, enum led_brightness value)
{
	struct lamp *lamp = container_of(led, struct lamp, led);

	guard(mutex)(&lamp->lock);
	return regmap_write(lamp->map, 0, value);
}
static irqreturn_t lamp_irq(int irq, void *data)
{
	struct lamp *lamp = data;

	complete(&lamp->done);
	return IRQ_HANDLED;
}
static int lamp_probe(struct platform_device *pdev)
{
	struct lamp *lamp;
	int irq, ret;

	lamp = devm_kzalloc(&pdev->dev, sizeof(*lamp), GFP_KERNEL);
	if (!lamp)
		return -ENOMEM;
	mutex_init(&lamp->lock);
	init_completion(&lamp->done);
	lamp->map = dev_get_regmap(pdev->dev.parent, NULL);
	if (!lamp->map)
		return -ENODEV;
	lamp->led.brightness_set_blocking = lamp_set;
	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;
	ret = devm_request_irq(&pdev->dev, irq, lamp_irq, 0, "lamp", lamp);
	if (ret)
		return ret;
	return devm_led_classdev_register(&pdev->dev, &lamp->led);
}
static struct platform_driver lamp_driver = {
	.probe = lamp_probe,
	.driver = { .name = "lamp" },
};
module_platform_driver(lamp_driver);
"""
MAP = """	lamp->map = dev_get_regmap(pdev->dev.parent, NULL);
	if (!lamp->map)
		return -ENODEV;
"""
LAST = "	return devm_led_classdev_register(&pdev->dev, &lamp->led);\n"
REGISTER = """	ret = devm_led_classdev_register(&pdev->dev, &lamp->led);
	if (ret)
		return ret;
"""
REMOVE = """static void lamp_remove(struct platform_device *pdev)
{
	struct lamp *lamp = platform_get_drvdata(pdev);

	mutex_destroy(&lamp->lock);
}
"""


def _read(tree: Tree, text: str = LAMP) -> Extracted:
    unit = source.parsed(tree, ESB, {ESB: text.encode()}, exact=False).unit
    found = extract((unit,), drivers(unit)[0])
    assert again(found.design) == found.design, "its text defines it"
    return found


def _said(found: Extracted) -> set[tuple[str, str]]:
    return {(one.rule, one.message) for one in judge(found.design).counterexamples}


def test_what_others_call_needs_what_it_reads_of_members(pinned: Tree) -> None:
    found = _read(pinned)
    (driver,) = found.design.drivers
    assert calls("led", needs=(member("lamp.lock"), member("lamp.map"))) in driver.contexts
    assert _said(found) == set()


def test_it_is_registered_when_what_it_reads_is_there(pinned: Tree) -> None:
    late = LAMP.replace(MAP, "").replace(LAST, f"{REGISTER}{MAP}	return 0;\n")
    said = "led of lamp can be called without lamp.map set, for which lamp_set() looks"
    assert ("N23", said) in _said(_read(pinned, late))


def test_a_mutex_is_not_destroyed_under_who_takes_it(pinned: Tree) -> None:
    struct = "static struct platform_driver"
    gone = LAMP.replace(struct, f"{REMOVE}{struct}").replace(
        ".probe =", ".remove = lamp_remove, .probe =")
    said = "led of lamp can be called without lamp.lock set, for which lamp_set() looks"
    assert ("N23", said) in _said(_read(pinned, gone))


def test_a_completion_is_initialised_before_its_handler(pinned: Tree) -> None:
    assert _read(pinned).design.drivers[0].handler_needs == (MEMORY, member("lamp.done"))
    late = LAMP.replace("	init_completion(&lamp->done);\n", "").replace(
        LAST, f"	init_completion(&lamp->done);\n{LAST}")
    assert ("N3", "the handler of lamp can run without lamp.done set") in _said(_read(pinned, late))


def test_who_asks_first_needs_nothing(pinned: Tree) -> None:
    asks = LAMP.replace(
        "	return regmap_write", "	if (!lamp->map)\n		return 0;\n	return regmap_write")
    (driver,) = _read(pinned, asks).design.drivers
    assert calls("led", needs=(member("lamp.lock"),)) in driver.contexts


def test_functions_of_a_struct_are_of_its_interface(pinned: Tree) -> None:
    text = LAMP.replace("static int lamp_probe", """#include <linux/power_supply.h>
static const struct power_supply_desc lamp_desc = { .external_power_changed = lamp_changed };
static int lamp_probe""").replace("static int lamp_set", """struct power_supply;
static void lamp_changed(struct power_supply *psy) { }
static int lamp_set""")
    unit = source.parsed(pinned, ESB, {ESB: text.encode()}, exact=False).unit
    assert called((unit,)) == {"led": ("lamp_set",)}, "no supply is registered"
    text = text.replace(LAST, f"	power_supply_register(&pdev->dev, &lamp_desc, NULL);\n{LAST}")
    unit = source.parsed(pinned, ESB, {ESB: text.encode()}, exact=False).unit
    assert called((unit,)) == {"led": ("lamp_set",), "supply": ("lamp_changed",)}


def test_functions_given_as_arguments_are_of_an_interface_too(pinned: Tree) -> None:
    text = LAMP.replace("static int lamp_probe", """#include <linux/i2c-mux.h>
static int lamp_select(struct i2c_mux_core *muxc, u32 chan) { return 0; }
static int lamp_probe""").replace(LAST, f"""	struct i2c_mux_core *muxc;

	muxc = i2c_mux_alloc(NULL, &pdev->dev, 1, 0, 0, lamp_select, NULL);
	if (!muxc)
		return -ENOMEM;
	ret = i2c_mux_add_adapter(muxc, 0, 0);
	if (ret)
		return ret;
{LAST}""")
    unit = source.parsed(pinned, ESB, {ESB: text.encode()}, exact=False).unit
    assert called((unit,)) == {"led": ("lamp_set",), "mux": ("lamp_select",)}


def test_what_a_call_returns_is_told_by_where_it_is_kept(pinned: Tree) -> None:
    queue = LAMP.replace("struct regmap *map;", "struct regmap *map; struct workqueue_struct *wq;")
    queue = queue.replace(LAST, """	lamp->wq = alloc_workqueue("lamp", 0, 0);
	if (!lamp->wq)
		return -ENOMEM;
	ret = devm_led_classdev_register(&pdev->dev, &lamp->led);
	if (ret)
		destroy_workqueue(lamp->wq);
	return ret;
""")
    struct = "static struct platform_driver"
    remove = REMOVE.replace("mutex_destroy(&lamp->lock", "destroy_workqueue(lamp->wq")
    given = queue.replace(struct, f"{remove}{struct}").replace(
        ".probe =", ".remove = lamp_remove, .probe =")
    assert {rule for rule, _ in _said(_read(pinned, queue))} == {"R40"}
    assert _said(_read(pinned, given)) == set()


def test_what_others_call_queues_a_work(pinned: Tree) -> None:
    queues = LAMP.replace("struct regmap *map;", "struct regmap *map; struct work_struct work;")
    work = "static void lamp_work(struct work_struct *work) { }\n"
    queues = queues.replace("static int lamp_set", f"{work}static int lamp_set").replace(
        "	return regmap_write", "	schedule_work(&lamp->work);\n	return regmap_write")
    queues = queues.replace(LAST, f"	INIT_WORK(&lamp->work, lamp_work);\n{LAST}")
    struct = "static struct platform_driver"
    remove = REMOVE.replace("mutex_destroy(&lamp->lock", "cancel_work_sync(&lamp->work")
    early = queues.replace(struct, f"{remove}{struct}").replace(
        ".probe =", ".remove = lamp_remove, .probe =")
    assert "N17" in {rule for rule, _ in _said(_read(pinned, early))}, "devres unregisters later"
    late = early.replace(LAST, LAST.replace("devm_led", "led")).replace(
        "	cancel_work_sync", "	led_classdev_unregister(&lamp->led);\n	cancel_work_sync")
    assert _said(_read(pinned, late)) == set()


def test_an_action_does_its_steps_in_the_order_of_c(pinned: Tree) -> None:
    """drivers/regulator/core.c _regulator_put(): one that is put is off."""
    steps = """	regulator_disable(lamp->reg);
	regulator_put(lamp->reg);
"""
    both = LAMP.replace("struct regmap *map;", "struct regmap *map; struct regulator *reg;")
    both = both.replace("static int lamp_probe", f"""#include <linux/regulator/consumer.h>
static void lamp_off(void *data)
{{
	struct lamp *lamp = data;

{steps}}}
static int lamp_probe""").replace(MAP, f"""{MAP}	lamp->reg = regulator_get(&pdev->dev, "lamp");
	if (IS_ERR(lamp->reg))
		return PTR_ERR(lamp->reg);
	ret = regulator_enable(lamp->reg);
	if (ret) {{
		regulator_put(lamp->reg);
		return ret;
	}}
	ret = devm_add_action_or_reset(&pdev->dev, lamp_off, lamp);
	if (ret)
		return ret;
""")
    one, other = steps.splitlines(keepends=True)
    assert _said(_read(pinned, both)) == set()
    assert {rule for rule, _ in _said(_read(pinned, both.replace(steps, other + one)))} == {"R40"}


def test_an_action_finds_the_data_that_it_looks_for(pinned: Tree) -> None:
    struct = "static int lamp_probe"
    steps = LAMP.replace(struct, f"""static void lamp_off(void *data)
{{
	struct lamp *lamp = platform_get_drvdata(data);

	regmap_write(lamp->map, 1, 0);
}}
{struct}""")
    action = """	ret = devm_add_action_or_reset(&pdev->dev, lamp_off, pdev);
	if (ret)
		return ret;
"""
    sets = "	platform_set_drvdata(pdev, lamp);\n"
    early = steps.replace(MAP, f"{MAP}{sets}{action}")
    late = steps.replace(MAP, f"{MAP}{action}").replace(LAST, f"{sets}{LAST}")
    assert _said(_read(pinned, early)) == set()
    assert {rule for rule, _ in _said(_read(pinned, late))} == {"N12"}
