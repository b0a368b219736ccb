# SPDX-License-Identifier: GPL-2.0-only
"""A line with which make would compile a unit, as arguments that hold from anywhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def absolute(
    argv: Sequence[str], work: Path, source: Path, build: Path
) -> tuple[tuple[str, ...], str]:
    """Return the arguments without compiler, -c, -o and source, and the name of the module.

    argv: what make said in `build`, of files below `work`, which are said to be those of `source`.
    """
    args: list[str] = []
    modname = ""
    rest = iter(argv[1:])
    for arg in rest:
        if arg == "-c" or arg.startswith("-Wp,-MMD"):
            continue
        if arg == "-o":
            next(rest)
            continue
        if arg.endswith(".c") and not arg.startswith("-"):
            continue
        arg = arg.replace(f"{work}/", f"{source}/") if work != source else arg
        if arg.startswith("-I") and len(arg) > 2 and not arg.startswith("-I/"):
            there = build / arg[2:]
            # Where objects go: nothing is built here, and W=1 warns of missing directories.
            if not arg.startswith("-I./") and not any(there.glob("*.h")):
                continue
            arg = f"-I{os.path.normpath(there)}"
        if arg in ("-include", "-isystem", "-I", "-imacros"):
            args.append(arg)
            arg = os.path.normpath(build / next(rest))
            arg = arg.replace(f"{work}/", f"{source}/")
        if arg.startswith("-DKBUILD_MODNAME="):
            modname = arg.partition("=")[2].strip('"')
        args.append(arg)
    return tuple(args), modname
