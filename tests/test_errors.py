# SPDX-License-Identifier: GPL-2.0-only
"""Errors as values: where, what, and the exit code; programs that fail; whole messages."""

from __future__ import annotations

import ast
import pickle
import re
import tomllib
from pathlib import Path

import pytest
from house import HOUSE

from generator import errors
from generator.__main__ import main
from generator.cli.generate import _signer
from generator.errors import (
    NOWHERE,
    EnvironmentFault,
    ModelError,
    PortwrightError,
    ProgramFailed,
    Timeout,
    TreeError,
    UsageError,
    Where,
)
from generator.load import load
from generator.system.plumbing import run, tried

KINDS = [one for one in vars(errors).values()
         if isinstance(one, type) and issubclass(one, PortwrightError)]

HEAD = """\
from generator.design import Design, Device, Driver
from generator.ops.pci import PCI_SET_MASTER
PORT = Device("port", "pci")
KID = Device("kid", "aux", PORT)
"""
WHOLE = {
    "two devices of one name": (
        'TWIN = Device("kid", "aux", PORT)\n'
        'DESIGN = Design("d", "", (PORT, KID, TWIN), ())\n',
        "{path}:5: d has a device 'kid' already, at {path}:4: give this one another name",
    ),
    "a device twice": (
        'DESIGN = Design("d", "", (PORT, KID, KID), ())\n',
        "{path}:4: d has a device 'kid' already, at {path}:4: give this one another name",
    ),
    "two drivers of one device": (
        'ONE = Driver("one", PORT, ())\n'
        'TWO = Driver("two", PORT, ())\n'
        'DESIGN = Design("d", "", (PORT,), (ONE, TWO))\n',
        "{path}:6: two binds port, which one binds already, at {path}:5: when one of them comes "
        "later, in the place of the other, give it instead_of=",
    ),
    "a question that nothing answers": (
        'from generator.facts import MSG\n'
        'MUTE = Device("mute", "aux", PORT, answers=((MSG, ()),))\n'
        'DESIGN = Design("d", "", (PORT, MUTE), (Driver("d", PORT, (PCI_SET_MASTER(PORT),)),))\n',
        "{path}:6: message has no answer: give one or more of 0, 1, 2, none",
    ),
    "a kind that there is not": (
        'Device("one", "isa")\n',
        "{path}:5: unknown kind 'isa': one of pci, core, service, platform, aux, cxl, express, "
        "i2c, spi, usb, hid, sdio, pnp, part",
    ),
    "a child alone": (
        'DESIGN = Design("d", "", (KID,), ())\n',
        "{path}:4: kid is a child of port, which is not among the devices of d: add it to "
        "devices=(",
    ),
    "an operation without its device": (
        "PCI_SET_MASTER()\n",
        "{path}:5: pci_set_master() takes 1 device(s) (dev), not 0",
    ),
    "and in a condition": (
        "from generator.facts import HAS, IRQ\n"
        "WHEN = HAS(KID).eq(1) and IRQ(KID).eq(1)\n",
        "{path}:6: whether a condition holds is not known while the file is read, so and, or, "
        "not, in, if and chains like 1 < X < 3 make nothing of it: write & for and, | for or, ~ "
        "for not, .among(1, 2) for in",
    ),
    "a chain in a condition": (
        "from generator.facts import MSG\n"
        "WHEN = 1 <= MSG(KID) <= 3\n",
        "{path}:6: < and > are answered by Python at once: write .lt(), .le(), .gt() or .ge(), "
        "and & between two of them for a chain, as in X.ge(1) & X.le(3)",
    ),
    "in in a condition": (
        "from generator.facts import MSG\n"
        "WHEN = 1 in MSG(KID)\n",
        "{path}:6: a fact is no list: write FACT(DEVICE).among(1, 2), or .has(bit) for a bit",
    ),
    "or between two guards": (
        "from generator.operation import Guard\n"
        "WHEN = Guard('one', None, ()) or Guard('two', None, ())\n",
        "{path}:6: whether a condition holds is not known while the file is read, so and, or, "
        "not, in, if and chains like 1 < X < 3 make nothing of it: write both(A, B) for and, "
        "either(A, B) for or, Not(A) for not",
    ),
    "a number out of range": (
        "from generator.ops.irq import REQUEST_IRQ\nREQUEST_IRQ(KID, shared=7)\n",
        "{path}:6: request_irq(): shared=7 means nothing: give shared= a number from 0 to 1",
    ),
    "types that there are not": (
        "from generator.ops.irq import PCI_ALLOC_IRQ_VECTORS\n"
        "PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=99)\n",
        "{path}:6: pci_alloc_irq_vectors(): types=99 means nothing: give types= a number from 1 "
        "to 7",
    ),
    "an operation on another kind of device": (
        "PCI_SET_MASTER(KID)\n",
        "{path}:5: pci_set_master() takes a device of kind pci as dev, and kid is of kind aux: "
        "apply it to another device",
    ),
    "a device replaced wrongly": (
        "from dataclasses import replace\nNEW = replace(KID, count=0)\n",
        "{path}:6: kid: count is 1 to 6, not 0",
    ),
    "a device replaced by another of its name": (
        "from dataclasses import replace\n"
        "NEW = replace(PORT, bridge=True)\n"
        'DESIGN = Design("d", "", (NEW, KID), ())\n',
        "{path}:4: kid is a child of port, which is not among the devices of d: devices=( has "
        "another one of that name, written at {path}:6: use one and the same",
    ),
    "no devices": (
        'DESIGN = Design("d", "", (), ())\n',
        "{path}:5: d: devices=() has none in it, so there is nothing to explore: add a Device",
    ),
    "no design": ("", "{path}:1: defines no DESIGN: add DESIGN = Design(...)"),
    "another DESIGN": (
        "DESIGN = 3\n", "{path}:5: DESIGN is a int: write DESIGN = Design(...)",
    ),
    "no Python": (
        "DESIGN = (\n", "{path}:5: '(' was never closed: this is no Python: DESIGN = (",
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_the_whole_message_of_a_mistake(name: str, tmp_path: Path) -> None:
    text, wanted = WHOLE[name]
    path = tmp_path / "design.py"
    path.write_text(HEAD + text, encoding="utf-8")

    with pytest.raises(ModelError) as told:
        load(str(path))

    assert str(told.value) == wanted.format(path=path)
    assert told.value.where.file == str(path)
    assert str(told.value) == f"{told.value.where}: {told.value.text}"


def test_an_error_without_a_place_is_its_text() -> None:
    assert str(UsageError("give one DESIGN")) == "give one DESIGN"
    assert str(ModelError(NOWHERE, "text")) == "text"
    assert str(TreeError("text", Where("a.c", 3))) == "a.c:3: text"


@pytest.mark.parametrize("error", [
    ModelError(Where("d.py", 3), "text"), TreeError("text", Where("a.c", 3)), UsageError("text"),
    ProgramFailed(["git", "a b"], 128, "fatal: no\n"),
], ids=lambda error: type(error).__name__)  # fmt: skip
def test_an_error_is_the_same_behind_a_process(error: PortwrightError) -> None:
    """Explorations run side by side in processes, and what they raise is pickled."""
    there = pickle.loads(pickle.dumps(error))

    assert (type(there), vars(there), str(there)) == (type(error), vars(error), str(error))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_says_its_exit_code(kind: type[PortwrightError]) -> None:
    assert f"Exit code {kind.exit_code}." in (kind.__doc__ or "")


def test_the_exit_codes_are_those_of_the_readme() -> None:
    said = (HOUSE / "README.md").read_text(encoding="utf-8").partition("Exit codes: ")[2]

    assert {kind.exit_code for kind in KINDS} == {2, 3, 4, 5, 124, 125}
    assert {kind.exit_code for kind in KINDS} < set(map(int, re.findall(r"\d+", said[:300])))


def test_a_place_is_a_field_and_no_part_of_the_text() -> None:
    """`f"{node.where}: ..."` and `f"{path}:{line}: ..."` are what Where is for."""
    names = {kind.__name__ for kind in KINDS}
    wrong = []
    for file in [*HOUSE.glob("generator/**/*.py"), *HOUSE.glob("checks/**/*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names:
                wrong += [f"{file.name}:{node.lineno}" for one in node.args if _begins_so(one)]

    assert wrong == []


def _begins_so(text: ast.expr) -> bool:
    if isinstance(text, ast.BinOp):
        return _begins_so(text.left)
    if not isinstance(text, ast.JoinedStr):
        return False
    first, second, *rest = [*text.values, None, None]
    if not isinstance(first, ast.FormattedValue) or not isinstance(second, ast.Constant):
        return False
    where = isinstance(first.value, ast.Attribute | ast.Name) \
        and (getattr(first.value, "attr", "") or getattr(first.value, "id", "")) == "where"
    line = second.value == ":" and isinstance(rest[0], ast.FormattedValue)
    return (where and str(second.value).startswith(":")) or line \
        or str(second.value).startswith(":1:")


def test_a_program_that_fails_says_which_how_and_why() -> None:
    argv = ("sh", "-c", "echo out; echo why >&2; exit 3")
    with pytest.raises(ProgramFailed) as told:
        run(argv)

    error = told.value
    assert (error.argv, error.status, error.stderr) == (argv, 3, "why\n")
    assert str(error) == "sh -c 'echo out; echo why >&2; exit 3': exit status 3\nwhy"
    assert isinstance(error, TreeError)
    with pytest.raises(ProgramFailed) as told:
        run(argv, merge=True)
    assert told.value.stderr == "out\nwhy\n"


def test_a_status_can_be_an_answer() -> None:
    done = tried(["sh", "-c", "echo out; echo one >&2; echo two >&2; exit 3"])

    assert (done.status, done.said, done.complained) == (3, "out\n", "one\ntwo\n")
    assert done.last == "two"
    assert tried(["true"]).last == "no message"
    assert tried(["sh", "-c", "echo one >&2"], merge=True).said == "one\n"


def test_whom_a_program_was_run_for_is_named() -> None:
    with pytest.raises(Timeout, match=r"^a\.patch: checkpatch: sleep 9: no answer within 0 s$"):
        tried(["sleep", "9"], timeout=0.1, about="a.patch: checkpatch")
    with pytest.raises(EnvironmentFault, match=r"^a\.c: no-such-program: program not found; "):
        tried(["no-such-program"], about="a.c")


def test_a_directory_that_is_not_there_is_no_missing_program(tmp_path: Path) -> None:
    with pytest.raises(TreeError, match="no such directory, wanted for true") as told:
        run(["true"], cwd=tmp_path / "none")

    assert not isinstance(told.value, ProgramFailed)


def test_nobody_signs_whom_git_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_COMMITTER_NAME", "")

    with pytest.raises(EnvironmentFault) as told:
        _signer()

    first, _, more = str(told.value).partition("\n")
    assert first == "--signoff: git knows no user.name and user.email of yours"
    assert "empty ident name" in more


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith(f"portwright {project['version']}\n")


def test_a_counterexample_names_the_line_of_the_driver(capsys: pytest.CaptureFixture[str]) -> None:
    broken = HOUSE / "generator" / "designs" / "refused" / "r14_vectors_first.py"
    portdrv = HOUSE / "generator" / "drivers" / "portdrv.py"
    lines = portdrv.read_text(encoding="utf-8").splitlines()
    freed = [number for number, line in enumerate(lines, 1)
             if "PCI_FREE_IRQ_VECTORS(PORT)" in line]
    removes = next(number for number, line in enumerate(lines, 1)
                   if line.startswith("def pcie_port_device_remove"))

    assert main(["check", str(broken)]) == 1

    said = re.search(r"^(\S+):(\d+): error: .*\[R14\]$", capsys.readouterr().out, re.MULTILINE)
    assert said is not None
    assert (HOUSE / said[1]).resolve() == portdrv
    assert int(said[2]) == next(number for number in freed if number > removes)
