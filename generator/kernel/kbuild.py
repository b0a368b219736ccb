# SPDX-License-Identifier: GPL-2.0-only
"""What kbuild and kconfig say about a tree: headers, configurations, compile flags, units.

    prepare_all(tree, configs)          two at a time, with their flags
    prepare(tree, config) -> Base       one O= directory per configuration, ready to compile in
    flags(base, path) -> Flags          how kbuild compiles a unit, all paths absolute
    units(base, dirs) -> paths          what is compiled under this configuration
    complaints(base, dirs)              what a commit names and make cannot build

variant.py gives the same for a commit.

The build directory serves every commit on a base: lay `base.autoconf` over
`base.autoconf_path`, and `base.made` over the headers that they name. The other headers that `make
prepare` generates are those of the base commit.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from generator.errors import ProgramFailed, TreeError
from generator.kernel.apart import settings, symbols_of, untouched
from generator.kernel.asleep import makefile
from generator.kernel.clone import whole
from generator.kernel.compiled import absolute, words
from generator.kernel.configurations import DIRS, SOURCES, WHOLE, Config
from generator.kernel.kconfig import (
    check_wanted,
    identity,
    make,
    save_environment,
    seed,
)
from generator.kernel.rehearsed import ENTERED, rehearsed
from generator.kernel.sound import sound
from generator.kernel.tree import Tree
from generator.kernel.unbuildable import Complaint, complaints_in
from generator.system.cache import cache, keep, locked
from generator.system.holding import hold
from generator.system.progress import say
from generator.system.turns import turn

# A dry run, with the warnings that a series must not add to.
_DRY = ("-n", "W=1")
# Of the flags kept on disk; counts up when what we keep changes.
_FORM = "2"

@dataclass(frozen=True)
class Base:
    """A tree under a configuration, ready to compile in; `variant` is where a commit differs.

    `alike` is the variant of the same symbols without the commit: its flags are the tree's own.
    `made` are the headers, below the build directory, that kbuild makes otherwise of the commit.
    """

    tree: Tree
    config: Config
    build: Path
    autoconf_path: Path
    autoconf: str
    variant: Path | None = None
    alike: Path | None = None
    made: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Flags:
    """Arguments for one unit without compiler, -c, -o and source; every path is absolute.

    neighbour: the unit they were taken from when kbuild does not build this one itself.
    modname: KBUILD_MODNAME.
    """

    args: tuple[str, ...]
    modname: str
    neighbour: str | None = None


def compiler(base: Base) -> str:
    """Return the compiler that the tree was configured with."""
    return base.config.compiler


def prepare(tree: Tree, config: Config) -> Base:
    """Configure a tree and make the headers that its units include; the second time it is read.

    Errors: TreeError (kconfig did not give what was asked, make failed), EnvironmentFault.
    """
    tree = whole(tree)
    build = _place(tree, config)
    hold(build)
    stamp = build / "prepared.json"
    if not stamp.exists():
        with locked(f"kbuild-{build.name}"):
            if not stamp.exists():
                _prepare(tree, config, build, stamp)
    path = build / "include" / "generated" / "autoconf.h"
    return Base(tree, config, build, path, path.read_text(encoding="utf-8"))


def prepared(tree: Tree, config: Config) -> bool:
    """Return whether prepare() of a whole tree has nothing to do but to read."""
    return (_place(tree, config) / "prepared.json").exists()


def _place(tree: Tree, config: Config) -> Path:
    asked = (_words(config), seed(config, tree.work))
    name = key(tree.base, str(tree.work), *asked, identity(config.compiler))
    return cache() / "kbuild" / f"{tree.version}-{config.name.replace(':', '-')}-{name}"


def _words(config: Config) -> str:
    """Return what a configuration is, with the same words as before there were kinds."""
    plain = repr(config)
    return plain if config.kind else plain.replace(", kind='')", ")")


def prepare_all(tree: Tree, configs: Sequence[Config]) -> tuple[Base, ...]:
    """Prepare several configurations and their flags, two at a time.

    Errors: TreeError (kconfig did not give what was asked, make failed), EnvironmentFault.
    """
    first = {config.arch: config for config in reversed(configs)}
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda config: prepare(tree, config), first.values()))
        bases = tuple(pool.map(lambda config: prepare(tree, config), configs))
        # Asks for the flags, which are then kept.
        list(pool.map(lambda base: units(base, DIRS), bases))
        return bases


def _prepare(tree: Tree, config: Config, build: Path, stamp: Path) -> None:
    say(f"preparing headers for configuration {config.name} ({config.arch})")
    if build.exists():
        shutil.rmtree(build)
    build.parent.mkdir(parents=True, exist_ok=True)
    sibling = _sibling(tree, config, build)
    if sibling is None:
        build.mkdir()
    else:
        # Host programs are the same; make rebuilds whatever is not.
        ours = shutil.ignore_patterns(
            "source", "variants", "flags-*", "prepared.json", ".tmp_*"
        )
        shutil.copytree(sibling, build, symlinks=True, ignore=ours)
    (build / ".config").write_text(seed(config, tree.work), encoding="utf-8")
    save_environment(tree.work, build, config)
    told = (build / ".config").read_text(encoding="utf-8")
    if not config.kind:
        check_wanted(config, config.wanted, told, tree.source)
    # A dry run of make enters it.
    build.joinpath(ENTERED).mkdir(parents=True, exist_ok=True)
    # All that headers need; objtool and the rest of `prepare` is for linking.
    make(tree.work, build, config, "-j2", "prepare0")
    keep(stamp, json.dumps(_made_of(tree, config)))


def _sibling(tree: Tree, config: Config, build: Path) -> Path | None:
    mine = _made_of(tree, config)
    for stamp in sorted(build.parent.glob(f"{tree.version}-*/prepared.json")):
        if json.loads(stamp.read_text(encoding="utf-8")) == mine:
            return stamp.parent
    return None


def _made_of(tree: Tree, config: Config) -> dict[str, str]:
    """Return what a build directory's host programs are of: those of a sibling are taken over."""
    return {"base": tree.base, "work": str(tree.work), "arch": config.arch}


