# SPDX-License-Identifier: GPL-2.0-only
"""A callback of an interface that returns an error has put the runtime PM reference it took."""

from __future__ import annotations

import pytest
from as_read import HEAD, TAIL, read_c, rules_of

from generator.kernel.tree import Tree

pytestmark = pytest.mark.kernel

DOG = """#include <linux/pm_runtime.h>
#include <linux/reset.h>
#include <linux/watchdog.h>
int elsewhere(struct watchdog_device *dog, bool on);
static int dog_power(struct watchdog_device *dog)
{
	return pm_runtime_resume_and_get(dog->parent);
}
static int dog_start(struct watchdog_device *dog)
{
	int ret;

	ret = dog_power(dog);
	if (ret)
		return ret;
	ret = reset_control_deassert(watchdog_get_drvdata(dog));
	if (ret) {
		pm_runtime_put(dog->parent);
		return ret;
	}
	ret = elsewhere(dog, true);
	if (ret)
		goto out;
	return 0;
out:
	pm_runtime_put(dog->parent);
	return ret;
}
static int dog_ping(struct watchdog_device *dog)
{
	bool on = dog->timeout;
	int ret = 0;

	if (on)
		pm_runtime_get_noresume(dog->parent);
	ret = elsewhere(dog, on);
	if (on)
		pm_runtime_put(dog->parent);
	return ret;
}
static const struct watchdog_ops dog_ops = { .start = dog_start, .ping = dog_ping };
static struct watchdog_device dog = { .ops = &dog_ops };
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	dog.parent = &pdev->dev;
	return watchdog_register_device(&dog);
}
static void card_remove(struct pci_dev *pdev)
{
	watchdog_unregister_device(&dog);
}
"""


def _rules(pinned: Tree, *edit: str) -> set[str]:
    old, new = edit or ("", "")
    assert old in DOG
    return rules_of(read_c(pinned, HEAD + DOG.replace(old, new, 1) + TAIL))


def test_who_fails_has_put_what_it_took(pinned: Tree) -> None:
    assert _rules(pinned) == set()


SWITCH = """	return on ? pm_runtime_resume_and_get(dog->parent) : pm_runtime_put(dog->parent);"""


@pytest.mark.parametrize("edits", [
    {"dog_power(struct watchdog_device *dog)": "dog_power(struct watchdog_device *dog, bool on)",
     "	return pm_runtime_resume_and_get(dog->parent);": SWITCH,
     "dog_power(dog)": "dog_power(dog, true)",
     "		goto out;": "		return dog_power(dog, false);"},
    {"		goto out;": "		return pm_runtime_put_sync_autosuspend(dog->parent), ret;"},
    {"	pm_runtime_put(dog->parent);\n	return ret;\n}\nstatic int dog_ping":
     "	if (dog->max_timeout)\n		pm_runtime_put(dog->parent);\n	return ret;\n}\n"
     "static int dog_ping"},
], ids=["by what it is given", "by a call that nobody names", "by what a member says"])
def test_who_puts_in_other_ways_is_not_told(pinned: Tree, edits: dict[str, str]) -> None:
    text = DOG
    for old, new in edits.items():
        assert old in text
        text = text.replace(old, new, 1)
    assert rules_of(read_c(pinned, HEAD + text + TAIL)) == set()


@pytest.mark.parametrize(("old", "new"), [
    ("goto out;", "return ret;"),
    ("	if (on)\n		pm_runtime_put(dog->parent);\n	return ret;", "	return ret;"),
    ("pm_runtime_resume_and_get", "pm_runtime_get_sync"),  # it counts where it fails as well
])
def test_who_fails_and_keeps_it_is_told(pinned: Tree, old: str, new: str) -> None:
    assert _rules(pinned, old, new) == {"N48"}
