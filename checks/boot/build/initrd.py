# SPDX-License-Identifier: GPL-2.0-only
"""The initial RAM disk: busybox, the guest's init, modules, and what a scenario adds.

archive({path: File}) -> bytes: a cpio archive of the "newc" form, the same for the same files.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.boot.build.arch import X86, Arch
from checks.boot.build.foreign import foreign
from checks.boot.build.kernel import Kernel
from generator.errors import EnvironmentFault
from generator.system.house import HOUSE

SCRIPTS = HOUSE / "templates" / "boot"
MODULES = "lib"  # where the guest finds them, as NAME.ko
_DIRECTORIES = ("bin", "dev", "proc", "sys", "tmp", MODULES)
_TRAILER = "TRAILER!!!"


@dataclass(frozen=True)
class File:
    """A file of the archive: its mode with the type in it, its content, its device number."""

    mode: int
    content: bytes = b""
    device: tuple[int, int] = (0, 0)


def archive(files: Mapping[str, File]) -> bytes:
    """Return a cpio archive, without times, owners or order of the file system in it."""
    out = bytearray()
    entries = [*sorted(files.items()), (_TRAILER, File(0))]
    for number, (path, file) in enumerate(entries, 1):
        name = path.encode() + b"\0"
        last = path == _TRAILER
        fields = (
            0 if last else number, file.mode, 0, 0, 1, 0, len(file.content), 0, 0, *file.device,
            len(name), 0,
        )
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + name
        out += b"\0" * (-len(out) % 4) + file.content
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


def initrd(kernel: Kernel, extra: Mapping[str, bytes] | None = None) -> bytes:
    """Return the compressed archive of a kernel's guest; `extra` are programs by path.

    Errors: EnvironmentFault when there is no static busybox.
    """
    files = {name: File(0o040755) for name in _DIRECTORIES}
    files["dev/console"] = File(0o020600, device=(5, 1))
    files["bin/busybox"] = File(0o100755, busybox(kernel.arch))
    files["init"] = File(0o100755, (SCRIPTS / "init.sh").read_bytes())
    for name in kernel.modules():
        files[f"{MODULES}/{name}.ko"] = File(0o100644, kernel.module(name).read_bytes())
    files |= {path: File(0o100755, content) for path, content in (extra or {}).items()}
    return gzip.compress(archive(files), compresslevel=1, mtime=0)


def guest_files() -> dict[str, bytes]:
    """Return the programs of every guest beside busybox, by path."""
    return {"bin/observe": (SCRIPTS / "observe.sh").read_bytes()}


def busybox(arch: Arch = X86) -> bytes:
    """Return busybox, which has to run without libraries.

    Errors: EnvironmentFault.
    """
    if arch != X86:
        return foreign("busybox-static", "bin/busybox", arch.debian).read_bytes()
    found = shutil.which("busybox")
    if found is None:
        raise EnvironmentFault("busybox: program not found; run `make setup`")
    program = Path(found).read_bytes()
    if b"/lib64/ld-linux" in program:
        raise EnvironmentFault(f"{found}: needs libraries; install busybox-static")
    return program
