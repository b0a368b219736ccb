# SPDX-License-Identifier: GPL-2.0-only
"""Operations and facts can be looked up: each of them, by any of its names, in words."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest
from house import HOUSE

from generator.__main__ import main
from generator.expr import Expr
from generator.facts import CAP, HAS, IRQ, MODE, MODE_MSIX, NVEC
from generator.kernel.tree import Tree
from generator.operation import DEV, Operation
from generator.ops import shipped
from generator.vocabulary.entries import helpers, known_facts, makers, operations
from generator.vocabulary.words import said


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(argv) == 0
    return capsys.readouterr().out


def test_every_shipped_operation_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, "operations").split("\n")
    names = {line.strip().partition("(")[0] for line in lines if line.startswith("  ")}

    public = {
        name for space in shipped().values() for name, value in space.items()
        if isinstance(value, Operation) and not name.startswith("_")
    }
    assert len(public) > 100
    assert public <= names
    assert {one.name for one in makers()} <= names
    assert max(map(len, lines)) < 100


@pytest.mark.parametrize("name", ["MUTEX_LOCK", "mutex_lock", "SPIN_LOCK", "spin_unlock"])
def test_locks_of_drivers_are_found_before_what_means_nothing(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, "operations", name).startswith(f'{name.upper()}(user, lock="NAME")')


@pytest.mark.parametrize(("name", "roles"), [
    ("DEVM_POWER_SUPPLY_REGISTER", "(user, "), ("DEVM_WORK_AUTOCANCEL", "(user, [owner], "),
])  # fmt: skip
def test_contexts_are_shown_with_the_devices_that_they_take(
    name: str, roles: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (call,) = told(capsys, "operations", name).split("\n")[:1]
    of = next(space[name] for space in shipped().values() if name in space)

    assert call.startswith(name + roles)
    assert ("[owner]" in call) is (of.on("x").roles == ("user", "owner"))


def test_every_fact_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "facts")

    assert all(f" {one.name} " in out for one in known_facts())
    assert "? CAP " in out
    assert "? MODE " not in out


@pytest.mark.parametrize("name", ["REQUEST_IRQ", "request_irq", "request_irq()", "Request_IRQ"])
def test_an_operation_is_explained_by_any_of_its_names(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = " ".join(told(capsys, "operations", name).split())

    assert out.startswith("REQUEST_IRQ(user, shared=1) from generator.ops.irq import REQUEST_IRQ")
    for part in (
        "role user: a device of any kind",
        "parameter shared: 0 to 1, 1 by default, 0 of platform, i2c, spi, usb",
        "outcome: goes well when irq of user", "outcome: fails with -EBUSY when",
        "undo: FREE_IRQ", "undone by: unwinding", "source: kernel/irq/manage.c",
        "in C: no template renders it", "need: user is awake",
    ):
        assert part in out


def test_what_a_call_is_of_devices_of_other_kinds_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Else nobody would write runtime PM of a platform device, of which it is another operation."""
    out = told(capsys, "operations", "PM_RUNTIME_PUT_SYNC")
    (one,) = json.loads(told(capsys, "operations", "pm_runtime_put_sync", "--json"))

    _, _, other = out.partition("the same of devices of other kinds:")
    assert "role dev: a device of kind platform or i2c or spi" in other
    assert "waits: in runtime PM of dev is 0" in other
    assert one["elsewhere"]["roles"]["dev"][:3] == ["platform", "i2c", "spi"]


def test_what_makes_operations_and_conditions_is_told(
    capsys: pytest.CaptureFixture[str]
) -> None:
    out = told(capsys, "operations", "devm_action")
    assert out.startswith("devm_action(")
    assert "  from generator.ops.perf import devm_action\n" in out
    assert told(capsys, "facts", "msi_on").startswith("msi_on(")


def test_whether_c_can_be_rendered_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "operations", "pci_enable_device")

    assert "  in C: templates/ops/pci_enable_device.c.j2\n" in out
    assert "  role dev: a device of kind pci\n" in out


def test_what_devres_undoes_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    out = " ".join(told(capsys, "operations", "devm_request_irq").split())

    assert "undone by: the driver core, after remove, from the devres of" in out


def test_a_fact_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "facts", "MODE")

    assert "  values: off, INTx, MSI, MSI-X\n" in out
    assert "  changed by: PCI_ALLOC_IRQ_VECTORS\n" in out
    assert "  kind: question to hardware\n" in told(capsys, "facts", "CAP")


def test_a_part_of_names_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "operations", "mutex_init").splitlines()
    listed = told(capsys, "operations", "hwmon").splitlines()

    assert out[0] == 'MUTEX_INIT(user, lock="NAME")'  # the whole name of one
    assert "DEVM_HWMON_DEVICE_REGISTER_WITH_INFO(owner)  -- from generator.ops.managed" in listed


def test_what_a_maker_is_given_is_told_as_a_call_gives_it(
    capsys: pytest.CaptureFixture[str]
) -> None:
    first, *rest = told(capsys, "operations", "gets").splitlines()

    assert first.startswith("gets(name, *gives, undo=, source=, error='-EPROBE_DEFER', managed=F")
    assert "  name: str, gives: Set, undo: Operation, source: str, error: str, managed:" in rest


