# SPDX-License-Identifier: GPL-2.0-only
"""What kbuild and kconfig say about a tree: headers, configurations, compile flags, units.

    prepare_all(tree, configs)          two at a time, with their flags
    prepare(tree, config) -> Base       one O= directory per configuration, ready to compile in
    at(base, changed, extra) -> Base    the same for a commit: its Kconfig and Makefiles count
    autoconf(base, changed) -> str      the autoconf.h of that commit
    flags(base, path) -> Flags          how kbuild compiles a unit, all paths absolute
    units(base, dirs) -> paths          what is compiled under this configuration

The build directory serves every commit on a base: lay `base.autoconf` over
`base.autoconf_path`. Headers that `make prepare` generates are those of the base commit.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from generator.errors import TreeError
from generator.kernel.configurations import DIRS, Config
from generator.kernel.kconfig import check_wanted, configure, identity, make, save_environment, seed
from generator.kernel.tree import Tree, check_path
from generator.system.cache import cache, keep, locked
from generator.system.progress import say

# A dry run, with the warnings that a series must not add to.
_DRY = ("-n", "W=1")
# Of the flags kept on disk; counts up when what we keep changes.
_FORM = "2"

@dataclass(frozen=True)
class Base:
    """A tree under a configuration, ready to compile in; `variant` is where a commit differs."""

    tree: Tree
    config: Config
    build: Path
    autoconf_path: Path
    autoconf: str
    variant: Path | None = None


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
    asked = (repr(config), seed(config, tree.work))
    key = _key(tree.base, str(tree.work), *asked, identity(config.compiler))
    build = cache() / "kbuild" / f"{tree.version}-{config.name}-{key}"
    stamp = build / "prepared.json"
    if not stamp.exists():
        with locked(f"kbuild-{build.name}"):
            if not stamp.exists():
                _prepare(tree, config, build, stamp)
    path = build / "include" / "generated" / "autoconf.h"
    return Base(tree, config, build, path, path.read_text(encoding="utf-8"))


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
        ours = shutil.ignore_patterns("source", "variants", "flags-*", "prepared.json")
        shutil.copytree(sibling, build, symlinks=True, ignore=ours)
    (build / ".config").write_text(seed(config, tree.work), encoding="utf-8")
    save_environment(tree.work, build, config)
    told = (build / ".config").read_text(encoding="utf-8")
    check_wanted(config, config.wanted, told, tree.source)
    # A dry run of make enters it.
    build.joinpath("tools/objtool/libsubcmd").mkdir(parents=True, exist_ok=True)
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


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _is_kconfig(path: str) -> bool:
    return path.rpartition("/")[2].startswith("Kconfig")


def _is_makefile(path: str) -> bool:
    return path.rpartition("/")[2] in ("Makefile", "Kbuild") or path.endswith(".mk")


def at(base: Base, changed: Mapping[str, bytes | None], extra: Sequence[str] = ()) -> Base:
    """Return the base under a commit: its Kconfig files decide, its Makefiles name the units.

    changed: every file that differs from the base commit, None for a deleted one.
    extra: further configuration lines, for symbols that only the commit has.
    Errors: TreeError (kconfig, or it did not give what was asked), EnvironmentFault.
    """
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
    home = base.build / "variants" / _key(*_digests(count), *extra)
    if not home.is_dir():
        home.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="tmp-", dir=home.parent) as name:
            fresh = Path(name, "variant")
            _farm(known, count, fresh / "farm")
            _configure_variant(base, fresh, count, extra)
            with suppress(OSError):
                # Another run may have been faster.
                os.rename(fresh, home)
    return replace(base, autoconf=(home / "autoconf.h").read_text(encoding="utf-8"), variant=home)


def autoconf(base: Base, changed: Mapping[str, bytes | None], extra: Sequence[str] = ()) -> str:
    """Return the text of autoconf.h for a commit that changes Kconfig files.

    Errors: TreeError (kconfig, or it did not give what was asked), EnvironmentFault.
    """
    return at(base, changed, extra).autoconf


def _farm(work: Path, changed: Mapping[str, bytes | None], farm: Path) -> None:
    """Make a source tree of symbolic links, with real directories only where something differs."""
    real = {""}
    for path in changed:
        while path:
            path = path.rpartition("/")[0]
            real.add(path)
    for directory in sorted(real):
        (farm / directory).mkdir(parents=True, exist_ok=True)
        if not (work / directory).is_dir():
            continue
        for entry in os.scandir(work / directory):
            below = f"{directory}/{entry.name}" if directory else entry.name
            if below not in real and below not in changed:
                os.symlink(entry.path, farm / below)
    for path, text in changed.items():
        if text is not None:
            (farm / path).write_bytes(text)


def _configure_variant(
    base: Base, home: Path, changed: Mapping[str, bytes | None], extra: Sequence[str]
) -> None:
    """Put the configuration of a commit beside its farm; what kconfig read decides it."""
    asked = {path: text for path, text in changed.items() if _is_kconfig(path)}
    source = base.build
    if asked or extra:
        source = base.build / "variants" / f"conf-{_key(*_digests(asked), *extra)}"
        if not source.is_dir():
            lines = seed(base.config, base.tree.work) + "".join(f"{line}\n" for line in extra)
            configure(base.build, home / "farm", home / "conf", lines)
            told = (home / "conf" / ".config").read_text(encoding="utf-8")
            check_wanted(base.config, (*base.config.wanted, *extra), told, "this commit")
            with suppress(OSError):
                # Another run may have been faster.
                os.rename(home / "conf", source)
    for name, kept in (
        ("include/generated/autoconf.h", "autoconf.h"),
        ("include/config/auto.conf", "auto.conf"),
        (".config", "dot-config"),
    ):
        shutil.copyfile(source / name, home / kept)
    shutil.rmtree(home / "conf", ignore_errors=True)


def _digests(files: Mapping[str, bytes | None]) -> list[str]:
    return [
        f"{path}:{'-' if text is None else hashlib.sha256(text).hexdigest()}"
        for path, text in files.items()
    ]


def flags(base: Base, path: str) -> Flags:
    """Return how kbuild compiles a unit; what it does not build takes a neighbour's flags.

    Errors: TreeError when the directory has no unit at all under this configuration.
    """
    table = _table(base, _group(path))
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
        table = _table(base, _group(prefix + "x"))
        found.update(path for path in table if path.startswith(prefix))
    return tuple(sorted(found))


def _group(path: str) -> tuple[str, ...]:
    parts = path.split("/")[:-1]
    top = "/".join(parts[: 3 if parts[0] == "arch" else 2])
    return DIRS if top in DIRS else (top,)


@functools.lru_cache(maxsize=256)
def _table(base: Base, dirs: tuple[str, ...]) -> Mapping[str, Flags]:
    home = base.variant or base.build
    kept = home / f"flags-{_key(_FORM, *_DRY, *sorted(dirs))}.json"
    if kept.exists():
        return {
            path: Flags(tuple(row["args"]), row["modname"])
            for path, row in json.loads(kept.read_text(encoding="utf-8")).items()
        }
    table = _ask(base, dirs)
    said = {path: {"args": one.args, "modname": one.modname} for path, one in table.items()}
    keep(kept, json.dumps(said))
    return table


def _ask(base: Base, dirs: tuple[str, ...]) -> dict[str, Flags]:
    """Return what a dry run of make would compile, and how."""
    config = base.config
    there = [d for d in dirs if _has(base, d)]
    targets = [f"{directory}/" for directory in there]
    if base.variant is None:
        work, told = base.tree.work, make(base.tree.work, base.build, config, *_DRY, *targets)
    else:
        work = base.variant / "farm"
        with tempfile.TemporaryDirectory(prefix="tmp-", dir=base.variant) as name:
            build = Path(name, "build")
            shutil.copytree(
                base.build,
                build,
                symlinks=True,
                ignore=lambda _, names: {"variants", "source", "config"} & set(names),
            )
            config_dir = build / "include/config"
            config_dir.mkdir()
            shutil.copyfile(base.variant / "dot-config", build / ".config")
            # Newer than .config and every Kconfig file, or make would configure once more.
            shutil.copyfile(base.variant / "auto.conf", config_dir / "auto.conf")
            shutil.copyfile(
                base.build / "include/config/kernel.release", config_dir / "kernel.release"
            )
            # Would name the other source directory as a reason to configure.
            config_dir.joinpath("auto.conf.cmd").write_text("", encoding="utf-8")
            for made in ("autoconf.h", "rustc_cfg"):
                build.joinpath("include/generated", made).touch()
            told = make(work, build, config, *_DRY, *targets)
    table: dict[str, Flags] = {}
    cc = re.escape(config.compiler)
    command = re.compile(rf"; ({cc} -Wp,-MMD\S* .*? -c -o \S+\.o (\S+\.c)) *;")
    for line in told.splitlines():
        for found in command.finditer(line):
            source = Path(found.group(2))
            if source.is_relative_to(work):
                entry = _absolute(shlex.split(found.group(1)), work, base)
                table[str(source.relative_to(work))] = entry
    if there and not table:
        raise TreeError(f"make -n {shlex.join(targets)} names no unit:\n{told[-2000:]}")
    return table


def _has(base: Base, directory: str) -> bool:
    home = base.tree.work if base.variant is None else base.variant / "farm"
    return (home / directory / "Makefile").exists()


def _absolute(argv: Sequence[str], work: Path, base: Base) -> Flags:
    args: list[str] = []
    modname = ""
    rest = iter(argv[1:])
    for arg in rest:
        if arg == "-c" or arg.startswith("-Wp,-MMD"):
            continue
        if arg == "-o":
            next(rest)
            continue
        if arg.endswith(".c") and not arg.startswith("-"):
            continue
        arg = arg.replace(f"{work}/", f"{base.tree.work}/") if work != base.tree.work else arg
        if arg.startswith("-I") and len(arg) > 2 and not arg.startswith("-I/"):
            there = base.build / arg[2:]
            # Where objects go: nothing is built here, and W=1 warns of missing directories.
            if not arg.startswith("-I./") and not any(there.glob("*.h")):
                continue
            arg = f"-I{os.path.normpath(there)}"
        if arg in ("-include", "-isystem", "-I", "-imacros"):
            args.append(arg)
            arg = os.path.normpath(base.build / next(rest))
            arg = arg.replace(f"{work}/", f"{base.tree.work}/")
        if arg.startswith("-DKBUILD_MODNAME="):
            modname = arg.partition("=")[2].strip('"')
        args.append(arg)
    return Flags(tuple(args), modname)
