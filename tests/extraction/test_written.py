# SPDX-License-Identifier: GPL-2.0-only
"""Small drivers in C, each with one thing that is read as a person would write it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from as_read import ESB, again, names_of

from checks.verdict.judge import judge
from generator.design import Driver
from generator.extraction import source
from generator.extraction.extract import Extracted, drivers, extract
from generator.extraction.held import held
from generator.kernel.tree import Tree
from generator.operation import RETURN
from generator.program import Call, called, guards

pytestmark = pytest.mark.kernel
HEAD = """// SPDX-License-Identifier: GPL-2.0
#include <linux/clk.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/workqueue.h>
struct card { struct work_struct work; struct clk *clk; void __iomem *a; void __iomem *b; };
static DEFINE_MUTEX(unused);
static struct card *of(struct pci_dev *pdev) { return pci_get_drvdata(pdev); }
"""
TAIL = """
static struct pci_driver card_driver = {
	.name = "card", .probe = card_probe, .remove = card_remove,
};
module_pci_driver(card_driver);
"""
Read = Callable[[str], Extracted]


def _read(pinned: Tree, text: str) -> Extracted:
    unit = source.parsed(pinned, ESB, {ESB: text.encode()}, exact=False).unit
    found = extract((unit,), drivers(unit)[0])
    assert again(found.design) == found.design, "its text defines it"
    return found


@pytest.fixture
def c(pinned: Tree) -> Read:
    """Return what reads the driver that stands between HEAD and TAIL."""
    return lambda text: _read(pinned, HEAD + text + TAIL)


def _driver(found: Extracted) -> Driver:
    return found.design.drivers[-1]


def _rules(found: Extracted) -> set[str]:
    return {one.rule for one in judge(found.design).counterexamples}


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


def test_a_helper_has_its_name_in_c(c: Read) -> None:
    found = c(HELPER)
    (node,) = _driver(found).probe
    assert isinstance(node, Call)
    assert node.function.name == "card_start"
    assert node.on_fail == RETURN
    assert names_of(node.function.body) == ["pci_enable_device", "pci_set_master"]
    assert _rules(found) == set()
    assert _rules(c(HELPER.replace("pci_disable_device(pdev);", ""))) == {"R36"}


LADDER = """
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret = pci_enable_device(pdev);

	if (ret)
		return ret;
	ret = pci_request_regions(pdev, "card");
	if (ret)
		goto err_disable;
	if (pci_find_capability(pdev, PCI_CAP_ID_VNDR)) {
		ret = -ENODEV;
		goto err_release;
	}
	if (pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_DSN)) {
		ret = -EBUSY;
		goto err_release;
	}
	return 0;

err_release:
	pci_clear_master(pdev);
	pci_release_regions(pdev);
