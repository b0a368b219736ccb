# SPDX-License-Identifier: GPL-2.0-only
"""Files whose own operations, contexts and conditions are wrong: OWN with one thing changed."""

from __future__ import annotations

OWN = '''\
from generator.context import calls, file, timer, work
from generator.design import Design, Device, Driver, Waiver
from generator.expr import Fact, Role
from generator.facts import CLOCK_ON, HAS, LOSES, MAPPED
from generator.operation import Guard, Operation, fail, fault, ok, sets
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.lock import MUTEX_LOCK
from generator.ops.mapping import access
from generator.ops.perf import devm_action
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE
from generator.ops.registered import SYSFS_CREATE_GROUP, SYSFS_REMOVE_GROUP
from generator.ops.work import CANCEL_WORK_SYNC, INIT_WORK, SCHEDULE_WORK, Of
from generator.program import Each, Function, If, Return, call

DEV = Role("dev")
CHIP = Device("chip", "platform")
READ = access("my_read", CLOCK_ON)
LEVEL = Fact("level", 3, "how far it is", held=True)
DOWN = Operation("down", ("dev",), (ok(sets(LEVEL(DEV), 0)),), source="drivers/chip.c")
UP = Operation("up", ("dev",), (ok(sets(LEVEL(DEV), 1)), fault("-EIO")), source="", undo=DOWN)
RAISED = Guard("it is up", LEVEL(CHIP).eq(1), ())
CHIP_DRIVER = Driver(
    "chip", CHIP,
    probe=(
        DEVM_KZALLOC(CHIP, CHIP), DEVM_PLATFORM_IOREMAP_RESOURCE(CHIP), DEVM_CLK_GET(CHIP),
        CLK_PREPARE_ENABLE(CHIP),
        UP(CHIP),
        INIT_WORK(CHIP, work="reset"),
        SYSFS_CREATE_GROUP(CHIP),
    ),
    remove=(
        SYSFS_REMOVE_GROUP(CHIP), CANCEL_WORK_SYNC(CHIP, work="reset"),
        If(RAISED, (DOWN(CHIP),)),
        CLK_DISABLE_UNPREPARE(CHIP),
    ),
    contexts=(
        calls("attributes", (READ(CHIP), SCHEDULE_WORK(CHIP, work="reset"))),
        work("reset", (READ(CHIP),)),
    ),
)
DESIGN = Design("own", "a chip", devices=(CHIP,), drivers=(CHIP_DRIVER,))
'''

_GIVES, _TAKES = "ok(sets(LEVEL(DEV), 1))", '("dev",), (ok(sets(LEVEL(DEV), 1))'
_UNDO = "undo=DOWN)"
_UP, _FILE, _INIT = "UP(CHIP),", "SYSFS_CREATE_GROUP(CHIP),", 'INIT_WORK(CHIP, work="reset")'
_DRIVER, _CHIP, _END = '"chip", CHIP,', '"chip", "platform")', "drivers=(CHIP_DRIVER,))"

