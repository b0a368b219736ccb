# SPDX-License-Identifier: GPL-2.0-only
"""The functions of one driver's C as blocks of operations, conditions and helpers."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from generator.design import Device
from generator.errors import NOWHERE, TreeError, Where
from generator.extraction import own_data
from generator.extraction.actions import actions, on_fail
from generator.extraction.contexts import SetUp
from generator.extraction.ended import telling
from generator.extraction.first_time import first_time
from generator.extraction.harmless import DATA, HARMLESS_CALLS
from generator.extraction.helpers import helpers
from generator.extraction.members import INITIALISES, SETS_DRVDATA, initialising, looked_for
from generator.extraction.open_facts import UNSAID_IN_C
from generator.extraction.structure import Branch, Ret, Shared, Statements, Step, Written, written
from generator.extraction.texts import labels
from generator.extraction.vocabulary import done, guessed, known, prints, says_nothing
from generator.extraction.warned import warned
from generator.facts import LINE_ROUTED
from generator.fingerprint import CGuard, Fingerprint
from generator.graphs.lts import Label
from generator.operation import IGNORE, RETURN, UNWIND, Do, Guard, Node, OnFail, Operation, asked
from generator.ops.member import DRVDATA, NOTHING, USE_DRVDATA, set_member
from generator.ops.pci import PCI_DEV_IRQ
from generator.ops.perf import DEVM_ACTION, DEVM_PLAIN_ACTION, devm_action
from generator.parsing.cursors import Kind, Unit
from generator.program import Block, Call, Function, If, Return, operations
from generator.reading import cfg
from generator.reading.cfg import Extent
from generator.reading.reader import CLts, Reader
from generator.reading.sites import Site, Unnamed

ACTIONS = (DEVM_ACTION.callees[0], DEVM_PLAIN_ACTION.callees[0])
MOST_RUNS = 20_000  # states of one function; what is larger is not read, and that is said
MOST_NODES = 20_000  # of a function of the design, each helper as often as it is called
# A request of the irq that a device's struct has, and what makes another one of it.
_LINE = re.compile(r"^\w+\((?:[&\w>.\-]+,\s*)?[\w>.\-]+->irq\s*,")
_ROUTED = re.compile(r"[\w>.\-]+->irq(?:\s*>\s*0)?")  # asked: whether there is one
_OWN_NODE = re.compile(r"\b(?:pdev|client|spi|adev|ofdev|op)->dev\.of_node\b")  # of one device
_MSI = re.compile(r"\bpci(?:m)?_(?:alloc_irq_vectors|enable_msix?)\w*\s*\(")
_NEAR = 2  # lines between a label of C and what it names
# What names a member of something is likely to answer tomorrow as today, and so is what a function
# is asked, or a variable of the file; a local is not.
_LASTING = re.compile(r".*\w(->|\.)[a-z_]\w*.*|!?\w+\(.*\)", re.DOTALL)


class Blocks:
    """What is read of one driver, function by function."""

    def __init__(
        self, device: Device, units: Sequence[Unit], there: Sequence[SetUp],
        members: Collection[str] = (), *, of_module: bool = False,
    ) -> None:
        """Begin, with nothing read.

        members: the paths of which assignments are told. of_module: what is read is the init and
        exit of a module.
        """
        self.device, self.units, self.there = device, units, there
        self.of_module = of_module
        self.members, self.own = tuple(members), own_data.Own()
        self.cut = 0
        self.read: dict[str, CLts] = {}
        self.tried: set[str] = set()  # those that are read, and those that were too large for it
        # every call that an operation has: its name, what it is of this driver, and where
        self.meant: list[tuple[str, Operation | None, Extent]] = []
        self.guessed: set[Unnamed] = set()
        self._plain = Reader(units, prints(), harmless=HARMLESS_CALLS, present=DATA, most=MOST_RUNS)
        self._results = {name: one.cursor.result_type for unit in units
                         for name, one in unit.definitions.items()}
        self._labels = tuple(label for unit in units for label in labels(unit))
        self._globals = frozenset(
            one.spelling for unit in units for one in unit.own if one.kind == Kind.VAR_DECL
        )
        self._guards: dict[str, Guard] = {}
        self._functions: dict[str, Function] = {}
        self._sizes: dict[str, int] = {}
        self._names: set[str] = set(self._results)

    def block(self, function: str, recovers: bool = False, *, entry: bool = False) -> Block:
        """Return the block of one function; what one that `recovers` returns has no 0 for success.

        entry: the driver core calls it, and gives it a device.

        Errors: TreeError when it is too large, or not there.
        """
        self.tried.add(function)
        with telling(function, self.read):
            apart = helpers(function, self._plain.functions(function), known, self._results)
            read = self._read(function, apart, entry)
            self.read[function] = read
            whole = written(read.lts)
            self.cut += whole.loops
            body = _Body(self, function, read, whole, apart, recovers)
            block = body.block(whole.statements)
        return block[:-1] if block and block[-1] == Return() else block

    def reached(self) -> frozenset[str]:
        """Return all functions of the driver that were read, or stand where they are called."""
        return frozenset(
            one.name for name in self.read for one in self._plain.functions(name)
        )

    def bodies(self) -> Mapping[str, cfg.Function]:
        """Return all functions that were to be read, those that are too large as well."""
        there = {name for unit in self.units for name in unit.definitions}
        return {one.name: one for name in self.tried & there for one in self._plain.functions(name)}

    def reaching(self, names: Sequence[str]) -> frozenset[str]:
        """Return what some functions of the driver reach, themselves with it."""
        known = [name for name in names if name in self._results]
        return frozenset(one.name for name in known for one in self._plain.functions(name))

    def helper(self, name: str) -> Function:
        """Return a helper of the driver, under its name in C.

        Errors: TreeError.
        """
        if name not in self._functions:
            self._functions[name] = Function(name, self.block(name))
        return self._functions[name]

    def _read(self, function: str, apart: Mapping[str, Fingerprint], entry: bool) -> CLts:
        """Return a function's transition system, with a name for each condition that is free."""
        parameters = self._plain.functions(function)[0].parameters[:1] if entry else ()
        given = tuple(one.root for one in parameters if one.root)
        found = (*prints(), *apart.values(), *(initialising() if self.members else ()))
        first = Reader(self.units, found, sets=self.members, harmless=HARMLESS_CALLS,
                       present=DATA, most=MOST_RUNS)
        free = {
            (one.text, "" if self._lasts(one.text) else one.place.function)
            for one in first.free(function, *given)
        }
        guards = [CGuard(text, (text,), inside) for text, inside in sorted(free)]
        return Reader(
            self.units, found, guards, sets=self.members, harmless=HARMLESS_CALLS, present=DATA,
            counts=True, most=MOST_RUNS,
        ).read(function, *given)

    def handle(self, label: Label, sites: Sequence[Site]) -> str:
        """Return the variable of a file by which C tells what it registers; "" when none does."""
        names = {label.on}
        if not label.on:  # what the call returns is kept there
            lines = {unit.path: unit.text.decode("utf-8", "replace").split("\n")
                     for unit in self.units}
            rows = [lines[one.place.path][one.place.line - 1][: one.place.column - 1]
                    for one in sites]
            names = {"".join(re.findall(r"(\w+)\s*=\s*$", row)) for row in rows}
        return next(iter(names)) if len(names) == 1 and names <= self._globals else ""

    def lasting(self, text: str) -> bool:
        """Return whether a condition is asked of hardware or platform, and so answered once."""
        return bool(text) and self._lasts(text)

    def _lasts(self, text: str) -> bool:
        words = set(re.findall(r"[A-Za-z_]\w*", text))
        return bool(_LASTING.fullmatch(text) or words & self._globals)

    def guard(self, name: str) -> Guard:
        """Return the condition of a text of C; "" is one of which C says nothing."""
        name = _OWN_NODE.sub("dev->of_node", name)
        if name not in self._guards:
            if self.device.kind == "pci" and _ROUTED.fullmatch(name):
                when = LINE_ROUTED(self.device).eq(1)
                self._guards[name] = Guard(name, when, (name,))
            elif self._lasts(name):
                self._guards[name] = asked(self.device, name)
            else:
                self._guards[name] = Guard(name or UNSAID_IN_C, None, (name,) if name else ())
        return self._guards[name]

    def size(self, block: Block) -> int:
        """Return how many nodes a block has, each helper as often as it is called.

        Errors: TreeError when they are too many to be explored.
        """
        found = 0
        for node in block:
            found += 1 + sum(map(self.size, node.blocks()))
            if isinstance(node, Call):
                name = node.function.name
                if name not in self._sizes:
                    self._sizes[name] = self.size(node.function.body)
                found += self._sizes[name]
            if found > MOST_NODES:
                raise TreeError(f"more than {MOST_NODES} statements, helpers where they are "
                                "called: too many ways to be explored")
        return found

    def name(self, function: str, line: int) -> str:
        """Return a name for what several ways of a function come to, by a label of C near it."""
        near = [label for label, inside, at in self._labels
                if inside == function and 0 <= line - at <= _NEAR]
        found = f"{function}_{near[-1]}" if near else f"{function}_line_{line}"
        number = 2
        while found in self._names:
            found, number = f"{found.rstrip('0123456789')}{number}", number + 1
        self._names.add(found)
        return found


