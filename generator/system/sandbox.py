# SPDX-License-Identifier: GPL-2.0-only
"""Programs that see what a stranger has written run here: without network, home, or secrets.

    command(argv, readable=..., writable=..., cwd=...) -> the command line that runs it inside

Inside there are the system's programs and the directories that are named, read-only unless said
otherwise, an empty /tmp, and nothing else: no /proc, no /dev but null, no other process. Whoever
ends the outer process ends all of them. bubblewrap does it; there is no way without it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import EnvironmentFault
from generator.system.plumbing import tried

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_FILES = ("/etc/alternatives", "/etc/ld.so.cache")
_GB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """What one program inside may have: CPU seconds, bytes of memory and of a file, processes.

    Linux does not count the processes of root: there only time and memory of each are bounded.
    """

    seconds: int = 300
    memory: int = 4 * _GB
    file: int = _GB
    processes: int = 64


def command(
    argv: Sequence[str],
    *,
    readable: Iterable[Path],
    writable: Iterable[Path] = (),
    cwd: Path,
    limits: Limits = Limits(),
    lasting: bool = False,
) -> list[str]:
    """Return the command line that runs a program inside, with what environment() gives.

    lasting: it outlives the thread that starts it, and ends when its input does.
    Errors: EnvironmentFault when this machine cannot do that: nothing is run without it.
    """
    why = unavailable()
    if why:
        raise EnvironmentFault(
            f"no sandbox: {why}. What a series makes kbuild, kconfig and the compiler do is only "
            "done in one, so nothing was run"
        )
    binds: list[str] = []
    given = {"--ro-bind": tuple(readable), "--bind": tuple(writable)}
    every = [path for paths in given.values() for path in paths]
    for option, paths in given.items():
        for path in dict.fromkeys(paths):
            real = os.path.realpath(path) if path.is_symlink() else str(path)
            binds += [option, real, real]
            # a link that lies in another of these directories is there with it
            if path.is_symlink() and not any(one in path.parents for one in every):
                binds += ["--symlink", real, str(path)]
    line = [one for one in _bare() if not (lasting and one == "--die-with-parent")]
    return [*line, *binds, "--chdir", str(cwd), *_limited(limits), *argv]


def environment(*homes: Path, **more: str) -> dict[str, str]:
    """Return the variables of a program inside: these alone, whatever the user has set.

    A CPATH or CCC_OVERRIDE_OPTIONS of the user's would be another compiler. `homes` are
    directories of programs that are in no place of the system.
    """
    places = [*map(str, homes), "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
    return {"PATH": ":".join(places), "LC_ALL": "C", "TZ": "UTC", "HOME": "/nonexistent",
            "TMPDIR": "/tmp", **more}


def _bare() -> list[str]:
    """Return bubblewrap with the system and nothing of the user."""
    line = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    for place in _SYSTEM:
        if os.path.islink(place):
            line += ["--symlink", os.readlink(place), place]
        elif os.path.isdir(place):
            line += ["--ro-bind", place, place]
    for place in _FILES:
        if os.path.exists(place):
            line += ["--ro-bind", place, place]
    line += ["--dev-bind", "/dev/null", "/dev/null", "--size", str(_GB), "--tmpfs", "/tmp"]
    return line


def _limited(limits: Limits) -> list[str]:
    return [
        "prlimit", f"--cpu={limits.seconds}", f"--as={limits.memory}", f"--fsize={limits.file}",
        f"--nproc={limits.processes}", "--core=0", "--",
    ]


@functools.cache
def unavailable() -> str:
    """Return why there is no sandbox here and what would mend it, empty when there is one."""
    for program, package in (("bwrap", "bubblewrap"), ("prlimit", "util-linux")):
        if shutil.which(program) is None:
            return f"{program} is missing: install {package}"
    done = tried([*_bare(), *_limited(Limits()), "true"], timeout=60)
    return "" if done.status == 0 else f"bwrap does not work here ({done.last}): {_mend()}"


# where the kernel, or a distribution, forbids users to make namespaces: file, value, what to do
_FORBIDDEN = (
    ("/proc/sys/kernel/unprivileged_userns_clone", "0",
     "set the sysctl kernel.unprivileged_userns_clone to 1"),
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
     "give bwrap an AppArmor profile with `userns,`, or set the sysctl "
     "kernel.apparmor_restrict_unprivileged_userns to 0"),
    ("/proc/sys/user/max_user_namespaces", "0", "set the sysctl user.max_user_namespaces to 1000"),
)


def _mend() -> str:
    """Return what would let bwrap make namespaces, as far as this machine shows it."""
    for file, value, mend in _FORBIDDEN:
        with contextlib.suppress(OSError):
            if Path(file).read_text(encoding="utf-8").strip() == value and os.getuid():
                return mend
    if not os.path.ismount("/") or not _is_first():
        return ("this is a chroot, in which the kernel makes none: enter the directory with "
                "systemd-nspawn -D, or by pivot_root, in place of chroot")
    return "in a container, run it with a seccomp profile and rights that let it make namespaces"


def _is_first() -> bool:
    """Return whether / is that of the first process, as far as one may know."""
    try:
        return os.path.samefile("/", "/proc/1/root")
    except OSError:
        return True
