# SPDX-License-Identifier: GPL-2.0-only
"""`portwright check --all` and `--why`: what is printed, what is kept, and the exit codes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from checks.verdict import explored
from checks.verdict.goal import CORE, CPMU
from checks.verdict.matrix import (
    KINDS,
    Exploration,
    Served,
    Task,
)
from generator.__main__ import main
from generator.cli import check_matrix
from generator.designs import today
from generator.kernel.pin import read_pin
from generator.load import load

LINE, PLAIN, STATIC, DYNAMIC = KINDS


@pytest.fixture
def only_today(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Only `today` is shipped, and nothing of it is known yet."""
    monkeypatch.setattr(check_matrix, "names", lambda: ("today",))
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path))
    return tmp_path


def test_explorations_are_kept_until_told_otherwise(
    only_today: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--all"]) == 0
    first = capsys.readouterr()
    assert main(["check", "--all"]) == 0
    second = capsys.readouterr()
    for file in (only_today / "matrix").iterdir():
        file.write_text(file.read_text()[:-40])
    assert main(["check", "--all"]) == 0
    third = capsys.readouterr()
    assert main(["check", "--all", "--again"]) == 0
    fourth = capsys.readouterr()

    assert first.out == second.out == third.out == fourth.out
    kept = [re.sub(r"\d+\.\d s, \d+ MB", "", one.err) for one in (first, second, third, fourth)]
    whole = "portwright check: 4 explorations: \n"
    known = "portwright check: 4 explorations, 4 of them kept from before: \n"
    assert kept == [whole, known, whole, whole]


def test_a_record_per_design_interrupts_and_service(
    only_today: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--all", "--json"]) == 0

    said = json.loads(capsys.readouterr().out)
    assert [(one["interrupts"], one["service"], one["verdict"]) for one in said] == [
        (kind.name, service, verdict) for kind in KINDS
        for service, verdict in ((CORE, "served"), (CPMU, "no such device"))
    ]  # fmt: skip
    assert {"design", "rules", "states", "bounds", "waivers", "missed", "status"} < said[0].keys()
    assert [one["rule"] for one in said[0]["waivers"]] == ["R09", "R09"]


def test_a_budget_that_ends_is_no_verdict(
    only_today: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--all", "--states", "100"]) == 124
    assert "?   unfinished" in capsys.readouterr().out
    assert main(["check", "--all"]) == 0  # nothing of it was kept


def test_only_a_refused_series_is_a_finding(
    only_today: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A design of the discussion is there to be refused; one that patches are made of is not."""

    def refused(tasks: tuple[Task, ...], *, again: bool) -> tuple[Exploration, ...]:
        return tuple(replace(one, verdict="VIOLATED") for one in known)

    known = explored.matrix(tuple(Task("today", kind.name) for kind in KINDS))
    monkeypatch.setattr(explored, "matrix", refused)
    assert main(["check", "--all"]) == 0
    monkeypatch.setattr(today, "SERIES", object(), raising=False)
    assert main(["check", "--all"]) == 1


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--why", "today"], "a cell is DESIGN:INTERRUPTS or DESIGN:INTERRUPTS:SERVICE"),
        (["--why", "today:MSI:usb"], "no service 'usb': there are core, cpmu"),
        (["--why", "nowhere:MSI"], "unknown design 'nowhere'"),
        (["--why", "today:MSI", "--all"], "give one DESIGN, or --all, or --why CELL"),
        (["--all", "--children", "2"], "--children and --episode take one DESIGN"),
        (["--why", "today:MSI", "--episode", "sleep"], "--children and --episode take one DESIGN"),
        (["--all", "--svg", "x.svg"], "--svg takes one DESIGN, or --why CELL"),
    ],
)
def test_a_cell_that_is_none_is_told(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *argv]) == 2
    assert message in capsys.readouterr().err


def test_why_a_cell_is_served(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--why", "today:MSI:core"]) == 0

    said = capsys.readouterr().out
    assert said.startswith(
        "today, MSI, core: served\n"
        "  a shortest life in which an interrupt of a core service arrives:\n"
    )
    assert said.endswith("  device_register(aer)\n")


def test_why_is_a_record_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """Refused for what is in the trace, or turned away by a line of the design."""
    assert main(["check", "--why", "core-prebind:MSI:core", "--json"]) == 1
    (refused,) = json.loads(capsys.readouterr().out)
    assert main(["check", "--why", "core-prebind:INTx:cpmu", "--json"]) == 0
    (turned,) = json.loads(capsys.readouterr().out)

    assert (refused["verdict"], refused["rules"]) == ("refused", ["R02"])
    (violation,) = refused["violations"]
    # kernel/irq/msi.c msi_setup_device_data(): with the first attempt, and nobody is bound
    assert violation["trace"][0]["step"] == "enumerates"
    assert violation["trace"][-1]["step"] == "pci_alloc_irq_vectors(port)"
    assert turned["verdict"] == "not served"
    assert not any(goal["reached"] for goal in turned["goals"])
    (door,) = turned["turned away"]
    assert door["step"] == "the port runs on MSI or MSI-X: no"
    assert door["file"].endswith("designs/parts/cpmu.py")  # where the condition is asked


NEWER = {"slot reset": "restores", "open events": "detaches them",
         "dynamic MSI-X": "GIC ITS, Hyper-V, x86"}


def test_another_kernel_is_compared_with_the_default_fact_by_fact_and_cell_by_cell(
    only_today: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> list[str]:
        return list(check_matrix._in_tree(NEWER, [load("today", NEWER).design,
                                                  load("auxbus", NEWER).design], found))

    tasks = [Task("today", kind.name, said=tuple(NEWER.items())) for kind in (LINE, PLAIN)]
    found = explored.matrix(tuple(tasks))
    before = told()
    explored.matrix((Task("today", LINE.name), Task("today", PLAIN.name)))
    rows = told()

    version = read_pin().version
    assert rows[:7] == [
        "", f"in this tree, and in {version} where that is otherwise:",
        "  slot reset: restores", f"    {version}: restores and saves",
        "  open events: detaches them", f"    {version}: leaves them",
        "  MSI-X dynamic: GIC ITS, Hyper-V, x86",
    ]
    assert rows[7:] == [
        f"    {version}: x86", f"  N1 is waived in {version} only: auxbus",
        f"  every cell is as in {version}",
    ]
    assert before == [*rows[:-1], f"  0 of 4 cells of {version} are known to compare with; "
                                  "`portwright check --all` explores them"]
    monkeypatch.setattr(explored, "known", lambda tasks: tuple(
        replace(one, cells=tuple(replace(cell, served=Served.NO) for cell in one.cells))
        for one in found))
    assert told()[9:11] == [f"  today:INTx:core: served ({version}: not served)",
                            f"  today:INTx:cpmu: no such device ({version}: not served)"]
