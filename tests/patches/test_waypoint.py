# SPDX-License-Identifier: GPL-2.0-only
"""The C of a commit against its design, on drivers of a few lines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from toy import DESIGN, PRELUDE, PROBE, REMOVE, TOY, c_of

from checks.finding import Finding, Severity
from checks.patches.conformance import hold, spelled, symbols_of
from generator.ctext import Written
from generator.design import Device, Driver
from generator.drivers.portdrv_services import PORT, free
from generator.graphs.lts import END, Label
from generator.operation import RETURN
from generator.ops.assign import assign
from generator.ops.pci import (
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_SAVE_STATE,
    PCI_SET_MASTER,
)
from generator.ops.perf import devm_action
from generator.program import Function, If, Ifdef, call


def line_of(text: str, what: str) -> int:
    whole = PRELUDE + text
    return whole[: whole.index(what, len(PRELUDE))].count("\n") + 1


def errors(found: tuple[Finding, ...]) -> list[Finding]:
    return [one for one in found if one.severity is Severity.ERROR]


def test_a_driver_that_is_its_design_has_no_finding():
    assert hold(DESIGN, c_of(PROBE + REMOVE + TOY)) == ()


def test_a_missing_operation_is_told_at_what_c_does_instead():
    text = PROBE.replace("\tpci_set_master(dev);\n", "") + REMOVE + TOY
    (found,) = hold(DESIGN, c_of(text))
    assert (found.rule, found.severity, found.path) == ("waypoint", Severity.ERROR, "toy.c")
    assert (found.line, found.column) == (line_of(text, "return 0;"), 2)
    assert (found.commit, found.config) == ("toy: change", "m")
    # by hand: enable succeeds, then the design sets bus master and the C returns
    assert found.notes == (
        f"  1. both do pci_enable_device(pci_dev): ok (line {line_of(text, 'ret = pci')})",
        "design does pci_set_master(pci_dev): ok",
        f"C does return 0 (line {line_of(text, 'return 0;')})",
    )


def test_an_operation_too_many_is_told_where_it_stands():
    text = PROBE + REMOVE.replace("}", "\tpci_save_state(dev);\n}") + TOY
    (found,) = hold(DESIGN, c_of(text))
    assert found.line == line_of(text, "pci_save_state(dev)")
    assert "remove (toy_remove)" in found.message
    assert "design does return, C does pci_save_state(pci_dev): ok" in found.message


ANOTHER = """\
struct link { struct pci_dev up; };
extern struct link *link;
extern struct pci_dev *global;
struct pci_dev *found(void);
void find(struct pci_dev **);
"""


@pytest.mark.parametrize(
    ("before", "argument", "shown"),
    [
        ("", "&link->up", "link.up"),
        ("", "global", "global"),
        ("", "found()", "found().pci_dev"),
        ("struct pci_dev *other = found();", "other", "found().pci_dev"),
        ("struct pci_dev *other; find(&other);", "other", "find().pci_dev"),
    ],
)
def test_a_call_on_another_device_is_another_operation(before: str, argument: str, shown: str):
    text = PROBE.replace("\tint ret;", f"\tint ret;\n\t{before}")
    text = ANOTHER + text.replace("pci_set_master(dev)", f"pci_set_master({argument})")
    (found,) = hold(DESIGN, c_of(text + REMOVE + TOY))
    assert found.notes[-1].startswith(f"C does pci_set_master({shown}): ok (line ")


def test_another_name_for_the_device_is_the_same_operation():
    text = PROBE.replace("\tint ret;", "\tint ret;\n\tstruct pci_dev *same = dev;")
    text = text.replace("pci_set_master(dev)", "pci_set_master(same)")
    assert hold(DESIGN, c_of(text + REMOVE + TOY)) == ()


@pytest.mark.parametrize(
    ("design", "initialiser", "said"),
    [
        (
            DESIGN,
            TOY.replace("}", "\t.shutdown = toy_remove,\n}"),
            "the initialiser toy names shutdown = toy_remove, the design has none",
        ),
        (
            replace(DESIGN, shutdown=(PCI_DISABLE_DEVICE(PORT),)),
            TOY,
            "the design has shutdown, the initialiser toy names none",
        ),
        (DESIGN, TOY.replace("toy =", "other ="), "no initialiser toy in toy.c"),
        (
            replace(DESIGN, remove=()),
            TOY,
            "remove (toy_remove) is not the remove of the design",
        ),
    ],
)
def test_what_only_one_side_has_is_a_finding(design: Driver, initialiser: str, said: str):
    (found,) = errors(hold(design, c_of(PROBE + REMOVE + initialiser)))
    assert said in found.message


def test_a_driver_whose_file_is_not_built_is_a_note_and_no_pass():
    (found,) = hold(DESIGN, c_of(toy=PROBE + REMOVE + TOY))
    assert found.severity is Severity.NOTE
    assert "toy.c is not built under m" in found.message


HELPED = replace(
    DESIGN,
    probe=(*DESIGN.probe, call(Function("toy_more", (PCI_SAVE_STATE(PORT),)))),
)
HELPER = "void toy_more(struct pci_dev *dev) { pci_save_state(dev); }\n"
CALLER = PROBE.replace("\treturn 0;", "\ttoy_more(dev);\n\treturn 0;") + REMOVE + TOY


def test_a_helper_in_another_file_is_entered_where_that_is_built():
    declared = "void toy_more(struct pci_dev *dev);\n"
    assert hold(HELPED, c_of(declared + CALLER, HELPER)) == ()
    (found,) = hold(HELPED, c_of(declared + CALLER, HELPER.replace("pci_save_state", "wake")))
    assert "design does pci_save_state(pci_dev): ok" in found.message


def test_a_helper_whose_file_is_not_built_is_a_stub():
    stub = "static inline void toy_more(struct pci_dev *dev) {}\n"
    # defined in the driver's own file it is no stub of a header: what it does counts
    assert len(errors(hold(HELPED, c_of(stub + CALLER, extra=HELPER)))) == 1
    declared = "void toy_more(struct pci_dev *dev);\n"
    (only,) = hold(HELPED, c_of(declared + CALLER, extra=HELPER))
    assert only.severity is Severity.NOTE
    # the rest of the driver is held all the same
    less = declared + CALLER.replace("\tpci_set_master(dev);\n", "")
    assert len(errors(hold(HELPED, c_of(less, extra=HELPER)))) == 1


def test_a_helper_for_another_device_is_told():
    helper = HELPER.replace("pci_save_state(dev)", "wake(dev)")
    design = replace(HELPED, probe=(*DESIGN.probe, call(Function("toy_more", ()))))
    assert hold(design, c_of(ANOTHER + helper + CALLER)) == ()
    stray = CALLER.replace("toy_more(dev)", "toy_more(found())")
    (found,) = hold(design, c_of(ANOTHER + helper + stray))
    assert "toy_more() is called for found().pci_dev" in found.message
    assert found.line == line_of(ANOTHER + helper + stray, "toy_more(found())")


def test_a_call_for_another_device_is_told_where_the_design_wrote_the_function():
    helper = HELPER.replace("pci_save_state(dev)", "wake(dev)")
    other = helper.replace("wake(dev)", "wake(dev->up)")
    written = replace(HELPED, probe=(*DESIGN.probe, call(Written("toy_more", ()))))
    assert hold(written, c_of(helper + CALLER)) == ()
    (found,) = hold(written, c_of(other + CALLER))
    assert "wake() is called for pci_dev.up, a device that the design does not have" in str(found)
    assert found.line == line_of(other + CALLER, "wake(dev->up)")
    # what the kernel wrote may look at whatever it likes
    design = replace(HELPED, probe=(*DESIGN.probe, call(Function("toy_more", ()))))
    assert hold(design, c_of(other + CALLER)) == ()


def test_a_local_that_is_used_before_it_is_computed_is_told_once():
    early = PROBE.replace("ret;\n\n", "ret, irq;\n\n\tmore(&dev[irq]);\n\tirq = dev->irq;\n")
    (found,) = hold(DESIGN, c_of(early + REMOVE + TOY))
    assert found.message == "toy: irq is used before it is computed"
    assert found.line == line_of(early, "more(&dev[irq])")


RELEASE = """\
struct kept { struct pci_dev *of; void (*release)(struct kept *); };
void kfree(struct kept *);
static void toy_release(struct kept *kept)
{
	more(kept->of);
	kfree(kept);
}
"""


@pytest.mark.parametrize(
    ("was", "now", "wrong"),
    [
        ("", "", False),
        ("\tmore(kept->of);\n", "", False),
        ("\tkfree(kept);\n", "", True),
        ("\tkfree(kept);\n", "\tkfree(kept);\n\tkfree(kept);\n", True),
        ("\tkfree(kept);\n", "\tif (kept->of->irq)\n\t\tkfree(kept);\n", True),
    ],
)
def test_a_device_that_is_released_is_freed_once(was: str, now: str, wrong: bool):
    stores = PROBE.replace("\treturn 0;", "\tmade()->release = toy_release;\n\treturn 0;")
    text = RELEASE.replace(was, now, 1) + "struct kept *made(void);\n" + stores + REMOVE + TOY
    design = replace(
        DESIGN, probe=(*DESIGN.probe, assign("kept.release", "toy_release")()), sets=("kept.*",)
    )
    found = hold(design, c_of(text))
    said = "toy: toy_release releases kept and does not free it exactly once, as the design has it"
    assert [one.message.startswith(said) for one in found] == [True] * wrong


ACTION = """\
#define devm_add_action_or_reset(dev, f, data) __devm_add_action_or_reset(dev, f, data, #f)
int __devm_add_action_or_reset(struct pci_dev *, void (*)(void *), void *, const char *);
static void toy_quiet(void *data)
{
	struct pci_dev *dev = data;

	pci_disable_device(dev);
}
"""
MANAGED = """\
static int toy_probe(struct pci_dev *dev)
{
	int ret;

	ret = pci_enable_device(dev);
	if (ret)
		return ret;
	return devm_add_action_or_reset(dev, toy_quiet, dev);
}
"""


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("", "", ""),
        ("\tpci_disable_device(dev);\n}\n", "}\n", "design does pci_disable_device"),
        ("disable_device(dev);", "set_master(dev);", "C does pci_set_master(pci_dev): ok"),
        ("toy_quiet, dev", "toy_quiet, global", "undo (toy_quiet) is not the undo of the design"),
        ("toy_quiet, dev", "toy_other, dev", "C does devm_add_action_or_reset(pci_dev, toy_other)"),
    ],
)
def test_what_is_left_to_devres_does_what_the_design_undoes(was: str, now: str, said: str):
    action = devm_action(PCI_DISABLE_DEVICE, "toy_quiet")
    link = Device("link", "pci")
    design = replace(
        DESIGN,
        device=link,
        probe=(PCI_ENABLE_DEVICE(PORT, fail=RETURN), action(PORT, PORT, fail=RETURN)),
        remove=(),
    )
    other = ANOTHER + ACTION + ACTION[ACTION.index("static void") :].replace("quiet", "other")
    text = other + MANAGED + TOY.replace("\t.remove = toy_remove,\n", "")
    assert was in text
    found = hold(design, c_of(text.replace(was, now, 1)))
    assert [said in one.message for one in found] == ([True] if said else [])


def test_an_ifdef_of_the_design_follows_the_symbols_of_the_configuration():
    design = replace(
        DESIGN, probe=(*DESIGN.probe, Ifdef("CONFIG_TOY", (PCI_SAVE_STATE(PORT),)))
    )
    text = PROBE + REMOVE + TOY
    c = c_of(text)
    assert len(errors(hold(design, c))) == 1
    assert hold(design, replace(c, symbols=frozenset())) == ()


def test_what_is_not_read_is_a_warning():
    text = PROBE.replace("\tint ret", "\tint kept __attribute__((cleanup(tidy)));\n\tint ret")
    text = "void tidy(int *);\n" + text
    (found,) = hold(DESIGN, c_of(text + REMOVE + TOY))
    assert found.severity is Severity.WARNING
    assert "the comparison may be wrong near here" in found.message
    assert found.line == line_of(text, "int kept")


def test_a_guard_of_the_design_that_c_has_negated_is_seen():
    guarded = replace(
        DESIGN,
        probe=(
            PCI_ENABLE_DEVICE(PORT),
            If(free("dev->is_busmaster"), (), (PCI_SET_MASTER(PORT),)),
        ),
    )
    asked = PROBE.replace("\tpci_set_master", "\tif (!dev->is_busmaster)\n\t\tpci_set_master")
    assert hold(guarded, c_of(asked + REMOVE + TOY)) == ()
    negated = asked.replace("!dev->is_busmaster", "dev->is_busmaster")
    assert len(errors(hold(guarded, c_of(negated + REMOVE + TOY)))) == 1


def test_symbols_are_those_that_are_y_or_m():
    text = "#define CONFIG_A 1\n#define CONFIG_B_MODULE 1\n#define CONFIG_N 64\n"
    assert symbols_of(text) == {"CONFIG_A", "CONFIG_B"}


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (Label("pci_set_master", "pci_dev", "ok"), "pci_set_master(pci_dev): ok"),
        (Label("x > 1", "", "false"), "(x > 1) false"),
        (Label("set", "", "true"), "(set) true"),
        (Label("set", "dev.irq", "1"), "dev.irq = 1"),
        (Label("set", "f:mask", "|= BIT"), "f:mask |= BIT"),
        (Label("set", "f:mask"), "f:mask = ..."),
        (Label("return", "", "void"), "return"),
        (Label("return", "", "error"), "return error"),
        (END, "nothing more"),
    ],
)
def test_steps_are_told_in_the_words_of_c(label: Any, words: str):
    assert spelled(label) == words
