# SPDX-License-Identifier: GPL-2.0-only
"""A series on a kernel that nobody pinned: rendered as that is, or refused at a line of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from varied import NO_SERVICE_FAILS, of, replaced, varied

from generator.__main__ import main
from generator.cli.differing import beside_nearest
from generator.cli.tree import told
from generator.designs.auxbus import DESIGN
from generator.drivers.in_tree import OTHERWISE
from generator.editing.draft import Draft
from generator.errors import TreeError
from generator.kernel import kbuild
from generator.kernel.configurations import CONFIGS
from generator.kernel.kbuild import Base
from generator.kernel.tree import Tree
from generator.load import load
from generator.series import generate
from generator.series.generate import Series

PORTDRV, PERF = "drivers/pci/pcie/portdrv.c", "drivers/perf/cxl_pmu.c"
CLONE = "static int pcie_message_numbers("
# Lines more, and another message: as a later release may have it.
LATER = (
    (CLONE, f"/* Of a later release. */\nstatic int pcie_no_number = -1;\n\n{CLONE}"),
    ("detected: will not use MSI for", "found: no MSI for"),
)


def _rendered(tree: Tree) -> Series:
    return generate.generate(load("auxbus", told(tree)).series("to render"), tree)


def _as_configured(monkeypatch: pytest.MonkeyPatch, pinned: Base) -> None:
    """Let a tree be configured as the pin is that it differs from in C files alone."""
    monkeypatch.setattr(generate.kbuild, "prepare", lambda tree, _: replace(pinned, tree=tree))


@pytest.fixture(scope="module")
def pinned_base(newer: Tree) -> Base:
    return kbuild.prepare(newer, CONFIGS["m"])


@pytest.mark.kernel
def test_a_later_release_has_its_own_series_and_what_differs_is_listed(
    newer: Tree, pinned_base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = of(newer, tmp_path, replaced(newer, PORTDRV, *LATER))
    _as_configured(monkeypatch, pinned_base)
    made = _rendered(later)
    text = (made.commits[-1].overlay[PORTDRV] or b"").decode()
    assert all(new in text for _, new in LATER)
    steps = load("auxbus", told(newer)).series("to look").steps
    assert [one.key for one in made.commits] == [step.key for step in steps]
    said = "\n".join(beside_nearest(later, "auxbus", (DESIGN,)))
    assert "not a pinned tree; the nearest is 7.3 (" in said
    assert f"-1 +4  {PORTDRV} (" in said
    assert PERF not in said
    assert list(beside_nearest(newer, "auxbus", (DESIGN,))) == []


@pytest.mark.kernel
@pytest.mark.parametrize(("path", "old", "new", "said"), [
    # What an edit splits has another name.
    (PORTDRV, "pcie_port_enable_irq_vec", "pcie_port_enable_vectors",
     r"drivers/pci/pcie/portdrv\.c:\d+: function pcie_port_enable_irq_vec is not defined here; the "
     r"file has pcie_port_enable_vectors, .*\(patch \d+, Split\)"),
    # A statement is not there that a piece begins with.
    (PERF, "if (!info->hw_events)", "if (IS_ERR_OR_NULL(info->hw_events))",
     r"drivers/perf/cxl_pmu\.c:\d+: cxl_pmu_probe\(\) has no .*; nearest is line \d+: .*hw_events"),
])
def test_what_an_edit_does_not_find_is_refused_at_the_nearest_line(
    path: str, old: str, new: str, said: str, newer: Tree, pinned_base: Base, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = of(newer, tmp_path, replaced(newer, path, (old, new)))
    _as_configured(monkeypatch, pinned_base)
    with pytest.raises(TreeError, match=said):
        _rendered(other)


@pytest.mark.kernel
def test_a_file_that_is_elsewhere_is_named(newer: Tree, pinned_base: Base, tmp_path: Path) -> None:
    place, commit = varied(newer, tmp_path, {PERF: None, "drivers/perf/cxl/cxl_pmu.c": "\n"})
    there = replace(newer, git_dir=place, base=commit)
    draft = Draft(there, pinned_base, {}, DESIGN, DESIGN)
    with pytest.raises(TreeError, match=f"{PERF}: there is no .*; nearest is drivers/perf/cxl/cxl"):
        draft.text(PERF)


@pytest.mark.kernel
def test_a_kernel_from_before_is_refused_for_a_reason(
    pinned: Tree, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In 6.1 the port driver is portdrv_core.c and portdrv_pci.c."""
    place, commit = varied(pinned, tmp_path, {
        PORTDRV: None,
        "drivers/pci/pcie/portdrv_core.c": (pinned.work / PORTDRV).read_text(encoding="utf-8"),
    })
    argv = ["generate", "auxbus", "--tree", str(place), "--base", commit, "--out", str(tmp_path)]
    assert main(argv) == 3
    said = capsys.readouterr().err
    assert "drivers/pci/pcie/portdrv_core.c:" in said
    assert "bandwidth service: cannot be read: drivers/pci/pcie/portdrv.c get_port_device" in said
    assert "there is no drivers/pci/pcie/portdrv.c, and get_port_device_capability() stands" in said
    assert "does not answer these either: bandwidth driver, DPC service, slot reset" in said