err_disable:
	pci_disable_device(pdev);
	return ret;
}
static void card_remove(struct pci_dev *pdev)
{
	pci_release_regions(pdev);
	pci_disable_device(pdev);
}
"""


def test_a_ladder_is_a_helper_named_by_its_label(c: Read) -> None:
    found = c(LADDER)
    names = {one.name for one in called(_driver(found).probe)}
    assert names == {"card_probe_err_release"}
    assert _rules(found) == set()
    assert _rules(c(LADDER.replace("err_disable:\n\tpci_disable", "err_disable:\n\tpci_save"
                                   ).replace("pci_save_device", "pci_save_state"))) == {"R36"}


WORK = """
static void card_work(struct work_struct *work)
{
}
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct card *card = devm_kzalloc(&pdev->dev, sizeof(*card), GFP_KERNEL);

	if (!card)
		return -ENOMEM;
	INIT_WORK(&card->work, card_work);
	pci_set_drvdata(pdev, card);
	schedule_work(&card->work);
	return 0;
}
static void card_remove(struct pci_dev *pdev)
{
	struct card *card = of(pdev);

	cancel_work_sync(&card->work);
}
"""


def test_a_work_is_a_context_of_the_driver(c: Read) -> None:
    found = c(WORK)
    assert [(one.kind, one.name) for one in _driver(found).contexts] == [("work", "card_work")]
    assert _rules(found) == set()
    left = c(WORK.replace("cancel_work_sync(&card->work);", "pci_save_state(pdev);"))
    assert _rules(left) == {"N17"}, "the work runs in memory that devres has freed"


CLOCK = """
static void card_off(void *data)
{
	clk_disable_unprepare(data);
}
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct clk *clk = devm_clk_get(&pdev->dev, NULL);
	int ret;

	if (IS_ERR(clk))
		return PTR_ERR(clk);
	ret = clk_prepare_enable(clk);
	if (ret)
		return ret;
	return devm_add_action_or_reset(&pdev->dev, card_off, clk);
}
static void card_remove(struct pci_dev *pdev)
{
}
"""


def test_devres_does_what_an_action_says(c: Read) -> None:
    found = c(CLOCK)
    assert "devm_add_action_or_reset[clk_disable_unprepare]" in names_of(_driver(found).probe)
    assert _rules(found) == set()
    bare = CLOCK.replace("return devm_add_action_or_reset(&pdev->dev, card_off, clk);",
                         "return pci_save_state(pdev);")
    assert "clk_prepare_enable" not in names_of(_driver(c(bare)).probe), "who calls card_off()?"
    assert _rules(c(bare)) == set()
    lost = bare.replace("\tclk_disable_unprepare(data);\n", "")
    assert _rules(c(lost)) == {"R40"}


MAPPINGS = """
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct card *card = devm_kzalloc(&pdev->dev, sizeof(*card), GFP_KERNEL);

	if (!card)
		return -ENOMEM;
	pci_set_drvdata(pdev, card);
	card->a = pci_ioremap_bar(pdev, 0);
	if (!card->a)
		return -ENOMEM;
	card->b = pci_ioremap_bar(pdev, 1);
	if (!card->b) {
		iounmap(card->a);
		return -ENOMEM;
	}
	return 0;
}
static void card_remove(struct pci_dev *pdev)
{
	iounmap(of(pdev)->a);
	iounmap(of(pdev)->b);
}
"""


def test_of_two_mappings_nothing_is_said(c: Read) -> None:
    found = c(MAPPINGS)
    assert _rules(found) == set()
    assert "iounmap()" in {one.text for one in found.unknown}





def test_a_design_is_held_against_its_c(c: Read) -> None:
    """What was read is what C does; C that is changed is told, and so is an edit."""
    mine = c(LADDER).design
    assert held(mine, c(LADDER).design) == ()
    (told,) = held(mine, c(LADDER.replace("pci_clear_master(pdev);", "")).design)
    assert told.entry == "probe"
    assert told.how is not None
    assert told.how.side == "want"
    assert told.how.trace[-1].name == "pci_clear_master"
    driver = mine.drivers[0]
    edited = replace(mine, drivers=(replace(driver, remove=driver.remove[1:]),))
    (told,) = held(edited, mine)
    assert told.entry == "remove"
    assert told.how is not None
    assert [one.name for one in told.how.got] == ["pci_release_regions"]
    (told,) = held(replace(mine, drivers=(replace(driver, shutdown=()),)), mine)
    assert str(told) == "shutdown: only the design has it"
    assert held(mine, c(WORK).design) != ()


def test_what_a_member_or_the_file_holds_is_not_told(c: Read) -> None:
    """A member that probe sets says what it did; a variable of the file is not followed."""
    asked = MAPPINGS.replace("\tiounmap(of(pdev)->b);\n", "").replace(
        "\tiounmap(of(pdev)->a);", "\tif (of(pdev)->a)\n\t\tiounmap(of(pdev)->a);")
    one = asked[: asked.index("\tcard->b")] + asked[asked.index("\treturn 0;"):]
    assert _rules(c(one)) == set()
    unasked = one.replace("\tif (of(pdev)->a)\n\t\tiounmap(of(pdev)->a);", "")
    assert _rules(c(unasked)) == {"R36"}, "nobody ever gives it back"
    kept = "static void __iomem *kept;\n" + unasked.replace("card->a", "kept")
    assert _rules(c(kept)) == set()


COUNTED = """// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>
static int chip_probe(struct platform_device *pdev)
{
	int ret;

	pm_runtime_enable(&pdev->dev);
	ret = pm_runtime_resume_and_get(&pdev->dev);
	if (ret) {
		pm_runtime_disable(&pdev->dev);
		return ret;
	}
	return 0;
}
static void chip_remove(struct platform_device *pdev)
{
	pm_runtime_put_sync(&pdev->dev);
	pm_runtime_disable(&pdev->dev);
}
static struct platform_driver chip_driver = {
	.driver = { .name = "chip" }, .probe = chip_probe, .remove_new = chip_remove,
};
module_platform_driver(chip_driver);
"""
TAKEN = """	ret = pm_runtime_resume_and_get(&pdev->dev);
	if (ret) {
		pm_runtime_disable(&pdev->dev);
		return ret;
	}
