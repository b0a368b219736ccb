# SPDX-License-Identifier: GPL-2.0-only
"""A driver's C file in a kernel tree, parsed as kbuild builds it, or as nearly as it can be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType

from generator.errors import TreeError, UsageError
from generator.extraction import makefile
from generator.extraction.selected import selected
from generator.kernel import kbuild, tree, variant
from generator.kernel.configurations import CONFIGS
from generator.kernel.kbuild import Base
from generator.kernel.tree import Tree
from generator.parsing import unit
from generator.parsing.job import Job, Overlay
from generator.parsing.unit import Unit
from generator.reading.initialisers import entry_points

CONFIG = "m"  # the configuration that is asked first
MOST_FILES = 12  # of a module that are read with the one that is asked for
ELSEWHERE = "drivers/base/core.c"  # whose flags serve where a directory has none

# What Kconfig files hide whole menus by from who has not asked for them.
_HIDING = ("CONFIG_MEDIA_SUPPORT_FILTER=n", "CONFIG_GPIOLIB=y", "CONFIG_OF=y", "CONFIG_REGULATOR=y")


@dataclass(frozen=True)
class Source:
    """A parsed file, and how far it is what kbuild compiles.

    config: the configuration, with the symbol that was switched on for it. doubt: why it is only
    nearly so, "" when it is exact.
    """

    unit: Unit
    config: str
    doubt: str = ""


def find(where: Tree, name: str) -> str:
    """Return the path of a driver: as given, or of the one C file below drivers/ of that name.

    Where there is none, it is the name of a module, and the file of that which has a driver.

    Errors: UsageError when there is none, or several.
    """
    path = name.removeprefix("./")
    files = [one for one in tree.files(where, where.base) if one.endswith(".c")]
    if path in set(files):
        return path
    stem = path.rpartition("/")[2].removesuffix(".c")
    spellings = {stem, stem.replace("_", "-"), stem.replace("-", "_")}
    found = [
        one for one in files
        if one.startswith(("drivers/", "sound/", "arch/"))
        and one.rpartition("/")[2].removesuffix(".c") in spellings
    ]
    if len(found) == 1 and "/" not in path:
        return found[0]
    if "/" in path:
        raise UsageError(f"{name}: no such C file in {where.version}")
    if not found:
        return makefile.with_driver(where, stem)
    raise UsageError(f"{name}: several files have that name, {', '.join(found[:8])}: give the path")


def _trusted(_: Job) -> None:
    """Take what is to be parsed as the user's own."""


def parsed(
    where: Tree, path: str, overlay: Overlay = MappingProxyType({}),
    look: Callable[[Job], None] = _trusted, *, exact: bool = True,
) -> Source:
    """Return a file of a tree, parsed under a configuration that builds it if there is one.

    overlay: path -> text of files that are to be other than the tree has them. look: who looks at
    what is about to be parsed in this process, and raises when it must not be. Without `exact`
    nothing is switched on for a file that is not built, which takes kbuild some seconds: it is
    read with the flags of another, and that is its doubt.

    Errors: TreeError when kbuild or libclang cannot do its part.
    """
    base = kbuild.prepare(where, CONFIGS[CONFIG])
    if not exact:
        doubt = f"read with the flags of {ELSEWHERE}"
        return _nearly(base, path, overlay, look, doubt, ELSEWHERE)
    if _builds(base, path):
        return _checked(base, path, overlay, CONFIG, look)
    symbol = _symbol(where, path)
    above = _entering(where, path)
    several = dict.fromkeys(((symbol,), (symbol, *above)))
    if symbol and not _grantable(base, path, symbol):
        del several[symbol,]
    for wanted in several if symbol else ():
        try:
            alone = len(wanted) == 1
            asked = (*(f"{one}=m" for one in wanted), *(() if alone else _HIDING))
            at = variant.at(base, {}, asked, strict=alone)
            if _builds(at, path):
                with_ = f"{CONFIG} with {', '.join(asked)}"
                return _checked(at, path, overlay, with_, look)
        except TreeError:
            pass  # what it depends on is not there
    doubt = f"{path} is not built under configuration {CONFIG}"
    doubt += f" with {symbol}=m" if symbol else ""
    try:
        like = kbuild.flags(base, path).neighbour or ""
    except TreeError:  # nothing is built in that directory
        like = ELSEWHERE
    doubt = f"{doubt}: read with the flags of {like}"
    return _nearly(base, path, overlay, look, doubt, like)


def _nearly(
    base: Base, path: str, overlay: Overlay, look: Callable[[Job], None], doubt: str, like: str
) -> Source:
    """Return a file as the flags of another have it; with its own symbols where it must be."""
    try:
        return _checked(base, path, overlay, CONFIG, look, doubt, like)
    except TreeError:
        own = _symbol(base.tree, path)
        symbols = tuple(one for one in (own, *_entering(base.tree, path)) if one)
        if not symbols:
            raise
    wanted = selected(base.tree, *symbols)
    doubt += f" and {len(wanted)} symbols that {symbols[0]} stands for"
    return _checked(base, path, overlay, CONFIG, look, doubt, like, wanted)


