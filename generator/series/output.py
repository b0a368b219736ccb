# SPDX-License-Identifier: GPL-2.0-only
"""The directory that `generate` writes: a new set takes the old one's place, or nothing happens.

    refuse(out)            before the work: what is surely not ours is named
    put(fresh, out)        the whole set at once; what is not ours, or changed since, is refused
    refuse_torn(out)       for readers: a run was killed in the middle of it

A file is ours when it is what the last run wrote, by the hash that the run left in RECORD, or what
this run writes. What the user's git has says nothing: a hand edit that is committed is a hand edit.
So RECORD belongs into git with its set; a pull that brings a newer set brings its record as well. A
RECORD that no run can have written is somebody's own file. Hashes are not in series.json, because
neither From lines nor blobs cover what stands below the `---` of a mail, nor the cover letter.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from generator.errors import EnvironmentFault, Refused, UsageError
from generator.series import manifest
from generator.system.cache import locked
from generator.system.visible import one_line

RECORD = ".series.sha256"  # as sha256sum writes it, so that a user can check it, too
COVER = "0000-cover-letter.patch"
_ROW = re.compile(r"[0-9a-f]{64}  (series\.json|\d{4}-[A-Za-z0-9._+-]+\.patch)\n")
_MOST = 32 << 20  # bytes of a file; nothing that we write comes near
_SWAP, _DONE = ".portwright-swap", ".portwright-done"
_LONGEST = 255  # bytes of a name on nearly every file system
_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_AT_FDCWD = -100
# What a file system, a container's layers or a mount say when two directories cannot change places.
_CANNOT = frozenset((errno.EINVAL, errno.ENOSYS, errno.EXDEV, errno.EBUSY, errno.EPERM,
                     errno.EACCES, errno.EROFS, errno.EOPNOTSUPP))


def refuse(out: Path) -> None:
    """Refuse a directory that holds patches that are surely not ours, before minutes of work.

    Errors: Refused naming each; UsageError when it is no directory.
    """
    with _explained(out):
        place = _place(out)
        if place.is_dir() and not (place / _SWAP).exists():
            _read(place, None)


def refuse_torn(out: Path) -> None:
    """Refuse a directory in which a run was killed between the old set and the new one.

    Errors: Refused.
    """
    swap = out / _SWAP
    if swap.is_dir():
        raise Refused(f"{swap}: `portwright generate` was killed while it wrote here, so this may "
                      "be parts of two sets; run it again: it takes the old one back first")


def put(fresh: Path, out: Path) -> None:
    """Put the files of a directory of ours in the place of those of the last run, all at once.

    Other files stay. Errors: Refused naming what is not ours, UsageError, EnvironmentFault (disk
    full, no permission); all is as before then.
    """
    place = _place(out)
    new = {path.name: path.read_bytes() for path in sorted(fresh.iterdir())}
    new[RECORD] = "".join(f"{_hash(text)}  {name}\n" for name, text in new.items()).encode()
    with _explained(out):
        place.parent.mkdir(parents=True, exist_ok=True)
    with locked(f"out-{_hash(os.fsencode(place))[:16]}"), _explained(out):
        _recover(place)
        old = _read(place, new) if place.is_dir() else {}
        if old != new and not _exchanged(place, old, new):
            _moved(place, old, new)


@contextmanager
def _explained(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise EnvironmentFault(f"{out}: not written, what was there is as it was: "
                               f"{fault.filename or out}: {fault.strerror}") from fault


def _place(out: Path) -> Path:
    """Return where a set really goes; a link to a directory is followed."""
    try:
        place = out.resolve(strict=out.is_symlink())
    except (OSError, RuntimeError) as broken:
        why = "a link to nowhere" if os.path.islink(out) else broken
        raise UsageError(f"{out}: {why}; name a directory") from broken
    if place == place.parent or (place.exists() and not place.is_dir()):
        raise UsageError(f"{out}: no directory for patches; name one that may hold them")
    return place


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _read(place: Path, new: Mapping[str, bytes] | None) -> dict[str, bytes]:
    """Return the last run's set as it lies there, each file known to be ours.

    Without `new`, what may be equal to the new set is not looked at.
    Errors: Refused naming every file that is not ours, or has been changed.
    """
    record = _record(place)
    listed = _listed(place) | record.keys()
    found: dict[str, bytes] = {}
    foreign = []
    for name in sorted(os.listdir(place)):
        # What `git am DIR/*.patch` takes, and the names that we write.
        taken = name.endswith(".patch") and not name.startswith(".")
        if not taken and name not in (manifest.FILE_NAME, RECORD):
            continue
        told = (place / name).lstat()
        text = None
        if not stat.S_ISREG(told.st_mode):
            foreign.append(f"{one_line(name)}: no regular file")
        elif told.st_size <= _MOST and (name == RECORD or name in listed or name in (new or {})):
            text = found[name] = (place / name).read_bytes()
        if not stat.S_ISREG(told.st_mode) or _ours(name, text, record, new):
            continue
        if name == RECORD:
            foreign.append(f"{name}: not a record as `portwright generate` writes it")
        elif name in record:
            foreign.append(f"{name}: changed since `portwright generate` wrote it")
        elif name not in listed:
            foreign.append(f"{one_line(name)}: not of the last run of `portwright generate`")
        elif new is not None:
            foreign.append(f"{name}: nothing tells whether it is as `portwright generate` wrote it")
    if foreign:
        said = "\n".join(f"  {row}" for row in foreign)
        raise Refused(f"{place}: nothing was written, because this would be lost, or taken for a "
                      f"part of the series; move it away, or name another --out:\n{said}")
    return found


def _ours(
    name: str, text: bytes | None, record: Mapping[str, str], new: Mapping[str, bytes] | None
) -> bool:
    """Return whether a file is what a run wrote, or what this one would; None is too large."""
    if text is None:
        return False
    if name == RECORD and record:
        return True
    return record.get(name) == _hash(text) or (new or {}).get(name) == text


def _record(place: Path) -> dict[str, str]:
    """Return the hashes of what the last run wrote, by name; nothing when no run wrote them so."""
    path = place / RECORD
    rows = _rows(path)
    text = "".join(f"{digest}  {name}\n" for name, digest in rows.items())
    sound = manifest.FILE_NAME in rows and not _ROW.sub("", text) and list(rows) == sorted(rows)
    return rows if sound and text.encode() == path.read_bytes() else {}


def _rows(path: Path) -> dict[str, str]:
    """Return what is written as sha256sum writes it, hashes by name."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _MOST:
        return {}
    rows = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return {name: digest for digest, _, name in (row.partition("  ") for row in rows)}