"""


def test_runtime_pm_of_a_device_that_is_not_pci(pinned: Tree) -> None:
    found = _read(pinned, COUNTED)

    assert names_of(_driver(found).remove) == ["pm_runtime_put_sync", "pm_runtime_disable"]
    assert _rules(found) == set()
    assert _rules(_read(pinned, COUNTED.replace("	pm_runtime_put_sync(&pdev->dev);\n", "")))


SLEEPS = """// SPDX-License-Identifier: GPL-2.0
#include <linux/clk.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>
struct chip { struct clk *clk; };
static int chip_sleep(struct device *dev)
{
	struct chip *chip = dev_get_drvdata(dev);

	clk_disable_unprepare(chip->clk);
	return 0;
}
static int chip_wake(struct device *dev)
{
	struct chip *chip = dev_get_drvdata(dev);

	return clk_prepare_enable(chip->clk);
}
static int chip_suspend(struct device *dev)
{
	if (!pm_runtime_suspended(dev))
		return chip_sleep(dev);
	return 0;
}
static int chip_resume(struct device *dev)
{
	if (!pm_runtime_suspended(dev))
		return chip_wake(dev);
	return 0;
}
static int chip_probe(struct platform_device *pdev)
{
	struct chip *chip = devm_kzalloc(&pdev->dev, sizeof(*chip), GFP_KERNEL);
	int ret;

	if (!chip)
		return -ENOMEM;
	chip->clk = devm_clk_get(&pdev->dev, NULL);
	if (IS_ERR(chip->clk))
		return PTR_ERR(chip->clk);
	platform_set_drvdata(pdev, chip);
	ret = clk_prepare_enable(chip->clk);
	if (ret)
		return ret;
	pm_runtime_set_active(&pdev->dev);
	pm_runtime_enable(&pdev->dev);
	return 0;
}
static void chip_remove(struct platform_device *pdev)
{
	struct chip *chip = platform_get_drvdata(pdev);

	pm_runtime_disable(&pdev->dev);
	if (!pm_runtime_status_suspended(&pdev->dev))
		clk_disable_unprepare(chip->clk);
	pm_runtime_set_suspended(&pdev->dev);
}
static const struct dev_pm_ops chip_pm = {
	SYSTEM_SLEEP_PM_OPS(chip_suspend, chip_resume)
	RUNTIME_PM_OPS(chip_sleep, chip_wake, NULL)
};
static struct platform_driver chip_driver = {
	.driver = { .name = "chip", .pm = &chip_pm },
	.probe = chip_probe, .remove_new = chip_remove,
};
module_platform_driver(chip_driver);
"""


def test_whether_runtime_pm_has_it_suspended_is_no_answer_given_once(pinned: Tree) -> None:
    unasked = SLEEPS.replace("	if (!pm_runtime_suspended(dev))\n", "")

    assert _rules(_read(pinned, SLEEPS)) == set()
    assert "R40" in _rules(_read(pinned, unasked))


def test_a_probe_that_returns_no_error_has_not_failed(c: Read) -> None:
    end = "	if (ret)\n		return ret;\n	return 0;\n"
    assert end in HELPER
    found = c("int elsewhere(void);\n" + HELPER.replace(end, """
	if (ret)
		return ret;
	ret = elsewhere();
	if (ret < 0)
		pci_disable_device(pdev);
	return ret;
"""))

    assert _rules(found) == set()


def test_what_is_put_and_what_nobody_calls_here_may_take_is_left_out(pinned: Tree) -> None:
    """Nothing true can be said of it; where nobody takes it at all, the put is one too many."""
    assert TAKEN in COUNTED
    nobody = COUNTED.replace(TAKEN, "	ret = 0;\n")
    callback = """int chip_apply(struct device *dev)
{
	return pm_runtime_get_sync(dev);
}
"""
    found = _read(pinned, nobody.replace("static int", f"{callback}static int", 1))

    assert names_of(_driver(found).remove) == []
    assert "pm_runtime_put_sync()" in {one.text for one in found.unknown}
    assert _rules(_read(pinned, nobody)) == {"N41"}


CHAIN = """
static int card_model(struct pci_dev *pdev, struct card *card)
{
	if (strstr(pdev->bus->name, "one"))
		return 0;
	if (strstr(pdev->bus->name, "two"))
		return 0;
	if (strstr(pdev->bus->name, "three"))
		return 0;
	if (strstr(pdev->bus->name, "four"))
		return 0;
	return -EINVAL;
}
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct card *card = of(pdev);
	int ret;

	ret = card_model(pdev, card);
	if (ret)
		return ret;
	if (strstr(pdev->bus->name, "five"))
		return pci_enable_device(pdev);
	return 0;
}
static void card_remove(struct pci_dev *pdev)
{
	if (strstr(pdev->bus->name, "five"))
		pci_disable_device(pdev);
}
"""


def _asked(found: Extracted) -> list[str]:
    return [one.name for one in guards(_driver(found).probe)]


def test_a_chain_that_does_nothing_is_one_condition(c: Read) -> None:
    found = c(CHAIN)

    first, second = _asked(found)
    assert first == 'strstr(pdev->bus->name, "one"), and 3 conditions more'
    assert second == 'strstr(pdev->bus->name, "five")'
    assert _rules(found) == set()


def test_a_chain_stays_of_which_somebody_else_asks_a_part(c: Read) -> None:
    """The answer is one: what probe enabled because of it, remove disables because of it."""
    found = c(CHAIN.replace('"five"', '"four"'))

    assert len(_asked(found)) == 5
    assert _rules(found) == set()


def test_a_device_is_not_called_like_an_operation(pinned: Tree) -> None:
    text = (HEAD + HELPER + TAIL).replace("card_driver", "pci_enable_device_driver")

    assert _read(pinned, text).design.devices[0].name == "pci-enable-device"


def test_what_is_nested_deeply_fits_no_line(c: Read) -> None:
    deep = "".join(f"if (pdev->bus->number == {number})\n;\nelse " for number in range(30))
    found = c(HELPER.replace("	pci_set_master(pdev);", f"	{deep} pci_set_master(pdev);"))

    assert len(_asked(found)) == 30


OWN = """
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct card *card = NULL;
	int ret;

	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	card = kzalloc(sizeof(struct card), GFP_KERNEL);
	if (!card) {
		ret = -ENOMEM;
		goto err;
	}
	pdev->bus->sysdata = card;
	pci_set_drvdata(pdev, card);
	return 0;
