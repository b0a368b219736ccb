# SPDX-License-Identifier: GPL-2.0-only
"""What the hardware model needs inside the guest: an object in its kernel, and a program."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from checks.boot.build.arch import X86, Arch
from generator.errors import EnvironmentFault
from generator.kernel.configurations import COMPILER, Config
from generator.kernel.kconfig import make
from generator.kernel.tree import Tree
from generator.system.cache import cache, locked
from generator.system.holding import hold
from generator.system.house import HOUSE
from generator.system.plumbing import tried
from generator.system.progress import say
from generator.tree_facts.table import answer

GUEST = HOUSE / "templates" / "boot" / "guest"
PROGRAM = "bin/cpmu"
_HOME = "drivers/pci/pcie"
_OBJECT = f"{_HOME}/port_model.c"
_MAKEFILE = f"{_HOME}/Makefile"
_RULE = b"\n# For tests in a virtual machine: checks/boot of portwright\nobj-y += port_model.o\n"
# The same done as kernels differ in it: built in where the tree answers a fact so.
_WHERE = {
    "forbidden_descs.c": ("MSI descriptor lock", "by two functions"),
    "forbidden_descs_guard.c": ("MSI descriptor lock", "by a guard"),
}
_NOLIBC = "tools/include/nolibc/nolibc.h"
_FLAGS = (
    "-fuse-ld=lld", "-fno-builtin", "-static", "-nostdlib", "-Os", "-Wall", "-Wextra", "-Werror",
    "-s", "-fno-asynchronous-unwind-tables", "-fno-stack-protector",
)


def with_port_model(
    tree: Tree, overlay: Mapping[str, bytes | None], objects: Sequence[str] = ()
) -> dict[str, bytes | None]:
    """Return an overlay of a kernel with the guest object built in beside the port driver.

    Without its parameters on the command line it does nothing. `objects` are more files of
    templates/boot/guest to build in there, and headers of theirs; of those that do the same in
    the ways of different kernels there is the one that this tree has.
    Errors: TreeError when the tree does not answer a fact that decides it.
    """
    makefile = overlay.get(_MAKEFILE)
    if makefile is None:
        makefile = (tree.work / _MAKEFILE).read_bytes()
    there = [name for name in objects if _has(tree, name)]
    more = {f"{_HOME}/{name}": (GUEST / name).read_bytes() for name in there}
    sources = [name for name in there if name.endswith(".c")]
    rules = "".join(f"obj-y += {Path(name).stem}.o\n" for name in sources).encode()
    return {
        **overlay,
        _OBJECT: (GUEST / "port_model.c").read_bytes(),
        **more,
        _MAKEFILE: makefile + _RULE + rules,
    }


def _has(tree: Tree, name: str) -> bool:
    fact, wanted = _WHERE.get(name, ("", ""))
    return not fact or answer(fact, tree).text == wanted


def program(tree: Tree, arch: Arch = X86) -> bytes:
    """Return the guest's program, static and without any library but the tree's nolibc.

    Errors: EnvironmentFault when there is no compiler, or it does not compile.
    """
    # Those of this system are of its own architecture.
    headers = [] if arch == X86 else [
        f"--target={arch.triple}", "-isystem", str(_headers(tree, arch)),
    ]
    with tempfile.TemporaryDirectory() as name:
        out = Path(name, "cpmu")
        done = tried(
            [COMPILER, *_FLAGS, *headers, "-include", str(tree.work / _NOLIBC), "-o", str(out),
             str(GUEST / "cpmu.c")],
        )
        if done.status:
            raise EnvironmentFault(f"templates/boot/guest/cpmu.c: {done.complained.strip()}")
        return out.read_bytes()


def _headers(tree: Tree, arch: Arch) -> Path:
    """Return the headers for programs of an architecture, made from the tree on first use."""
    home = cache() / "boot" / f"headers-{tree.version}-{tree.base[:12]}-{arch.name}"
    hold(home)
    found = home / "usr" / "include"
    if not (home / "complete").is_file():
        with locked(f"headers-{arch.name}"):
            if not (home / "complete").is_file():
                say(f"making the headers of {arch.name} for programs")
                home.mkdir(parents=True, exist_ok=True)
                make(tree.work, home, Config("headers", arch.name, ()), "-s", "headers")
                (home / "complete").touch()
    return found
