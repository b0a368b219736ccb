# SPDX-License-Identifier: GPL-2.0-only
"""An operation: one kernel call that the layering is about, its semantics as data.

One operation knows three things and nothing else does: what it needs, gives and drops
(`outcomes`), how it is written in C (the template of its name) and by which callee and device
it is found again in C (`fingerprint`). A guard is the same for a condition.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from generator.errors import NOWHERE, ModelError, Where
from generator.expr import (
    NO_DIGEST,
    TRUE,
    Bin,
    Expr,
    Fact,
    Not,
    Over,
    Pick,
    Place,
    Read,
    Role,
    num,
    question,
)
from generator.fingerprint import CGuard, Fingerprint
from generator.meaning import fold
from generator.misfit import (
    Kinds,
    Order,
    Ranges,
    is_place,
    out_of_order,
    out_of_range,
    shown,
    top_kind,
    wrong_kind,
)
from generator.untold import Untold

_OURS = Path(__file__).parent
_NOT_DESIGNS = frozenset(
    str(path) for path in [*_OURS.glob("*.py"), *(_OURS / "ops").glob("*.py"),
                           _OURS / "series" / "spec.py"]
)


def here() -> Where:
    """Return the nearest caller outside the model's own files."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        name = frame.f_code.co_filename
        if name not in _NOT_DESIGNS and not name.startswith("<"):
            return Where(name, frame.f_lineno)
        frame = frame.f_back
    return NOWHERE


class Node:
    """One step of a block: a kind of node alone knows what blocks stand inside of it."""
    def blocks(self) -> tuple[Block, ...]:
        """Return the blocks inside of it, in the order of the text; the body of a helper is not.

        Each is a tuple, whatever else the user may have written there.
        """
        return ()

    def with_blocks(self, *_: Block) -> Node:
        """Return it with others in the place of those that blocks() returns, one for each."""
        return self


Block = tuple[Node, ...]


@dataclass(frozen=True)
class Set:
    """A fact of a device gets a value; with `each`, of every device in that range."""

    target: Read
    value: Expr
    each: Place | None = None


def sets(target: Expr, value: Expr | int, each: Place | None = None) -> Set:
    """Return the effect that gives `target`, a read, its new value."""
    if not isinstance(target, Read):
        raise TypeError("only a fact of a device can be set")
    return Set(target, num(value), each)


@dataclass(frozen=True)
class Outcome:
    """One way an operation can end.

    All `gives` happen at once, on the values before. A `fault` has no cause in the model
    (memory ran out, a name was taken): it can always happen.
    """

    label: str
    when: Expr = TRUE
    gives: tuple[Set, ...] = ()
    error: str = ""
    fault: bool = False


@dataclass(frozen=True)
class Param(Expr):
    """A numeric parameter of an operation, replaced by an expression when it is used."""

    name: str


def fill(expr: Expr, params: Mapping[str, Expr]) -> Expr:
    """Return an expression with the parameters of its operation filled in."""
    match expr:
        case Param(name=name):
            return params[name]
        case Bin(op=op, left=left, right=right):
            return fold(Bin(op, fill(left, params), fill(right, params)))
        case Not(of=of):
            return fold(Not(fill(of, params)))
        case Pick(when=when, then=then, other=other):
            return fold(Pick(fill(when, params), fill(then, params), fill(other, params)))
        case Over(kind=kind, range=range_, body=body):
            return Over(kind, range_, fill(body, params))
    return expr


def ok(*gives: Set, when: Expr = TRUE) -> Outcome:
    """Return the outcome of success."""
    return Outcome("ok", when, gives)


def fault(error: str, *gives: Set, when: Expr = TRUE) -> Outcome:
    """Return a failure that can happen at any time."""
    return Outcome("fail", when, gives, error, fault=True)


def fail(error: str, when: Expr, *gives: Set) -> Outcome:
    """Return a failure that facts cause."""
    return Outcome("fail", when, gives, error)


@dataclass(frozen=True)
class OnFail:
    """What the driver does when an operation fails."""

    name: str


UNWIND = OnFail("unwind")  # undo what this function did, in reverse, and return the error
IGNORE = OnFail("ignore")  # go on as if nothing had happened
RETURN = OnFail("return")  # return the error, undo nothing
CONTINUE = OnFail("continue")  # go on with the next round of the loop
UNSAID = OnFail("unsaid")  # fail= was left out


