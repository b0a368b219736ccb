# SPDX-License-Identifier: GPL-2.0-only
"""Proves that a step which claims to change no behaviour changes none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from checks.finding import Finding, Severity
from checks.patches.conformance import Say, Sources, nearest
from generator.design import Driver
from generator.fingerprint import CGuard, Fingerprint
from generator.graphs import lts
from generator.graphs.design_lts import fingerprints, guards_of_driver
from generator.parsing.cursors import printed
from generator.parsing.unit import Definition
from generator.reading.initialisers import Initialiser, entry_points
from generator.reading.reader import CLts, Reader


def unchanged(
    before: Sources, after: Sources, drivers: Iterable[Driver] = ()
) -> tuple[Finding, ...]:
    """Return the entry points of driver initialisers that do not behave as they did before.

    Every call is a step of the comparison, known as an operation or not. Where the calls are
    the same and only the order of assignments or the text of conditions changes, a note says
    so. `drivers` lend their guards: a condition that one of them names is compared as well.
    """
    lent = tuple(drivers)
    guards = {g.name + g.function: g for d in lent for g in guards_of_driver(d)}
    known = _Alphabet({one.callees[0]: one for one in fingerprints()}, guards)
    found: list[Finding] = []
    now = dict(_initialisers(after))
    then = dict(_initialisers(before))
    for name, one in then.items():
        say = Say(name, after)
        if name in now:
            found += _same(say, one, now[name], before, after, known)
        elif one.place.path not in after.absent:
            found.append(say.error(f"the initialiser {name} is gone", one.place))
    found += [
        Say(name, after).error(f"the initialiser {name} is new", one.place)
        for name, one in now.items() if name not in then and one.place.path not in before.absent
    ]
    return tuple(found)


def _initialisers(c: Sources) -> list[tuple[str, Initialiser]]:
    return [(one.name, one) for unit in c.units.values() for one in entry_points(unit)]


@dataclass(frozen=True)
class _Alphabet:
    """What is a step: operations, conditions, assignments."""

    prints: Mapping[str, Fingerprint]
    guards: Mapping[str, CGuard]
    sets: tuple[str, ...] = ()

    def reader(self, c: Sources) -> Reader:
        units = list(c.units.values())
        return Reader(units, self.prints.values(), self.guards.values(), sets=self.sets)

    def with_calls(self, *reads: CLts) -> _Alphabet:
        """Turn every call that is no operation into one that always succeeds."""
        names = {one.text.removesuffix("()") for read in reads for one in read.unknown}
        more = {name: Fingerprint((name,), on=0) for name in names if name not in self.prints}
        return replace(self, prints={**self.prints, **more})

    def with_conditions(self, *reads: CLts) -> _Alphabet:
        """Turn every condition that is no guard into one, named by its text."""
        texts = {one.text for read in reads for one in read.free}
        more = {text: CGuard(text, (text,)) for text in texts if text not in self.guards}
        return replace(self, guards={**self.guards, **more})


def _same(
    say: Say, old: Initialiser, new: Initialiser, before: Sources, after: Sources,
    known: _Alphabet,
) -> Iterator[Finding]:
    for member in sorted(old.members.keys() | new.members.keys()):
        if member not in old.members or member not in new.members:
            side = "no more" if member in old.members else "now"
            yield say.error(f"the initialiser {new.name} {side} names {member}", new.place)
            continue
        names = old.members[member], new.members[member]

        def both(alphabet: _Alphabet, names: tuple[str, str] = names) -> tuple[CLts, CLts]:
            return (
                alphabet.reader(before).read(names[0]), alphabet.reader(after).read(names[1])
            )

        if _reached(before, names[0]) == _reached(after, names[1]):
            continue
        calls = known.with_calls(*both(known))
        plain = both(calls)
        apart = lts.difference(plain[0].lts, plain[1].lts)
        if apart is not None:
            yield _changed(say, apart, plain[1], new, Severity.ERROR, _CHANGES.format(member))
            continue
        for text, alphabet in (
            (_STORES, replace(calls, sets=("*.",))),
            (_ASKS, calls.with_conditions(*plain)),
        ):
            full = both(alphabet)
            apart = lts.difference(full[0].lts, full[1].lts)
            if apart is not None:
                yield _changed(say, apart, full[1], new, Severity.NOTE, text.format(member))
        touched = [
            one for one in plain[1].unread
            if _body(before, one.place.function) != _body(after, one.place.function)
        ]
        yield from say.unread(touched)


def _changed(
    say: Say, apart: lts.Difference, after: CLts, initialiser: Initialiser, severity: Severity,
    message: str,
) -> Finding:
    place, notes = nearest(apart, after)
    for old, new in (("design does", "before:"), ("C does", "after:")):
        notes = tuple(note.replace(old, new, 1) for note in notes)
    return say.finding(f"{say.driver}: {message}", place or initialiser.place, severity, notes)


def _reached(c: Sources, entry: str) -> dict[str, str]:
    """Return every function on the way from an entry point, as clang prints it: no macros left.

    Those are on the way that are named there, by a call or otherwise.
    """
    functions = {name: f for unit in c.units.values() for name, f in unit.definitions.items()}
    found: dict[str, str] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name in functions and name not in found:
            found[name], words = _printed(functions[name])
            waiting += sorted(words & functions.keys())
    return found


def _printed(definition: Definition) -> tuple[str, frozenset[str]]:
    """Return a function as clang prints it, and the words in it."""
    if definition not in _known:
        text = printed(definition.cursor)
        _known[definition] = text, frozenset(re.findall(r"[A-Za-z_]\w*", text))
    return _known[definition]


_known: WeakKeyDictionary[Definition, tuple[str, frozenset[str]]] = WeakKeyDictionary()


def _body(c: Sources, function: str) -> bytes:
    for unit in c.units.values():
        found = unit.functions().get(function)
        if found is not None:
            first, last = found.extent.start.line, found.extent.end.line
            return b"\n".join(unit.text.split(b"\n")[first - 1 : last])
    return b""


_CHANGES = "{} changes, though this step claims that nothing does"
_STORES = "{}: the same calls, but members are set otherwise or in another order"
_ASKS = "{}: the same calls, but a condition is written differently"
