# SPDX-License-Identifier: GPL-2.0-only
"""Designs come out of the C of drivers of the pinned tree, and are what that C does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from as_read import ESB, again, driver_of, names_of, read_c, rules_of
from schemas import wrong

from checks.verdict.judge import judge
from generator.__main__ import main
from generator.errors import TreeError, UsageError
from generator.extraction import source
from generator.extraction.blocks import Blocks
from generator.extraction.extract import Extracted, drivers, extract
from generator.extraction.selected import selected
from generator.kernel.tree import Tree
from generator.operation import Do
from generator.program import If, Return, walk
from generator.system.stopping import Late

pytestmark = pytest.mark.kernel
CADENCE = "drivers/watchdog/cadence_wdt.c"


def _read(tree: Tree, path: str, *changes: tuple[str, str]) -> Extracted:
    text = (tree.work / path).read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    unit = source.parsed(tree, path, {path: text.encode()}).unit
    return extract((unit,), drivers(unit)[0])


@pytest.mark.parametrize("path", [ESB, CADENCE, "drivers/hwmon/k10temp.c"])
def test_the_text_defines_the_design(pinned: Tree, path: str) -> None:
    design = _read(pinned, path).design
    assert again(design) == design


def test_a_pci_driver(pinned: Tree) -> None:
    found = _read(pinned, ESB)
    (driver,) = found.design.drivers
    assert driver.device.kind == "pci"
    assert found.functions == {"probe": "esb_probe", "remove": "esb_remove"}
    assert names_of(driver.probe)[:3] == ["devm_kzalloc", "esb_dev.pdev = ...", "pci_enable_device"]
    assert names_of(driver.remove)[-1] == "pci_disable_device"
    assert "writew()" in {one.text for one in found.unknown}
    assert "watchdog_register_device" in names_of(driver.probe), "an interface is an operation"
    assert judge(found.design).verdict.value == "HOLDS"


def test_what_the_c_forgets_is_told_with_its_line(pinned: Tree) -> None:
    found = _read(pinned, ESB, ("goto err_disable;", "goto err_devput;"))
    report = judge(found.design)
    (told,) = [one for one in report.counterexamples if one.rule == "R36"]
    assert {one.where.file for one in told.trace if one.text.startswith("pci_enable")} == {ESB}


def test_callbacks_and_conditions_of_a_platform_driver(pinned: Tree) -> None:
    (driver,) = _read(pinned, CADENCE).design.drivers
    assert driver.suspend is not None
    assert driver.resume is not None
    (asked,) = driver.suspend
    assert isinstance(asked, If)
    assert names_of(asked.then) == ["clk_disable_unprepare"]
    (same,) = driver.resume
    assert isinstance(same, If)
    assert same.guard == asked.guard
    places = {one.where.file for one in walk(driver.probe) if isinstance(one, Do | If | Return)}
    assert places == {CADENCE}, "each has its line of C"


def test_a_number_that_c_computes_is_said_to_be_taken(pinned: Tree) -> None:
    said = [str(one) for one in _read(pinned, CADENCE).unread]
    assert any("a number of devm_request_irq() is taken to be" in one for one in said)


def test_files_are_found_by_the_name_of_the_driver(pinned: Tree) -> None:
    assert source.find(pinned, "i6300esb") == ESB
    assert source.find(pinned, f"./{ESB}") == ESB
    with pytest.raises(UsageError, match="no such C file"):
        source.find(pinned, "drivers/watchdog/nobody.c")
    with pytest.raises(UsageError, match="several files"):
        source.find(pinned, "core")


def test_c_that_does_not_compile_is_refused_with_its_line(pinned: Tree) -> None:
    with pytest.raises(TreeError, match=rf"{ESB} does not compile .*{ESB}:\d+: "):
        _read(pinned, ESB, ("goto err_disable;", "goto nowhere;"))


def test_read_and_check_as_a_user_types_them(
    pinned: Tree, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["read", "i6300esb"]) == 0
    text = capsys.readouterr().out
    assert "Calls that nothing names: " in text
    assert "Read: 24 of 35 calls and 6 of 8 branches" in " ".join(text.split())
    file = tmp_path / "esb.py"
    file.write_text(text)
    assert main(["check", str(file)]) == 0
    capsys.readouterr()
    assert main(["check", ESB]) == 0
    within = "24 of 35 calls and 6 of 8 branches"
    assert f"HOLDS only within what was read of the C: {within}" in capsys.readouterr().out
    assert main(["check", ESB, "--format", "github"]) == 0
    assert within in capsys.readouterr().out
    assert main(["check", ESB, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "HOLDS"
    assert told["read"]["path"] == ESB
    assert told["read"]["fractions"]["calls"] == {"read": 24, "all": 35}
    assert wrong("check", told) == []
    assert main(["read", ESB, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert wrong("read", told) == []
    del told["design"]
    assert wrong("read", told) != []
    assert main(["read", "drivers/pci/msi/msi.c"]) == 2
    assert "registers no driver" in capsys.readouterr().err


def test_a_driver_of_another_machine_is_read_with_what_its_symbol_stands_for(pinned: Tree) -> None:
    """gpio-zynq.c needs a member that struct gpio_chip has with GPIOLIB_IRQCHIP, which it selects.

    Reading it with the flags of its neighbours alone ends at that member.
    """
    assert selected(pinned, "CONFIG_GPIO_ZYNQ") == ("CONFIG_GPIO_ZYNQ", "CONFIG_GPIOLIB_IRQCHIP",
                                                    "CONFIG_IRQ_DOMAIN")
    found = source.parsed(pinned, "drivers/gpio/gpio-zynq.c")

    assert found.doubt.endswith("and 4 symbols that CONFIG_GPIO_ZYNQ stands for")
    assert "zynq_gpio_probe" in found.unit.definitions


NODE = """// SPDX-License-Identifier: GPL-2.0
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/of_irq.h>
#include <linux/platform_device.h>
struct chip { int irq; };
static irqreturn_t chip_irq(int irq, void *data) { return IRQ_HANDLED; }
static int chip_probe(struct platform_device *pdev)
{
	struct chip *chip = devm_kzalloc(&pdev->dev, sizeof(*chip), GFP_KERNEL);

	if (!chip)
		return -ENOMEM;
	platform_set_drvdata(pdev, chip);
	chip->irq = irq_of_parse_and_map(pdev->dev.of_node, 0);
	if (!chip->irq)
		return -EINVAL;
	return request_irq(chip->irq, chip_irq, 0, "chip", chip);
}
static void chip_remove(struct platform_device *pdev)
{
	struct chip *chip = platform_get_drvdata(pdev);

	free_irq(chip->irq, chip);
}
static struct platform_driver chip_driver = {
	.driver = { .name = "chip" }, .probe = chip_probe, .remove_new = chip_remove,
};
module_platform_driver(chip_driver);
"""


def test_an_irq_of_a_node_is_one_that_a_handler_can_be_on(pinned: Tree) -> None:
    found = read_c(pinned, NODE)

    assert names_of(driver_of(found).probe)[-2:] == ["irq_of_parse_and_map", "request_irq"]
    assert rules_of(found) == set()
    assert rules_of(read_c(pinned, NODE.replace("	free_irq(chip->irq, chip);\n", "")))


KEY = """
#include <linux/module.h>
#include <linux/usb.h>