# kind -> (what stands in OWN, what is written instead), one file for each
OWN_EDITS: dict[str, list[tuple[str, str]]] = {
    "context": [
        ('work("reset", (READ', 'work("re set", (READ'),
        ('work("reset", (READ', 'timer("reset", (READ'),
        ('calls("attributes", (READ', 'file("attributes", (READ'),
        ('work("reset", (READ(CHIP),))', 'work("reset", READ(CHIP))'),
        ('work("reset", (READ(CHIP),))', 'work("attributes", (READ(CHIP),))'),
        (_INIT, "INIT_WORK(CHIP, work=7)"), (_INIT, 'INIT_WORK(CHIP, timer="reset")'),
        (_INIT, 'INIT_WORK(work="reset")'), (_INIT, 'INIT_WORK(CHIP, CHIP, work="reset")'),
        (_FILE, 'SYSFS_CREATE_GROUP(CHIP, attributes="x y"),'),
    ],
    "own operation on a context": [
        (_FILE, 'Of("x", "begin", "calls", "x", "")(CHIP),'),
        (_FILE, 'Of("x", "start", "call", "x", "")(CHIP),'),
        (_FILE, 'Of("x", "start", "calls", "x y", "")(CHIP),'),
        (_FILE, 'Of("x", "start", "calls", "x", "", undo=DOWN)(CHIP),'),
        (_FILE, 'Of("x", "start", "calls", "x", "")(CHIP),'),
    ],
    "own fact": [
        ('"level", 3,', '"level", "3",'), ('"level", 3,', '"level", -1,'),
        ('"level", 3,', '"clock on", 3,'), ('"level", 3,', '"", 3,'),
        ('"level", 3, "how far it is"', '"level", 3'),
    ],
    "own outcome": [
        (_GIVES, "ok(sets(LEVEL(DEV), 9))"), (_GIVES, "ok(sets(LEVEL, 1))"),
        (_GIVES, 'ok(sets(LEVEL(Role("other")), 1))'), (_GIVES, "sets(LEVEL(DEV), 1)"),
        ('fault("-EIO")', "fault(-5)"), ('fault("-EIO")', 'fail("-EIO")'),
    ],
    "own operation": [
        (_TAKES, '("dev", "dev"), (ok(sets(LEVEL(DEV), 1))'),
        (_TAKES, '"dev", (ok(sets(LEVEL(DEV), 1))'),
        (_UNDO, 'undo="down")'), (_UNDO, "undo=UP)"), (_UNDO, "undo=DOWN, managed=True)"),
        (_UNDO, 'undo=DOWN, managed=True, on_devres="owner")'),
        (_UNDO, 'undo=DOWN, kinds=(("dev", ("pcie",)),))'),
        (_UNDO, "undo=DOWN, needs=(CLOCK_ON(DEV),))"), (_UNDO, 'undo=DOWN, sleeps="no")'),
        ('access("my_read", CLOCK_ON)', 'access("my_read", "clock")'),
        ('access("my_read", CLOCK_ON)', "access(CLOCK_ON)"),
    ],
    "condition of one's own": [
        ('Guard("it is up", LEVEL(CHIP).eq(1), ())', 'Guard("it is up")'),
        ('Guard("it is up", LEVEL(CHIP).eq(1), ())', 'Guard(LEVEL(CHIP).eq(1), "it is up", ())'),
    ],
    "operation that is none": [
        (_UP, "UP(CHIP, fail=DOWN),"), (_UP, "UP(CHIP, fail=(DOWN,)),"),
        (_UP, "UP(CHIP, fail=lambda: None),"), (_UP, "UP,"), (_UP, "Each(CHIP, UP(CHIP)),"),
        (_UP, "Each(3, (UP(CHIP),)),"), (_UP, "If(RAISED),"), (_UP, "If(RAISED, UP(CHIP)),"),
        (_UP, 'call(Function("f", UP(CHIP))),'), (_UP, "call(Function(7, (UP(CHIP),))),"),
        (_UP, 'MUTEX_LOCK(CHIP, lock="my lock"),'), (_UP, 'MUTEX_LOCK(CHIP, work="lock"),'),
        (_UP, 'devm_action("down", "cb")(CHIP, CHIP),'), (_UP, "Return(1, 2, 3),"),
        (_UP, "UP(CHIP)(CHIP),"), (_UP, "UP(*CHIP),"), (_UP, "UP(CHIP, fail=RETURN()),"),
        (_UP, "UP(CHIP) + DOWN(CHIP),"), (_UP, "*UP(CHIP),"), (_UP, "...,"), (_UP, "UP(DEV),"),
        (_UP, 'UP(CHIP, c="x"),'), (_UP, "UP(CHIP, fail=Return(ok=False)),"), (_UP, "type,"),
        (_UP, "devm_action(DOWN)(CHIP),"), (_UP, 'call(Function("f", (UP(CHIP),), undo=7)),'),
    ],
    "field of a driver or a device": [
        (_DRIVER, '"chip", CHIP, unbind="no",'), (_DRIVER, '"chip", CHIP, handler_needs=MAPPED,'),
        (_DRIVER, '"chip", CHIP, handler_needs=("mapped",),'),
        (_DRIVER, '"chip", CHIP, atomic=READ(CHIP),'), (_DRIVER, '"chip", CHIP, prepare=(),'),
        (_DRIVER, '"chip", CHIP, runtime_suspend={},'), (_DRIVER, '"", CHIP,'),
        (_CHIP, '"chip", "platform", answers=((LOSES, "yes"),))'),
        (_CHIP, '"chip", "platform", answers=((CLOCK_ON, ("yes",)),))'),
        (_CHIP, '"chip", "platform", answers={LOSES: ("yes",)})'),
        (_CHIP, '"chip", "platform", as_in="tomorrow")'), (_CHIP, '"chip", "part")'),
        (_CHIP, '"chip", "platform", bridge=True)'), (_CHIP, '"chip", "platform", count=2.0)'),
    ],
    "field of a design": [
        (_END, "drivers=(CHIP_DRIVER, CHIP_DRIVER))"),
        (_END, "drivers=(CHIP_DRIVER,), serves=((CHIP, 1),))"),
        (_END, 'drivers=(CHIP_DRIVER,), waivers=(Waiver("N12", "why", op="nothing"),))'),
        (_END, "drivers=(CHIP_DRIVER,), given={HAS: True})"),
        ('"a chip"', "7"), ('Design("own"', "Design(None"),
        (_END, "drivers={CHIP_DRIVER})"), (_END, "drivers=(one for one in (CHIP_DRIVER,)))"),
        (_END, "drivers=(CHIP_DRIVER,), status=7)"), (_END, "drivers=(CHIP_DRIVER,), where=7)"),
        (_END, "drivers=(CHIP_DRIVER,), serves=lambda: ())"),
        (_END, "drivers=(CHIP_DRIVER,))\nDESIGN.drivers = ()"),
    ],
    "what is frozen, changed": [
        (_END, f"{_END}\nobject.__setattr__({changed})") for changed in (
            'DESIGN, "name", 7', 'DESIGN, "devices", 7', 'DESIGN, "drivers", (1,)',
            'DESIGN, "where", None', 'DESIGN, "given", [1]', 'DESIGN, "waivers", ("x",)',
            'CHIP_DRIVER, "probe", 7', 'CHIP_DRIVER, "probe", (7,)', 'CHIP, "kind", "x"',
            'CHIP, "parent", CHIP', 'UP, "name", 3', 'UP, "outcomes", 3', 'UP, "fingerprint", 3',
            'UP.outcomes[0].gives[0], "value", "x"', 'RAISED, "when", 5',
            'CHIP_DRIVER.probe[0], "op", None', 'CHIP_DRIVER.probe[4], "places", ()',
            'CHIP_DRIVER.probe[4], "params", 4', 'CHIP_DRIVER.contexts[0], "kind", "x"',
        )
    ] + [(_END, f"{_END}\n{changed}") for changed in (
        'object.__delattr__(DESIGN, "devices")', "DESIGN.__dict__.clear()",
        'DESIGN.__dict__["devices"] = 5', 'vars(CHIP)["name"] = ""',
    )],
    "a class that lies": [
        (_END, f"{_END}\nclass X:\n    @property\n    def __class__(self): {does}\n{last}")
        for does in ('raise ValueError("no")', "return Design")
        for last in ("DESIGN = X()", "MINE = X()\ndel DESIGN")
    ] + [
        (_END, f"{_END}\nclass X(Design):\n    @property\n    def drivers(self): "
         'raise ValueError("no")\nobject.__setattr__(DESIGN, "__class__", X)'),
    ],
}


def own_files() -> dict[str, str]:
    """Return every malformed file of the table: a name for the test, and the text."""
    found = {}
    for kind, edits in OWN_EDITS.items():
        for number, (old, new) in enumerate(edits):
            assert old in OWN, (kind, old)
            found[f"{kind} {number}: {new.strip()[:40]!a}"] = OWN.replace(old, new, 1)
    return found