def key(*parts: str) -> str:
    """Return a short name of some words: equal words, equal names."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def flags(base: Base, path: str) -> Flags:
    """Return how kbuild compiles a unit; what it does not build takes a neighbour's flags.

    Errors: TreeError when the directory has no unit at all under this configuration.
    """
    table = _around(base, path.rpartition("/")[0])
    if path in table:
        return table[path]
    directory = path.rpartition("/")[0]
    beside = sorted(p for p in table if p.rpartition("/")[0] == directory)
    if not beside:
        raise TreeError(
            f"{path}: kbuild builds nothing in {directory} under configuration "
            f"{base.config.name}; ask units() what it builds"
        )
    # A file of the same composite module, when the names suggest one, is the better neighbour.
    stem = path.rpartition("/")[2].removesuffix(".c")
    source = max(beside, key=lambda p: _alike(p.rpartition("/")[2], stem))
    mine = {
        "KBUILD_MODFILE": f'"{directory}/{stem}"',
        "KBUILD_BASENAME": f'"{re.sub("[-,]", "_", stem)}"',
        "KBUILD_MODNAME": f'"{re.sub("[-,]", "_", stem)}"',
        "__KBUILD_MODNAME": f"kmod_{re.sub('[-,]', '_', stem)}",
    }
    args = tuple(
        f"-D{found.group(1)}={mine[found.group(1)]}"
        if (found := re.match(r"-D(\w+)=", arg)) and found.group(1) in mine
        else arg
        for arg in table[source].args
    )
    return Flags(args, modname=mine["KBUILD_MODNAME"].strip('"'), neighbour=source)


def _alike(name: str, stem: str) -> int:
    pairs = zip(name, stem, strict=False)
    return next((n for n, (one, other) in enumerate(pairs) if one != other), len(stem))


def units(base: Base, dirs: Sequence[str]) -> tuple[str, ...]:
    """Return the .c files below some directories that are built under this configuration, sorted.

    Errors: TreeError.
    """
    found: set[str] = set()
    for directory in dirs:
        prefix = directory.rstrip("/") + "/"
        table = _around(base, directory.rstrip("/"))
        found.update(path for path in table if path.startswith(prefix))
    return tuple(sorted(found))


def everywhere(base: Base) -> tuple[str, ...]:
    """Return the .c files that are built under this configuration before any commit, sorted.

    Errors: TreeError.
    """
    return tuple(sorted(_table(_before(base), WHOLE)))


def far_flags(base: Base, path: str) -> Flags:
    """Return how kbuild compiles a unit of everywhere(), before any commit."""
    return _table(_before(base), WHOLE)[path]


def _before(base: Base) -> Base:
    return replace(base, variant=None, autoconf="", alike=None, made=())


def _group(path: str) -> tuple[str, ...]:
    parts = path.split("/")[:-1]
    top = "/".join(parts[: 3 if parts[0] == "arch" else 2])
    return DIRS if top in DIRS else (top,)


def complaints(base: Base, dirs: Sequence[str]) -> tuple[Complaint, ...]:
    """Return what a commit's Makefiles below some directories ask for and make cannot do.

    Errors: TreeError, Refused.
    """
    if base.variant is None:
        return ()
    found: list[Complaint] = []
    for group in dict.fromkeys(_group(directory.rstrip("/") + "/x") for directory in dirs):
        _table(base, group)
        kept = base.variant / f"{_name(group)}.said"
        if kept.exists():
            found += [Complaint(*row) for row in json.loads(kept.read_text(encoding="utf-8"))]
    return tuple(dict.fromkeys(found))


def _name(dirs: tuple[str, ...]) -> str:
    return f"flags-{key(_FORM, *_DRY, *sorted(dirs))}"


def _around(base: Base, directory: str) -> Mapping[str, Flags]:
    """Return the units of a directory's group, or its own: some are entered from elsewhere."""
    group = _group(f"{directory}/x")
    table = _above(base, group) or _table(base, group)
    inside = any(path.startswith(f"{directory}/") for path in table)
    if inside or directory in group or not _has(base, directory) or _off(base, directory):
        return table
    return _table(base, (directory,))


