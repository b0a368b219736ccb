# SPDX-License-Identifier: GPL-2.0-only
"""A line with which make would compile a unit, as arguments that hold from anywhere."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

_WORD = re.compile(r"""(?:[^\s'"\\]|'[^']*'|"(?:[^"\\]|\\.)*"|\\.)+""")
_QUOTED = re.compile(r"""['"\\]""")


def words(line: str) -> list[str]:
    """Return the words of a line as a shell has them; shlex reads each letter by itself."""
    return [shlex.split(one)[0] if _QUOTED.search(one) else one for one in _WORD.findall(line)]


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
