# SPDX-License-Identifier: GPL-2.0-only
"""That the flags which a commit's Makefiles give the compiler do nothing but compile.

A compiler loads plugins, writes files, and reads its own command line from files, all by flags.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from generator.errors import Refused

# definitions, warnings, and how to optimise; a comma would hand something to another program
_HARMLESS = re.compile(
    r"-[DU][A-Za-z_]\w*(?:=.*)?|-W(?:no-)?[a-z][a-z0-9+-]*(?:=\d+)?|-w|-O[0-3s]|-std=[a-z0-9+]+|"
    r"-f(?:no-)?(?:strict-aliasing|inline|builtin|common|stack-protector|omit-frame-pointer)"
)


def harmless(arg: str) -> bool:
    """Return whether a flag that names no file does nothing but compile."""
    return _HARMLESS.fullmatch(arg) is not None


def sound(
    units: Mapping[str, Sequence[str]], known: Iterable[Collection[str]], places: Sequence[Path]
) -> None:
    """See that flags of units are those of the base, or harmless, or look into `places`.

    known: flags of the base; further ones are only asked for while some are not among them.
    Errors: Refused naming the unit and the flag.
    """
    more = iter(known)
    left = {arg: path for path, args in units.items() for arg in args
            if not harmless(arg) and not _inside(arg, places)}
    while left:
        some = next(more, None)
        if some is None:
            arg, path = next(iter(left.items()))
            raise Refused(
                f"{path}: after this series the compiler gets {arg!r}, which is more than a "
                "definition, a warning or a directory of the tree: nothing was compiled with it"
            )
        left = {arg: path for arg, path in left.items() if arg not in some}


def _inside(arg: str, places: Sequence[Path]) -> bool:
    return arg.startswith("-I") and any(
        Path(os.path.realpath(arg[2:])).is_relative_to(os.path.realpath(one)) for one in places)
