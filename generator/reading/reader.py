# SPDX-License-Identifier: GPL-2.0-only
"""Reads the transition system of an entry point off the C."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from generator.fingerprint import CGuard, Fingerprint
from generator.graphs.lts import Label, Lts, minimise
from generator.parsing.cursors import Unit
from generator.reading.cfg import Extent, Function
from generator.reading.driver_code import HARMLESS, Program
from generator.reading.runs import MOST, Runs
from generator.reading.sites import Site, Unnamed


@dataclass(frozen=True)
class CLts:
    """An entry point as read: `lts` is minimised.

    sites: for every label, where it stands in the source. free: conditions that were taken as
    free choice. unknown: calls without a fingerprint that are not known to be harmless.
    unread: constructs that the reader does not follow; the Lts may be wrong near them.
    raw: the Lts before it was minimised, `places` where its steps stand.
    later: functions that an operation left to be called, each with the data it will get.
    elsewhere: paths of other devices of the same type, with the calls, not operations, for them.
    unset: locals that some run reads before it has given them a value.
    strays: helpers that are called for another device than that of the entry point.
    decided: conditions that some run leaves no choice.
    """

    entry: str
    lts: Lts
    sites: Mapping[Label, tuple[Site, ...]]
    free: tuple[Unnamed, ...]
    unknown: tuple[Unnamed, ...]
    unread: tuple[Unnamed, ...]
    raw: Lts
    places: tuple[Site | None, ...]
    later: Mapping[str, tuple[str, ...]]
    strays: tuple[tuple[str, Unnamed], ...]
    elsewhere: tuple[tuple[str, Unnamed], ...]
    unset: tuple[Unnamed, ...]
    decided: frozenset[Extent]

    def along(self, word: Sequence[Label]) -> tuple[tuple[Site, ...], ...]:
        """Return where the steps of a word stand, a tuple per label; () once C cannot do it."""
        silent: dict[int, list[int]] = {}
        loud: dict[tuple[int, Label], list[tuple[int, Site]]] = {}
        for (source, label, target), site in zip(self.raw.edges, self.places, strict=True):
            if label is None or site is None:
                silent.setdefault(source, []).append(target)
            else:
                loud.setdefault((source, label), []).append((target, site))
        states, found = {self.raw.start}, []
        for label in word:
            stack = list(states)
            while stack:
                for target in silent.get(stack.pop(), ()):
                    if target not in states:
                        states.add(target)
                        stack.append(target)
            steps = [step for state in states for step in loud.get((state, label), ())]
            states = {target for target, _ in steps}
            found.append(tuple(sorted({site for _, site in steps})))
        return tuple(found)


class Reader:
    """Reads any number of entry points of one driver; see Program for the arguments."""

    def __init__(
        self,
        units: Sequence[Unit],
        fingerprints: Iterable[Fingerprint],
        guards: Iterable[CGuard] = (),
        *,
        sets: Collection[str] = (),
        harmless: Collection[str] = HARMLESS,
        present: Collection[str] = (),
        counts: bool = False,
        most: int = MOST,
    ) -> None:
        """Note what is there; functions are lowered when they are met. `most` bounds the states."""
        self._most = most
        self._program = Program(units, fingerprints, guards, sets=sets, harmless=harmless,
                                present=present, counts=counts)

    def read(self, entry: str, *given: str) -> CLts:
        """Return the transition system of one function, called with `given` paths.

        Errors: TreeError when the units do not define it.
        """
        first = self._program.enter(entry)
        key = (entry, given, self._program.identity(entry))
        found = _known.pop(key, None) or self._read(first, given)
        _known[key] = found  # behind all others
        if len(_known) > _MOST_KNOWN:
            del _known[next(iter(_known))]
        return found

    def functions(self, entry: str) -> tuple[Function, ...]:
        """Return a function as it is read, and all that it reaches.

        Errors: TreeError when the units do not define it.
        """
        self._program.enter(entry)
        return tuple(map(self._program.function, self._program.reached(entry)))

    def free(self, entry: str, *given: str) -> tuple[Unnamed, ...]:
        """Return the conditions of a function that are taken as free choice: see CLts and read().

        Errors: TreeError when the units do not define it.
        """
        run = Runs(self._program, self._most)
        run.begin(self._program.enter(entry), given)
        return tuple(sorted(run.notes.free, key=_by_place))

    def _read(self, first: Function, given: tuple[str, ...]) -> CLts:
        run = Runs(self._program, self._most)
        lts, notes = run.begin(first, given), run.notes
        unread = [
            Unnamed(f"{text} is not followed", place)
            for name in sorted(run.entered)
            for text, place in self._program.function(name).unread
        ]
        covered = [site.place for sites in notes.guarded.values() for site in sites]
        unknown = [one for one in notes.unknown if not any(_within(one.place, c) for c in covered)]
        return CLts(
            first.name,
            minimise(lts),
            {label: tuple(sorted(sites)) for label, sites in sorted(notes.sites.items())},
            tuple(sorted(notes.free, key=_by_place)),
            tuple(sorted(unknown, key=_by_place)),
            tuple(sorted({*unread, *notes.unread}, key=_by_place)),
            lts,
            tuple(run.places),
            {name: tuple(sorted(data)) for name, data in sorted(notes.later.items())},
            tuple(sorted(notes.strays, key=lambda stray: _by_place(stray[1]))),
            tuple(sorted(notes.elsewhere, key=lambda one: _by_place(one[1]))),
            tuple(sorted(notes.unset, key=_by_place)),
            frozenset(notes.decided),
        )


# entry points are read again under other configurations, and beside changes that do not reach them
_known: dict[tuple[object, ...], CLts] = {}
_MOST_KNOWN = 256


def read(
    units: Sequence[Unit],
    entry: str,
    fingerprints: Iterable[Fingerprint],
    guards: Iterable[CGuard] = (),
    *,
    sets: Collection[str] = (),
    harmless: Collection[str] = HARMLESS,
) -> CLts:
    """Return the transition system of one entry point: see Reader.

    >>> import clang.cindex as ci
    >>> from generator.fingerprint import Fails
    >>> from generator.parsing.unit import Unit as Parsed
    >>> text = ("struct pci_dev; int enable(struct pci_dev *);"
    ...         "int probe(struct pci_dev *dev) { return enable(dev) < 0 ? -5 : 0; }")
    >>> tu = ci.Index.create().parse("bell.c", [], [("bell.c", text)])
    >>> unit = Parsed("bell.c", (), frozenset(), tu, text.encode(), 0)
    >>> print(read([unit], "probe", [Fingerprint(("enable",), 0, Fails.NEGATIVE)]).lts)
    start 0, final 3
       0 ->    1  enable(pci_dev): fail
       0 ->    2  enable(pci_dev): ok
       1 ->    3  return(): error
       2 ->    3  return(): 0


    Errors: TreeError when the units do not define `entry`.
    """
    return Reader(units, fingerprints, guards, sets=sets, harmless=harmless).read(entry)


def _by_place(one: Unnamed) -> tuple[str, int, int, str]:
    return one.place.path, one.place.line, one.place.column, one.text


def _within(inner: Extent, outer: Extent) -> bool:
    return (
        inner.path == outer.path
        and (outer.line, outer.column) <= (inner.line, inner.column)
        and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
    )
