# SPDX-License-Identifier: GPL-2.0-only
"""Modules with two drivers: what init registers is gone with the module, whatever fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from as_read import ESB, again, names_of

from checks.verdict.judge import judge
from generator.extraction import source
from generator.extraction.extract import Extracted, drivers, extract
from generator.kernel.tree import Tree

pytestmark = pytest.mark.kernel
HEAD = """// SPDX-License-Identifier: GPL-2.0
#include <linux/mfd/core.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
static struct platform_device *dog;
static const struct mfd_cell cells[] = { { .name = "dog" } };
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return mfd_add_devices(&pdev->dev, 0, cells, 1, NULL, 0, NULL);
}
static void card_remove(struct pci_dev *pdev)
{
	mfd_remove_devices(&pdev->dev);
}
static struct pci_driver card_driver = {
	.name = "card", .probe = card_probe, .remove = card_remove,
};
static struct pci_driver old_driver = { .name = "old" };
"""
INIT = """
static int __init card_init(void)
{
	int ret;

	dog = platform_device_register_simple("dog", -1, NULL, 0);
	if (IS_ERR(dog))
		return PTR_ERR(dog);
	ret = pci_register_driver(&card_driver);
	if (ret)
		goto err_dog;
	ret = pci_register_driver(&old_driver);
	if (ret)
		goto err_card;
	return 0;

err_card:
	pci_unregister_driver(&card_driver);
err_dog:
	platform_device_unregister(dog);
	return ret;
}
module_init(card_init);
static void __exit card_exit(void)
{
	pci_unregister_driver(&old_driver);
	pci_unregister_driver(&card_driver);
	platform_device_unregister(dog);
}
module_exit(card_exit);
"""
Read = Callable[..., Extracted]


@pytest.fixture
def c(pinned: Tree) -> Read:
    """Return what reads HEAD and INIT with some texts changed."""

    def read(*changes: tuple[str, str], init: str = INIT) -> Extracted:
        whole = HEAD + init
        for old, new in changes:
            assert whole.count(old) == 1, old
            whole = whole.replace(old, new)
        unit = source.parsed(pinned, ESB, {ESB: whole.encode()}, exact=False).unit
        found = extract((unit,), drivers(unit)[0])
        assert again(found.design) == found.design, "its text defines it"
        return found

    return read


def _told(found: Extracted) -> list[tuple[str, str]]:
    return [(one.rule, one.message.partition(" although")[0])
            for one in judge(found.design).counterexamples]


def test_init_and_exit_are_the_probe_and_remove_of_the_module(c: Read) -> None:
    found = c()
    module = found.design.drivers[-1]
    assert found.functions["init"] == "card_init"
    assert found.functions["exit"] == "card_exit"
    assert names_of(module.probe)[:3] == [
        "platform_device_register_simple[dog]", "pci_register_driver[card_driver]",
        "pci_register_driver[old_driver]"]
    assert names_of(module.remove) == [
        "pci_unregister_driver[old_driver]", "pci_unregister_driver[card_driver]",
        "platform_device_unregister[dog]"]
    assert _told(found) == []


@pytest.mark.parametrize(("forgets", "left"), [
    ("err_card:\n\tpci_unregister_driver(&card_driver);\n", "card_driver"),
    ("\tpci_unregister_driver(&old_driver);\n", "old_driver"),
    ("\tplatform_device_unregister(dog);\n}\nmodule_exit", "dog"),
    ("err_dog:\n\tplatform_device_unregister(dog);\n", "dog"),
])
def test_what_init_or_exit_forgets(c: Read, forgets: str, left: str) -> None:
    label, colon, _ = forgets.partition(":\n")
    kept = f"{label}:\n" if colon else "}\nmodule_exit" if forgets.endswith("exit") else ""
    assert _told(c((forgets, kept))) == [("N17", f"{left} of module can run")]


def test_what_init_takes_back_twice(c: Read) -> None:
    twice = "err_card:\n\tpci_unregister_driver(&card_driver);\n"
    assert {rule for rule, _ in _told(c((twice, f"{twice}\tpci_unregister_driver(&card_driver);\n"))
                                      )} == {"N20"}


def test_a_condition_of_the_file_is_the_same_in_init_and_exit(c: Read) -> None:
    asked = (("dog = platform_device_reg", "if (!old_driver.id_table) return -1;\n\tdog = "
              "platform_device_reg"),)
    assert _told(c(*asked)) == []


def test_what_another_function_takes_back_is_left_out(c: Read) -> None:
    found = c(("\tmfd_remove_devices(&pdev->dev);", "\tmfd_remove_devices(&pdev->dev);\n"
               "\tplatform_device_unregister(dog);"),
              ("\tplatform_device_unregister(dog);\n}\nmodule_exit", "}\nmodule_exit"))
    assert _told(found) == []
    assert "platform_device_register_simple()" in {one.text for one in found.unknown}


def test_a_module_that_a_macro_writes_has_nothing_to_get_wrong(c: Read) -> None:
    found = c(init="module_pci_driver(card_driver);\n")
    assert [one.name for one in found.design.devices] == ["card"]


def test_children_are_deleted_before_their_parent_is_unbound(c: Read) -> None:
    simple = "module_pci_driver(card_driver);\n"
    assert _told(c(init=simple)) == []
    found = c(("\tmfd_remove_devices(&pdev->dev);\n", ""), init=simple)
    assert _told(found) == [("N17", "cells of card can run")]


def test_of_cells_that_are_added_twice_nothing_is_said(c: Read) -> None:
    found = c(("\treturn mfd_add", "\tif (mfd_add_devices(&pdev->dev, 1, cells, 1, NULL, 0, NULL))"
               "\n\t\treturn -1;\n\treturn mfd_add"),
              ("\tmfd_remove_devices(&pdev->dev);\n", ""), init="module_pci_driver(card_driver);\n")
    assert _told(found) == []
    assert "mfd_add_devices()" in {one.text for one in found.unknown}
