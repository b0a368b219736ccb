# SPDX-License-Identifier: GPL-2.0-only
"""What make says that it would do for a commit, on a build directory of its own.

    rehearsed(build, variant, config, work, args) -> Done
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from generator.kernel.configurations import Config
from generator.kernel.kconfig import dry_run
from generator.system.plumbing import Done

ENTERED = "tools/objtool/libsubcmd"  # by a dry run as well


def rehearsed(
    base: Path, variant: Path, config: Config, work: Path, args: Sequence[str]
) -> Done:
    """Return what make says of a commit, whose tree and configuration are in `variant`.

    base: the build directory of the tree in `work`.
    Errors: EnvironmentFault, Timeout.
    """
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=variant) as name:
        build = Path(name, "build")
        _copy(base, build)
        (build / ENTERED).mkdir(parents=True, exist_ok=True)
        config_dir = build / "include/config"
        config_dir.mkdir()
        shutil.copyfile(variant / "dot-config", build / ".config")
        # Newer than .config and every Kconfig file, or make would configure once more.
        shutil.copyfile(variant / "auto.conf", config_dir / "auto.conf")
        shutil.copyfile(base / "include/config/kernel.release", config_dir / "kernel.release")
        # Would name the other source directory as a reason to configure.
        config_dir.joinpath("auto.conf.cmd").write_text("", encoding="utf-8")
        for made in ("autoconf.h", "rustc_cfg"):
            build.joinpath("include/generated", made).touch()
        return dry_run(variant / "farm", build, config, (work, base, variant), *args)


def _copy(source: Path, place: Path) -> None:
    """Copy the files of a build directory; make has directories of its own while it runs.

    Hundreds of them are empty, and make does without.
    """
    for directory, below, names in os.walk(source):
        if directory == str(source):
            below[:] = [one for one in below if one not in ("variants", "source")]
        below[:] = [one for one in below if one != "config" and not one.startswith(".tmp_")]
        kept = [one for one in names if not one.startswith((".tmp_", "flags-"))]
        here = place / os.path.relpath(directory, source)
        if kept:
            here.mkdir(parents=True, exist_ok=True)
        for name in kept:
            shutil.copy2(os.path.join(directory, name), here / name, follow_symlinks=False)
