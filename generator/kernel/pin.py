# SPDX-License-Identifier: GPL-2.0-only
"""The pinned kernel source: fetched by package name, verified, committed, checked out once.

pinned(allow_newer) -> Tree        set up on demand; work is done in temporary directories
                                   that are renamed at the end, and the stamp comes last
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
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from generator.errors import EnvironmentFault, ProgramFailed, TreeError
from generator.kernel.tree import Tree
from generator.kernel.unpack import imported, unwrap
from generator.system.cache import ROOT, cache, explained, keep, locked, sweep
from generator.system.plumbing import differing, git, run
from generator.system.progress import say

LOCK_FILE = Path(__file__).with_name("pin.toml")
NEEDED_BYTES = 3 << 30


@dataclass(frozen=True)
class Pin:
    """What pin.toml says; hashes are None for a newer version that nobody pinned."""

    package: str
    package_version: str
    version: str
    tarball: str
    date: str
    deb_sha256: str | None
    tarball_sha256: str | None
    tree: str | None
    commit: str | None


def read_pin(lock_file: Path = LOCK_FILE) -> Pin:
    """Return the pin as the lock file states it.

    Errors: TreeError when the file is damaged.
    """
    try:
        said = tomllib.loads(lock_file.read_text(encoding="utf-8"))
        return Pin(**{key: said[key] for key in Pin.__dataclass_fields__})
    except (OSError, tomllib.TOMLDecodeError, KeyError) as broken:
        raise TreeError(f"{lock_file}: {broken}; restore it from the repository") from broken


def pinned(allow_newer: bool = False, lock_file: Path = LOCK_FILE) -> Tree:
    """Return the pinned tree, set up when it is not there yet.

    Errors: TreeError (hashes, version no longer served), EnvironmentFault (disk, programs).
    """
    pin = read_pin(lock_file)
    ready = _ready(_home(pin), pin)
    if ready is not None:
        return ready
    with locked("tree"):
        ready = _ready(_home(pin), pin)
        return ready or _set_up(pin, allow_newer)


def work_of(tree: str) -> Path | None:
    """Return the checkout of a git tree id, if it is that of the pinned tree and there."""
    pin = read_pin()
    ready = _ready(_home(pin), pin) if pin.tree == tree else None
    return ready.work if ready else None


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
            return _install(pin, deb, Path(name))


def _fetch(pin: Pin, directory: Path) -> Path | None:
    """Return the verified package file, None when this version is not served."""
    kept = cache() / "deb" / f"{pin.package}_{pin.package_version}.deb"
    if kept.exists():
        if pin.deb_sha256 in (None, _sha256(kept)):
            return kept
        say(f"{kept}: damaged, fetching it again")
        kept.unlink()
    what = f"{pin.package}={pin.package_version}"
    say(f"fetching {what} (150 MB)")
    if pin.package_version not in _served(pin.package) and os.geteuid() == 0:
        _apt("apt-get", "update", "--quiet")
    if pin.package_version not in _served(pin.package):
        return None
    directory.joinpath("deb").mkdir()
    _apt("apt-get", "download", "--quiet", what, cwd=directory / "deb")
    found = list(directory.joinpath("deb").glob("*.deb"))
    if len(found) != 1:
        raise TreeError(f"apt-get download {what} left {len(found)} packages instead of one")
    if pin.deb_sha256 is not None and (got := _sha256(found[0])) != pin.deb_sha256:
        raise TreeError(
            f"{what}: the download has sha256 {got}, {LOCK_FILE.name} says {pin.deb_sha256}; "
            "nothing was kept, run it again; if it stays so, the archive serves another file"
        )
    kept.parent.mkdir(exist_ok=True)
    os.rename(found[0], kept)
    return kept


def _apt(*argv: str, cwd: Path | None = None) -> str:
    try:
        return run(argv, cwd=cwd, timeout=900).decode(errors="replace")
    except ProgramFailed as failed:
        raise EnvironmentFault(f"the package archive does not answer\n{failed}") from failed


def _served(package: str) -> list[str]:
    """Return the versions that the archive offers, newest first."""
    table = _apt("apt-cache", "madison", package).splitlines()
    return [row.split("|")[1].strip() for row in table if row.count("|") >= 2]


def _newer(pin: Pin, allow_newer: bool) -> Tree:
    """Set up another version of the package, compare it, and use it only when that is wanted."""
    served = _served(pin.package)
    if not served:
        raise EnvironmentFault(
            f"{pin.package}: no package list offers it; run `apt-get update` as root, "
            "and see that Debian 12 with its security updates is among the sources"
        )
    say(f"{pin.package_version} is no longer served; setting up {served[0]} to compare")
    other = Pin(
        package=pin.package,
        package_version=served[0],
        version=re.split(r"[-~+]", served[0])[0],
        tarball=pin.tarball,
        date=pin.date,
        deb_sha256=None,
        tarball_sha256=None,
        tree=None,
        commit=None,
    )
    found = _ready(_home(other), other)
    if found is None:
        with tempfile.TemporaryDirectory(prefix="tmp-", dir=cache() / "tree") as name:
            deb = _fetch(other, Path(name))
            if deb is None:
                raise TreeError(f"{pin.package}={served[0]} is offered but cannot be fetched")
            found = _install(other, deb, Path(name))
    changed = _changed(found)
    if allow_newer:
        say(f"going on with {found.source}; differing: {', '.join(changed) or 'nothing we touch'}")
        return found
    raise TreeError(
        f"{pin.package} {pin.package_version} is no longer served; at hand is {served[0]}.\n"
        + (
            "Of the files that the shipped series touch these differ there:\n  "
            + "\n  ".join(changed)
            if changed
            else "None of the files that the shipped series touch differs there."
        )
        + "\n`--allow-newer` goes on with it."
    )


def _changed(there: Tree) -> tuple[str, ...]:
    """Return the files of the shipped series that are other blobs in this tree."""
    before: dict[str, str | None] = {}
    for manifest in sorted(ROOT.glob("patches/*/series.json")):
        said = json.loads(manifest.read_text(encoding="utf-8"))
        before |= {path: blobs[0] for path, blobs in said.get("files", {}).items()}
    return differing(partial(git, there.git_dir), there.base, before)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _install(pin: Pin, deb: Path, directory: Path) -> Tree:
    """Import and extract a package in a temporary directory, then put it in place."""
    tarball = directory / "source.tar.xz"
    digest = unwrap(deb, pin.tarball, tarball)
    if pin.tarball_sha256 is not None and digest != pin.tarball_sha256:
        raise TreeError(
            f"{deb}: {pin.tarball} has sha256 {digest}, "
            f"{LOCK_FILE.name} says {pin.tarball_sha256}"
        )
    say(f"importing {pin.package} {pin.package_version} (about a minute)")
    base, tree = imported(
        tarball, directory / "linux.git", directory / "linux",
        f"Linux {pin.version} ({pin.package} {pin.package_version})\n", pin.date,
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
    keep(home / "complete.json", json.dumps({"base": base, "tree": tree}) + "\n", durable=True)
    found = _ready(home, pin)
    if found is None:
        raise TreeError(f"{home}: the set-up ended without a usable stamp; remove it, run again")
    return found
