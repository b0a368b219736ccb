# SPDX-License-Identifier: GPL-2.0-only
"""Further configurations: how they are named, and that each compiles for its machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.compiling.compile import check
from checks.compiling.matrix import configurations
from checks.compiling.target import KernelTarget
from generator.errors import UsageError
from generator.kernel import kbuild
from generator.kernel.configurations import CONFIGS, DEFCONFIG, KINDS
from generator.kernel.tree import Tree
from generator.series.commit import commits_of


@pytest.fixture
def work(tmp_path: Path) -> Path:
    for name, line in (("kernel/configs/debug", "CONFIG_DEBUG=y"),
                       ("arch/x86/configs/own", "# CONFIG_OWN is not set"),
                       ("mine", "CONFIG_MINE=m\n# a comment")):
        file = tmp_path / f"{name}.config"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{line}\n")
    return tmp_path


def test_configurations_are_named_by_architecture_kind_and_fragments(work: Path) -> None:
    named = f"arm64, i386:allmodconfig+own.config,riscv:allnoconfig+debug+{work}/mine.config,arm64"
    first, second, third = configurations(named, work)
    assert (first.name, first.arch, first.kind, first.wanted) == (
        "arm64:defconfig", "arm64", "defconfig", ())
    assert (second.name, second.wanted) == ("i386:allmodconfig+own", ("# CONFIG_OWN is not set",))
    assert (third.name, third.wanted) == ("riscv:allnoconfig+debug+mine",
                                          ("CONFIG_DEBUG=y", "CONFIG_MINE=m"))


@pytest.mark.parametrize(("named", "said"), [
    ("sparc", f"no architecture sparc; there are {', '.join(DEFCONFIG)}"),
    ("arm64:tiny", f"no configuration tiny; there are {', '.join(KINDS)}"),
    ("riscv:defconfig+own", "no fragment .*kernel/configs/own.config or .*arch/riscv/configs"),
    (" ,", "names no configuration"),
])
def test_what_is_not_understood_is_one_line_of_blame(work: Path, named: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        configurations(named, work)


@pytest.mark.kernel
@pytest.mark.slow
def test_a_mistake_that_only_another_machine_shows_is_found_there(pinned: Tree) -> None:
    bases = [kbuild.prepare(pinned, one)
             for one in (*configurations("arm64:allnoconfig", pinned.work), CONFIGS["i386"])]
    path = "drivers/base/core.c"
    text = (pinned.work / path).read_text()
    new = text + ("\nu64 core_ratio(u64 one, u64 other);\nu64 core_ratio(u64 one, u64 other)\n"
                  "{\n#ifdef CONFIG_ARM64\n\treturn no_such;\n#endif\n\treturn one / other;\n}\n")
    found = check(commits_of(["1/1"], [{path: new.encode()}]), [KernelTarget(b) for b in bases],
                  progress=lambda _: None)
    told = {(one.rule, one.config) for one in found if one.path == path}
    assert ("compile:error", "arm64:allnoconfig") in told
    assert ("link:undefined", "i386") in told
