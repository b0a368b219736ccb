# SPDX-License-Identifier: GPL-2.0-only
"""The command line: streams, JSON, and what the shell gets back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from house import HOUSE
from leak import LEAK

from checks.boot.evidence.unseen import UNSEEN
from checks.boot.evidence.witness import kept
from checks.rules.broken import BROKEN
from checks.search import explore, spin
from checks.verdict.judge import ALL
from generator.__main__ import VERBS, main, parser

DEAF = """
from generator.design import Design, Device, Driver
from generator.ops.irq import DEVM_REQUEST_IRQ, PCI_IRQ_VECTOR
PORT = Device("port", "pci")
KID = Device("kid", "aux", PORT)
DESIGN = Design("deaf", "a vector and an irq that nobody gives", (PORT, KID), (
    Driver("deaf", PORT, probe=(PCI_IRQ_VECTOR(PORT, PORT, nr=0),)),
    Driver("kid", KID, probe=(DEVM_REQUEST_IRQ(KID, KID),)),
))
"""


@pytest.fixture
def leak(tmp_path: Path) -> Path:
    path = tmp_path / "leak.py"
    path.write_text(LEAK)
    return path


def test_a_violation_is_exit_1_and_json_repeats_the_first_at_the_top(
    leak: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(leak), "--json"]) == 1

    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == "VIOLATED"
    assert said["rule"] == "R36"
    assert [step["step"] for step in said["trace"]] == [
        "bind leak", "pci_enable_device(port)", "probe returns 0", "unbind leak", "unbound",
    ]  # fmt: skip
    assert {"hardware", "platform", "violations", "bounds"} <= said.keys()


def test_what_can_never_go_well_is_noted_with_its_mend(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A vector that nobody allocates breaks no rule: pci_irq_vector() gives what INTx has."""
    path = tmp_path / "deaf.py"
    path.write_text(DEAF)
    assert main(["check", str(path)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert f"{path}:7: note: pci_irq_vector(port, port) never finds a vector: nothing in this " \
           "design gives port a vector; PCI_ALLOC_IRQ_VECTORS() would" in lines
    assert f"{path}:8: note: devm_request_irq(kid, kid) can never go well: nothing in this " \
           "design gives kid its irq; PCI_IRQ_VECTOR(), PCI_MSIX_ALLOC_IRQ_AT() would" in lines


def test_a_budget_that_ends_the_search_is_never_a_pass(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "today", "--states", "100"]) == 124

    assert "UNFINISHED" in capsys.readouterr().out


def test_progress_is_silent_when_piped() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "generator", "check", "today"], capture_output=True, check=False,
        cwd=HOUSE,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["check", "nowhere"], 2, "unknown design 'nowhere': known are auxbus"),
        (["check"], 2, "give one DESIGN, or --all"),
        (["check", "no/such.py"], 2, "no/such.py: no such file"),
        (["rules", "R99"], 2, "no rule R99: there are N1"),
        (["generate", "today"], 2, "defines no SERIES"),
        (["validate", "no/such"], 2, "no/such"),
    ],
)
def test_what_is_asked_wrongly_gets_one_line_and_no_traceback(
    argv: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == code

    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said


def test_help_imports_nothing_heavy() -> None:
    text = "import sys, generator.__main__ as m; m.parser().format_help(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True,
        cwd=HOUSE,
    )  # fmt: skip

    assert not {"clang", "jinja2", "git", "checks"} & set(done.stdout.split())


def test_checking_a_design_loads_nothing_that_renders_or_reads_c(leak: Path) -> None:
    """A small one is to take less than 0.3 s, the start of Python included."""
    leak.write_text(LEAK.replace("remove=()", "remove=(PCI_DISABLE_DEVICE(PORT),)"))
    text = "import sys, generator.__main__ as m; m.main(sys.argv[1:]); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", text, "check", str(leak)], cwd=HOUSE, capture_output=True, text=True,
        check=True,
    ).stdout.split()

    assert "checks.rules.all" in loaded
    assert {"jinja2", "clang", "multiprocessing", "socket"}.isdisjoint(loaded)



def test_every_verb_has_help_and_a_module() -> None:
    known = next(a for a in parser()._actions if a.dest == "verb").choices
    assert known is not None

    assert set(known) == set(VERBS)


def test_help_names_the_budgets_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", "--help"])

    said = " ".join(capsys.readouterr().out.split())
    assert f"(default: {explore.STATES}, with SPIN {spin.STATES})" in said


def test_one_rule_is_explained_with_its_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "r14"]) == 0

    said = capsys.readouterr().out
    assert said.startswith("R14 CHILDREN_BEFORE_PARENT_VECTORS\n")
    assert "evidence: " in said
    assert "broken: " in said
    # the vectors of whoever has some: by capability, count, message, and how they are added
    assert "  hardware: capability (none, MSI, MSI-X); count (1, 2, 4); message (" in said
    assert "  platform: dynamic (no, yes); " in said
    assert "  on a booted kernel: seen, by design: the port frees its vectors before it" in said
    assert "checks/boot/witnesses/r14-vectors-first-6.12.117.json" in said


def test_rules_say_which_of_them_a_kernel_showed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert any(line.startswith("R14   seen: design, object ") for line in said)
    assert any(line.startswith("R20b  theory ") for line in said)
    shown = len({one.rule for one in kept()})
    assert said[-4].startswith(f"{shown} of {len(ALL)} rules seen: ")

    assert main(["rules", "R20b"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"on a booted kernel: not seen: {UNSEEN['R20b'].text()}" in told


def test_a_rule_names_the_smallest_design_that_breaks_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["rules", "R14", "--json"]) == 0

    (said,) = json.loads(capsys.readouterr().out)
    assert said["broken by"] == "tests/broken/handlers.py"
    assert {"statement", "symptom", "evidence", "implies", "hardware", "platform"} <= said.keys()
    assert main(["rules", "R14"]) == 0
    assert "  a design that breaks it: tests/broken/handlers.py\n" in capsys.readouterr().out


def test_every_rule_but_that_on_two_designs_is_broken_where_it_says() -> None:
    for key, file in BROKEN.items():
        assert f'    Case(\n        "{key}",\n' in (HOUSE / file).read_text(), key
    assert [rule.key for rule in ALL if rule.key not in BROKEN] == ["N2"]


def test_a_rule_names_the_file_of_its_function(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "R20"]) == 0
    assert "  the rule as a function: checks/rules/handlers.py\n" in capsys.readouterr().out
    for rule in ALL:
        assert f'"{rule.key}"' in (HOUSE / rule.file).read_text(), rule.key


def test_a_rule_that_compares_designs_depends_on_every_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["rules", "N2", "--json"]) == 0

    (said,) = json.loads(capsys.readouterr().out)
    assert {"capability", "count", "message", "present"} <= said["hardware"].keys()
    assert {"line", "pme_nomsi", "dynamic"} <= said["platform"].keys()
    assert said["broken by"] == ""
