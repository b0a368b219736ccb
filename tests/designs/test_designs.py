# SPDX-License-Identifier: GPL-2.0-only
"""Designs as users write them: the right verdict, and mistakes told with line and mend."""

import re
from pathlib import Path

import pytest
from house import DESIGNS

from checks.finding import Verdict
from checks.rules.all import RULES
from checks.search.explore import explore
from generator.errors import ModelError, UsageError
from generator.graphs.flow import flow
from generator.load import load

SOUND = sorted((DESIGNS / "sound").glob("*.py"))
UNSOUND = {
    "borrower": {"R23"},
    "clinging_dongle": {"R40"},
    "deaf_leaver": {"N3"},
    "drowsy_meter": {"R34"},
    "eager_sensor": {"R40"},
    "early_listener": {"N3"},
    "early_ntb": {"R19"},
    "embraced": {"N18"},
    "expander": {"R13", "R16"},
    "hasty": {"R13"},
    "hopeful": {"R04", "R12"},
    "hot_meter": {"N4"},
    "late_resetter": {"N17"},
    "leaky_port": {"R40"},
    "selfish": {"R17"},
    "sleeper": {"R34"},
    "survivor": {"R14"},
    "trusting_meter": {"N4b"},
    "twins": {"R11"},
    "waker": {"N17"},
}
HEAD = """\
from generator.context import Context, timer, work
from generator.design import Design, Device, Driver, Waiver
from generator.expr import Fact, Role
from generator.facts import ADDED, CAP, COUNT, HAS, LIFE, MODE, MSG
from generator.operation import CONTINUE, IGNORE, RETURN, Guard, Operation, fault, ok, sets
from generator.ops.aux import AUXILIARY_DEVICE_DELETE
from generator.ops.device import KFREE, KZALLOC
from generator.ops.irq import PCI_ALLOC_IRQ_VECTORS
from generator.ops.pci import PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.ops.work import INIT_WORK, SCHEDULE_WORK
from generator.program import Each, Function, If, Return, call
PORT = Device("port", "pci")
KID = Device("kid", "aux", PORT)
KIDS = Device("kids", "aux", PORT, count=2)
TURNS, USER = Fact("turns", 1, ""), Role("user")
STOP = Operation("stop", ("user",), (ok(sets(TURNS(USER), 0)),), source="")
TAKE = Function("take", (KZALLOC(KID),))
"""
LINE = HEAD.count("\n") + 1  # of the mistake, which is all that follows


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_sound_design_holds(path: Path) -> None:
    report = explore(load(str(path)).design, RULES)
    assert (report.verdict, report.counterexamples) == (Verdict.HOLDS, ())


@pytest.mark.parametrize("name", sorted(UNSOUND))
def test_unsound_design_is_refused_for_its_mistake(name: str) -> None:
    report = explore(load(str(DESIGNS / "unsound" / f"{name}.py")).design, RULES)
    assert report.verdict is Verdict.VIOLATED
    assert {one.rule for one in report.counterexamples} == UNSOUND[name]


def test_no_design_is_forgotten() -> None:
    assert {path.stem for path in (DESIGNS / "unsound").glob("*.py")} == UNSOUND.keys()
    assert SOUND


def _one(probe: str, devices: str = "PORT, KID", rest: str = "") -> str:
    return f'DESIGN = Design("d", "", ({devices},), (Driver("p", PORT, {probe}),){rest})\n'


def _started(gives: str, undo: str = "STOP") -> str:
    go = f'Operation("go", ("user",), ({gives}, fault("-EIO")), source="", undo={undo})'
    return _one(f"({go}(PORT), KZALLOC(KID))")


