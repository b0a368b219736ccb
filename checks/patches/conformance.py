# SPDX-License-Identifier: GPL-2.0-only
"""Holds the C of a commit against the design after it, entry point by entry point.

A design's driver names the files and the initialiser it is written in; the entry points are
what that initialiser names. Model and C meet as transition systems: equal languages, or a
finding with the shortest run that tells them apart.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from checks.finding import Finding, Severity
from checks.patches.numbers import differing
from generator.ctext import Code, Helper, Written
from generator.design import CALLBACK_NAMES, Design, Driver
from generator.entrypoint import struct_named
from generator.graphs import lts
from generator.graphs.design_lts import fingerprints, guards_of_driver, path_of, project
from generator.operation import Operation
from generator.program import Block, Do, Function, called, mapped, operations
from generator.reading.cfg import Extent
from generator.reading.initialisers import entry_points
from generator.reading.reader import CLts, Reader
from generator.reading.sites import Unnamed

if TYPE_CHECKING:
    from generator.kernel.kbuild import Base
    from generator.parsing.unit import Unit

RULE = "waypoint"
_SYMBOL = re.compile(r"^#define (CONFIG_\w+?)(?:_MODULE)? 1$", re.MULTILINE)


@dataclass(frozen=True)
class Sources:
    """The C of one commit under one configuration, parsed.

    units: path -> unit, of the files that are built; absent: path -> text of files that are
    there and not built; symbols: CONFIG_ symbols that are y or m.
    """

    units: Mapping[str, Unit]
    absent: Mapping[str, bytes] = field(default_factory=dict)
    symbols: frozenset[str] = frozenset()
    config: str = ""
    commit: str = ""


@functools.lru_cache(maxsize=16)
def symbols_of(autoconf: str) -> frozenset[str]:
    """Return the CONFIG_ symbols that are y or m in an autoconf.h."""
    return frozenset(_SYMBOL.findall(autoconf))


def sources(
    base: Base, overlay: Mapping[str, bytes | None], paths: Iterable[str], commit: str = "",
    on: Sequence[str] = (),
) -> Sources:
    """Parse some files of a commit, those that are built under the configuration of `base`.

    A path that the commit does not have is left out. `on` are symbols that are switched on.
    Errors: TreeError when kconfig, kbuild or libclang cannot do its part.
    """
    from generator.kernel import kbuild, variant

    at = variant.at(base, overlay, [f"CONFIG_{one}=y" for one in on], strict=not on)
    units: dict[str, Unit] = {}
    absent: dict[str, bytes] = {}
    for path in dict.fromkeys(paths):
        text = overlay.get(path)
        on_disk = at.tree.work / path
        if text is None and (path in overlay or not on_disk.exists()):
            continue
        if path in kbuild.units(at, (path.rpartition("/")[0],)):
            units[path] = parsed(at, path, overlay)
        else:
            absent[path] = on_disk.read_bytes() if text is None else text
    named = "+".join((base.config.name, *on))
    return Sources(units, absent, symbols_of(at.autoconf), named, commit)


def parsed(base: Base, path: str, overlay: Mapping[str, bytes | None]) -> Unit:
    """Return one file of a commit, parsed; `base` is as variant.at() gives it for that commit."""
    from generator.parsing import unit

    return unit.parse_once(unit.job(base, path, overlay))


def hold(subject: Design | Driver, c: Sources) -> tuple[Finding, ...]:
    """Return where the entry points of the drivers of a design are not those of their C.

    Drivers that name no `sources` and `variable` have no C to be held against. What the
    reader does not follow is a warning, what is not built under the configuration a note.
    """
    drivers = subject.drivers if isinstance(subject, Design) else (subject,)
    found: list[Finding] = []
    for driver in drivers:
        if driver.sources and driver.variable:
            found += _hold(driver, c)
    return tuple(dict.fromkeys(found))


def _hold(driver: Driver, c: Sources) -> Iterator[Finding]:
    units = [c.units[path] for path in driver.sources if path in c.units]
    texts = [c.absent[path] for path in driver.sources if path in c.absent]
    say = Say(driver.name, c)
    for path in driver.sources:
        if path in c.absent:
            yield say.note(f"{path} is not built under {c.config}", path)
    named = next((i for u in units for i in entry_points(u) if i.name == driver.variable), None)
    if named is None:
        if texts and any(driver.variable.encode() in text for text in texts):
            return
        where = ", ".join(driver.sources)
        yield say.error(
            f"no initialiser {driver.variable} in {where}: the design's driver "
            f"{driver.name} is nowhere in C",
            Extent(driver.sources[0], "", 0, 0, 0, 0),
        )
        return
    reader = Reader(units, fingerprints(), guards_of_driver(driver), sets=driver.sets)
    driver = built(driver, units, texts)
    struct = struct_named(named.kind)
    assert struct is not None
    entries = driver.functions()
    for text, place in differing(entries.values(), units):
        yield say.error(text, place)
    for entry in ("probe", "remove", "shutdown", *(CALLBACK_NAMES if driver.callbacks() else ())):
        point = struct.entries.get(entry)
        function = named.members.get(point.member) if point is not None else None
        if function is None and entries.get(entry):
            if point is not None and point.symbol and point.symbol not in c.symbols:
                continue
            yield say.error(
                f"the design has {entry}, the initialiser {named.name} names none",
                named.place, f"design does {entry}", "C does nothing",
            )
        elif function is not None and entry not in entries:
            yield say.error(
                f"the initialiser {named.name} names {entry} = {function}, the design has none",
                named.place, "design does nothing", f"C does {function}()",
            )
        elif function is not None:
            got = reader.read(function)
            want = project(driver, entry, c.symbols)
            yield from _compare(say, entry, named.place, want, got)
            helpers = {function.name for function in called(entries[entry])}
            for name, stray in got.strays:
                if name in helpers:
                    told = "in the design it is for the driver's own device"
                    yield say.error(f"{entry}: {stray.text}, {told}", stray.place)
            yield from _elsewhere(say, driver, entry, entries[entry], got)
            yield from _managed(say, driver, entries[entry], reader, got)
            yield from _released(say, entries[entry], reader, units)


def _compare(
    say: Say, entry: str, initialiser: Extent | None, want: lts.Lts, got: CLts
) -> Iterator[Finding]:
    apart = lts.difference(want, got.lts)
    if apart is not None:
        place, notes = nearest(apart, got)
        yield say.error(
            f"{entry} ({got.entry}) is not the {entry} of the design: {_gist(apart)}",
            place or initialiser or Extent("", "", 0, 0, 0, 0), *notes,
        )
    for one in got.unset:
        yield say.error(one.text, one.place)
    yield from say.unread(got.unread)


def _elsewhere(
    say: Say, driver: Driver, entry: str, block: Block, got: CLts
) -> Iterator[Finding]:
    """Yield the calls for another device in the functions that the design itself writes."""
    own = {function.name for function in called(block) if isinstance(function, Written)}
    if any(isinstance(node, Code | Helper) for one in driver.functions().values() for node in one):
        own.add(got.entry)
    for path, call in got.elsewhere:
        if call.place.function in own and path not in driver.c.values():
            told = "a device that the design does not have"
            yield say.error(f"{entry}: {call.text}, {told}", call.place)


def _managed(
    say: Say, driver: Driver, block: Block, reader: Reader, got: CLts
) -> Iterator[Finding]:
    """Hold what an entry point leaves to devres: each action does what the design says."""
    actions = {do.op.shown[0]: do for do in operations(block)
               if do.op.fingerprint is not None and do.op.fingerprint.later is not None}
    for callback, given in got.later.items():
        do = actions.get(callback)
        undo = do.op.undo if do is not None else None
        # an unknown action differs already; one that is an operation itself needs no reading
        if do is None or undo is None or undo.fingerprint is None:
            continue
        if callback in undo.fingerprint.callees:
            continue
        for data in given:
            did = reader.read(callback, data)
            want = lts.word(*_undoing(driver, do, undo, did))
            yield from _compare(say, "undo", None, want, did)


def _released(
    say: Say, block: Block, reader: Reader, units: Iterable[Unit]
) -> Iterator[Finding]:
    """Yield the functions that a device is released by and that do not free it, once.

    To the design the last reference takes the device and its memory away; what else is done
    then is not its business.
    """
    counted = "kfree", "return"
    stored = {do.op.label[1:] for do in operations(block) if do.op.label is not None}
    defined = {name for unit in units for name in unit.functions()}
    for path, function in sorted(stored):
        device, _, member = path.rpartition(".")
        if member != "release" or function not in defined:
            continue
        got = reader.read(function, device)
        for other, call in got.elsewhere:
            if other != device:
                yield say.error(f"{function}: {call.text}, it releases {device}", call.place)
        edges = tuple(
            (source, None if label.name not in counted else lts.Label(label.name), target)
            for source, label, target in got.lts.edges if label is not None
        )
        if lts.difference(lts.word(*map(lts.Label, counted)), replace(got.lts, edges=edges)):
            places = [site.statement for sites in got.sites.values() for site in sites]
            place = min(places, default=Extent("", "", 0, 0, 0, 0))
            yield say.error(
                f"{function} releases {device} and does not free it exactly once, "
                "as the design has it with the last reference", place,
            )


def _undoing(driver: Driver, do: Do, undo: Operation, did: CLts) -> Iterator[lts.Label]:
    assert undo.fingerprint is not None
    name, on = undo.fingerprint.callees[0], ""
    if undo.fingerprint.on is not None:
        place = do.binding[undo.on_role]
        on = path_of(driver, place) + undo.at
        if place == driver.device:  # what the driver keeps for its device has a path of its own
            on = next((label.on for label in did.lts.labels() if label.name == name), on)
    yield lts.Label(name, on, "ok")
    yield lts.Label("return", "", "void")


def built(driver: Driver, units: Sequence[Unit], absent: Sequence[bytes]) -> Driver:
    """Return a driver without the helpers whose file is not built: their callers have stubs."""
    if not absent:
        return driver
    defined = {name for unit in units for name in unit.functions()}

    def stubbed(function: Function) -> bool:
        word = re.compile(rb"\b" + re.escape(function.name.encode()) + rb"\(")
        return function.name not in defined and any(word.search(text) for text in absent)

    def kept(block: Block) -> Block:
        return mapped(block, helper=lambda one: replace(
            one, body=() if stubbed(one) else kept(one.body)))

    callbacks: dict[str, Any] = {
        name: kept(block) for name, block in driver.callbacks().items()
    }
    return replace(
        driver,
        probe=kept(driver.probe),
        remove=kept(driver.remove),
        shutdown=None if driver.shutdown is None else kept(driver.shutdown),
        **callbacks,
    )


def nearest(apart: lts.Difference, got: CLts) -> tuple[Extent | None, tuple[str, ...]]:
    """Return the statement of the C next to a difference, and the run in words.

    That is what C does there and the design does not; failing that, what C does there at all,
    or the last step that both do.
    """
    sites = got.along(apart.prefix)
    notes = [
        f"{number:3}. both do {spelled(label)}" + (f" (line {site[0].place.line})" if site else "")
        for number, (label, site) in enumerate(zip(apart.prefix, sites, strict=True), 1)
    ]
    only = [label for label in apart.got if label not in apart.want]
    missing = [label for label in apart.want if label not in apart.got]
    notes += [f"design does {spelled(label)}" for label in missing or apart.want]
    place: Extent | None = None
    here: list[str] = []
    for label in only or apart.got:
        steps = () if label == lts.END else got.along((*apart.prefix, label))[-1]
        where = f" (line {steps[0].statement.line})" if steps else ""
        here.append(f"C does {spelled(label)}{where}")
        if steps and place is None:
            place = steps[0].statement
    notes += here or ["C does nothing"]
    if place is None:
        place = next((site[0].statement for site in reversed(sites) if site), None)
    return place, tuple(notes)


def spelled(label: lts.Label) -> str:
    """Return a step in the words of C."""
    if label == lts.END:
        return "nothing more"
    if label.name == "return":
        return f"return {label.outcome}".removesuffix(" void")
    if label.name == "set" and label.on:
        stored = label.outcome or "..."
        return f"{label.on} {stored if '=' in stored.split(' ')[0] else '= ' + stored}"
    if not label.on and not label.args and label.outcome in ("true", "false"):
        return f"({label.name}) {label.outcome}"
    return str(label)


def _gist(apart: lts.Difference) -> str:
    want = _shortly(label for label in apart.want if label not in apart.got)
    got = _shortly(label for label in apart.got if label not in apart.want)
    return f"design does {want}, C does {got}"


def _shortly(labels: Iterable[lts.Label]) -> str:
    """Return steps in a few words: a question once, not with both its answers."""
    words: list[str] = []
    for label in labels:
        text = spelled(label)
        if f"{text.removesuffix(' true')} false" in words:
            words[-1] = f"ask {text.removesuffix(' true')}"
        else:
            words.append(text)
    return " or ".join(words[:3]) + (" or more" if len(words) > 3 else "") if words else "not"


@dataclass(frozen=True)
class Say:
    """Makes findings about one driver of one commit under one configuration."""

    driver: str
    c: Sources

    def error(self, message: str, place: Extent, *notes: str) -> Finding:
        """Return what fails a run."""
        return self.finding(f"{self.driver}: {message}", place, Severity.ERROR, notes)

    def note(self, message: str, path: str) -> Finding:
        """Return what is worth knowing about a file."""
        place = Extent(path, "", 0, 0, 0, 0)
        return self.finding(f"{self.driver}: {message}", place, Severity.NOTE, ())

    def unread(self, unread: Iterable[Unnamed]) -> Iterator[Finding]:
        """Yield a warning for each construct that the reader does not follow."""
        for one in unread:
            yield self.finding(
                f"{self.driver}: {one.text}: the comparison may be wrong near here",
                one.place, Severity.WARNING, (),
            )

    def finding(
        self, message: str, place: Extent, severity: Severity, notes: tuple[str, ...]
    ) -> Finding:
        """Return a finding at a place, of this commit and configuration."""
        return Finding(
            RULE, message, place.path, place.line, place.column, severity, self.c.commit,
            self.c.config, notes,
        )