@dataclass(frozen=True)
class Operation:
    """One kernel call.

    `roles` are the devices it is called with, the first being the one it acts on; `params`
    its numbers. `begins` happens before it waits for `waits`. An operation with `undo` is
    unwound by it; a `managed` one is undone by the driver core after .remove, in reverse,
    from the devres list of the role `on_devres`. `at` is the member path that C adds to the
    device (`.dev`). An operation that is no call has a `label` of its own instead of a fingerprint.
    An `idempotent` undo may be done as often as one likes: where nothing is left it does nothing.
    One that `takes_null` does nothing of NULL, as kfree(), with `takes_error` nor of an ERR_PTR().
    `failed` is what each failure leaves beside what its outcome gives. `frees_by` names operations
    whose undo must not be done any more: that of this one does it, or, if this one fails, another.
    One with `off_devres` takes the latest entry with that undo off the devres list of `on_devres`.
    One with `managed_by` is managed where an operation of that name is on the devres list of its
    device, and only there. `fails_when` must hold for it to fail, whatever its outcomes say.
    One on a context that is done `once` may not be done again before the other of its pair was.
    """

    name: str
    roles: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    source: str
    fingerprint: Fingerprint | None = None
    params: tuple[str, ...] = ()
    begins: tuple[Set, ...] = ()
    waits: Expr = TRUE  # when it can go on
    undo: Operation | None = None  # what takes it back
    takes_over: tuple[str, ...] = ()  # operations that its own undo undoes as well
    leaves: tuple[Fact, ...] = ()  # what its undo does not take back, and is not meant to
    managed: bool = False  # devres undoes it, not the driver
    on_devres: str = ""  # the role on whose devres list it goes
    sleeps: bool = True  # so nobody may call it with interrupts off
    needs_d0: str = ""  # the role that must be awake, for its hardware is touched
    needs: tuple[Fact, ...] = ()  # what must be true of the device that it acts on
    needs_of: str = ""  # the role of that device, when it is not the first
    provider: str = ""  # the config symbol of the code that has it, which can be a module
    at: str = ""  # the member path that C adds to the device
    label: tuple[str, str, str] | None = None  # of what is no call: name, path, outcome
    shown: tuple[str, ...] = ()  # what stands for the fingerprint's args: parameters or text
    words: tuple[tuple[int, str], ...] = ()  # a shown parameter's value -> as C writes it
    reaches: tuple[str, ...] = ()  # kinds of devices; it passes by all others, () for none
    locks: tuple[tuple[Fact, str], ...] = ()  # taken and released while it runs, of which roles
    acts_on: str = ""  # the role of the fingerprint's device, when it is not the first
    defaults: tuple[tuple[str, int], ...] = ()  # parameters that need not be given
    flags: tuple[str, ...] = field(default=(), metadata=NO_DIGEST)  # for the PM core, set by it
    # Of an operation on a context of a driver: kind and name of that, and what it does to it.
    context: tuple[str, str] = field(default=("", ""), metadata=NO_DIGEST)
    does: str = field(default="", metadata=NO_DIGEST)
    # What may be written, not what it means: a parameter from least to most, and the kinds of
    # device that can stand in a role. Without an entry, anything.
    ranges: Ranges = field(default=(), compare=False)
    kinds: Kinds = field(default=(), compare=False)
    ordered: Order = field(default=(), compare=False)  # parameters that are at most another
    # What the same call is of a device of another kind than `kinds` has, where it is one; another
    # default of a parameter, of a device that is, or is below, one of these kinds.
    elsewhere: Operation | None = field(default=None, compare=False)
    defaults_below: tuple[tuple[str, tuple[str, ...], int], ...] = field(default=(), compare=False)
    idempotent: bool = field(default=False, metadata=NO_DIGEST)
    takes_null: bool = field(default=False, metadata=NO_DIGEST)
    takes_error: bool = field(default=False, metadata=NO_DIGEST)
    failed: tuple[Set, ...] = field(default=(), metadata=NO_DIGEST)
    frees_by: tuple[tuple[str, Operation], ...] = field(default=(), metadata=NO_DIGEST)
    off_devres: Operation | None = field(default=None, metadata=NO_DIGEST)
    managed_by: str = field(default="", metadata=NO_DIGEST)
    fails_when: Expr = field(default=TRUE, metadata=NO_DIGEST)
    once: bool = field(default=False, metadata=NO_DIGEST)
    needs_when: Fact | None = field(default=None, metadata=NO_DIGEST)  # asks for `needs`, if any
    for_another: Operation | None = field(default=None, compare=False)  # with who holds it beside

    @property
    def on_role(self) -> str:
        """Return the role whose device the fingerprint names."""
        return self.acts_on or self.roles[0]

    @property
    def fallible(self) -> bool:
        """Return whether it can fail."""
        return any(outcome.label == "fail" for outcome in self.outcomes)

    @property
    def is_call(self) -> bool:
        """Return whether it is a call of a C function, be it one that is only proposed."""
        return self.fingerprint is not None or (bool(self.roles) and self.name.isidentifier())

    def gives(self, fact: Fact) -> bool:
        """Return whether it can set a fact to other than 0."""
        return fact in self._given

    @cached_property
    def _given(self) -> frozenset[Fact]:
        return frozenset(
            one.target.fact for outcome in self.outcomes for one in outcome.gives
            if one.value != num(0)
        )

    def __call__(
        self,
        *places: Place,
        fail: OnFail | Block = UNSAID,
        c: Mapping[str, str] | None = None,
        **params: Expr | int,
    ) -> Do:
        """Return this operation on devices of a design, at the caller's line.

        Errors: ModelError when devices or parameters do not fit, with the line.
        """
        where = here()
        for which, names in (("roles", self.roles), ("params", self.params)):
            if not isinstance(names, tuple):
                raise ModelError(where, f"{self.name}: {which}= is a tuple of texts, not "
                                 f"{shown(names)}: write (..., ), with a comma after a single one")
        more = self.for_another
        if more is not None and len(places) == len(more.roles) > len(self.roles):
            return replace(more(*places, fail=fail, c=c, **params), where=where)
        if len(places) != len(self.roles):
            raise ModelError(where, f"{self.name}() takes {len(self.roles)} device(s) "
                             f"({', '.join(self.roles)}), not {len(places)}")
        for place in places:
            if not is_place(place):
                raise ModelError(
                    where,
                    f"{self.name}() acts on devices ({', '.join(self.roles)}); "
                    f"{shown(place)} is none: give it a Device"
                )
        elsewhere = {name: value for name, kinds, value in self.defaults_below
                     if places and top_kind(places[0]) in kinds}
        given = dict(self.defaults) | elsewhere | params
        if set(given) != set(self.params):
            raise ModelError(
                where,
                f"{self.name}() takes the parameters "
                f"({', '.join(self.params) or 'none'}), not ({', '.join(given) or 'none'})"
            )
        for name, value in given.items():
            if not isinstance(value, Expr | int):
                raise ModelError(
                    where,
                    f"{self.name}({name}=): a number or an expression over facts, "
                    f"not {shown(value)}"
                )
        if (wrong := wrong_kind(self.kinds, self.roles, places)) and self.elsewhere is not None:
            return replace(self.elsewhere(*places, fail=fail, c=c, **params), where=where)
        if wrong:
            raise ModelError(where, f"{self.name}() {wrong}")
        if wrong := out_of_range(self.ranges, given):
            raise ModelError(where, f"{self.name}(): {wrong}")
        if wrong := out_of_order(self.ordered, given):
            raise ModelError(where, f"{self.name}(): {wrong}")
        if fail is not UNSAID and not self.fallible:
            raise ModelError(where, f"{self.name}() cannot fail: drop fail=")
        return Do(
            self,
            places,
            tuple(num(given[name]) for name in self.params),
            UNWIND if fail is UNSAID else fail,
            tuple(sorted((c or {}).items())),
            where,
        )


