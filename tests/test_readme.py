# SPDX-License-Identifier: GPL-2.0-only
"""What the README shows is what the tool does."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from house import HOUSE

from generator.__main__ import main

README = (HOUSE / "README.md").read_text()
SOUND = "remove=(*delete, PCI_FREE_IRQ_VECTORS(PORT), PCI_DISABLE_DEVICE(PORT))"
BROKEN = "remove=(PCI_FREE_IRQ_VECTORS(PORT), *delete, PCI_DISABLE_DEVICE(PORT))"


def _lines(text: str) -> list[str]:
    """Return the lines without margins, and without counts: a better search has smaller ones."""
    return [re.sub(r"\d+ (states|transitions)", r"N \1", line.strip()) for line in text.split("\n")]


def _example() -> str:
    found = re.search(r"```python\n(from generator.*?)```", README, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_of_the_readme_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "doorbell.py").write_text(_example())
    monkeypatch.chdir(tmp_path)

    assert main(["check", "doorbell.py"]) == 0

    assert capsys.readouterr().out.startswith("doorbell: HOLDS (")


def test_the_variation_of_the_readme_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = re.search(r"```python\n(from dataclasses.*?)```", README, re.DOTALL)
    assert found is not None
    (tmp_path / "variation.py").write_text(found[1])

    assert main(["check", str(tmp_path / "variation.py")]) == 0

    assert capsys.readouterr().out.startswith("auxbus-msi: HOLDS (")


def test_the_counterexample_of_the_readme_is_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = _example()
    assert SOUND in text
    (tmp_path / "doorbell.py").write_text(text.replace(SOUND, BROKEN))
    monkeypatch.chdir(tmp_path)

    assert main(["check", "doorbell.py"]) == 1

    shown = _lines(capsys.readouterr().out)
    printed = _lines(README)
    start = printed.index(shown[0])
    shown = shown[:-1]  # the end of the last line
    assert shown == printed[start : start + len(shown)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("PCI_SET_MASTER(PORT)", "PCI_SET_MASTR(PORT)"), "did you mean PCI_SET_MASTER"),
        (("nr=MSG(BELL)", "number=MSG(BELL)"), "takes the parameters (nr), not (number)"),
        (("devices=(PORT, BELL)", "devices=(BELL,)"), "add it to devices=("),
        (("KZALLOC(BELL)", "KZALLOC()"), "takes 1 device(s) (dev), not 0"),
        (("drivers=(port, bell)", "drivers=(port, bell), waivers=(Waiver('R99', 'why'),)"),
         "a waiver of R99, which is no rule: N1, "),
    ],
)
def test_a_mistake_in_a_design_names_line_and_mend(
    change: tuple[str, str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "doorbell.py"
    text = _example().replace("Device, Driver\n", "Device, Driver, Waiver\n")
    path.write_text(text.replace(*change))

    assert main(["check", str(path)]) == 2

    said = capsys.readouterr().err
    assert message in said
    assert re.search(r"doorbell\.py:\d+: ", said)


@pytest.mark.slow
def test_the_matrix_is_as_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The table and its legend; what stands behind the cells is longer, and not in the README."""
    assert main(["check", "--all"]) == 0

    shown = _lines(capsys.readouterr().out)
    shown = shown[: shown.index("", shown.index("") + 1)]
    printed = _lines(README)
    start = printed.index(shown[0])
    assert shown == printed[start : start + len(shown)]


def test_the_table_of_operations_names_what_there_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", README, re.MULTILINE)

    assert len(rows) > 5
    for module, cells in rows:
        space = vars(importlib.import_module(f"generator.ops.{module}"))
        named = re.findall(r"`([A-Za-z_]+)", cells)
        assert {name for name in named if name not in space} == set()
