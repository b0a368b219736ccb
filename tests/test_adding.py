# SPDX-License-Identifier: GPL-2.0-only
"""An operation, a rule, a design and a sub-device, each added at one place as a README says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from house import HOUSE

SLEEPER = """\
from generator.design import Design, Device, Driver
from generator.ops.pci import PCI_SET_POWER_STATE{also}

PORT = Device("port", "pci")
DESIGN = Design("sleeper", "a port that is put into D3", (PORT,), (
    Driver("sleeper", PORT, probe=({first}PCI_SET_POWER_STATE(PORT),)),
))
"""
RENDER = """\
from design import PORT
from generator.ops.pci import PCI_SET_POWER_STATE
from generator.render import body
from generator.templates import Names
print(body((PCI_SET_POWER_STATE(PORT),), Names({PORT: "dev"})))
"""


def block(folder: str, heading: str, language: str) -> str:
    """Return the first code block below a heading of a folder's README."""
    text = (HOUSE / folder / "README.md").read_text()
    part = text[text.index(f"## {heading}\n") :]
    found = re.search(rf"```{language}\n(.*?)```", part, re.DOTALL)
    assert found is not None, heading
    return found[1]


def named(folder: str, heading: str, pattern: str) -> str:
    """Return the first place below a heading that the README names."""
    text = (HOUSE / folder / "README.md").read_text()
    found = re.search(rf"`({pattern})`", text[text.index(f"## {heading}\n") :])
    assert found is not None, heading
    return found[1]


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    for folder in ("generator", "checks", "templates"):
        shutil.copytree(HOUSE / folder, tmp_path / folder,
                        ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run(scratch: Path, *argv: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, *argv], cwd=scratch, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(scratch)},
    )  # fmt: skip
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout


def add(scratch: Path, folder: str, what: str, pattern: str) -> None:
    """Append the block of a README to the one file that it names."""
    path = scratch / folder / named(folder, f"Adding {what}", pattern)
    with path.open("a") as file:
        file.write("\n" + block(folder, f"Adding {what}", "python"))


def test_an_operation_is_added_at_one_place(scratch: Path) -> None:
    add(scratch, "generator", "an operation", r"ops/\w+\.py")
    design = scratch / "design.py"
    design.write_text(SLEEPER.format(also="", first=""))

    code, said = run(scratch, "-m", "generator", "check", "design.py")

    assert code == 0
    assert said.startswith("sleeper: HOLDS (")
    assert "never reached" not in said


def test_an_operation_is_rendered_by_one_template(scratch: Path) -> None:
    add(scratch, "generator", "an operation", r"ops/\w+\.py")
    name = named("templates", "Adding an operation's template", r"ops/pci\w+\.c\.j2")
    (scratch / "templates" / name).write_text(
        block("templates", "Adding an operation's template", "jinja")
    )
    (scratch / "design.py").write_text(SLEEPER.format(also="", first=""))
    (scratch / "render.py").write_text(RENDER)

    code, said = run(scratch, "render.py")

    assert code == 0
    assert "ret = pci_set_power_state(dev, PCI_D3hot);" in said


def test_a_rule_is_added_at_one_place(scratch: Path) -> None:
    """Only what it is about breaks it: with the state saved before, the same design holds."""
    add(scratch, "generator", "an operation", r"ops/\w+\.py")
    add(scratch, "checks", "a rule", r"rules/\w+\.py")
    design = scratch / "design.py"
    design.write_text(SLEEPER.format(also="", first=""))

    code, said = run(scratch, "-m", "generator", "check", "design.py")

    assert code == 1
    assert ("design.py:6: error: The configuration of a device is saved before its driver puts it "
            "into D3. [X1]") in said
    assert "X1" in run(scratch, "-m", "generator", "rules")[1]
    design.write_text(SLEEPER.format(also=", PCI_SAVE_STATE", first="PCI_SAVE_STATE(PORT), "))
    assert run(scratch, "-m", "generator", "check", "design.py")[0] == 0


@pytest.mark.parametrize("what", ["a design", "a sub-device"])
def test_a_design_is_added_at_one_place(what: str, scratch: Path) -> None:
    """Listed and judged by its name, with nothing but its file."""
    place = named("generator", f"Adding {what}", r"designs/\w+\.py")
    (scratch / "generator" / place).write_text(block("generator", f"Adding {what}", "python"))
    name = Path(place).stem.replace("_", "-")

    assert f"\n{name} " in run(scratch, "-m", "generator", "designs")[1]
    code, said = run(scratch, "-m", "generator", "check", name)

    assert code == 0
    assert said.startswith(f"{name}: HOLDS (")
