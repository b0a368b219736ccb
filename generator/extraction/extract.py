# SPDX-License-Identifier: GPL-2.0-only
"""A design as its driver's C says it, and how much of that C it covers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from generator.design import RECOVERY, Design, Device, Driver
from generator.entrypoint import DriverStruct, struct_named
from generator.errors import NOWHERE, TreeError, Where
from generator.expr import Fact, question
from generator.extraction.structure import Branch, Ret, Statements, Step, written
from generator.extraction.vocabulary import done, guessed, not_founded
from generator.facts import BLOCK, MSG
from generator.fingerprint import CGuard
from generator.graphs.design_lts import fingerprints
from generator.graphs.lts import Label
from generator.operation import IGNORE, RETURN, UNWIND, Do, Guard, Node, OnFail, Operation
from generator.ops.platform import CLIENT_IRQ
from generator.parsing.cursors import Unit
from generator.program import Block, If, Return, mapped
from generator.reading.cfg import Extent
from generator.reading.initialisers import Initialiser, entry_points, handlers
from generator.reading.reader import HARMLESS, CLts, Reader, Site, Unnamed

MOST_RUNS = 20_000  # states of one function; what is larger is not read, and that is said
_HARMLESS = HARMLESS | {"dev_get_drvdata", "platform_get_drvdata", "pci_get_drvdata"}
YES_NO = ("no", "yes")
# What hardware is asked of bridges, and an ordinary device answers in one way.
_ENDPOINT = ((MSG, ("0",)), (BLOCK, ("in an assigned BAR",)))


@dataclass(frozen=True)
class Extracted:
    """A driver's design, and what of the C it leaves out.

    calls: calls that are operations of the design; unknown: calls that nothing names; open:
    conditions that are taken either way, each time; asked: those that hardware or platform
    answers once; unread: what the reader does not follow; cut: ways back of loops.
    """

    design: Design
    path: str
    variable: str
    functions: Mapping[str, str]
    calls: int
    unknown: tuple[Unnamed, ...]
    open: tuple[Unnamed, ...]
    asked: tuple[Unnamed, ...]
    unread: tuple[Unnamed, ...]
    cut: int


def drivers(unit: Unit) -> tuple[Initialiser, ...]:
    """Return the drivers that a file registers, those whose struct is known."""
    return tuple(one for one in entry_points(unit) if struct_named(one.kind) is not None)


def extract(units: Sequence[Unit], named: Initialiser) -> Extracted:
    """Return the design of one driver, whose initialiser is `named`.

    Errors: TreeError when a function is not there, or is too large.
    """
    struct = struct_named(named.kind)
    assert struct is not None, "drivers() gives no others"
    functions = {
        entry: named.members[point.member]
        for entry, point in struct.entries.items() if point.member in named.members
    }
    elsewhere = {name for name in functions.values() if all(name not in one.definitions
                                                           for one in units)}
    functions = {entry: name for entry, name in functions.items() if name not in elsewhere}
    if "probe" not in functions:
        raise TreeError(f"{named.place}: {named.name} has no .probe in this file")
    device = Device(_plain(named.name), struct.kind, answers=_answers(struct))
    builder = _Builder(device, units)
    read = {entry: builder.read(function) for entry, function in functions.items()}
    blocks = {entry: builder.function(one, entry in RECOVERY) for entry, one in read.items()}
    said: list[Unnamed] = []
    for name in handlers(units):  # what they do, in any order
        try:
            one = builder.read(name)
            block = _without_returns(builder.function(one))
        except TreeError as large:
            said.append(Unnamed(f"the handler {name}(): {large}", named.place))
            continue
        read[f"handler {name}"] = one
        blocks["atomic"] = (*blocks.get("atomic", ()), *block)
    if struct.kind in ("i2c", "spi"):  # whose bus has looked the irq up
        blocks["probe"] = (CLIENT_IRQ(device, device, fail=IGNORE), *blocks["probe"])
    lone = not_founded(blocks.values())
    blocks = {entry: _without(block, lone) for entry, block in blocks.items()}
    at = Where(named.place.path, named.place.line)
    driver = Driver(
        named.name, device, blocks.pop("probe"), blocks.pop("remove", ()),
        blocks.pop("shutdown", None), **blocks, where=at,  # type: ignore[arg-type]
    )
    design = Design(
        f"{_plain(named.name)}-as-read", f"{named.name} as {named.place.path} has it", (device,),
        (driver,), where=at,
    )
    free = {one for each in read.values() for one in each.free}
    free |= {Unnamed(label.name, site.place) for each in read.values()
             for label, sites in each.sites.items() if label.outcome in ("true", "false")
             for site in sites}
    asked = {one for one in free if builder.lasting(one.text)}
    return Extracted(
        design, named.place.path, named.name, functions, builder.calls(lone),
        _sorted((
            *(one for each in read.values() for one in each.unknown),
            *(Unnamed(f"{name}(), of another file", named.place) for name in elsewhere),
            *builder.left_out(lone),
        )),
        _sorted(free - asked), _sorted(asked),
        _sorted((*(one for each in read.values() for one in each.unread), *said, *builder.guessed)),
        builder.cut,
    )


def _answers(struct: DriverStruct) -> tuple[tuple[Fact, tuple[str, ...]], ...]:
    return _ENDPOINT if struct.kind == "pci" else ()


def _plain(name: str) -> str:
    return name.removesuffix("_driver").replace("_", "-").strip("-").lower()


# What names a member of something is likely to answer tomorrow as today; a local is not.
_LASTING = re.compile(r".*\w(->|\.)[a-z_]\w*.*")


def _sorted(found: Iterable[Unnamed]) -> tuple[Unnamed, ...]:
    return tuple(sorted(set(found), key=lambda one: (one.place, one.text)))


class _Builder:
    """What the functions of one driver have in common."""

    def __init__(self, device: Device, units: Sequence[Unit]) -> None:
        """Begin, with nothing met."""
        self.device, self.units = device, units
        self._plain = Reader(units, fingerprints(), harmless=_HARMLESS, most=MOST_RUNS)
        self.cut = 0
        # every call that an operation has: its name, what it is of this driver, and where
        self._meant: list[tuple[str, Operation | None, Extent]] = []
        self.guessed: set[Unnamed] = set()
        self._sites: Mapping[Label, tuple[Site, ...]] = {}
        self._guards: dict[str, Guard] = {}
        self._untold: tuple[str, ...] = ("unknown",)  # what a function returns, and does not say

    def read(self, function: str) -> CLts:
        """Return a function's transition system, with a name for each condition that is free.

        Errors: TreeError when it is too large, or not there.
        """
        free = {
            (one.text, "" if _LASTING.fullmatch(one.text) else one.place.function)
            for one in self._plain.free(function)
        }
        guards = [CGuard(text, (text,), inside) for text, inside in sorted(free)]
        reader = Reader(
            self.units, fingerprints(), guards, harmless=_HARMLESS, most=MOST_RUNS
        )
        return reader.read(function)

    def _where(self, label: Label) -> Where:
        """Return where a label stands in C: of several places of a function the first."""
        for outcome in (label.outcome, "ok", "fail", "false"):
            for site in self._sites.get(label._replace(outcome=outcome), ()):
                return Where(site.place.path, site.place.line)
        return NOWHERE

    def calls(self, lone: Collection[Operation]) -> int:
        """Return how many calls of the C are operations of the design."""
        return len({place for _, op, place in self._meant if op is not None and op not in lone})

    def left_out(self, lone: Collection[Operation]) -> tuple[Unnamed, ...]:
        """Return the calls that mean nothing here: of something else, or resting on the unknown."""
        return tuple(
            Unnamed(f"{name}()", place) for name, op, place in self._meant
            if op is None or op in lone
        )

    def function(self, read: CLts, recovers: bool = False) -> Block:
        """Return the block of one function; what one that `recovers` returns has no 0 for success.

        Errors: TooLarge.
        """
        whole = written(read.lts)
        self._untold = ("unknown", "error") if recovers else ("unknown",)
        self._sites = read.sites
        self.cut += whole.loops
        return _without_last_return(self.block(whole.statements))

    def lasting(self, text: str) -> bool:
        """Return whether a condition is asked of hardware or platform, and so answered once."""
        guard = self._guards.get(text)
        return guard is not None and guard.when is not None

    def block(self, statements: Statements, did: Block = (), failing: bool = False) -> Block:
        """Return statements as a block; `did` was done before, and a call is `failing` here."""
        found: list[Node] = []
        for one in statements:
            before = (*did, *found)
            if isinstance(one, Ret):
                found += self._ends(one, failing)
            elif isinstance(one, Branch):
                true = self.block(one.true, before, failing)
                false = self.block(one.false, before, failing)
                where = self._where(Label(one.name, "", "true"))
                asked = If(self._guard(one.name), true, false, where)
                found += true if true == false else (asked,)
            else:
                found += self._call(one, before)
        return tuple(found)

    def _ends(self, end: Ret, failing: bool) -> Block:
        where = self._where(Label("return", "", end.outcome))
        if end.outcome in self._untold and not failing:
            ways = (Return(where=where),), (Return(ok=False, where=where),)
            return (If(self._guard(""), *ways, where),)
        return (Return(ok=end.outcome not in ("error", "unknown"), where=where),)

    def _call(self, step: Step, before: Block) -> Block:
        if step.label.outcome in ("true", "false"):
            return ()  # a condition whose other way is a loop that was cut
        failed = None if step.failed is None else self.block(step.failed, before, failing=True)
        do = done(step.label, self.device, self._on_fail(failed, before))
        where = self._sites.get(step.label, ())
        self._meant += [(step.label.name, None if do is None else do.op, one.place)
                        for one in where]
        if do is not None:
            if guessed(do.op, step.label):
                self.guessed |= {
                    Unnamed(f"a number of {step.label.name}() is taken to be usual or least",
                            one.place) for one in where
                }
            return (replace(do, where=self._where(step.label)),)
        if not failed:
            return ()
        fails = self._guard(f"{step.label.name}() fails")
        return (If(fails, failed, (), self._where(step.label)),)

    def _on_fail(self, failed: Block | None, before: Block) -> OnFail | Block:
        """Return what is done on a failure, in the shortest words."""
        if not failed:
            return IGNORE
        undone = [
            replace(one, op=one.op.undo, params=(), on_fail=UNWIND)
            for one in reversed(before)
            if isinstance(one, Do) and one.op.undo is not None and not one.op.managed
        ]
        if failed == (*undone, Return(ok=False)) and all(isinstance(one, Do) for one in before):
            return UNWIND
        return RETURN if failed == (Return(ok=False),) else failed

    def _guard(self, name: str) -> Guard:
        if name not in self._guards:
            when = None
            if _LASTING.fullmatch(name):
                when = question(name, YES_NO, f"C asks: {name}")(self.device).eq(1)
            self._guards[name] = Guard(name or "C does not say", when, (name,) if name else ())
        return self._guards[name]


def _without(block: Block, left_out: frozenset[Operation]) -> Block:
    """Return a block without some operations: where one could fail, it may fail still."""

    def change(node: Node) -> Block | None:
        if not isinstance(node, Do) or node.op not in left_out:
            return None
        if not isinstance(node.on_fail, tuple):
            return ()
        fails = Guard(f"{node.op.name}() fails", None, ())
        return (If(fails, _without(node.on_fail, left_out), (), node.where),)

    return mapped(block, change)


def _without_returns(block: Block) -> Block:
    return mapped(block, lambda node: () if isinstance(node, Return) else None)


def _without_last_return(block: Block) -> Block:
    return block[:-1] if block and block[-1] == Return() else block
