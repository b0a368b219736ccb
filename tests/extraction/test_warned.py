# SPDX-License-Identifier: GPL-2.0-only
"""A WARN_ON() of what hardware as it should be, or too little memory, makes fail: N49."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from as_read import CHIP_PROBE, HEAD, PROBE, TAIL, chip_rules, read_c, rules_of
from house import HOUSE

from generator.__main__ import main
from generator.extraction import source
from generator.extraction.extract import drivers, extract
from generator.kernel.tree import Tree

pytestmark = pytest.mark.kernel
PMU = "drivers/perf/cxl_pmu.c"


def _pmu_warns(tree: Tree, text: bytes | None = None) -> bool:
    unit = source.parsed(tree, PMU, {} if text is None else {PMU: text}, exact=False).unit
    return "N49" in rules_of(extract((unit,), drivers(unit)[0]))


@pytest.mark.parametrize(("kernel", "which"), [("6.12", "pinned"), ("7.3", "newer")])
def test_a_pmu_warns_of_its_host_until_the_second_patch(
    kernel: str, which: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """It is in callbacks of CPU hotplug, which cpuhp_state_add_instance() calls."""
    tree: Tree = request.getfixturevalue(which)
    file = tmp_path / PMU
    file.parent.mkdir(parents=True)
    file.write_bytes((tree.work / PMU).read_bytes())
    series = HOUSE / "patches" / kernel / "auxbus"
    for number in ("0001", "0002"):
        (patch,) = series.glob(f"{number}-*.patch")
        subprocess.run(["git", "apply", patch], cwd=tmp_path, check=True)

    assert _pmu_warns(tree)
    assert not _pmu_warns(tree, file.read_bytes())


@pytest.mark.parametrize(("which", "told"), [("pinned", True), ("newer", False)])
def test_events_that_its_kernel_detaches_are_not_held_against_a_pmu(
    which: str, told: bool, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """perf_pmu_unregister() of 6.12 leaves those open that there are."""
    tree: Tree = request.getfixturevalue(which)
    assert main(["check", PMU, "--kernel", tree.version, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)

    assert ("N1" in {one["rule"] for one in found["violations"]}) is told


def _card(body: str) -> str:
    head = HEAD.replace("<linux/clk.h>", "<linux/clk.h>\n#include <linux/interrupt.h>")
    return (f"{head}{PROBE}{body}	return 0;\n}}\n"
            f"static void card_remove(struct pci_dev *pdev)\n{{\n}}\n{TAIL}")


@pytest.mark.parametrize(("body", "warns"), [
    ("	WARN_ON(irq_set_affinity(pdev->irq, cpumask_of(0)));\n", True),
    ("	if (WARN_ON_ONCE(irq_set_affinity(pdev->irq,\n"
     "					   cpumask_of(0))))\n		return -ENODEV;\n", True),
    ("	if (irq_set_affinity(pdev->irq, cpumask_of(0)))\n		pci_warn(pdev, \"anywhere\");\n",
     False),
    ("	WARN_ON(irq_set_affinity(pdev->irq, cpumask_of(0)) && ret);\n", False),
])
def test_an_affinity_that_a_host_may_not_have(pinned: Tree, body: str, warns: bool) -> None:
    assert rules_of(read_c(pinned, _card(body))) == ({"N49"} if warns else set())


@pytest.mark.parametrize(("call", "warns"), [
    ("irq_set_affinity(2, cpumask_of(0))", False),  # which controller it is on is known
    ("clk_prepare_enable(chip->clk)", False),  # nobody plans for one that does not start
    ("sysfs_create_group(&dev->kobj, &chip_group)", True),
])
def test_what_a_chip_warns_of(pinned: Tree, call: str, warns: bool) -> None:
    text = "#include <linux/interrupt.h>\nstatic const struct attribute_group chip_group;\n" + (
        CHIP_PROBE + "	chip->clk = devm_clk_get(dev, NULL);\n	if (IS_ERR(chip->clk))\n"
        f"		return PTR_ERR(chip->clk);\n	WARN_ON({call});\n	return ret;\n}}\n"
        "static void chip_remove(struct platform_device *pdev)\n{\n}\n")

    assert ("N49" in chip_rules(pinned, text)) == warns
