# SPDX-License-Identifier: GPL-2.0-only
"""The directory of everything that can be made again: where it is, and who may write there.

cache() -> Path            $PORTWRIGHT_CACHE, .cache of the project, ~/.cache/portwright
locked(name)               one process at a time; the second says that it waits
keep(file, content)        the whole file or nothing of it, whoever reads meanwhile
code(*folders) -> str      the digest of our own sources: what a kept result was found by
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from generator.errors import EnvironmentFault
from generator.system.house import HOUSE, INSTALLED, ROOT, cache_home

# All that can decide a result; evidence is written by boots, and only `portwright rules` reads it.
_CODE = ("generator", "checks", "templates")
# Designs are values, which a result is kept under as such, so that one edit forgets only one.
DESIGNS = "generator/designs"
_NO_CODE = ("checks/boot/witnesses", "checks/boot/booted")
_NOT_READ = frozenset((".pyc", ".md"))


def cache() -> Path:
    """Return the directory of everything that can be made again: $PORTWRIGHT_CACHE or .cache."""
    # Resolved, because kbuild resolves the paths that it prints.
    return Path(os.environ.get("PORTWRIGHT_CACHE") or cache_home()).resolve()


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a named lock of the cache; it falls with the process, however that ends.

    Errors: EnvironmentFault when the cache cannot be written.
    """
    path = cache() / "locks" / name
    with explained():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a+", encoding="utf-8")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(  # noqa: T201 (also said where nobody watches: this may take minutes)
                f"portwright: another run holds {path}; waiting for it", file=sys.stderr, flush=True
            )
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def explained(needed: str = "some space") -> Iterator[None]:
    """Turn what the file system answers into an error of ours; `needed` is what to free on it.

    Errors: EnvironmentFault.
    """
    try:
        yield
    except OSError as fault:
        place = Path(os.fsdecode(fault.filename or ""))
        ours = place.is_relative_to(cache()) or cache().is_relative_to(place)
        if fault.errno in (errno.ENOSPC, errno.EDQUOT):
            text = f"{fault.filename or cache()}: the disk is full; free {needed} and run it again"
        elif fault.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            text = f"{fault.filename}: may not be written"
            text += "; set PORTWRIGHT_CACHE to another place" if ours else ""
        else:
            text = f"{fault.filename or cache()}: {fault.strerror}"
            text += "; set PORTWRIGHT_CACHE to another place" if ours else ""
        raise EnvironmentFault(text) from fault


def sweep(directory: Path) -> None:
    """Remove what interrupted runs left; the caller holds the lock, so it is nobody's."""
    for left in directory.glob("tmp-*"):
        shutil.rmtree(left)


def keep(file: Path, content: str | bytes, *, durable: bool = False) -> None:
    """Write a file so that whoever reads it, at any time, finds all of it or what was before.

    Its directory is made when it is not there. durable: it outlives a loss of power.
    Errors: EnvironmentFault when it cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    with explained():
        file.parent.mkdir(parents=True, exist_ok=True)
        # A name of our own: another run, or thread, may keep the same result now.
        fresh = file.parent / f".tmp-{os.getpid()}-{os.urandom(6).hex()}"
        try:
            with fresh.open("xb") as out:
                out.write(data)
                if durable:
                    out.flush()
                    os.fsync(out.fileno())
            os.replace(fresh, file)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise


def code(*folders: str, without: tuple[str, ...] = ()) -> str:
    """Return the digest of our own sources below some folders of the project, all by default.

    A result that is kept under it is forgotten with any edit of them, wherever a file moves to.
    without: folders whose content is read as input instead, and is part of the key as such.
    """
    return _code(ROOT, folders or _CODE, without)


@functools.cache  # what runs was imported, and does not change any more
def _code(root: Path, folders: tuple[str, ...], without: tuple[str, ...]) -> str:
    left_out = [root / name for name in (*_NO_CODE, *without)]
    key = hashlib.sha256()
    for folder in folders:
        apart = INSTALLED and Path(folder).parts[0] == "templates"
        top = (HOUSE if apart else root) / folder
        if not top.is_dir():
            raise EnvironmentFault(f"{top}: is missing; install portwright again")
        for path in sorted(top.rglob("*")):
            if path.suffix in _NOT_READ or not path.is_file():
                continue
            if any(path.is_relative_to(other) for other in left_out):
                continue
            data = path.read_bytes()
            key.update(f"{path.relative_to(root)}\0{len(data)}\0".encode())
            key.update(data)
    return key.hexdigest()