@functools.lru_cache(maxsize=256)
def _off(base: Base, directory: str) -> bool:
    """Return whether all that the Makefile of a directory names is off: make is not asked."""
    work = base.tree.work if base.variant is None else base.variant / "farm"
    found = (work / directory / name for name in ("Kbuild", "Makefile"))
    text = next((file.read_bytes() for file in found if file.exists()), None)
    return makefile(text, symbols_of(settings(_auto(base))))


def _auto(base: Base) -> Path:
    return (base.variant or base.build / "include/config") / "auto.conf"


def _above(base: Base, group: tuple[str, ...]) -> Mapping[str, Flags]:
    """Return what make has said already of a directory above, empty for none: it says the same."""
    parts = group[0].split("/") if len(group) == 1 else []
    for end in range(1, len(parts)):
        above = ("/".join(parts[:end]),)
        if _kept(_as_before(base, above) or base, above).exists():
            return _table(base, above)
    return {}


def _kept(base: Base, dirs: tuple[str, ...]) -> Path:
    return (base.variant or base.build) / f"{_name(dirs)}.json"


@functools.lru_cache(maxsize=256)
def _table(base: Base, dirs: tuple[str, ...]) -> Mapping[str, Flags]:
    before = _as_before(base, dirs)
    if before is not None:
        return _table(before, dirs)
    kept = _kept(base, dirs)
    with turn(str(kept)):
        if kept.exists():
            return {path: Flags(tuple(row["args"]), row["modname"])
                    for path, row in json.loads(kept.read_text(encoding="utf-8")).items()}
        table = _ask(base, dirs)
        said = {path: {"args": one.args, "modname": one.modname} for path, one in table.items()}
        keep(kept, json.dumps(said))
    return table


def _without(base: Base) -> Base:
    """Return a base with the same symbols, and without the commit."""
    before = _before(base)
    return replace(before, variant=base.alike, alike=base.alike) if base.alike else before


@functools.lru_cache(maxsize=256)
def _as_before(base: Base, dirs: tuple[str, ...]) -> Base | None:
    """Return the base without its commit, where make says the same of some directories."""
    if base.variant is None or base.variant == base.alike:
        return None
    before = _without(base)
    return before if untouched(base.variant, _auto(before), base.tree.work, dirs) else None


def _ask(base: Base, dirs: tuple[str, ...]) -> dict[str, Flags]:
    """Return what a dry run of make would compile, and how."""
    config = base.config
    there = [d for d in dirs if _has(base, d)]
    targets = [f"{directory}/" for directory in there]
    if not there:  # without a target it would be all
        return {}
    if base.variant is None:
        work, told = base.tree.work, make(base.tree.work, base.build, config, *_DRY, *targets)
        said: tuple[Complaint, ...] = ()
    else:
        work = base.variant / "farm"
        done = rehearsed(base.build, base.variant, config, base.tree.work, (*_DRY[1:], *targets))
        told = done.said
        said = complaints_in(told, work) if done.status else ()
        if done.status and not said:
            raise ProgramFailed(done.argv, done.status, told)
    table: dict[str, Flags] = {}
    cc = re.escape(config.compiler)
    line_of = re.compile(rf"; ({cc} -Wp,-MMD\S* .*? -c -o \S+\.o (\S+\.c)) *;")
    for line in told.splitlines():
        for found in line_of.finditer(line):
            source = Path(found.group(2))
            # Programs for the building machine are made as well, elsewhere.
            if any(source.is_relative_to(work / directory) for directory in there):
                entry = Flags(*absolute(
                    words(found.group(1)), work, base.tree.work, base.build))
                table[str(source.relative_to(work))] = entry
    if base.variant is not None:
        if base.variant != base.alike:
            before = _without(base)
            # of a new directory others tell; make is not asked of them when it need not be
            others = ((before, dirs), (_before(base), DIRS), (before, DIRS))
            known = ({arg for one in _table(*place).values() for arg in one.args}
                     for place in others)
            sound({path: one.args for path, one in table.items()}, known,
                  (base.tree.work, base.build))
        rows = [[one.path, one.line, one.text] for one in said]
        keep(base.variant / f"{_name(dirs)}.said", json.dumps(rows))
    # Nothing need be on in a directory, but what is compiled there must have been understood.
    places = "|".join(map(re.escape, there))
    compiles = rf"-c -o \S+\.o {re.escape(str(work))}/(?:{places})/\S+\.c"
    if not table and not said and re.search(compiles, told):
        raise TreeError(f"make -n {shlex.join(targets)} names no unit:\n{told[-2000:]}")
    return table


def _has(base: Base, directory: str) -> bool:
    top = directory.split("/")
    if top[0] == "arch" and top[1:2] not in ([], [SOURCES.get(base.config.arch, base.config.arch)]):
        return False  # make would compile it for this machine all the same
    home = base.tree.work if base.variant is None else base.variant / "farm"
    return (home / directory / "Makefile").exists()