class _Body:
    """One function, on its way from statements to nodes."""

    def __init__(
        self, of: Blocks, function: str, read: CLts, whole: Written,
        apart: Collection[str], recovers: bool,
    ) -> None:
        self.of, self.function, self.sites, self.apart = of, function, read.sites, apart
        self.later = read.later
        self._untold = ("unknown", "error") if recovers else ("unknown",)  # what does not say
        self._whole = whole
        self._shared: dict[tuple[int, bool], Function] = {}

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
                if (first := first_time(one.name, self.function, self.of.units)) is not None:
                    found += true if first else false
                    continue
                where = self._where(Label(one.name, "", "true"))
                asked = If(self.of.guard(one.name), true, false, where)
                found += true if true == false else (asked,)
            elif isinstance(one, Shared):
                found += self._goes_on(one, failing)
            else:
                found += self._call(one, before)
        return tuple(found)

    def _goes_on(self, one: Shared, failing: bool) -> Block:
        """Return the call of what several ways come to."""
        key = (one.number, failing)
        if key not in self._shared:
            statements = self._whole.shared[one.number]
            body = self.block(statements, (), failing)
            self._shared[key] = Function(self.of.name(self.function, self._line(statements)), body)
        function = self._shared[key]
        if not function.body:
            return ()
        where = self._first(self._whole.shared[one.number])
        called = Call(function, RETURN if function.fallible else UNWIND, (), where)
        return (called, Return(where=where)) if one.ends and not one.fails else (called,)

    def _line(self, statements: Statements) -> int:
        return self._first(statements).line

    def _first(self, statements: Statements) -> Where:
        """Return where statements begin in C."""
        for one in statements:
            if isinstance(one, Step):
                return self._where(one.label)
            if isinstance(one, Ret):
                return self._where(Label("return", "", one.outcome))
            if isinstance(one, Branch) and one.name:
                return self._where(Label(one.name, "", "true"))
            if isinstance(one, Shared):
                return self._first(self._whole.shared[one.number])
        return NOWHERE

    def _ends(self, end: Ret, failing: bool) -> Block:
        where = self._where(Label("return", "", end.outcome))
        if end.outcome in self._untold and not failing:
            ways = (Return(where=where),), (Return(ok=False, where=where),)
            return (If(self.of.guard(""), *ways, where),)
        return (Return(ok=end.outcome not in ("error", "unknown"), where=where),)

    def _where(self, label: Label) -> Where:
        """Return where a label stands in C: of several places of a function the first."""
        for outcome in (label.outcome, "ok", "fail", "false"):
            for site in self.sites.get(label._replace(outcome=outcome), ()):
                return Where(site.place.path, site.place.line)
        return NOWHERE

    def _call(self, step: Step, before: Block) -> Block:
        label = step.label
        if label.outcome in ("true", "false"):
            return ()  # a condition whose other way is a loop that was cut
        if label.outcome == "fail":  # of which only this way is left: nothing came of it
            return ()
        failed = None if step.failed is None else self.block(step.failed, before, failing=True)
        if label.name in self.apart:
            return self._helper(label, failed)
        if label.name in ("set", *SETS_DRVDATA):
            what = label if label.name == "set" else label._replace(on=DRVDATA)
            return self._set(what, label.args if label.args in NOTHING else "")
        if label.name in INITIALISES:
            there = label.on in self.of.members
            now = self._set(label, INITIALISES[label.name][1]) if there else ()
            fails = self.of.guard(f"{label.name}() fails")
            return (If(fails, failed, (), self._where(label)), *now) if failed else now
        if label.name in ACTIONS and (both := self._steps(label)):
            at_once, steps = both
            fails = self.of.guard(f"{label.name}() fails")
            ways = (*at_once, *failed) if failed else ()
            return (If(fails, ways, (), self._where(label)), *steps) if failed else steps
        do = self._done(label, on_fail(failed, before))
        where: tuple[Site, ...] = self.sites.get(label, ())
        self.of.meant += [(label.name, None if do is None else do.op, one.place) for one in where]
        if do is not None and says_nothing(do.op):
            return ()
        if do is not None:
            if guessed(do.op, label):
                self.of.guessed |= {
                    Unnamed(f"a number of {label.name}() is taken to be usual or least", one.place)
                    for one in where
                }
            where_ = self._where(label)
            found = warned(replace(do, where=where_), failed, where, self.of.units)
            if not self._on_line(do, where):
                return own_data.released(self.of.own, found, where, self.of.device)
            return replace(PCI_DEV_IRQ(self.of.device, self.of.device), where=where_), found
        if not failed:
            return ()
        return (If(self.of.guard(f"{label.name}() fails"), failed, (), self._where(label)),)

    def _set(self, label: Label, nothing: str) -> Block:
        """Return that a member has what is put there, or has it no more."""
        return (replace(set_member(label.on, nothing)(self.of.device), where=self._where(label)),)

    def _on_line(self, do: Do, where: Sequence[Site]) -> bool:
        """Return whether the irq of a PCI device's line is requested: `pdev->irq`, without MSI."""
        if self.of.device.kind != "pci" or do.op.name not in ("request_irq", "devm_request_irq"):
            return False
        texts = {unit.path: unit.text.decode("utf-8", "replace") for unit in self.of.units}
        if any(_MSI.search(text) for text in texts.values()):
            return False
        return all(
            site.place.path in texts and _LINE.search(
                texts[site.place.path].split("\n")[site.place.line - 1][site.place.column - 1 :])
            for site in where
        )

    def _done(self, label: Label, fail: OnFail | Block) -> Do | None:
        if label.name == ACTIONS[0]:
            undone = self._action(label.args)
            if undone is None:
                return None
            operation = devm_action(undone.op, label.args)
            return operation(*undone.places, self.of.device, fail=fail)
        own = own_data.done(label, self.of.own, self.sites.get(label, ()), self.of.units)
        if own is not None:
            return own(self.of.device, fail=fail) if own.fallible else own(self.of.device)
        handle = self.of.handle(label, self.sites.get(label, ())) if self.of.of_module else None
        return done(label, self.of.device, fail, self.of.there, handle)

    def _steps(self, label: Label) -> tuple[Block, Block] | None:
        """Return what a callback of devres does when it is not taken, and the actions for it.

        Only devm_add_action_or_reset() calls it then. None when it is no such callback.
        """
        try:
            body = self.of.helper(label.args).body
        except TreeError:
            return None
        if DRVDATA in looked_for(self.of.units, (label.args,)):
            body = (USE_DRVDATA(self.of.device), *body)
        elif label.name == ACTIONS[0] and len(body) == 1 and isinstance(body[0], Do):
            return None  # one operation says it as well as that it is done when this fails
        later = actions(body, label.args, self.of.device, self._where(label))
        return (body if label.name == ACTIONS[0] else (), later) if later else None

    def _action(self, callback: str) -> Do | None:
        """Return the one operation that a callback of devres does, None when it is not one."""
        try:
            body = self.of.helper(callback).body
        except TreeError:
            return None
        does = operations(body)
        return does[0] if len(does) == 1 == len(body) and not does[0].params else None

    def _helper(self, label: Label, failed: Block | None) -> Block:
        sites = self.sites.get(label, ())
        if own_data.of_another(label.name, self.of.own, sites, self.of.units):
            said = f"{label.name}() is for one that was looked up in a list"
            self.of.guessed |= {Unnamed(said, one.place) for one in sites}
            return (If(self.of.guard(""), failed, (), self._where(label)),) if failed else ()
        try:
            function = self.of.helper(label.name)
        except RecursionError as deep:
            raise TreeError(f"{label.name}(): helpers call each other too deeply") from deep
        where = self._where(label)
        if not function.fallible:
            # where C asks of a result that says nothing, it does not matter
            return (Call(function, UNWIND, (), where),) if function.body else ()
        if failed is None or failed == ():
            return (Call(function, IGNORE, (), where),)
        return (Call(function, RETURN if failed == (Return(ok=False),) else failed, (), where),)
