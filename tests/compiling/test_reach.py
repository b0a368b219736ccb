# SPDX-License-Identifier: GPL-2.0-only
"""What a commit reaches: its directories, and the names that a header changes."""

from __future__ import annotations

import pytest

from checks.compiling.reach import changed_names, directories, wide
from generator.kernel.configurations import DIRS
from generator.series.commit import commits_of


@pytest.mark.parametrize(("path", "own"), [
    ("block/badblocks.c", "block"), ("init/calibrate.c", "init"), ("ipc/syscall.c", "ipc"),
    ("security/min_addr.c", "security"), ("sound/core/misc.c", "sound/core"),
    ("crypto/api.c", "crypto"), ("io_uring/rw.c", "io_uring"), ("fs/char_dev.c", "fs"),
    ("arch/x86/kernel/quirks.c", "arch/x86/kernel"), ("arch/x86/lib/hweight.S", "arch/x86/lib"),
    ("drivers/i2c/Makefile", "drivers/i2c"), ("net/core/utils.h", "net/core"),
    ("tools/perf/a.c", ""), ("include/linux/a.h", ""), ("arch/x86/include/asm/a.h", ""),
    ("samples/a.c", ""), ("drivers/Makefile", ""), ("drivers/pci/a.c", ""), ("MAINTAINERS", ""),
])
def test_every_directory_of_the_kernel_is_looked_at(path: str, own: str) -> None:
    (commit,) = commits_of(["1/1"], [{path: b""}])
    assert directories(commit) == (*DIRS, *([own] if own else []))
    assert wide(commit) == ((path,) if "include/" in path else ())


@pytest.mark.parametrize(("paths", "dirs"), [
    (["drivers/hwmon/lm80.c", "drivers/hwmon/Makefile"], ("drivers/hwmon",)),
    (["drivers/hwmon/lm80.c", "drivers/pci/a.c"], (*DIRS, "drivers/hwmon")),
    (["drivers/hwmon/lm80.c", "include/linux/hwmon.h"], (*DIRS, "drivers/hwmon")),
    (["drivers/pci/a.c"], DIRS), (["MAINTAINERS"], DIRS),
])
def test_what_was_switched_on_for_a_commit_is_looked_at_alone(
    paths: list[str], dirs: tuple[str, ...]
) -> None:
    (commit,) = commits_of(["1/1"], [dict.fromkeys(paths, b"")])
    assert directories(commit, alone=True) == dirs


@pytest.mark.parametrize(("before", "after", "names"), [
    (b"\tu8\tpm_cap;\n", b"\tu8\tptm_cap;\n", {b"pm_cap", b"ptm_cap"}),
    (b"bool on(struct pci_dev *dev);\n", b"", {b"on"}),
    (b"#define AB(x) ((x) + 1)\n", b"#define AB(x) \\\n\t((x) + 2)\n", {b"AB"}),
    (b"int a;\nint b;\n", b"int b;\nint a;\n", set()),
])
def test_the_names_that_a_header_changes(before: bytes, after: bytes, names: set[bytes]) -> None:
    assert changed_names(before, after) == names