err:
	kfree(card);
	pci_disable_device(pdev);
	return ret;
}
static void card_remove(struct pci_dev *pdev)
{
	struct card *card = pdev->bus->sysdata;

	kfree(card);
	pci_disable_device(pdev);
}
"""


def test_nothing_is_freed_by_null_and_data_is_known_by_its_type(c: Read) -> None:
    assert _rules(c(OWN)) == set()
    assert _rules(c(OWN.replace("sysdata;\n\n	kfree(card);", "sysdata;\n"))) == {"R36"}


PULSE = """	rst = devm_reset_control_get_exclusive(&pdev->dev, NULL);
	if (IS_ERR(rst))
		return PTR_ERR(rst);
	reset_control_assert(rst);
	reset_control_deassert(rst);
	pm_runtime_enable(&pdev->dev);
"""


def test_a_reset_line_may_be_asserted_first(pinned: Tree) -> None:
    text = COUNTED.replace("	pm_runtime_enable(&pdev->dev);\n" + TAKEN, PULSE)
    text = text.replace("	int ret;\n", "	struct reset_control *rst;\n")
    text = text.replace("	pm_runtime_put_sync(&pdev->dev);\n", "")
    found = _read(pinned, "#include <linux/reset.h>\n" + text)

    assert "reset_control_assert" in names_of(_driver(found).probe)
    assert _rules(found) == set()


def test_runtime_pm_is_left_out_where_references_are(pinned: Tree) -> None:
    """Else it would suspend a device that somebody holds."""
    held = SLEEPS.replace("	pm_runtime_disable(", """	pm_runtime_get_sync(&pdev->dev);
	pm_runtime_put_noidle(&pdev->dev);
	pm_runtime_disable(""").replace("	if (!pm_runtime_status_suspended(&pdev->dev))\n", "")
    user = """int chip_use(struct device *dev)
{
	return pm_runtime_get_sync(dev);
}
"""

    assert _rules(_read(pinned, held.replace("static int", f"{user}static int", 1))) == set()


QUEUED = """
static void card_work(struct work_struct *work) { }
static irqreturn_t card_thread(int irq, void *data)
{
	return IRQ_HANDLED;
}
int card_store(struct card *card)
{
	schedule_work(&card->work);
	return 0;
}
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
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
	ret = devm_request_threaded_irq(&pdev->dev, pdev->irq, NULL, card_thread, IRQF_SHARED,
					"card", card);
	if (ret)
		return ret;
	INIT_WORK(&card->work, card_work);
	return 0;
}
static void card_remove(struct pci_dev *pdev)
{
	struct card *card = pci_get_drvdata(pdev);

	cancel_work_sync(&card->work);
}
"""


def test_who_is_not_read_queues_while_the_driver_is_bound(c: Read) -> None:
    """Not before its probe has returned, nor behind the beginning of its remove."""
    queued = QUEUED.replace("	return IRQ_HANDLED;", """	struct card *card = data;

	schedule_work(&card->work);
	return IRQ_HANDLED;""")

    assert _rules(c(QUEUED)) == set()
    assert _rules(c(QUEUED.replace("	cancel_work_sync(&card->work);\n", ""))) == {"N17"}
    assert "N12" in _rules(c(queued)), "its thread is read, and can run before there is the work"
