# SPDX-License-Identifier: GPL-2.0-only
"""Small drivers in C, each with one thing that is read as a person would write it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from as_read import HEAD, HELPER, TAIL, Read, driver_of, names_of, read_c, rules_of

from generator.extraction.extract import Extracted
from generator.extraction.held import held
from generator.kernel.tree import Tree
from generator.operation import RETURN
from generator.program import Call, called, guards

pytestmark = pytest.mark.kernel


@pytest.fixture
def c(pinned: Tree) -> Read:
    """Return what reads the driver that stands between HEAD and TAIL."""
    return lambda text: read_c(pinned, HEAD + text + TAIL)


def test_a_helper_has_its_name_in_c(c: Read) -> None:
    found = c(HELPER)
    (node,) = driver_of(found).probe
    assert isinstance(node, Call)
    assert node.function.name == "card_start"
    assert node.on_fail == RETURN
    assert names_of(node.function.body) == ["pci_enable_device", "pci_set_master"]
    assert rules_of(found) == set()
    assert rules_of(c(HELPER.replace("pci_disable_device(pdev);", ""))) == {"R36"}


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
    names = {one.name for one in called(driver_of(found).probe)}
    assert names == {"card_probe_err_release"}
    assert rules_of(found) == set()
    assert rules_of(c(LADDER.replace("err_disable:\n\tpci_disable", "err_disable:\n\tpci_save"
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
    assert [(one.kind, one.name) for one in driver_of(found).contexts] == [("work", "card_work")]
    assert rules_of(found) == set()
    left = c(WORK.replace("cancel_work_sync(&card->work);", "pci_save_state(pdev);"))
    assert rules_of(left) == {"N17"}, "the work runs in memory that devres has freed"


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
    assert "devm_add_action_or_reset[clk_disable_unprepare]" in names_of(driver_of(found).probe)
    assert rules_of(found) == set()
    bare = CLOCK.replace("return devm_add_action_or_reset(&pdev->dev, card_off, clk);",
                         "return pci_save_state(pdev);")
    assert "clk_prepare_enable" not in names_of(driver_of(c(bare)).probe), "who calls card_off()?"
    assert rules_of(c(bare)) == set()
    lost = bare.replace("\tclk_disable_unprepare(data);\n", "")
    assert rules_of(c(lost)) == {"R40"}


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
    assert rules_of(found) == set()
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
    assert rules_of(c(one)) == set()
    unasked = one.replace("\tif (of(pdev)->a)\n\t\tiounmap(of(pdev)->a);", "")
    assert rules_of(c(unasked)) == {"R36"}, "nobody ever gives it back"
    kept = "static void __iomem *kept;\n" + unasked.replace("card->a", "kept")
    assert rules_of(c(kept)) == set()


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
    return [one.name for one in guards(driver_of(found).probe)]


def test_a_chain_that_does_nothing_is_one_condition(c: Read) -> None:
    found = c(CHAIN)

    first, second = _asked(found)
    assert first == 'strstr(pdev->bus->name, "one"), and 3 conditions more'
    assert second == 'strstr(pdev->bus->name, "five")'
    assert rules_of(found) == set()


def test_a_chain_stays_of_which_somebody_else_asks_a_part(c: Read) -> None:
    """The answer is one: what probe enabled because of it, remove disables because of it."""
    found = c(CHAIN.replace('"five"', '"four"'))

    assert len(_asked(found)) == 5
    assert rules_of(found) == set()


def test_a_device_is_not_called_like_an_operation(pinned: Tree) -> None:
    text = (HEAD + HELPER + TAIL).replace("card_driver", "pci_enable_device_driver")

    assert read_c(pinned, text).design.devices[0].name == "pci-enable-device"


def test_what_is_nested_deeply_fits_no_line(c: Read) -> None:
    deep = "".join(f"if (pdev->bus->number == {number})\n;\nelse " for number in range(30))
    found = c(HELPER.replace("	pci_set_master(pdev);", f"	{deep} pci_set_master(pdev);"))

    assert len(_asked(found)) == 30
