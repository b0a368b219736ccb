# SPDX-License-Identifier: GPL-2.0-only
"""The language that semantics are written in: expressions over facts of devices, as data.

Explorer, oracle, SPIN and explanations are all compiled from these values, so nothing here
can hold Python code. A fact is an integer of a small range that belongs to one device; a
question is a fact that hardware or platform answers, unknown until something asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NoReturn, Protocol
from weakref import WeakValueDictionary

from generator.untold import Untold


class Place(Protocol):
    """Whatever a fact may belong to: a role, a device of a design, or one instance of it."""

    @property
    def name(self) -> str:
        """Return the name that messages use."""
        ...


@dataclass(frozen=True)
class Role:
    """A formal parameter of an operation; binding replaces it by a device of the design."""

    name: str


@dataclass(frozen=True)
class ParentOf:
    """The device that a device was created under."""

    of: Place

    @property
    def name(self) -> str:
        """Return the name that messages use."""
        return f"parent of {self.of.name}"


@dataclass(frozen=True)
class Nth:
    """One particular instance of a device that there are several of."""

    of: Place
    index: int

    @property
    def name(self) -> str:
        """Return the name that messages use."""
        return f"{self.of.name}{self.index}"


@dataclass(frozen=True)
class UsersOf:
    """Ranges over a device and everything below it: whoever may hold one of its interrupts."""

    of: Place

    @property
    def name(self) -> str:
        """Return the name that messages use."""
        return f"users of {self.of.name}"


@dataclass(frozen=True)
class ChildrenOf:
    """Ranges over the devices created under a device."""

    of: Place

    @property
    def name(self) -> str:
        """Return the name that messages use."""
        return f"children of {self.of.name}"


# Of a field that came later than the digests that published series carry: they are made without.
NO_DIGEST = {"no digest": True}
# The same, of one that digests are made with where a design says something in it.
NO_DIGEST_AT_DEFAULT = {"no digest": "at default"}


@dataclass(frozen=True)
class Fact:
    """A number from 0 to `top` that each device has; 0 is what it is before anything happened.

    With `values`, 0..len-1 have names. A `question` is answered by hardware or platform:
    each value is possible, and none is chosen before an operation asks. It makes sense only
    where the question `needs[0]` of the same device has one of the answers `needs[1]`.

    A `local` fact is a variable of a driver's functions: gone when the driver that set it is
    unbound, and no part of what designs are compared by. One that counts `vectors` has 0 where
    it has no value yet, for no driver wants none. One that is `held` is what a driver has
    taken of others, a clock or a supply: nothing of it is left when the driver is unbound.
    """

    name: str
    top: int
    doc: str
    values: tuple[str, ...] = ()
    question: bool = False
    needs: tuple[Fact, tuple[int, ...]] | None = None
    local: bool = field(default=False, metadata=NO_DIGEST)
    vectors: bool = field(default=False, metadata=NO_DIGEST)
    held: bool = field(default=False, metadata=NO_DIGEST)

    def __hash__(self) -> int:
        """Hash the name: expressions are full of these."""
        return hash(self.name)

    def __call__(self, of: Place) -> Read:
        """Return the expression that reads this fact of a device."""
        if isinstance(of, str):
            raise TypeError(f"{self.name} is a fact of a device, not of the text {of!r}")
        if not hasattr(type(of), "name") and not hasattr(of, "name"):
            raise TypeError(f"{self.name} is a fact of a device, not of {of!r}: give it a Device")
        return Read(self, of)

    def show(self, value: int) -> str:
        """Return a value in the field's words."""
        return self.values[value] if self.values else str(value)


def named(name: str, values: tuple[str, ...], doc: str, *, local: bool = False) -> Fact:
    """Return a fact whose values have names; the first is the initial one."""
    return Fact(name, len(values) - 1, doc, values, local=local)


def question(
    name: str, values: tuple[str, ...], doc: str, needs: tuple[Fact, tuple[int, ...]] | None = None
) -> Fact:
    """Return a question with its possible answers."""
    return Fact(name, len(values) - 1, doc, values, True, needs)


