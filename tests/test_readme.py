# SPDX-License-Identifier: GPL-2.0-only
"""What the README shows is what the tool does."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
from pathlib import Path

import pytest
from house import HOUSE

from checks.boot.build.kind import KINDS
from checks.boot.predict.board import BOARDS
from checks.boot.scenario import FATAL, USUAL
from generator.__main__ import VERBS, main, parser

README = (HOUSE / "README.md").read_text()
SOUND = "remove=(*delete, PCI_FREE_IRQ_VECTORS(PORT), PCI_DISABLE_DEVICE(PORT))"
BROKEN = "remove=(PCI_FREE_IRQ_VECTORS(PORT), *delete, PCI_DISABLE_DEVICE(PORT))"

READMES = sorted([
    *HOUSE.glob("*.md"),
    *(path for folder in ("checks", "generator", "patches", "templates", "tests")
      for path in (HOUSE / folder).glob("**/*.md")),
])
COMMAND = r"(?:\.venv/bin/)?portwright ([a-z][^`]*)"
PRINTS = re.compile(r": (HOLDS|VIOLATED|UNFINISHED|error:|warning:) |\d states")


def _blocks(path: Path) -> list[str]:
    """Return the blocks of a README that are shown as they are, without their margin."""
    text = path.read_text()
    fenced = re.findall(r"^```\w*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    text = re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    indented = re.findall(r"(?:(?<=\n\n)|(?<=^)) {4}.*\n(?:(?: {4}.*)?\n)*", text)
    return [*fenced, *(re.sub(r"^ {4}", "", one, flags=re.MULTILINE) for one in indented)]


def _commands(path: Path) -> list[str]:
    """Return what a README says after `portwright`, in its blocks and in its text."""
    lines = [line for block in _blocks(path) for line in block.splitlines()]
    said = [re.split(r"\s{2,}|\s#", found[1])[0] for line in lines
            if (found := re.fullmatch(rf"(?:\$ )?{COMMAND}", line))]
    text = re.sub(r"^ {4}.*$", "", path.read_text(), flags=re.MULTILINE)
    inline = re.findall(rf"`{COMMAND}`", text)
    return [*said, *(" ".join(one.split()) for one in inline)]


def _shown() -> dict[str, str]:
    """Return the outputs that READMEs show, by the command above them."""
    found = [block.removeprefix("$ portwright ").partition("\n")
             for path in READMES for block in _blocks(path) if block.startswith("$ portwright ")]
    return {command: output.rstrip("\n") for command, _, output in found}


def _verbs() -> list[argparse.ArgumentParser]:
    """Return the parsers of the verbs."""
    [verbs] = [one for one in parser()._actions if isinstance(one, argparse._SubParsersAction)]
    return list(verbs.choices.values())


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


def _before_check_doorbell(folder: Path) -> None:
    """Write the design of the README with the change that the README tells."""
    text = _example()
    assert SOUND in text
    (folder / "doorbell.py").write_text(text.replace(SOUND, BROKEN))


# Each printed output that a README shows: what has to be there before, and the exit code.
PRINTED = {
    "check doorbell.py": (_before_check_doorbell, 1),
    "check --all": (lambda _: None, 0),
}


@pytest.mark.parametrize("command", [
    "check doorbell.py", pytest.param("check --all", marks=pytest.mark.slow),
])
def test_what_a_readme_shows_is_what_is_printed(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """To the letter, counts as well; `[...]` stands for the rest."""
    before, code = PRINTED[command]
    before(tmp_path)
    monkeypatch.chdir(tmp_path)

    assert main(command.split()) == code

    said, shown = capsys.readouterr().out.rstrip("\n"), _shown()[command]
    if shown.endswith("\n[...]"):
        shown = shown.removesuffix("\n[...]")
        said = said[: len(shown)]
    assert shown == said


def test_every_printed_output_of_a_readme_is_held_to_the_program() -> None:
    """One is shown beneath its command, or the tests do not know of what it is the output."""
    assert _shown().keys() == PRINTED.keys()

    stray = [
        f"{path.name}: {line}"
        for path in READMES if path.parent.name != "bugs"  # tests/extraction/test_bugs.py
        for block in _blocks(path) if not block.startswith("$ portwright ")
        for line in block.splitlines() if PRINTS.search(line)
    ]
    assert stray == []


@pytest.mark.parametrize(("path", "words"), sorted(
    {(path, words) for path in READMES for words in _commands(path)}
), ids=lambda part: part if isinstance(part, str) else part.relative_to(HOUSE).as_posix())
def test_a_command_of_a_readme_is_one(path: Path, words: str) -> None:
    """That it parses: a verb that there is, with options that it takes."""
    parser().parse_args(shlex.split(words))


def test_the_readme_names_every_verb() -> None:
    assert {words.split()[0] for words in _commands(HOUSE / "README.md")} == VERBS.keys()


def test_an_option_in_the_text_of_the_readme_is_one() -> None:
    text = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    known = {option for verb in _verbs() for option in verb._option_string_actions}

    assert set(re.findall(r"`[^`\n]*?(--[a-z0-9-]+)", text)) <= known


def test_what_a_readme_tells_make_to_do_is_a_target() -> None:
    makefile = (HOUSE / "Makefile").read_text()
    told = {one for path in READMES
            for one in re.findall(r"(?:`|^    )make ([a-z-]+)", path.read_text(), re.MULTILINE)}

    assert {"generate", "test", "boot-test"} <= told
    assert {one for one in told if f"\n{one}:" not in makefile} == set()


def test_what_was_seen_on_boots_is_of_kernels_and_boards_that_there_are() -> None:
    """The counts in that table are of boots that take hours together, and no test repeats them."""
    text = (HOUSE / "checks/boot/README.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| \d+ \| \d+ \| \d+ \|$", text, re.MULTILINE)

    assert len(rows) > 5
    assert {kind for kind, _ in rows} <= KINDS.keys()
    assert {board for _, board in rows} <= BOARDS.keys()
    table = text.partition("**Scenarios**")[2].partition("\n\n`/dev")[0]
    assert re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE) == [*USUAL, "shutdown", *FATAL]


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


def test_the_table_of_operations_names_what_there_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", README, re.MULTILINE)

    assert len(rows) > 5
    for module, cells in rows:
        space = vars(importlib.import_module(f"generator.ops.{module}"))
        named = re.findall(r"`(\w+)", cells)
        assert {name for name in named if name not in space} == set()