static int key_probe(struct usb_interface *intf, const struct usb_device_id *id)
{
	return 0;
}

static void key_disconnect(struct usb_interface *intf)
{
}

static struct usb_driver key_driver = {
	.name = "key",
	.probe = key_probe,
	.disconnect = key_disconnect,
	.soft_unbind = 1,
};
module_usb_driver(key_driver);
"""


def test_a_driver_that_ends_its_transfers_itself_says_so(pinned: Tree) -> None:
    design = read_c(pinned, KEY).design

    assert [one.soft_unbind for one in design.drivers] == [True]
    assert again(design) == design
    (other,) = read_c(pinned, KEY.replace("\t.soft_unbind = 1,\n", "")).design.drivers
    assert not other.soft_unbind


@pytest.mark.kernel
def test_reading_that_takes_too_long_is_named(
    pinned: Tree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what was read of it, instead of a verdict, and within the budget of the user."""
    read, late = Blocks._read, iter([True])

    def slow(of: Blocks, function: str, *rest: Any) -> Any:
        if function == "esb_probe" and next(late, False):
            raise Late
        return read(of, function, *rest)

    monkeypatch.setattr(Blocks, "_read", slow)
    assert main(["check", ESB, "--seconds", "500"]) == 124
    assert capsys.readouterr().err.rstrip().endswith(
        f"{ESB} was not read to the end within the 500 s of --seconds, so nothing is said of it: "
        "esb_probe() was being read, 0 functions were read before")
    assert main(["check", ESB, "--seconds", "500"]) == 0