def whole_module(
    where: Tree, path: str, *, exact: bool = True
) -> tuple[Source, tuple[Unit, ...], tuple[str, ...]]:
    """Return a file, all that can be read of its module, itself last, and why others are not.

    A file that defines a function which another one has as well is left out: what it calls by that
    name is its own. One beside it is taken, too, that exports the probe of its driver.

    Errors: TreeError when the file itself cannot be parsed.
    """
    first = parsed(where, path, exact=exact)
    others = makefile.beside(where, path)
    others += tuple(one for one in exporters(where, first.unit) if one not in others)
    if len(others) > MOST_FILES:
        return first, (first.unit,), (f"{len(others)} other files of its module: too many",)
    units: list[Unit] = []
    said: list[str] = []
    names = set(first.unit.definitions)
    for other in others:
        try:
            unit = parsed(where, other, exact=exact).unit
        except TreeError as error:
            said.append(f"{other}: {error}")
            continue
        twice = sorted(names & set(unit.definitions))
        if twice:
            said.append(f"{other}: it defines {twice[0]}() as well")
            continue
        names |= set(unit.definitions)
        units.append(unit)
    return first, (*units, first.unit), tuple(said)


def exporters(where: Tree, one: Unit) -> tuple[str, ...]:
    """Return the files beside one that export the probes of its drivers to it."""
    probes = {named.members.get("probe", "") for named in entry_points(one)}
    found = (makefile.exporting(where, one.path, name)
             for name in sorted(probes - {""} - set(one.definitions)))
    return tuple(dict.fromkeys(path for path in found if path))


def _builds(base: Base, path: str) -> bool:
    try:
        return path in kbuild.units(base, (path.rpartition("/")[0],))
    except TreeError:  # nothing at all is built in that directory
        return False


def _checked(
    base: Base, path: str, overlay: Overlay, config: str, look: Callable[[Job], None],
    doubt: str = "", like: str = "", wanted: tuple[str, ...] = (),
) -> Source:
    job = replace(unit.job(base, path if like != ELSEWHERE else like, overlay), path=path)
    if like:
        defined = (f"-D{one}=1" for one in wanted)
        job = replace(job, flags=(*job.flags, *_includes(base.tree, path), *defined))
    look(job)
    found = unit.parse_once(job)
    wrong = [one for one in found.diagnostics if one.severity == "error"]
    if wrong:
        first = f"{wrong[0].path}:{wrong[0].line}: {wrong[0].text}"
        raise TreeError(f"{path} does not compile under configuration {config}: {first}")
    return Source(found, config, doubt)


def _includes(where: Tree, path: str) -> tuple[str, ...]:
    """Return where the Makefile of a file's directory has headers looked for besides."""
    directory = path.rpartition("/")[0]
    text = (tree.read(where, where.base, f"{directory}/Makefile") or b"").decode("utf-8", "replace")
    lines = re.findall(r"^(?:ccflags|subdir-ccflags)-\S+\s*[:+]?=(.*)$", text, re.M)
    named = re.findall(r"-I\s*\$\((srctree|src)\)/?(\S*)", " ".join(lines))
    roots = {"srctree": where.work, "src": where.work / directory}
    return tuple(f"-I{roots[root] / below}" for root, below in named)


def _symbol(where: Tree, path: str) -> str:
    """Return the CONFIG_ symbol on which a Makefile has the object of a file; "" for none.

    Of a file that is one of several of a module it is the module's.
    """
    directory, _, name = path.rpartition("/")
    stem = name.removesuffix(".c")
    objects = (stem, *makefile.modules_of(where, path))
    return next((symbol for one in objects if (symbol := _named(where, directory, f"{one}.o"))), "")


def _entering(where: Tree, path: str) -> tuple[str, ...]:
    """Return the CONFIG_ symbols on which Makefiles and menus come to the directory of a file."""
    parts = path.split("/")[:-1]
    found: list[str] = []
    for at in range(1, len(parts)):
        here = "/".join(parts[: at + 1])
        text = tree.read(where, where.base, f"{here}/Kconfig") or b""
        menu = re.search(rb"^menuconfig (\w+)", text, re.M)
        found += [f"CONFIG_{menu[1].decode()}"] if menu else []
        found.append(_named(where, "/".join(parts[:at]), f"{parts[at]}/"))
    return tuple(dict.fromkeys(one for one in found if one))


def _grantable(base: Base, path: str, symbol: str) -> bool:
    """Return whether a symbol may be on by itself: all that it depends on is, as far as is plain.

    What its entry joins by `&&` and is off keeps it off; conf, which would say so, takes seconds.
    """
    directory, name = path.rpartition("/")[0], symbol.removeprefix("CONFIG_")
    entry = re.compile(rf"^(?:menu)?config[ \t]+{name}[ \t]*\n((?:[ \t].*\n|\n)*)", re.M)
    while directory:
        text = (tree.read(base.tree, base.tree.base, f"{directory}/Kconfig") or b"").decode(
            "utf-8", "replace")
        found = entry.findall(text.replace("\\\n", " ") + "\n")
        if found:
            break
        directory = directory.rpartition("/")[0]
    else:
        return True
    depends = re.findall(r"^[ \t]+depends on[ \t]+([^#\n]+)", found[0], re.M)
    every = {part.strip() for one in depends if not re.search(r"\bif\b|\|\||\(", one)
             for part in one.split("&&")}
    return len(found) > 1 or all(
        re.search(rf"^#define CONFIG_{one}(?:_MODULE)? ", base.autoconf, re.M)
        for one in every if re.fullmatch(r"[A-Z]\w*", one))


def _named(where: Tree, directory: str, item: str) -> str:
    """Return the CONFIG_ symbol on which the Makefile of a directory has an item; "" for none."""
    text = (tree.read(where, where.base, f"{directory}/Makefile") or b"").decode("utf-8", "replace")
    found = re.search(
        rf"^obj-\$\((CONFIG_\w+)\)\s*\+?=.*?(?<![\w-]){re.escape(item)}(?!\S)", text, re.M)
    return found.group(1) if found else ""
