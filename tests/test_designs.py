# SPDX-License-Identifier: GPL-2.0-only
"""Designs as users write them: the right verdict, and mistakes told with line and mend."""

from pathlib import Path

import pytest

from checks.explore import explore
from checks.finding import Verdict
from checks.rules.all import RULES
from generator.errors import ModelError
from generator.load import load

HERE = Path(__file__).parent / "designs"
SOUND = sorted((HERE / "sound").glob("*.py"))
UNSOUND = {
    "borrower": {"R23"},
    "hopeful": {"R04", "R12"},
    "selfish": {"R17"},
    "sleeper": {"R34"},
    "survivor": {"R14"},
}
HEAD = """\
from generator.design import Design, Device, Driver
from generator.facts import ADDED, CAP, LIFE, MODE
from generator.operation import CONTINUE, RETURN, Guard
from generator.ops.device import KZALLOC
from generator.ops.irq import PCI_ALLOC_IRQ_VECTORS
from generator.ops.pci import PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.program import Each, If, call
PORT = Device("port", "pci")
KID = Device("kid", "aux", PORT)
KIDS = Device("kids", "aux", PORT, count=2)
"""
LINE = HEAD.count("\n") + 1  # of the mistake, which is all that follows


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_sound_design_holds(path: Path) -> None:
    report = explore(load(str(path)).design, RULES)
    assert (report.verdict, report.counterexamples) == (Verdict.HOLDS, ())


@pytest.mark.parametrize("name", sorted(UNSOUND))
def test_unsound_design_is_refused_for_its_mistake(name: str) -> None:
    report = explore(load(str(HERE / "unsound" / f"{name}.py")).design, RULES)
    assert report.verdict is Verdict.VIOLATED
    assert {one.rule for one in report.counterexamples} == UNSOUND[name]


def test_ten_designs() -> None:
    assert len(SOUND) == len(list((HERE / "unsound").glob("*.py"))) == len(UNSOUND) == 5


def _one(probe: str, devices: str = "PORT, KID", rest: str = "") -> str:
    return f'DESIGN = Design("d", "", ({devices},), (Driver("p", PORT, {probe}),){rest})\n'


MISTAKES = {
    "misspelt operation": (_one("(PCI_ENABLE_DEVICES(PORT),)"), "did you mean PCI_ENABLE_DEVICE"),
    "no parent": ('X = Device("x", "aux")\n', "needs parent="),
    "unknown kind": ('X = Device("x", "usb", PORT)\n', "one of pci, core, service, platform, aux"),
    "parent left out": (
        'DESIGN = Design("d", "", (Device("x", "aux", PORT),), ())\n', "add it to devices=("
    ),
    "device left out": (_one("(KZALLOC(KID),)", "PORT"), "kid: add it to devices=("),
    "condition on a device left out": (
        _one('(If(Guard("g", LIFE(KID).eq(ADDED), ()), ()),)', "PORT"), "add it to devices=("
    ),
    "no loop": (_one("(KZALLOC(KIDS),)", "PORT, KIDS"), "put it into Each(kids, ...)"),
    "no loop around a condition": (
        _one('(If(Guard("g", LIFE(KIDS).eq(ADDED), ()), ()),)', "PORT, KIDS"), "Each(kids, ...)"
    ),
    "parameter left out": (
        _one("(PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=2),)"), "(min, max, types)"
    ),
    "parameter is a text": (
        _one('(PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max="2", types=1),)'), "a number"
    ),
    "device is a text": (_one('(PCI_SET_MASTER("port"),)'), "acts on devices"),
    "cannot fail": (_one("(PCI_SET_MASTER(PORT, fail=RETURN),)"), "drop fail="),
    "operation not applied": (_one("(PCI_SET_MASTER,)"), "OPERATION(DEVICE)"),
    "comma forgotten": (_one("(PCI_SET_MASTER(PORT))"), "with a comma"),
    "block in a block": (_one("((PCI_SET_MASTER(PORT),),)"), "put a * before it"),
    "operation called as a helper": (_one("(call(PCI_SET_MASTER),)"), "call() takes a Function"),
    "loop over one operation": (_one("(Each(KIDS, KZALLOC(KIDS)),)", "PORT, KIDS"), "a comma"),
    "compared with ==": (_one('(If(Guard("g", MODE(PORT) == 2, ()), ()),)'), "write .eq()"),
    "condition without a name": (_one("(If(MODE(PORT).eq(2), ()),)"), "write Guard("),
    "CONTINUE without a loop": (_one("(KZALLOC(KID, fail=CONTINUE),)"), "outside of a loop"),
    "no driver": ('DESIGN = Design("d", "", (PORT,), (PCI_SET_MASTER(PORT),))\n', "a Driver"),
    "driver of a service": (
        'DESIGN = Design("d", "", (PORT, S := Device("s", "service", PORT)), '
        '(Driver("q", S, ()),))\n',
        "leave it out",
    ),
    "callback that is no tuple": (
        _one("(PCI_SET_MASTER(PORT),), resume=PCI_SET_MASTER(PORT)"), "with a comma"
    ),
    "error handlers of an auxiliary driver": (
        'DESIGN = Design("d", "", (PORT, KID), (Driver("q", KID, (), slot_reset=()),))\n',
        "call it from that of port",
    ),
    "two drivers": (
        'DESIGN = Design("d", "", (PORT,), (Driver("p", PORT, ()), Driver("q", PORT, ())))\n',
        "give it instead_of=",
    ),
    "instead of nobody": (
        'DESIGN = Design("d", "", (PORT,), (Driver("p", PORT, ()), '
        'Driver("q", PORT, (), instead_of="o")))\n',
        "the one that is bound first",
    ),
    "unwinding a branch": (
        'DESIGN = Design("d", "", (PORT, KIDS), (Driver("p", PORT, '
        '(Each(KIDS, (If(Guard("g", None, ()), (KZALLOC(KIDS),)),)), '
        'PCI_ENABLE_DEVICE(PORT))),))\n',
        "give the later operation fail=",
    ),
    "failure behind a branch": (
        _one('(If(Guard("g", None, ()), (KZALLOC(KID),)), PCI_ENABLE_DEVICE(PORT))'),
        "give it fail=(...) with what is to be undone",
    ),
    "answer that is none": (
        _one("(PCI_SET_MASTER(PORT),)", rest=', given={CAP: "MSIX"}'), "none, MSI, MSI-X"
    ),
}


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_mistake_is_told_with_line_and_mend(name: str, tmp_path: Path) -> None:
    text, mend = MISTAKES[name]
    path = tmp_path / "design.py"
    path.write_text(HEAD + text)
    with pytest.raises(ModelError) as told:
        explore(load(str(path)).design, ())
    message = str(told.value)
    assert message.startswith(f"{path}:{LINE}:"), message
    assert mend in message
