# SPDX-License-Identifier: GPL-2.0-only
"""A tarball inside a Debian package as a commit and a checkout, read once and never installed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from generator.errors import EnvironmentFault, TreeError
from generator.system.plumbing import git, git_command, git_environment
from generator.system.progress import say

_MIB = 1 << 20


def unwrap(deb: Path, name: str, target: Path) -> str:
    """Write a file that a package holds, without installing anything; return its sha256.

    Errors: TreeError for a package that does not hold it, EnvironmentFault without dpkg-deb.
    """
    argv = ["dpkg-deb", "--fsys-tarfile", str(deb)]
    with _child(argv, stdout=subprocess.PIPE) as unpack, target.open("wb") as out:
        digest = hashlib.sha256()
        try:
            with tarfile.open(fileobj=_stream(unpack.stdout), mode="r|") as outer:
                for member in outer:
                    if member.name == name:
                        inner = outer.extractfile(member)
                        while inner is not None and (block := inner.read(_MIB)):
                            digest.update(block)
                            out.write(block)
        except tarfile.TarError as broken:
            raise TreeError(f"{deb}: {broken}; remove it and run it again") from broken
    if unpack.returncode != 0 or not target.stat().st_size:
        raise TreeError(f"{deb}: holds no {name}; remove it and run it again")
    return digest.hexdigest()


@contextlib.contextmanager
def _child(
    argv: list[str],
    stdin: int | None = None,
    stdout: int | None = None,
    env: dict[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a child that does not outlive the block, however that is left."""
    try:
        child = subprocess.Popen(argv, stdin=stdin, stdout=stdout, env=env)
    except FileNotFoundError as missing:
        raise EnvironmentFault(f"{argv[0]}: program not found; run `make setup`") from missing
    try:
        yield child
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        child.wait(timeout=300)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


def _stream(pipe: IO[bytes] | None) -> IO[bytes]:
    return cast("IO[bytes]", pipe)


def imported(
    tarball: Path, git_dir: Path, work: Path, message: str, date: str
) -> tuple[str, str, int]:
    """Make a bare repository with one commit, and a checkout, of a tarball in one pass over it.

    Returns the ids of commit and tree, and how many files there are.
    Errors: TreeError, EnvironmentFault for a missing program.
    """
    git_dir.mkdir()
    git(git_dir, "init", "--quiet", "--bare", "--template=")
    (git_dir / "info").mkdir()
    work.mkdir()
    count = 0
    importer = git_command(
        git_dir,
        *("-c", "core.compression=1", "-c", "pack.compression=1", "-c", "fastimport.unpackLimit=0"),
        *("fast-import", "--quiet", "--done", "--depth=0"),
    )
    head = (
        "feature done\ncommit refs/heads/base\n"
        f"committer Portwright <portwright@invalid> {date}\n"
    )
    with (
        _child(importer, stdin=subprocess.PIPE, env=git_environment()) as into,
        _child(["xz", "-dc", "-T2", str(tarball)], stdout=subprocess.PIPE) as unpack,
    ):
        give = _stream(into.stdin).write
        try:
            give(f"{head}data {len(message)}\n{message}\n".encode())
            with tarfile.open(fileobj=_stream(unpack.stdout), mode="r|", bufsize=_MIB) as members:
                for member in members:
                    path = member.name.partition("/")[2]
                    if member.isdir():
                        work.joinpath(path).mkdir(exist_ok=True)
                        continue
                    mode, text = _entry(members, member, work / path)
                    give(f"M {mode} inline {path}\ndata {len(text)}\n".encode())
                    give(text)
                    give(b"\n")
                    count += 1
                    if count % 20000 == 0:
                        say(f"  {count} files")
            give(b"\ndone\n")
        except tarfile.TarError as broken:
            raise TreeError(f"{tarball.name}: {broken}; run it again") from broken
        except BrokenPipeError as ended:
            raise TreeError("git fast-import ended early; is the disk full?") from ended
    if into.returncode != 0 or unpack.returncode != 0:
        raise TreeError(f"import failed: git {into.returncode}, xz {unpack.returncode}")
    git(git_dir, "symbolic-ref", "HEAD", "refs/heads/base")
    shutil.copyfile(work / ".gitattributes", git_dir / "info" / "attributes")
    told = git(git_dir, "rev-parse", "refs/heads/base", "refs/heads/base^{tree}").decode().split()
    return told[0], told[1], count


def born(tarball: Path) -> int:
    """Return when the top directory of a tarball was made, in seconds.

    Errors: TreeError when it is no tarball.
    """
    with _child(["xz", "-dc", str(tarball)], stdout=subprocess.PIPE) as unpack:
        try:
            with tarfile.open(fileobj=_stream(unpack.stdout), mode="r|") as members:
                first = members.next()
        except tarfile.TarError as broken:
            raise TreeError(f"{tarball.name}: {broken}; run it again") from broken
    if first is None:
        raise TreeError(f"{tarball.name}: nothing is in it")
    return int(first.mtime)


def _entry(members: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> tuple[str, bytes]:
    """Write one member to the checkout; its git mode and content."""
    if ".." in member.name.split("/") or member.name.startswith("/") or "\n" in member.name:
        raise TreeError(f"{member.name!r}: a path in the tarball leaves the tree")
    if member.issym():
        os.symlink(member.linkname, target)
        return "120000", os.fsencode(member.linkname)
    content = members.extractfile(member) if member.isreg() else None
    if content is None:
        raise TreeError(f"{member.name}: neither file nor symbolic link")
    text = content.read()
    executable = member.mode & 0o100
    with target.open("xb") as out:
        out.write(text)
    if executable:
        target.chmod(0o755)
    return ("100755" if executable else "100644"), text