def _listed(place: Path) -> set[str]:
    """Return what series.json says that its run wrote."""
    try:
        return {*manifest.read(place).patches, COVER, manifest.FILE_NAME}
    except UsageError:
        return set()


def _written(where: Path, files: Mapping[str, bytes]) -> None:
    """Write files, and see that they are on the disk."""
    for name, text in files.items():
        with open(where / name, "xb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    _synced(where)


def _synced(where: Path) -> None:
    handle = os.open(where, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _beside(place: Path) -> Path:
    name = f".{place.name}{_SWAP}"
    if len(os.fsencode(name)) > _LONGEST:
        name = f".{_hash(os.fsencode(place.name))[:16]}{_SWAP}"
    return place.with_name(name)


def _exchanged(place: Path, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> bool:
    """Let a new directory and the old one change places, in one step of the kernel's.

    Return whether that was possible: not when others have files in it, for these stay where
    they are, or when somebody would notice that it is another directory.
    """
    there = place.is_dir()
    if there and not _only(place, old):
        return False
    beside = _beside(place)
    try:
        beside.mkdir()
    except OSError as fault:
        if fault.errno in _CANNOT:
            return False
        raise
    kept = False
    try:
        if there:
            told, mine = place.stat(), beside.stat()
            if (told.st_uid, told.st_gid) != (mine.st_uid, mine.st_gid):
                return False
            if _attributes(place) != _attributes(beside):
                return False
            beside.chmod(stat.S_IMODE(told.st_mode))
        _written(beside, new)
        if not there:
            beside.rename(place)
        elif not _swapped(beside, place):
            return False
        elif not _same(beside, old):
            kept = True  # what lies beside now is the user's, until it is back in its place
            with suppress(OSError):
                kept = not _swapped(beside, place)
            where = f"{beside}: has what was here" if kept else "nothing was changed"
            raise Refused(f"{place}: somebody wrote here in this moment; {where}")
        # It is done, whether the disk says so or not.
        with suppress(OSError):
            _synced(place.parent)
    finally:
        # The new set that has not come to its place, or the old one that has lost it.
        if not kept:
            shutil.rmtree(beside, ignore_errors=True)
    return True


def _only(place: Path, old: Mapping[str, bytes]) -> bool:
    """Return whether a directory has our files only, and we are not in it."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        return False
    return (
        set(os.listdir(place)) == old.keys()
        and not os.path.ismount(place)
        and place != here and place not in here.parents
    )


def _same(where: Path, files: Mapping[str, bytes]) -> bool:
    """Return whether a directory has these files and no others, as they are."""
    try:
        return set(os.listdir(where)) == files.keys() and all(
            (where / name).stat().st_size == len(text) and (where / name).read_bytes() == text
            for name, text in files.items()
        )
    except OSError:
        return False


def _attributes(where: Path) -> set[tuple[str, bytes]]:
    """Return access lists and labels, which a new directory may not have."""
    try:
        return {(name, os.getxattr(where, name)) for name in os.listxattr(where)}
    except OSError:
        return set()


def _swapped(one: Path, other: Path) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    call = getattr(libc, "renameat2", None)
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(other))


def _moved(place: Path, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> None:
    """Move the old files out and the new ones in; whatever fails, the old ones come back.

    The new set is on the disk before the first file moves. A kill leaves _SWAP behind: readers
    refuse it, and the next run takes the old set back.
    """
    place.mkdir(exist_ok=True)
    swap = place / _SWAP
    try:
        for path in (swap, swap / "new", swap / "old"):
            path.mkdir()
        _written(swap / "new", new)
        _written(swap, {RECORD: b"".join(
            f"{_hash(text)}  {name}\n".encode() for name, text in new.items()
        )})
        for name in old:
            (place / name).rename(swap / "old" / name)
        if not _same(swap / "old", old) or any(os.path.lexists(place / name) for name in new):
            raise Refused(f"{place}: somebody wrote here in this moment; nothing was changed")
        for name in new:
            (swap / "new" / name).rename(place / name)
        _synced(place)
        swap.rename(place / _DONE)
    except BaseException:
        _back(place)
        raise
    shutil.rmtree(place / _DONE, ignore_errors=True)


def _back(place: Path) -> None:
    """Take back what _moved() did of its work, by what lies there."""
    swap = place / _SWAP
    for name, digest in _rows(swap / RECORD).items():
        if not (swap / "new" / name).exists():
            with suppress(FileNotFoundError):
                if _hash((place / name).read_bytes()) == digest:
                    (place / name).unlink()
    (swap / RECORD).unlink(missing_ok=True)  # what comes back from here on may be equal to new ones
    if (swap / "old").is_dir():
        for path in sorted((swap / "old").iterdir()):
            if (place / path.name).exists():
                raise Refused(f"{place / path.name}: the set of the last run lies in "
                              f"{path.parent}, and this is in its way; move one of them away")
            path.rename(place / path.name)
    shutil.rmtree(swap, ignore_errors=True)


def _recover(place: Path) -> None:
    """Finish what a killed run has left.

    Errors: Refused when something lies there that is not of a run.
    """
    beside = _beside(place)
    if beside.is_dir():
        # A set that is written has its record last; one that is whole has it, and is as it says.
        record = _rows(beside / RECORD)
        for path in beside.iterdir():
            ours = path.suffix == ".patch" or path.name in (manifest.FILE_NAME, RECORD)
            ours = ours and path.is_file() and not path.is_symlink()
            if ours and record and path.name != RECORD:
                ours = record.get(path.name) == _hash(path.read_bytes())
            if not ours:
                raise Refused(f"{path}: lies where a new set is written first; move it away")
        shutil.rmtree(beside)
    for path in (place / _DONE, place / _SWAP):
        if not os.path.lexists(path):
            continue
        if path.is_symlink() or not path.is_dir() or not (
            set(os.listdir(path)) <= {"old", "new", RECORD}
        ):
            raise Refused(f"{path}: lies where a run keeps its sets; move it away")
        if path.name == _DONE:
            shutil.rmtree(path)
        else:
            _back(place)
