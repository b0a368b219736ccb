# SPDX-License-Identifier: GPL-2.0-only
"""Kernels to boot: the base, or the base with a series, in one build directory per configuration.

kernel(tree, overlay, kind, arch) -> Kernel
    overlay: what the last commit of a series has changed against the base, None deletes a file

What is built is kept by content, so an unchanged series costs nothing; another design rebuilds
what its files change.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from checks.boot.build.arch import X86, Arch
from checks.boot.build.kind import COMMON, PLAIN, Kind
from checks.boot.build.source import lay, source_tree
from generator.errors import TreeError
from generator.kernel.configurations import Config
from generator.kernel.kconfig import identity, make
from generator.kernel.tree import Tree
from generator.system.cache import cache, locked
from generator.system.holding import hold
from generator.system.house import HOUSE
from generator.system.progress import say

FRAGMENTS = HOUSE / "templates" / "boot"
BUILD_SECONDS = 3600.0  # of a kernel with KASAN, on a machine that does other things as well
_FORM = "2"  # counts up when what is kept of a kernel changes


@dataclass(frozen=True)
class Kernel:
    """What QEMU and the initial RAM disk take of a built kernel."""

    home: Path
    release: str
    seconds: float  # that building took, 0 where it was kept
    kind: Kind = PLAIN
    arch: Arch = X86

    @property
    def image(self) -> Path:
        """Return what QEMU starts."""
        return self.home / "image"

    def config(self) -> str:
        """Return the configuration that it was built from."""
        return (self.home / "config").read_text(encoding="utf-8")

    def module(self, name: str) -> Path:
        """Return the module of a name, as lsmod writes it. Errors: TreeError when it is not one."""
        file = self.home / "modules" / f"{name}.ko"
        if not file.is_file():
            raise TreeError(f"{name}: no module of this kernel; see {self.home / 'modules'}")
        return file

    def aliases(self, name: str) -> tuple[str, ...]:
        """Return what devices call the module of a name, as patterns. Errors: TreeError."""
        found = re.findall(rb"(?:^|\0)alias=([^\0]*)(?=\0)", self.module(name).read_bytes())
        return tuple(one.decode() for one in found)

    def modules(self) -> tuple[str, ...]:
        """Return the names of all modules, each after those that it needs."""
        return tuple((self.home / "modules.order").read_text(encoding="utf-8").split())


def fragment(names: Sequence[str]) -> tuple[str, ...]:
    """Return the lines of some fragments of a configuration, a later one in place of an earlier.

    Errors: TreeError when there is no such fragment.
    """
    lines: dict[str, str] = {}
    for name in names:
        file = FRAGMENTS / f"{name}.config"
        if not file.is_file():
            raise TreeError(f"{file}: no such fragment of a configuration")
        for line in file.read_text(encoding="utf-8").splitlines():
            found = re.fullmatch(r"(?:# )?(CONFIG_\w+)(?:=.+| is not set)", line)
            if found:
                lines[found.group(1)] = line
    return tuple(lines.values())


def fragments(kind: Kind, arch: Arch) -> tuple[str, ...]:
    """Return the names of the fragments that a kernel is configured with, in order."""
    first, *rest = COMMON
    return first, arch.name, *rest, *kind.fragments


def kernel(
    tree: Tree, overlay: Mapping[str, bytes | None], kind: Kind = PLAIN, arch: Arch = X86
) -> Kernel:
    """Return a kernel, built if there is none of this content yet.

    Errors: TreeError (kconfig did not give what was asked, or make failed), EnvironmentFault,
    Timeout.
    """
    wanted = config(kind, arch)
    home = cache() / "boot" / "kernels" / key(tree, overlay, wanted)
    hold(home)
    if not (home / "release").is_file():
        source = hashlib.sha256(f"{tree.base} {tree.work}".encode()).hexdigest()[:12]
        place = cache() / "boot" / f"{tree.version}-{source}"
        hold(place)
        with locked(f"boot-{place.name}"):
            if not (home / "release").is_file():
                name = "-".join(fragments(PLAIN if kind.near else kind, arch))
                seconds = _built(tree, overlay, wanted, arch, name, place, home)
                return _of(home, seconds, kind, arch)
    return _of(home, 0.0, kind, arch)


def _of(home: Path, seconds: float, kind: Kind, arch: Arch) -> Kernel:
    return Kernel(home, (home / "release").read_text(encoding="utf-8").strip(), seconds, kind, arch)


def config(kind: Kind, arch: Arch) -> Config:
    """Return what is asked of kconfig for a kernel. Errors: TreeError."""
    return Config("boot", arch.name, fragment(fragments(kind, arch)))


def key(tree: Tree, overlay: Mapping[str, bytes | None], config: Config) -> str:
    """Return what tells a kernel from others: its files, configuration, architecture, compiler."""
    found = hashlib.sha256(f"{_FORM} {tree.base} {tree.work}".encode())
    for path, text in sorted(overlay.items()):
        found.update(f"\0{path}\0".encode() + (b"-" if text is None else b"+" + text))
    found.update("\0".join((config.arch, *config.wanted, identity(config.compiler))).encode())
    return found.hexdigest()[:16]


def _built(
    tree: Tree, overlay: Mapping[str, bytes | None], config: Config, arch: Arch, name: str,
    place: Path, home: Path,
) -> float:
    """Build a kernel, keep what is needed of it, and return how many seconds that took."""
    began = time.monotonic()
    source = source_tree(tree, place)
    written = lay(tree, source, overlay)
    build = place / f"build-{name}"
    build.mkdir(exist_ok=True)
    say(f"building a kernel to boot, {len(written)} files differ from the one before")
    asked = place / f"{name}.config"
    asked.write_text("".join(f"{line}\n" for line in config.wanted), encoding="utf-8")
    make(source, build, config, f"KCONFIG_ALLCONFIG={asked}", "allnoconfig")
    check(config, (build / ".config").read_text(encoding="utf-8"), tree.work)
    make(source, build, config, "-s", f"-j{os.cpu_count() or 1}", arch.target, "modules",
         seconds=BUILD_SECONDS)
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=home.parent) as fresh:
        _keep(build, arch, Path(fresh, "kernel"))
        with suppress(OSError):
            # Another run may have been faster.
            os.rename(Path(fresh, "kernel"), home)
    return time.monotonic() - began


def check(config: Config, told: str, work: Path) -> None:
    """See that kconfig gave what the fragments ask for, as far as the tree has it.

    A symbol that no Kconfig file of the tree defines is left out and named: kernels differ in that.
    Errors: TreeError naming every line that it did not give.
    """
    got = set(told.splitlines())
    wrong = [
        line for line in config.wanted
        if line not in got and (line.startswith("CONFIG_") or any(
            one.startswith(f"{line.split()[1]}=") for one in got))
    ]
    unknown = undefined([_symbol(line) for line in wrong], work)
    if unknown:
        say(f"this tree has no {', '.join(unknown)}: built without")
    wrong = [line for line in wrong if _symbol(line) not in unknown]
    if wrong:
        raise TreeError(
            "kconfig did not give what the lab's fragments ask for; something selects it, or what "
            "it depends on is missing:\n" + "\n".join(f"  {line}" for line in wrong)
        )


def undefined(symbols: Sequence[str], work: Path) -> tuple[str, ...]:
    """Return those symbols, without CONFIG_, that no Kconfig file of a tree defines."""
    left = set(symbols)
    for file in work.rglob("Kconfig*") if left else ():
        if file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            left -= set(re.findall(r"^\s*(?:menu)?config\s+(\w+)\s*$", text, re.MULTILINE))
    return tuple(sorted(left))


def _symbol(line: str) -> str:
    """Return the symbol of a line of a configuration, without CONFIG_."""
    return re.sub(r"^(?:# )?CONFIG_(\w+).*$", r"\1", line)


def _keep(build: Path, arch: Arch, home: Path) -> None:
    """Put what is needed of a build directory beside other kernels."""
    modules = home / "modules"
    modules.mkdir(parents=True)
    shutil.copyfile(build / arch.image, home / "image")
    shutil.copyfile(build / ".config", home / "config")
    names = []
    needs: dict[str, list[str]] = {}
    for line in (build / "modules.order").read_text(encoding="utf-8").split():
        file = build / Path(line).with_suffix(".ko")
        shutil.copyfile(file, modules / file.name.replace("-", "_"))
        needs[file.stem.replace("-", "_")] = needed(file.read_bytes())
    names = ordered(needs)
    (home / "modules.order").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    (home / "release").write_text(
        (build / "include" / "config" / "kernel.release").read_text(encoding="utf-8"),
        encoding="utf-8",
    )


def needed(module: bytes) -> list[str]:
    """Return which other modules a module says that it needs, from its .modinfo section."""
    found = re.search(rb"(?:^|\0)depends=([^\0]*)\0", module)
    return [name for name in found.group(1).decode().split(",") if name] if found else []


def ordered(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Return modules, each after those that it needs."""
    done: list[str] = []

    def add(name: str) -> None:
        if name not in done:
            for other in needs.get(name, ()):
                add(other)
            done.append(name)

    for name in sorted(needs):
        add(name)
    return done