# What 7.2.12 does otherwise than 7.3.4 in headers: the types of blocks are drivers/cxl's own.
TYPES, CXLPCI_H = "include/cxl/pci.h", "drivers/cxl/cxlpci.h"
ENUM = re.compile(r"(?:/\*(?:(?!\*/).)*\*/\n)?enum cxl_regloc_type \{.*?\n\};\n", re.DOTALL)


def _types_at_home(tree: Tree) -> dict[str, str | None]:
    """The header without the types, and that of drivers/cxl with them."""
    text = (tree.work / TYPES).read_text(encoding="utf-8")
    (enum,) = ENUM.findall(text)
    include = "#include <linux/pci.h>\n"
    return {TYPES: text.replace(enum, ""), **replaced(tree, CXLPCI_H, (
        include, f"{include}\n{enum}"
    ))}


@pytest.mark.kernel
def test_a_port_that_fails_without_services_forgets_its_cpmus_and_only_the_types_move(
    newer: Tree, pinned_base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = of(newer, tmp_path, {
        **replaced(newer, PORTDRV, *NO_SERVICE_FAILS), **_types_at_home(newer),
    })
    _as_configured(monkeypatch, pinned_base)
    made = _rendered(other)

    text = (made.commits[-1].overlay[PORTDRV] or b"").decode()
    assert (
        "\tif (!nr_service)\n\t\tgoto error_cleanup_irqs;\n\n"
        "\tpcie_cxlpmu_add_devices(dev);\n\n\treturn 0;\n\nerror_cleanup_irqs:\n"
        "\tpci_free_irq_vectors(dev);\nerror_disable:\n\tpcie_cxlpmu_forget(dev);\n"
        "\tpci_disable_device(dev);\n\treturn status;\n"
    ) in text
    (create,) = [one for one in made.commits if one.key == "create"]
    assert "In this tree pcie_port_device_register() fails if none" in create.message
    (regloc,) = [one for one in made.commits if one.key == "regloc"]
    header = (regloc.overlay["include/cxl/regloc.h"] or b"").decode()
    assert "enum cxl_regloc_type {" in header
    assert "REG_LOCATOR" not in header
    assert "linux/bits.h" not in header
    assert "enum cxl_regloc_type {" not in (regloc.overlay[CXLPCI_H] or b"").decode()
    assert "Move this enum, and nothing" in regloc.message
    assert "in this tree pcie_port_device_register() fails" in made.cover_body


@pytest.mark.kernel
def test_an_answer_that_no_driver_is_known_for_is_refused_at_its_line(
    newer: Tree, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = {"well": OTHERWISE["no service left"]["well"]}
    monkeypatch.setitem(cast("dict[str, object]", OTHERWISE), "no service left", ways)
    text = replaced(newer, PORTDRV, *NO_SERVICE_FAILS)
    place, commit = varied(newer, tmp_path, text)
    line = (text[PORTDRV] or "").partition("\tstatus = -ENODEV;")[0].count("\n") + 1
    argv = ["generate", "auxbus", "--tree", str(place), "--base", commit, "--out", str(tmp_path)]
    assert main(argv) == 3
    assert (f"{PORTDRV}:{line}: no service left: this tree says '-ENODEV', and the drivers are "
            "known for 'well': generator/drivers/in_tree.py wants the other way"
            ) in capsys.readouterr().err
