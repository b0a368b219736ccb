# SPDX-License-Identifier: GPL-2.0-only
"""A package `tiny` of our own, the archive that offers it, and a lock file that pins it."""

import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

from clones import FILES, WHEN, shell


def serve(where: Path, *versions: str) -> None:
    (where / "madison").write_text("".join(f"tiny | {v} | somewhere\n" for v in versions))


def packed(where: Path, version: str, contents: dict[str, str]) -> None:
    root = where / "root"
    shutil.rmtree(root, ignore_errors=True)
    source = where / "tiny"
    shutil.rmtree(source, ignore_errors=True)
    for name, text in contents.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    (source / "drivers/pci/run.sh").chmod(0o755)
    (source / "link").symlink_to("drivers/pci")
    (root / "usr/src").mkdir(parents=True)
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN/control").write_text(
        f"Package: tiny\nVersion: {version}\nArchitecture: all\n"
        "Maintainer: T <t@example.org>\nDescription: tiny\n"
    )
    tarball = root / "usr/src/tiny.tar.xz"
    with tarfile.open(tarball, "w:xz") as out:
        out.add(source, "tiny")
    deb = where / f"tiny_{version}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-b", root, deb], check=True, capture_output=True
    )


def lock_file(where: Path, **changes: str) -> Path:
    """Write a lock file that pins the package as `tiny`, and beside it one that nobody asks for."""
    tarball = (where / "root/usr/src/tiny.tar.xz").read_bytes()
    shell(where / "tiny", "rm -rf ../t.git; git init -q --bare ../t.git")
    told = shell(
        where / "tiny",
        "export GIT_DIR=../t.git GIT_WORK_TREE=.; git add -f -A; git write-tree",
    )
    tree = told.split()[-1]
    identity = "GIT_{0}_NAME=Portwright GIT_{0}_EMAIL=portwright@invalid GIT_{0}_DATE='{1}'"
    both = " ".join(identity.format(who, WHEN) for who in ("AUTHOR", "COMMITTER"))
    commit = shell(
        where / "tiny",
        f"echo 'Linux 6.12.1 (tiny 1-1)' | {both} git --git-dir=../t.git commit-tree {tree}",
    ).strip()
    said = {
        "suite": "",
        "package": "tiny",
        "files": len(FILES) + 1,
        "package_version": "1-1",
        "version": "6.12.1",
        "tarball": "./usr/src/tiny.tar.xz",
        "date": WHEN,
        "deb_sha256": hashlib.sha256((where / "tiny_1-1.deb").read_bytes()).hexdigest(),
        "tarball_sha256": hashlib.sha256(tarball).hexdigest(),
        "tree": tree,
        "commit": commit,
        **changes,
    }
    lock = where / "pin.toml"
    rows = [f"{key} = {json.dumps(value)}\n" for key, value in said.items()]
    other = [row.replace("6.12.1", "7.3.1").replace("1-1", "9-1") for row in rows]
    lock.write_text(
        'default = "old"\n[kernels.new]\n' + "".join(other) + "[kernels.old]\n" + "".join(rows)
    )
    return lock
