# SPDX-License-Identifier: GPL-2.0-only
"""The pinned kernel sources: fetched by package name, verified, committed, checked out once.

read_pins() -> {name: Pin}         what pin.toml says, that of no name first
pinned(kernel, allow_newer) -> Tree
                                   set up on demand; work is done in temporary directories
                                   that are renamed at the end, and the stamp comes last
at_hand(pin) -> Tree | None        the tree, if it was set up
work_of(tree) -> Path | None       the checkout, if that is the tree
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import tomllib
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from generator.errors import EnvironmentFault, TreeError, UsageError
from generator.kernel.archive import download, served
from generator.kernel.tree import Tree
from generator.kernel.unpack import born, imported, unwrap
from generator.system.cache import cache, explained, keep, locked, sweep
from generator.system.holding import hold
from generator.system.house import HOUSE
from generator.system.plumbing import differing, git
from generator.system.progress import say

LOCK_FILE = Path(__file__).with_name("pin.toml")
NEEDED_BYTES = 3 << 30
_FOUND = ("date", "deb_sha256", "tarball_sha256", "tree", "files")  # in a set-up, and kept with it


@dataclass(frozen=True)
class Pin:
    """A kernel of pin.toml; hashes are None for a newer version that nobody pinned."""

    name: str
    suite: str
    package: str
    package_version: str
    version: str
    tarball: str
    date: str
    deb_sha256: str | None
    tarball_sha256: str | None
    tree: str | None
    commit: str | None
    files: int | None


def read_pins(lock_file: Path = LOCK_FILE) -> dict[str, Pin]:
    """Return the pins as the lock file states them, by name; the default is the first.

    Errors: TreeError when the file is damaged.
    """
    keys = [key for key in Pin.__dataclass_fields__ if key != "name"]
    try:
        said = tomllib.loads(lock_file.read_text(encoding="utf-8"))
        kernels = said["kernels"]
        names = sorted(kernels, key=lambda name: name != said["default"])
        pins = {name: Pin(name, **{key: kernels[name][key] for key in keys}) for name in names}
        if said["default"] not in pins:
            raise KeyError(said["default"])
        return pins
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as broken:
        raise TreeError(f"{lock_file}: {broken}; restore it from the repository") from broken


def read_pin(kernel: str = "", lock_file: Path = LOCK_FILE) -> Pin:
    """Return the pin of a name or a version, as 7.3 or v7.3.4; the default without one.

    Errors: UsageError naming those that there are, TreeError when the file is damaged.
    """
    pins = read_pins(lock_file)
    if not kernel:
        return next(iter(pins.values()))
    for pin in pins.values():
        if kernel.removeprefix("v") in (pin.name, pin.version):
            return pin
    known = ", ".join(f"{pin.name} ({pin.version})" for pin in pins.values())
    raise UsageError(
        f"no kernel {kernel!r} is pinned: there are {known}; "
        "another is named by a clone of yours that has it, --tree PATH --base REV"
    )


def pinned(
    kernel: str = "", *, allow_newer: bool = False, lock_file: Path = LOCK_FILE
) -> Tree:
    """Return the tree of a pin, by name or version, set up when it is not there yet.

    Errors: UsageError, TreeError (hashes, version no longer served), EnvironmentFault (disk,
    programs).
    """
    pin = read_pin(kernel, lock_file)
    hold(_home(pin))
    ready = at_hand(pin)
    if ready is not None:
        return ready
    with locked("tree"):
        ready = at_hand(pin)
        return ready or _set_up(pin, allow_newer)


def at_hand(pin: Pin) -> Tree | None:
    """Return the tree of a pin, None while it is not set up."""
    return _ready(_home(pin), pin)


def name_of(where: Tree) -> str:
    """Return what a tree is called: the name of its pin, or its version if it is none."""
    return next((one.name for one in read_pins().values() if one.commit == where.base),
                where.version)


def work_of(tree: str) -> Path | None:
    """Return the checkout of a git tree id, if it is that of a pinned tree and there."""
    for pin in read_pins().values():
        ready = at_hand(pin) if pin.tree == tree else None
        if ready is not None:
            return ready.work
    return None


def _home(pin: Pin) -> Path:
    return cache() / "tree" / f"{pin.package}-{pin.package_version}"


def _ready(home: Path, pin: Pin) -> Tree | None:
    try:
        stamp = json.loads((home / "complete.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if pin.tree is not None and (stamp["tree"], stamp["base"]) != (pin.tree, pin.commit):
        return None
    return Tree(
        git_dir=home.resolve() / "linux.git",
        work=home.resolve() / "linux",
        base=stamp["base"],
        version=pin.version,
        source=f"{pin.package} {pin.package_version}",
    )


def _set_up(pin: Pin, allow_newer: bool) -> Tree:
    with explained(f"{NEEDED_BYTES >> 30} GiB"):
        cache().joinpath("tree").mkdir(parents=True, exist_ok=True)
        sweep(cache() / "tree")
        free = shutil.disk_usage(cache()).free
        if free < NEEDED_BYTES:
            raise EnvironmentFault(
                f"{cache()}: {free >> 20} MiB free, the kernel tree needs {NEEDED_BYTES >> 20}; "
                "free some or set PORTWRIGHT_CACHE to another place"
            )
        with tempfile.TemporaryDirectory(prefix="tmp-", dir=cache() / "tree") as name:
            deb = _fetch(pin, Path(name))
            if deb is None:
                return _newer(pin, allow_newer)
            return _installed(pin, deb, Path(name))[1]


def gone(pin: Pin) -> bool:
    """Return whether a pin's version is neither here nor served any more.

    Errors: EnvironmentFault when apt fails.
    """
    if at_hand(pin) is not None or _kept(pin).exists():
        return False
    return pin.package_version not in served(pin.package, pin.suite, pin.package_version)


def _kept(pin: Pin) -> Path:
    return cache() / "deb" / f"{pin.package}_{pin.package_version}.deb"


def _fetch(pin: Pin, directory: Path) -> Path | None:
    """Return the verified package file, None when this version is not served."""
    kept = _kept(pin)
    if kept.exists():
        if pin.deb_sha256 in (None, _sha256(kept)):
            return kept
        say(f"{kept}: damaged, fetching it again")
        kept.unlink()
    what = f"{pin.package}={pin.package_version}"
    say(f"fetching {what} (150 MB)")
    if pin.package_version not in served(pin.package, pin.suite, pin.package_version):
        return None
    directory.joinpath("deb").mkdir()
    found = download(pin.package, pin.package_version, pin.suite, directory / "deb")
    if pin.deb_sha256 is not None and (got := _sha256(found)) != pin.deb_sha256:
        raise TreeError(
            f"{what}: the download has sha256 {got}, {LOCK_FILE.name} says {pin.deb_sha256}; "
            "nothing was kept, run it again; if it stays so, the archive serves another file"
        )
    kept.parent.mkdir(exist_ok=True)
    os.rename(found, kept)
    return kept


def _newer(pin: Pin, allow_newer: bool) -> Tree:
    """Set up another version of the package, compare it, and use it only when that is wanted."""
    offered = served(pin.package, pin.suite)
    if not offered:
        raise EnvironmentFault(
            f"{pin.package}: no package list offers it; "
            + (
                f"the archive's {pin.suite} has it no longer" if pin.suite
                else "run `apt-get update` as root, "
                "and see that Debian 12 with its security updates is among the sources"
            )
        )
    say(f"{pin.package_version} is no longer served; setting up {offered[0]} to compare")
    other = replace(
        pin,
        package_version=offered[0],
        version=re.split(r"[-~+]", offered[0])[0],
        deb_sha256=None,
        tarball_sha256=None,
        tree=None,
        commit=None,
        files=None,
    )
    found = at_hand(other)
    if found is None:
        with tempfile.TemporaryDirectory(prefix="tmp-", dir=cache() / "tree") as name:
            deb = _fetch(other, Path(name))
            if deb is None:
                raise TreeError(f"{pin.package}={offered[0]} is offered but cannot be fetched")
            found = _installed(other, deb, Path(name))[1]
    changed = _changed(pin, found)
    if allow_newer:
        say(f"going on with {found.source}; differing: {', '.join(changed) or 'nothing we touch'}")
        return found
    raise TreeError(
        f"{pin.package} {pin.package_version} is no longer served; at hand is {offered[0]}.\n"
        + (
            "Of the files that the shipped series touch these differ there:\n  "
            + "\n  ".join(changed)
            if changed
            else "None of the files that the shipped series touch differs there."
        )
        + "\n`--allow-newer` goes on with it."
    )


def _changed(pin: Pin, there: Tree) -> tuple[str, ...]:
    """Return the files of the series shipped for a pin that are other blobs in this tree."""
    before: dict[str, str | None] = {}
    for manifest in sorted(HOUSE.glob(f"patches/{pin.name}/*/series.json")):
        said = json.loads(manifest.read_text(encoding="utf-8"))
        before |= {path: blobs[0] for path, blobs in said.get("files", {}).items()}
    return differing(partial(git, there.git_dir), there.base, before)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def taken(pin: Pin) -> tuple[Pin, Tree]:
    """Set up a package that nobody pinned yet; return its pin, with what was found, and its tree.

    pin: hashes, tree, commit and files are None, the date is "".
    Errors: TreeError when the archive does not serve it, EnvironmentFault.
    """
    hold(_home(pin))
    with locked("tree"), explained(f"{NEEDED_BYTES >> 30} GiB"):
        if (ready := at_hand(pin)) is not None and (known := _stamped(pin)) is not None:
            return known, ready
        cache().joinpath("tree").mkdir(parents=True, exist_ok=True)
        sweep(cache() / "tree")
        with tempfile.TemporaryDirectory(prefix="tmp-", dir=cache() / "tree") as name:
            deb = _fetch(pin, Path(name))
            if deb is None:
                offered = ", ".join(served(pin.package, pin.suite)) or "none"
                raise TreeError(f"{pin.package}={pin.package_version}: the archive does not serve "
                                f"this version; it has {offered}")
            return _installed(pin, deb, Path(name))


def _stamped(pin: Pin) -> Pin | None:
    """Return a pin with what was found when its tree was set up, None if that was not kept."""
    try:
        stamp = json.loads((_home(pin) / "complete.json").read_text(encoding="utf-8"))
        return replace(pin, commit=stamp["base"], **{name: stamp[name] for name in _FOUND})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _installed(pin: Pin, deb: Path, directory: Path) -> tuple[Pin, Tree]:
    """Import and extract a package in a temporary directory, then put it in place."""
    tarball = directory / "source.tar.xz"
    digest = unwrap(deb, pin.tarball, tarball)
    if pin.tarball_sha256 is not None and digest != pin.tarball_sha256:
        raise TreeError(
            f"{deb}: {pin.tarball} has sha256 {digest}, "
            f"{LOCK_FILE.name} says {pin.tarball_sha256}"
        )
    say(f"importing {pin.package} {pin.package_version} (about a minute)")
    date = pin.date or f"{born(tarball)} +0000"
    base, tree, files = imported(
        tarball, directory / "linux.git", directory / "linux",
        f"Linux {pin.version} ({pin.package} {pin.package_version})\n", date,
    )
    if pin.tree is not None and tree != pin.tree:
        raise TreeError(f"{deb}: has git tree {tree}, {LOCK_FILE.name} says {pin.tree}")
    if pin.commit is not None and base != pin.commit:
        raise TreeError(f"{deb}: makes commit {base}, {LOCK_FILE.name} says {pin.commit}")
    home = _home(pin)
    if home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True)
    os.rename(directory / "linux.git", home / "linux.git")
    os.rename(directory / "linux", home / "linux")
    os.sync()  # all that the stamp stands for
    made = replace(pin, date=date, deb_sha256=_sha256(deb), tarball_sha256=digest, tree=tree,
                   commit=base, files=files)
    stamp = {"base": base, **{name: getattr(made, name) for name in _FOUND}}
    keep(home / "complete.json", json.dumps(stamp) + "\n", durable=True)
    found = at_hand(pin)
    if found is None:
        raise TreeError(f"{home}: the set-up ended without a usable stamp; remove it, run again")
    return made, found
