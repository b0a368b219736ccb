# SPDX-License-Identifier: GPL-2.0-only
"""Clocks that are not there, that only some devices have, and that somebody else gives."""

from __future__ import annotations

import pytest
from as_read import CHIP_PROBE, chip_rules

from generator.kernel.tree import Tree

pytestmark = pytest.mark.kernel

CLOCK = CHIP_PROBE + """	chip->clk = devm_clk_get(dev, NULL);
	if (!IS_ERR(chip->clk)) {
		ret = clk_prepare_enable(chip->clk);
		if (ret)
			return ret;
	}
	ret = chip_start(chip);
	if (ret)
		clk_disable_unprepare(chip->clk);
	return ret;
}
static void chip_remove(struct platform_device *pdev)
{
	struct chip *chip = platform_get_drvdata(pdev);

	clk_disable_unprepare(chip->clk);
}
"""


def test_a_clock_that_is_not_there_is_not_switched_off(pinned: Tree) -> None:
    """An error in its place does nothing, drivers/clk/clk.c clk_disable()."""
    twice = CLOCK.replace("	clk_disable_unprepare(chip->clk);\n}",
                          "	clk_disable_unprepare(chip->clk);\n" * 2 + "}")

    assert chip_rules(pinned, CLOCK) == set()
    assert chip_rules(pinned, twice) == {"R40"}


SOME = CLOCK.replace("""	chip->clk = devm_clk_get(dev, NULL);
	if (!IS_ERR(chip->clk)) {
""", """	if (dev->of_node) {
		chip->clk = devm_clk_get(dev, NULL);
		if (IS_ERR(chip->clk))
			return PTR_ERR(chip->clk);
""")


def test_a_clock_that_only_some_have_is_null_in_others(pinned: Tree) -> None:
    on = SOME.replace("	if (ret)\n		clk_disable_unprepare(chip->clk);\n", "")
    assert (chip_rules(pinned, SOME), chip_rules(pinned, on)) == (set(), {"R40"})


GIVEN = CLOCK.replace("""	if (!IS_ERR(chip->clk)) {
		ret = clk_prepare_enable(chip->clk);
		if (ret)
			return ret;
	}
""", """	if (IS_ERR(chip->clk) && !given)
		return PTR_ERR(chip->clk);
	if (given)
		chip->clk = given->clk;
	ret = clk_prepare_enable(chip->clk);
	if (ret)
		return ret;
""").replace("\tint ret = 0;", "\tstruct chip *given = dev_get_platdata(dev);\n\tint ret = 0;")


def test_a_clock_that_somebody_else_gives_is_there(pinned: Tree) -> None:
    assert chip_rules(pinned, GIVEN) == set()
