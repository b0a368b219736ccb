# SPDX-License-Identifier: GPL-2.0-only
"""What the READMEs tell how to add, added to a copy of the project, to the letter."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from house import HOUSE

from generator.__main__ import main
from generator.system.cache import cache

SLEEPER = """\
from generator.design import Design, Device, Driver
from generator.ops.pci import PCI_SET_POWER_STATE{also}

PORT = Device("port", "pci")
DESIGN = Design("sleeper", "a port that is put into D3", (PORT,), (
    Driver("sleeper", PORT, probe=({first}PCI_SET_POWER_STATE(PORT),)),
))
"""
DESIGNS = ("-m", "generator", "designs")
RENDER = """\
from design import PORT
from generator.ops.pci import PCI_SET_POWER_STATE
from generator.rendering.render import body
from generator.rendering.templates import Names
print(body((PCI_SET_POWER_STATE(PORT),), Names({PORT: "dev"})))
"""


def blocks(folder: str, heading: str, language: str) -> list[str]:
    """Return the code blocks below a heading of a folder's README."""
    text = (HOUSE / folder / "README.md").read_text()
    part = text[text.index(f"## {heading}\n") :].partition("\n## ")[0]
    found = re.findall(rf"```{language}\n(.*?)```", part, re.DOTALL)
    assert found, heading
    return [str(one) for one in found]


def block(folder: str, heading: str, language: str) -> str:
    """Return the first of them."""
    return blocks(folder, heading, language)[0]


def files(folder: str, heading: str) -> dict[str, str]:
    """Return the code blocks below a heading that stand under the path of a file."""
    text = (HOUSE / folder / "README.md").read_text()
    part = text[text.index(f"## {heading}\n") :].partition("\n## ")[0]
    found = re.findall(r"^`([\w./]+)`:\n\n```\w+\n(.*?)```$", part, re.DOTALL | re.MULTILINE)
    assert found, heading
    return dict(found)


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


