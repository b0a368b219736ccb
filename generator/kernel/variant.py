# SPDX-License-Identifier: GPL-2.0-only
"""A commit over a prepared tree: its Kconfig files decide what is on, its Makefiles what is built.

    at(base, changed, extra) -> Base    the base under a commit
    autoconf(base, changed) -> str      the autoconf.h of that commit
    asleep(base, changed)               all that Kconfig files and Makefiles change is off there
    ungranted(base) -> lines            what was asked for, and this commit does not give

What a commit makes conf and make do is done in a sandbox; both only write what is read as data.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from generator.errors import ProgramFailed
from generator.kernel.apart import note, same, settings, symbols_of
from generator.kernel.asleep import Known, kconfig, read_by
from generator.kernel.configurations import SOURCES
from generator.kernel.farm import digests, farm
from generator.kernel.kbuild import Base, key
from generator.kernel.kconfig import check_wanted, configure, seed, wrong_lines
from generator.kernel.made import made
from generator.kernel.tree import check_path
from generator.kernel.unbuildable import Complaint, Unbuildable
from generator.system.turns import turn

_RING = "recursive dependency detected"
_SAID = re.compile(r"([\w./+-]+):(\d+): ?(.+)")


def _is_kconfig(path: str) -> bool:
    return path.rpartition("/")[2].startswith("Kconfig")


def _is_makefile(path: str) -> bool:
    return path.rpartition("/")[2] in ("Makefile", "Kbuild") or path.endswith(".mk")


def at(
    base: Base, changed: Mapping[str, bytes | None], extra: Sequence[str] = (),
    *, strict: bool = True,
) -> Base:
    """Return the base under a commit: its Kconfig files decide, its Makefiles name the units.

    changed: every file that differs from the base commit, None for a deleted one.
    extra: further configuration lines, for symbols that only the commit has; strict: all of them
    must hold.
    Errors: Unbuildable (kconfig cannot read it, or a header cannot be made of it), TreeError (it
    did not give `extra`), EnvironmentFault.
    """
    found, headers = _configured(base, changed, extra, strict=strict), made(base, changed)
    return replace(found, made=headers) if headers else found


def _configured(
    base: Base, changed: Mapping[str, bytes | None], extra: Sequence[str], *, strict: bool
) -> Base:
    known = base.tree.work
    count: dict[str, bytes | None] = {}
    for path, text in sorted(changed.items()):
        check_path(path)
        if _is_kconfig(path) or _is_makefile(path):
            count[path] = text
        elif path.endswith((".c", ".S")) and (text is None or not (known / path).exists()):
            # Of a unit only matters that it is there.
            count[path] = None if text is None else b""
    if not count and not extra:
        return base
    home = base.build / "variants" / key(*digests(count), *extra, *_lenient(strict))
    with turn(str(base.build)):  # states of one build may ask the same of conf
        if not home.is_dir():
            home.parent.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="tmp-", dir=home.parent) as name:
                fresh = Path(name, "variant")
                farm(known, count, fresh / "farm")
                _configure_variant(base, fresh, count, extra, strict=strict)
                note(fresh, count)
                with suppress(OSError):
                    # Another run may have been faster.
                    os.rename(fresh, home)
    alike = None
    if extra:
        # a symbol that only the commit has is none of the tree's own
        alike = _configured(base, {}, extra, strict=False).variant if count else home
    said = (home / "autoconf.h").read_text(encoding="utf-8")
    return replace(base, autoconf=said, variant=home, alike=alike)


def autoconf(base: Base, changed: Mapping[str, bytes | None], extra: Sequence[str] = ()) -> str:
    """Return the text of autoconf.h for a commit that changes Kconfig files.

    Errors: TreeError (kconfig, or it did not give what was asked), EnvironmentFault.
    """
    return at(base, changed, extra).autoconf


def _configure_variant(
    base: Base, home: Path, changed: Mapping[str, bytes | None], extra: Sequence[str],
    *, strict: bool,
) -> None:
    """Put the configuration of a commit beside its farm; what kconfig read decides it."""
    asked = {path: text for path, text in changed.items() if _is_kconfig(path)}
    source = base.build
    if asked or extra:
        name = key(*digests(asked), *extra, *_lenient(strict))
        source = base.build / "variants" / f"conf-{name}"
        if not source.is_dir() and not extra and _off(base, asked):
            # the same files of one directory in arch/
            sources = SOURCES.get(base.config.arch, base.config.arch)
            once = f"{base.tree.work} {sources} {name}"
            with turn(once):
                if once in _read:
                    source = base.build
                else:
                    _conf(base, home, source, next(iter(asked), "Kconfig"), extra, strict=strict)
                    if settings(source / _AUTO) == settings(base.build / _AUTO):
                        _read.add(once)
        elif not source.is_dir():
            _conf(base, home, source, next(iter(asked), "Kconfig"), extra, strict=strict)
    for name, kept in (
        ("include/generated/autoconf.h", "autoconf.h"),
        ("include/config/auto.conf", "auto.conf"),
        (".config", "dot-config"),
    ):
        shutil.copyfile(source / name, home / kept)
    shutil.rmtree(home / "conf", ignore_errors=True)


# Kconfig files of commits that conf has read in this run, and that are nothing to configurations
# in which all that they change is off.
_read: set[str] = set()
_AUTO = "include/config/auto.conf"


def asleep(base: Base, changed: Mapping[str, bytes | None]) -> bool:
    """Return whether Kconfig files and Makefiles come to the same in a configuration.

    changed: those that differ. Makefiles that are read only for their directory are meant.
    """
    asked = {path: text for path, text in changed.items() if _is_kconfig(path)}
    before = _as_in(base, changed)
    on = symbols_of(settings(base.build / _AUTO))
    return _off(base, asked) and all(
        same(before[path], text, on) for path, text in changed.items() if path not in asked)


def _as_in(base: Base, paths: Iterable[str]) -> dict[str, bytes | None]:
    return {path: file.read_bytes() if (file := base.tree.work / path).is_file() else None
            for path in paths}


def _off(base: Base, asked: Mapping[str, bytes | None]) -> bool:
    """Return whether all that Kconfig files change is off in a configuration, and comes off."""
    if base.config.kind:
        return False
    before = _as_in(base, asked)
    noted = (base.build / f"{_AUTO}.cmd").read_bytes()
    known = Known.of(tuple(base.tree.work / one for one in read_by(noted)))
    seeded = set(re.findall(r"CONFIG_\w+", seed(base.config, base.tree.work)))
    return kconfig(known, before, asked, symbols_of(settings(base.build / _AUTO)) | seeded)


def _conf(
    base: Base, home: Path, place: Path, where: str, extra: Sequence[str], *, strict: bool
) -> None:
    """Run conf for a commit, and put what comes of it in its place."""
    lines = seed(base.config, base.tree.work) + "".join(f"{line}\n" for line in extra)
    _configure(base, home, lines, where)
    told = (home / "conf" / ".config").read_text(encoding="utf-8")
    wanted = extra if strict and not base.config.kind else ()
    check_wanted(base.config, wanted, told, "this commit", common=())
    with suppress(OSError):
        # Another run may have been faster.
        os.rename(home / "conf", place)


def _lenient(strict: bool) -> tuple[str, ...]:
    return () if strict else ("as far as it goes",)


def _configure(base: Base, home: Path, lines: str, where: str) -> None:
    """Run conf on a commit; what it says of the commit's files is the commit's fault.

    where: one of them, for what it says without a place.
    """
    farm = home / "farm"
    try:
        configure(base.build, base.config, farm, home / "conf", lines,
                  (base.tree.work, base.build))
    except ProgramFailed as failed:
        said = (_SAID.fullmatch(line.strip()) for line in failed.stderr.splitlines())
        found = tuple(Complaint(one[1].removeprefix(f"{farm}/"), int(one[2]), one[3])
                      for one in said if one)
        if not found and _RING in failed.stderr:
            ring = [line.strip() for line in failed.stderr.partition(_RING)[2].splitlines()
                    if line.strip().startswith("symbol ")]
            found = (Complaint(where, 0, f"{_RING}: {'; '.join(ring)}"),)
        if not found:
            raise
        raise Unbuildable(found) from failed


def ungranted(base: Base) -> tuple[str, ...]:
    """Return what was asked of kconfig and a commit does not give, as `asked for A, got B`."""
    if base.variant is None or base.config.kind:
        return ()
    told = (base.variant / "dot-config").read_text(encoding="utf-8")
    return tuple(wrong_lines(base.config.wanted, told))
