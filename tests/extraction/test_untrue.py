# SPDX-License-Identifier: GPL-2.0-only
"""What was said of sound drivers of the tree and is not any more: each as a small driver in C."""

from __future__ import annotations

import pytest
from as_read import HEAD, HELPER, PROBE, TAIL, Read, driver_of, names_of, read_c, rules_of

from generator.kernel.tree import Tree
from generator.program import guards

pytestmark = pytest.mark.kernel


@pytest.fixture
def c(pinned: Tree) -> Read:
    """Return what reads the driver that stands between HEAD and TAIL."""
    return lambda text: read_c(pinned, HEAD + text + TAIL)


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
    found = read_c(pinned, COUNTED)

    assert names_of(driver_of(found).remove) == ["pm_runtime_put_sync", "pm_runtime_disable"]
    assert rules_of(found) == set()
    assert rules_of(read_c(pinned, COUNTED.replace("	pm_runtime_put_sync(&pdev->dev);\n", "")))


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

    assert rules_of(read_c(pinned, SLEEPS)) == set()
    assert "R40" in rules_of(read_c(pinned, unasked))


def test_what_runtime_pm_says_is_not_known_where_nobody_enables_it(pinned: Tree) -> None:
    alone = SLEEPS.replace("	pm_runtime_enable(&pdev->dev);\n", "").replace(
        "	pm_runtime_disable(&pdev->dev);\n", "")
    asks = {one.name: one.when for one in guards(driver_of(read_c(pinned, alone)).suspend or ())}

    assert "runtime active" in str(guards(driver_of(read_c(pinned, SLEEPS)).suspend or ()))
    assert "runtime active" not in str(asks["pm_runtime_suspended(dev)"])


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

    assert rules_of(found) == set()


def test_what_is_put_and_what_nobody_calls_here_may_take_is_left_out(pinned: Tree) -> None:
    """Nothing true can be said of it; where nobody takes it at all, the put is one too many."""
    assert TAKEN in COUNTED
    nobody = COUNTED.replace(TAKEN, "	ret = 0;\n")
    callback = """int chip_apply(struct device *dev)
{
	return pm_runtime_get_sync(dev);
}
"""
    found = read_c(pinned, nobody.replace("static int", f"{callback}static int", 1))

    assert names_of(driver_of(found).remove) == []
    assert "pm_runtime_put_sync()" in {one.text for one in found.unknown}
    assert rules_of(read_c(pinned, nobody)) == {"N41"}


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
    assert rules_of(c(OWN)) == set()
    assert rules_of(c(OWN.replace("sysdata;\n\n	kfree(card);", "sysdata;\n"))) == {"R36"}


def test_of_data_that_a_function_frees_which_nobody_calls_here_nothing_is_said(c: Read) -> None:
    """The kref of a subsystem calls it, or its release."""
    freed = OWN.replace("sysdata;\n\n	kfree(card);", "sysdata;\n")
    release = "void card_release(struct card *card)\n{\n	kfree(card);\n}\n"

    assert rules_of(c(freed)) == {"R36"}
    assert rules_of(c(release + freed)) == set()


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
    found = read_c(pinned, "#include <linux/reset.h>\n" + text)

    assert "reset_control_assert" in names_of(driver_of(found).probe)
    assert rules_of(found) == set()


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

    assert rules_of(read_c(pinned, held.replace("static int", f"{user}static int", 1))) == set()


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
""" + PROBE + """\
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

    assert rules_of(c(QUEUED)) == set()
    assert rules_of(c(QUEUED.replace("	cancel_work_sync(&card->work);\n", ""))) == {"N17"}
    assert "N12" in rules_of(c(queued)), "its thread is read, and can run before there is the work"