CARD = {  # what is changed in the README's design -> exit code, and what is said
    "nothing": (("", ""), 0, "card: HOLDS ("),
    "a failure of it that undoes nothing": (
        ("image=2)", "image=2, fail=RETURN)"), 1, "card.py:{}: error: card is unbound but enabled"),
    "an undo that does not": (
        ("(ok(sets(RUNS(DEV), 0)),)", "(ok(),)"), 2,
        "card.py:{}: card_load_firmware: its undo card_stop_firmware does not take back firmware "
        "runs of dev",
    ),
    "a number out of range": (
        ("image=2", "image=4"), 2,
        "card.py:{}: card_load_firmware(): image=4 means nothing: give image= a number from 0 to 3",
    ),
    "a device of another kind": (
        ('("dev", ("pci",))', '("dev", ("aux", "cxl"))'), 2,
        "card.py:{}: card_load_firmware() takes a device of kind aux or cxl as dev, and card is "
        "of kind pci",
    ),
    "the name of a shipped fact": (
        ('"firmware runs", 1', '"mode", 1'), 2, "'mode' is not MODE of generator/facts.py",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CARD)
def test_an_operation_is_added_inside_a_designs_file(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (old, new), code, wanted = CARD[name]
    text = block("generator", "Adding an operation inside a design's file", "python")
    assert old in text
    text = text.replace("import Guard", "import RETURN, Guard").replace(old, new, 1)
    (tmp_path / "card.py").write_text(text, encoding="utf-8")

    assert main(["check", str(tmp_path / "card.py")]) == code

    lines = text.split("\n")
    line = next(n for n, one in enumerate(lines, 1) if "LOAD_FIRMWARE(CARD" in one)
    said = capsys.readouterr()
    assert wanted.format(line) in said.out + said.err


@pytest.mark.parametrize(("old", "new", "code", "wanted"), [
    ("", "", 0, "HOLDS"),
    ("If(SWITCH.there(CODEC), (SWITCH.use(CODEC),))", "SWITCH.use(CODEC)", 1, "needs role_sw"),
    ("UNREGISTER(CODEC), ", "", 1, "[N17]"),
    ("waits=True", "waits=True\n    waits=False,", 1, "[N17]"),
    ('"jack", "codec', '"a jack", "codec', 2, "codec.py:8: registers(): the first is the word"),
])  # fmt: skip
def test_a_registration_is_added_inside_a_designs_file(
    old: str, new: str, code: int, wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = blocks("generator", "Adding an operation inside a design's file", "python")[1]
    assert old in text
    (tmp_path / "codec.py").write_text(text.replace(old, new, 1), encoding="utf-8")

    assert main(["check", str(tmp_path / "codec.py")]) == code
    said = capsys.readouterr()
    assert wanted in said.out + said.err


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


@pytest.fixture
def with_series(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project with the series of the README, and the kernel tree of this one."""
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(cache()))
    for path, text in files("generator", "Adding a series").items():
        (scratch / path).parent.mkdir(parents=True, exist_ok=True)
        (scratch / path).write_text(text)
    return scratch


@pytest.mark.kernel
@pytest.mark.slow
def test_a_series_is_added_at_one_place(with_series: Path) -> None:
    """Listed, rendered, compiled and held to its designs, and then made by `make golden`."""
    assert re.search(r"^doorbell .* \[series\]$", run(with_series, *DESIGNS)[1], re.MULTILINE)
    code, said = run(with_series, "-m", "generator", "generate", "doorbell")

    assert code == 0, said
    patches = with_series / "patches" / "6.12" / "doorbell"
    assert sorted(one.name[:4] for one in patches.glob("*.patch")) == ["0000", "0001", "0002"]
    assert "shutdown = doorbell_shutdown," in next(patches.glob("0002*")).read_text()
    assert rows(said) == [["checkpatch", "series", "compile", "people", "design", "rendered"],
                          *[["ok+1", "ok", "ok", "ok", "ok", "ok"]] * 2]  # nobody has signed it


def rows(said: str) -> list[list[str]]:
    """Return the cells of the table of patches by checks."""
    lines = said[said.index("checkpatch") :].splitlines()
    number = next(at for at, line in enumerate(lines) if at and not re.match(r"\d/\d ", line))
    return [lines[0].split(), *(re.split(r"  +", line)[1:] for line in lines[1:number])]


@pytest.mark.kernel
@pytest.mark.slow
def test_a_check_of_patches_is_added_at_one_place(with_series: Path) -> None:
    """A rule of mails, and a kind of check: both fire, and say nothing of what is sound."""
    rule, row, kind, imported, line = blocks("checks", "Adding a check of patches", "python")
    checks = with_series / "checks"
    with (checks / "patches" / "mail_rules.py").open("a") as file:
        file.write("\n\n" + rule)
    insert(checks / "patches" / "rules.py", "LOGS: tuple[SeriesRule, ...] = (\n", row)
    place = named("checks", "Adding a check of patches", r"checks/patches/\w+\.py")
    (with_series / place).write_text(kind)
    there = "checkpatch, commits, deep, inert, lives, people, rendered, rules"
    insert(checks / "patches" / "examine.py", f"from checks.patches import {there}\n", imported)
    insert(checks / "patches" / "examine.py", "CHECKS: dict[str, Check] = {\n", line)
    room = with_series / "templates" / "doorbell"
    sound = {name: (room / name).read_text()
             for name in ("files/doorbell.c.j2", "messages/shutdown.txt.j2")}
    (room / "messages/shutdown.txt.j2").write_text(sound["messages/shutdown.txt.j2"] + "TODO: it\n")
    (room / "files/doorbell.c.j2").write_text(
        sound["files/doorbell.c.j2"] + "{% for n in range(500) %}\n/* {{ n }} */\n{% endfor %}"
    )

    code, said = run(with_series, "-m", "generator", "generate", "doorbell")

    assert code == 1
    assert ("0002-PCI-Stop-the-doorbell-before-another-kernel-is-start.patch:9: error: this is "
            "left to do: do it, or say why (2/2 PCI: Stop the doorbell before another kernel is "
            "started) [series:to-do]") in said
    assert "for-the-doorbell-of-QEMU.patch: warning: 538 new lines, more than 500: split it" in said
    assert [cells[0] for cells in rows(said)[1:]] == ["1", "ok"]
    assert not (with_series / "patches").exists()
    for name, text in sound.items():
        (room / name).write_text(text)

    code, said = run(with_series, "-m", "generator", "generate", "doorbell")

    assert code == 0, said
    assert rows(said)[0][0] == "checkpatch"
    cover = next((with_series / "patches" / "6.12" / "doorbell").glob("0000*")).read_text()
    assert "the length of each patch" in cover


def insert(path: Path, below: str, text: str) -> None:
    """Put lines below a line of a file."""
    whole = path.read_text()
    assert whole.count(below) == 1, below
    path.write_text(whole.replace(below, below + text))