@pytest.mark.parametrize(("argv", "wanted"), [
    (("operations", "reqest_irq"), "no operation reqest_irq: did you mean REQUEST_IRQ"),
    (("operations", "zzzzzz"), "no operation zzzzzz: portwright operations lists them; what it "
     "lacks is registers(), pointer() or Operation() in the design's own file"),
    (("facts", "MOOD"), "no fact MOOD: did you mean MODE"),
])  # fmt: skip
def test_a_name_that_there_is_not_is_an_error_with_what_may_be_meant(
    argv: tuple[str, ...], wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    assert capsys.readouterr().err.startswith(f"portwright {argv[0]}: {wanted}")


def test_what_is_done_to_a_context_is_told_with_how_the_driver_has_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    queue, submit = (told(capsys, "operations", name) for name in ("SCHEDULE_WORK",
                                                                   "USB_SUBMIT_URB"))

    assert 'in the driver: contexts=(work("NAME", (what it does, ), static=False' in queue
    assert "from generator.context import work" in " ".join(queue.split())
    assert "need: NAME initialised of user" in queue
    assert "outcome: fails with -EIO" in submit
    assert "outcome: fails" not in queue


def test_json_has_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    every = json.loads(told(capsys, "operations", "--json"))
    (one,) = json.loads(told(capsys, "operations", "PCI_ALLOC_IRQ_VECTORS", "--json"))
    facts = json.loads(told(capsys, "facts", "--json"))

    assert len(every) == len(operations()) + len(makers())
    assert one in every
    assert one["roles"] == {"dev": ["pci"]}
    assert one["parameters"]["types"] == {
        "range": [1, 7], "default": None,
        "in_c": {"6": "PCI_IRQ_MSIX | PCI_IRQ_MSI", **one["parameters"]["types"]["in_c"]},
    }
    assert one["undo"] == "PCI_FREE_IRQ_VECTORS"
    assert one["rendered"] == "templates/ops/pci_alloc_irq_vectors.c.j2"
    assert {fact["name"] for fact in facts} == {
        one.name for one in (*known_facts(), *helpers())
    }


@pytest.mark.kernel
def test_what_the_kernel_lets_interrupt_handlers_call_does_not_sleep(pinned: Tree) -> None:
    text = (pinned.work / "Documentation/power/runtime_pm.rst").read_text()
    listed = text.partition("safe to execute the following helper functions from interrupt")[2]
    listed = listed.partition("\nIf ")[0]
    named = {line[2:].removesuffix("()") for line in listed.splitlines() if line[:2] == "- "}
    known = [one for entry in operations() for one in (entry.op, entry.op.elsewhere)
             if one is not None and one.name in named]

    assert len({one.name for one in known}) > 8
    assert [(one.name, one.kinds) for one in known if one.sleeps] == []


def test_nothing_is_told_by_the_name_of_a_class() -> None:
    """An expression that words.py does not know would be told as `Bin` or `Over`."""
    kinds = {kind.__name__ for kind in Expr.__subclasses__()}
    for one in operations():
        words = json.dumps(one.record()).replace("(", " ").replace(")", " ").split()
        assert not kinds & set(words), one.name


@pytest.mark.parametrize(("expr", "words"), [
    (MODE(DEV).eq(MODE_MSIX) & HAS(DEV).eq(1), "mode of dev is MSI-X and present of dev is yes"),
    (NVEC(DEV).le(2) | ~IRQ(DEV).eq(0), "nvec of dev <= 2 or not (irq of dev is none)"),
    (NVEC(DEV).ge(2), "nvec of dev >= 2"),
    (CAP(DEV).ne(0) & (NVEC(DEV).lt(1) | NVEC(DEV).gt(3)),
     "capability of dev is not none and (nvec of dev < 1 or nvec of dev > 3)"),
])  # fmt: skip
def test_expressions_in_words(expr: Expr, words: str) -> None:
    assert said(expr) == words


def test_what_the_readmes_name_can_be_looked_up(capsys: pytest.CaptureFixture[str]) -> None:
    text = (HOUSE / "README.md").read_text(encoding="utf-8")
    table = text.partition("| module | operations |")[2].partition("\n\n")[0]
    known = {one.name for one in (*operations(), *makers())}
    named = {word.partition("(")[0] for word in table.split("`") if word.isupper() or "(" in word}

    assert len(named & known) > 10
    assert {one for one in named if one.isupper()} <= known


def test_help_takes_a_moment() -> None:
    """The verbs are imported when they are asked for: what a verb needs takes far longer."""
    took = []
    for _ in range(5):
        before = _of_children()
        subprocess.run([sys.executable, "-m", "generator", "--help"], check=True,
                       stdout=subprocess.DEVNULL)
        took.append(_of_children() - before)
    assert min(took) < 0.2


def _of_children() -> float:
    """Return the CPU time of the programs that were run, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