@dataclass(frozen=True)
class Do(Node):
    """An operation in a driver: bound to devices, with what happens when it fails."""

    op: Operation
    places: tuple[Place, ...]
    params: tuple[Expr, ...]
    on_fail: OnFail | Block
    c: tuple[tuple[str, str], ...] = ()
    where: Where = field(default=NOWHERE, compare=False)

    @property
    def binding(self) -> dict[str, Place]:
        """Return role name -> device."""
        return dict(zip(self.op.roles, self.places, strict=True))

    def takes_back(self, did: Do) -> bool:
        """Return whether it does by hand what unwinding would do of another, and only once."""
        there, here_ = did.binding, self.binding
        return not self.op.idempotent and did.op.undo == self.op and all(
            there[role] == here_[role] for role in self.op.roles
        )

    def blocks(self) -> tuple[Block, ...]:
        """Return what is done when it fails, where the design spells that out."""
        return (self.on_fail,) if isinstance(self.on_fail, tuple) else ()

    def with_blocks(self, *blocks: Block) -> Do:
        """Return it with something else done when it fails."""
        return replace(self, on_fail=blocks[0]) if blocks else self

    def __str__(self) -> str:
        """Return the call as the model writes it."""
        inner = ", ".join(place.name for place in self.places)
        return f"{self.op.name}({inner})"


@dataclass(frozen=True)
class Guard(Untold):
    """A condition that a driver relies on: its meaning, its C, how C is recognised.

    `when` of None is a condition that the model leaves open: both ways are explored. `c` is
    the condition as source text, for rendering and for finding it again.
    """

    name: str
    when: Expr | None
    c: tuple[str, ...]
    function: str = ""

    @property
    def print(self) -> CGuard:
        """Return the fingerprint of this condition, asked whatever the C's values say of it."""
        return CGuard(self.name, self.c, self.function, both=True)


def asked(device: Place, text: str, *, told: bool = True) -> Guard:
    """Return a condition of C, by its text, that hardware or platform answers once for a device.

    told: C asks just this, and not several things for which the text stands.
    """
    answer = question(text, ("no", "yes"), f"C asks: {text}")(device)
    return Guard(text, answer.eq(1), (text,) if told else ())


DEV = Role("dev")
ME = Param("me")  # the number of the process that calls, for operations on locks


def number_of(role: str) -> Param:
    """Return the number of the device in a role, for operations on locks."""
    return Param(f"number of {role}")