class Expr(Untold):
    """An expression over facts; comparisons are methods so that values keep their equality."""

    mend = "& for and, | for or, ~ for not, .among(1, 2) for in"

    def __getstate__(self) -> dict[str, object]:
        """Leave out of copies what was only computed once."""
        return {name: value for name, value in self.__dict__.items() if name != "meaning"}

    def __lt__(self, other: object) -> NoReturn:
        """Refuse what Python would answer at once, or as a chain; with > and >= it is the same."""
        raise TypeError(
            "< and > are answered by Python at once: write .lt(), .le(), .gt() or .ge(), and & "
            "between two of them for a chain, as in X.ge(1) & X.le(3)"
        )

    __le__ = __gt__ = __ge__ = __lt__

    def __contains__(self, item: object) -> NoReturn:
        """Refuse `in`, which Python would answer at once."""
        raise TypeError("a fact is no list: write FACT(DEVICE).among(1, 2), or .has(bit) for a bit")

    def __add__(self, other: Operand) -> Expr:
        """Return the sum."""
        return Bin("+", self, num(other))

    def __sub__(self, other: Operand) -> Expr:
        """Return the difference."""
        return Bin("-", self, num(other))

    def __and__(self, other: Operand) -> Expr:
        """Return the conjunction."""
        return Bin("and", self, num(other))

    def __or__(self, other: Operand) -> Expr:
        """Return the disjunction."""
        return Bin("or", self, num(other))

    def __invert__(self) -> Expr:
        """Return the negation."""
        return Not(self)

    def eq(self, other: Operand) -> Expr:
        """Return self == other."""
        return Bin("==", self, num(other))

    def ne(self, other: Operand) -> Expr:
        """Return self != other."""
        return Bin("!=", self, num(other))

    def lt(self, other: Operand) -> Expr:
        """Return self < other."""
        return Bin("<", self, num(other))

    def le(self, other: Operand) -> Expr:
        """Return self <= other."""
        return Bin("<=", self, num(other))

    def ge(self, other: Operand) -> Expr:
        """Return self >= other."""
        return Bin("<=", num(other), self)

    def gt(self, other: Operand) -> Expr:
        """Return self > other."""
        return Bin("<", num(other), self)

    def among(self, *values: int) -> Expr:
        """Return whether self is one of some values."""
        return any_of(*(self.eq(value) for value in values))

    def has(self, index: Operand) -> Expr:
        """Return whether bit `index` of self is set."""
        return Bin("has", self, num(index))

    def with_bit(self, index: Operand) -> Expr:
        """Return self with bit `index` set."""
        return Bin("with", self, num(index))

    def without_bit(self, index: Operand) -> Expr:
        """Return self with bit `index` clear."""
        return Bin("without", self, num(index))


@dataclass(frozen=True, eq=False, init=False)
class Num(Expr):
    """A constant; there is one object for each, as for a Read."""

    value: int

    def __new__(cls, value: int) -> Num:
        """Return the one that there is, or make it."""
        known = type(value) is int  # True is written 1; what is no number is told where it stands
        found = _NUMS.get(value) if known else None
        if found is None:
            found = object.__new__(cls)
            found.__dict__["value"] = value
            if known:
                _NUMS[value] = found
        return found

    def __reduce__(self) -> tuple[type[Num], tuple[int]]:
        """Say how a copy is made: not at all, in one process."""
        return Num, (self.value,)


_NUMS: dict[int, Num] = {}


@dataclass(frozen=True, eq=False, init=False)
class Read(Expr):
    """The value of a fact of a device.

    There is one object for each, so that they compare, and are looked up, by identity: whatever
    is explored is full of them.
    """

    fact: Fact
    of: Place

    def __new__(cls, fact: Fact, of: Place) -> Read:
        """Return the one that there is, or make it."""
        found = _READS.get((fact, of))
        if found is None:
            found = object.__new__(cls)
            found.__dict__.update(fact=fact, of=of)
            _READS[fact, of] = found
        return found

    def __str__(self) -> str:
        """Return device.fact, as messages print it."""
        return f"{self.of.name}.{self.fact.name}"

    @cached_property
    def key(self) -> tuple[str, str]:
        """Return what reads are sorted by: the names of device and fact."""
        return self.of.name, self.fact.name

    def __reduce__(self) -> tuple[type[Read], tuple[Fact, Place]]:
        """Say how a copy is made: not at all, in one process."""
        return Read, (self.fact, self.of)


_READS: WeakValueDictionary[tuple[Fact, Place], Read] = WeakValueDictionary()


@dataclass(frozen=True)
class Bin(Expr):
    """Two operands and one of + - == != < <= and or min max has with without."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Not(Expr):
    """Logical negation."""

    of: Expr


@dataclass(frozen=True)
class Pick(Expr):
    """`then` where `when` holds, otherwise `other`."""

    when: Expr
    then: Expr
    other: Expr


@dataclass(frozen=True)
class Over(Expr):
    """`any`, `all` or `max` of an expression over every device that `range` ranges over.

    Inside `body` the role `each` stands for the device.
    """

    kind: str
    range: Place
    body: Expr


@dataclass(frozen=True)
class Same(Expr):
    """Whether two places are one and the same instance: known as soon as both are bound."""

    left: Place
    right: Place


EACH = Role("each")
TRUE = Num(1)
FALSE = Num(0)
Operand = Expr | int


def num(value: Operand) -> Expr:
    """Return an operand as an expression."""
    if not isinstance(value, int | Expr):
        raise TypeError(
            f"{value!r} is no number: facts have numbers, many with a name in generator/facts.py"
        )
    return value if isinstance(value, Expr) else Num(int(value))


def minimum(left: Operand, right: Operand) -> Expr:
    """Return the smaller of two."""
    return Bin("min", num(left), num(right))


def maximum(left: Operand, right: Operand) -> Expr:
    """Return the larger of two."""
    return Bin("max", num(left), num(right))


def pick(when: Expr, then: Operand, other: Operand) -> Expr:
    """Return `then` where `when` holds, otherwise `other`."""
    return Pick(when, num(then), num(other))


def any_of(*parts: Expr) -> Expr:
    """Return the disjunction; FALSE of nothing."""
    result: Expr = FALSE
    for part in parts:
        if part is TRUE:
            return TRUE
        if part is not FALSE:
            result = part if result is FALSE else result | part
    return result


def all_of(*parts: Expr) -> Expr:
    """Return the conjunction; TRUE of nothing."""
    result: Expr = TRUE
    for part in parts:
        if part is FALSE:
            return FALSE
        if part is not TRUE:
            result = part if result is TRUE else result & part
    return result