MISTAKES = {
    "misspelt operation": (_one("(PCI_ENABLE_DEVICES(PORT),)"), "did you mean PCI_ENABLE_DEVICE"),
    "no parent": ('X = Device("x", "aux")\n', "needs parent="),
    "unknown kind": ('X = Device("x", "isa", PORT)\n', "one of pci, core, service, platform, aux"),
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
    "memory of the device itself": (
        _one("(KZALLOC(PORT),)"), "its driver's data is KZALLOC_DATA(port) of generator.ops.service"
    ),
    "memory of the device itself freed": (
        _one("(), remove=(KFREE(PORT),)"), "or DEVM_KFREE(port, port)"
    ),
    "device that deletes itself": (
        'KIDDRV = Driver("q", KID, (), (AUXILIARY_DEVICE_DELETE(KID),)); '
        'DESIGN = Design("d", "", (PORT, KID), (KIDDRV,))\n',
        "do this in the driver that creates it",
    ),
    "CONTINUE without a loop": (_one("(KZALLOC(KID, fail=CONTINUE),)"), "outside of a loop"),
    "no driver": ('DESIGN = Design("d", "", (PORT,), (PCI_SET_MASTER(PORT),))\n', "a Driver"),
    "driver of a service": (
        'DESIGN = Design("d", "", (PORT, S := Device("s", "service", PORT)), '
        '(Driver("q", S, ()),))\n',
        "leave it out",
    ),
    "fact with the name of another": (
        _started('ok(sets(Fact("memory", 1, "")(USER), 1))'), "MEMORY of generator/facts.py"
    ),
    "condition on a fact with the name of another": (
        _one('(If(Guard("g", Fact("life", 1, "")(PORT).eq(1), ()), ()),)'), "use LIFE, or give"
    ),
    "answer to a question with the name of another": (
        _one("()", rest=', given={Fact("capability", 1, "", ("a", "b"), True): "a"}'), "use CAP, or"
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
    "context of what nobody binds": (
        _one("(SCHEDULE_WORK(P),)", 'PORT, KID, P := Device("bit", "part", PORT)'),
        "no driver binds bit, and what is queued or called is of a driver's own device: name port",
    ),
    "soft_unbind of no USB driver": (
        _one("(), soft_unbind=True"), "soft_unbind= is of a struct usb_driver",
    ),
    "context of another kind": (
        _one('(), contexts=(timer("poll"),), remove=(SCHEDULE_WORK(PORT, work="poll"),)'),
        "poll of port is a timer, and this is done to a work",
    ),
    "two contexts of one name": (
        _one('(), contexts=(work("poll"), work("poll"))'),
        "give this one another name",
    ),
    "kind of context that there is not": (
        _one('(), contexts=(Context("poll", (), "clock"),)'),
        "one of work, delayed_work, thread,",
    ),
    "context that is not named": (
        _one('(INIT_WORK(PORT, timer="poll"),)'),
        "INIT_WORK() takes work=, not timer=",
    ),
    "context named by no text": (
        _one("(INIT_WORK(PORT, work=PORT),)"),
        'work="NAME"',
    ),
    "block of a context without a comma": (
        _one('(), contexts=(work("w", KZALLOC(KID)),)'),
        "with a comma",
    ),
    "context that is no tuple": (
        _one('(), contexts=work("w")'), "with a comma",
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
    "failure behind a helper that goes two ways": (
        _one('(call(Function("two", (If(Guard("g", None, ()), (Return(),)), KZALLOC(KID)))), '
             "PCI_ENABLE_DEVICE(PORT))"),
        "how far two(), called at",
    ),
    "failure behind a helper that may have failed": (
        _one("(call(TAKE, fail=IGNORE), PCI_ENABLE_DEVICE(PORT))"), "whether take(), called at"
    ),
    "undo of something else": (
        _started("ok(sets(Fact('rolls', 1, '')(USER), 1))"), "does not take back rolls of user"
    ),
    "undo that does the same": (
        _started("ok(sets(TURNS(USER), 1))", 'Operation("go", ("user",), (ok(sets(TURNS(USER), '
                 '1)),), source="")'),
        "its undo go does not take back turns",
    ),
    "undo of nobody": (_started("ok()", '"stop"'), "undo= is a Operation or None, not 'stop'"),
    "undo of another role": (
        _started("ok()", 'Operation("s", ("dev",), (ok(),), source="")'), "acts on the role dev"
    ),
    "managed without undo": (_started("ok()", "None, managed=True"), "needs undo= and on_devres="),
    "role that it does not have": (
        _started('ok(sets(TURNS(Role("dev")), 1))'), "it speaks of the role dev"
    ),
    "value out of range": (_started("ok(sets(TURNS(USER), 3))"), "it is 0 to 1"),
    "outcomes that are no tuple": (
        'DESIGN = Design("d", "", (PORT,), (Driver("p", PORT, (Operation("go", ("user",), ok(), '
        'source="")(PORT),)),))\n',
        "with a comma after a single one",
    ),
    "value that a fact never has": (
        _one('(If(Guard("g", MODE(PORT).eq(9), ()), ()),)'), "is never 9: it is one of 0 (off)"
    ),
    "value that is a text": (
        _one('(If(Guard("g", MODE(PORT).eq("MSI"), ()), ()),)'), "'MSI' is no number"
    ),
    "fact of a text": (
        _one('(If(Guard("g", MODE("port").eq(2), ()), ()),)'), "not of the text 'port'"
    ),
    "C that is no tuple": (_one('(If(Guard("g", None, "x"), ()),)'), "c= is a tuple of text"),
    "way to fail that is a text": (_one('(KZALLOC(KID, fail="return"),)'), "RETURN, IGNORE"),
    "way to fail that is no tuple": (
        _one("(KZALLOC(KID, fail=PCI_SET_MASTER(PORT)),)"), "a tuple of what to do instead"
    ),
    "return not called": (_one("(Return,)"), "call it, as in Return()"),
    "loop over a text": (_one('(Each("kids", (KZALLOC(KID),)),)'), "write Each(DEVICE,"),
    "loop over a device left out": (_one("(Each(KIDS, ()),)"), "a loop over kids"),
    "helper in itself": ("def take(): return Function('take', (call(take()),))\n"
                         "DESIGN = take()\n", "a helper cannot contain itself"),
    "argument misspelt": (
        'DESIGN = Design("d", "", (PORT,), (Driver("p", PORT, removes=()),))\n',
        "did you mean remove=?",
    ),
    "driver of a text": ('DESIGN = Driver("p", "port", ())\n', "device= is a Device, not 'port'"),
    "parent that is a text": ('X = Device("x", "aux", "port")\n', "parent= is a Device or None"),
    "count that is a text": ('X = Device("x", "aux", PORT, "2")\n', "count= is a number, not '2'"),
    "devices that are no tuple": ('DESIGN = Design("d", "", (PORT), ())\n', "devices= is a tuple"),
    "waiver alone": (_one("()", rest=', waivers=(Waiver("R14", "why"))'), "a tuple of Waiver"),
    "waiver without reason": (
        _one("()", rest=', waivers=(Waiver("R14", ""),)'), "needs its reason="
    ),
    "answer by a text": (_one("()", rest=', given={"count": "1"}'), "text}, not 'count'"),
    "answer that is a number": (_one("()", rest=", given={COUNT: 1}"), "text}, not 1"),
    "answer that is a list": (_one("()", rest=", given={CAP: ['MSI']}"), "text}, not ['MSI']"),
    "answer to no question": (_one("()", rest=', given={MODE: "MSI"}'), "mode is no question"),
    "answer for a device left out": (
        _one("()", "PORT", rest=', given={(HAS, KID): "yes"}'), "given= answers for kid"
    ),
    "answer of a device that is none": (
        'DESIGN = Design("d", "", (PORT, Device("x", "aux", PORT, '
        'answers=((MSG, ("7",)),))), ())\n',
        "message cannot be '7'",
    ),
    "promise that is no condition": (
        _one("()", rest=", serves=((KID, True),)"), "serves= is a tuple of (Device, Expr)"
    ),
    "promise of a device left out": (
        _one("()", "PORT", rest=", serves=((KID, HAS(KID).eq(1)),)"), "serves= promises kid"
    ),
    "module that is not there": ("import nosuchthing\n", "No module named 'nosuchthing'"),
    "module misspelt": ("from generator.ops.pcie import X\n", "did you mean generator.ops.pci?"),
    "syntax": ("X = (\n", "'(' was never closed"),
    "DESIGN that is none": ("DESIGN = PORT\n", "DESIGN is a Device: write DESIGN = Design("),
    "DESIGN under another name": (
        'MINE = Design("d", "", (PORT,), ())\n', "the design has the name MINE: call it DESIGN"
    ),
    "exception": ("1 / 0\n", "ZeroDivisionError: division by zero: the file is run"),
    "exception of one's own": (
        "raise type('Oops', (Exception,), {})('why')\n", "Oops: why: the file is run"
    ),
    "exit": ("raise SystemExit\n", "SystemExit: the file is run"),
    "file that is not there": ("open('/no/such')\n", "No such file or directory"),
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


@pytest.mark.parametrize(
    ("name", "content", "mend"),
    [
        ("none.py", b"", "add DESIGN = Design(...)"),
        ("binary.py", b"\x7fELF\x00\x01\xff", "null bytes"),
        ("design.txt", b"", "ends in .py"),
    ],
)
def test_a_file_that_is_no_design_is_told(
    name: str, content: bytes, mend: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises((ModelError, UsageError), match=re.escape(mend)):
        load(str(tmp_path / name))


def test_a_directory_is_no_design(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a directory"):
        load(str(tmp_path))


def test_what_a_helper_did_is_undone_behind_it(tmp_path: Path) -> None:
    """Without an undo of its own: a failure behind it undoes, in reverse, what it took."""
    path = tmp_path / "design.py"
    path.write_text(HEAD + _one("(PCI_ENABLE_DEVICE(PORT), call(TAKE), KZALLOC(KIDS))", "PORT, KID")
                    .replace("KZALLOC(KIDS)", "PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=2)"))
    probe = load(str(path)).design.drivers[0].probe
    graph = flow("p", probe)
    way = {edge.src: edge for edge in graph.edges if edge.op is None or edge.outcome != "fail"}
    (broken,) = (edge.dst for edge in graph.edges
                 if edge.outcome == "fail" and "alloc_irq" in str(edge.do))
    undone = []
    while broken != graph.failed:
        edge = way[broken]
        undone += [edge.op.name] if edge.op is not None else []
        broken = edge.dst
    assert undone == ["kfree", "pci_disable_device"]
