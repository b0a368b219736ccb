# SPDX-License-Identifier: GPL-2.0-only
"""Every commit of a series at its waypoint: its C is its design, under one configuration."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from checks.compiling.frontend import STRANGE, diagnose
from checks.compiling.target import text_at
from checks.compiling.unbuilt import why as unbuilt_why
from checks.finding import Finding, Severity
from checks.patches.conformance import hold, sources
from checks.patches.unchanged import unchanged
from generator.design import Driver
from generator.kernel.configurations import DIRS
from generator.series.commit import Commit

if TYPE_CHECKING:
    from generator.kernel.kbuild import Base

Overlay = Mapping[str, bytes | None]


def walk(commits: Sequence[Commit], base: Base) -> Iterator[tuple[Finding, ...]]:
    """Yield what there is to say of each commit, in order.

    Errors: TreeError when kconfig, kbuild or libclang cannot do its part.
    """
    before: Overlay = {}
    for commit in commits:
        yield at(commit, before, base)
        before = commit.overlay


def at(commit: Commit, before: Overlay, base: Base) -> tuple[Finding, ...]:
    """Return where a commit's C is not its design, or is not what it was though it claims so.

    before: all files that differ from the base before the commit.
    """
    drivers = commit.drivers()
    found: list[Finding] = []
    for driver in drivers:
        if driver.sources and driver.variable:
            c = sources(base, commit.overlay, driver.sources, commit.name)
            found += hold(driver, c)
    if commit.unchanged:
        paths = tuple(affected(commit, before, base, drivers))
        old = sources(base, before, paths, commit.name)
        new = sources(base, commit.overlay, paths, commit.name)
        found += unchanged(old, new, drivers)
    return tuple(found)


def unheld(commit: Commit, bases: Sequence[Base]) -> tuple[Finding, ...]:
    """Return what the C of drivers says that no configuration builds, with its symbols switched on.

    What is built then neither is held to no design, and that is a warning: it is no pass.
    Errors: TreeError.
    """
    from generator.kernel import kbuild, variant

    found: list[Finding] = []
    for driver in commit.drivers():
        if not (driver.sources and driver.variable):
            continue
        read = partial(text_at, commit.overlay, bases[0].tree.work)
        lone = [path for path in driver.sources if read(path) is not None and not any(
            path in kbuild.units(variant.at(base, commit.overlay), (path.rpartition("/")[0],))
            for base in bases
        )]
        symbols = sorted({one for path in lone for one in unbuilt_why(path, read).wanted})
        if not lone:
            continue
        on = [f"CONFIG_{one}=y" for one in symbols]
        under = variant.at(bases[0], commit.overlay, on, strict=not on)
        odd = _odd(commit, commit.overlay, under, lone)
        found += odd
        if odd:
            continue
        c = sources(bases[0], commit.overlay, driver.sources, commit.name, symbols)
        found += hold(driver, c)
        found += [
            Finding("waypoint", f"no configuration builds {path}: its C is not held to the design "
                    f"({unbuilt_why(path, read).text})", path, commit=commit.name,
                    severity=Severity.WARNING)
            for path in lone if path not in c.units
        ]
    return tuple(dict.fromkeys(found))


def strange(commit: Commit, before: Overlay, base: Base) -> tuple[Finding, ...]:
    """Return what keeps a commit's C from being read in this process, after a look in another.

    Errors: TreeError, EnvironmentFault when there is no sandbox to look in.
    """
    from generator.kernel import variant

    drivers = commit.drivers()
    paths = {path for driver in drivers for path in driver.sources}
    if commit.unchanged:
        paths |= set(affected(commit, before, base, drivers))
    found: list[Finding] = []
    for overlay in (before, commit.overlay):
        found += _odd(commit, overlay, variant.at(base, overlay), paths)
    return tuple(dict.fromkeys(found))


def _odd(
    commit: Commit, overlay: Overlay, under: Base, paths: Collection[str]
) -> list[Finding]:
    """Return what keeps the units among some files from being read in this process."""
    from generator.kernel import kbuild
    from generator.parsing import unit

    built = kbuild.units(under, sorted({path.rpartition("/")[0] for path in paths}))
    return [
        Finding("waypoint", f"{one.text}; not held to its design", one.path, one.line,
                commit=commit.name, config=under.config.name)
        for path in sorted(set(paths) & set(built))
        for one in diagnose(unit.job(under, path, overlay)).diagnostics if one.option in STRANGE
    ]


def affected(
    commit: Commit, before: Overlay, base: Base, drivers: Iterable[Driver]
) -> Iterator[str]:
    """Yield the units of drivers that a commit can change: touched, or naming a touched header.

    The other files of the same drivers are among them: one file's helpers are another's.
    """
    from generator.kernel import kbuild, variant

    touched = {path for path in commit.changed if path.endswith(".c")}
    whole = [set(driver.sources) for driver in drivers if touched & set(driver.sources)]
    yield from sorted(touched.union(*whole))
    headers = [path.rpartition("/")[2].encode() for path in commit.changed if path.endswith(".h")]
    if not headers:
        return
    for path in kbuild.units(variant.at(base, commit.overlay), DIRS):
        if path in touched:
            continue
        text = before.get(path) or (base.tree.work / path).read_bytes()
        if b"_driver " in text and any(name in text for name in headers):
            yield path
