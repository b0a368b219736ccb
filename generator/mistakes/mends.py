# SPDX-License-Identifier: GPL-2.0-only
"""What would mend a mistake that Python itself finds in a design's file, and tells in its words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

_CONDITIONS = ("Guard", "And", "Or")
_EXPRESSIONS = ("Read", "Bin", "Num", "Pick", "Over", "Same", "Param")
# What designs import beside operations: the modules that the READMEs name.
_MODULES = ("design", "expr", "facts", "operation", "program", "portdrv")


def mend(fault: BaseException) -> str:
    """Return ": " and what would mend it, for a fault that names nothing which may be meant."""
    text = str(fault)
    if "operand type" in text:
        if any(f"'{kind}'" in text for kind in _CONDITIONS):
            return ": join conditions as both(A, B), either(A, B) and Not(A) of generator.program"
        if any(f"'{kind}'" in text for kind in _EXPRESSIONS):
            return ": facts take + and -, & | ~ and .eq() .ne() .lt() .le() .gt() .ge() .among()"
    if isinstance(fault, AttributeError) and isinstance(fault.name, str):
        return _attribute(fault.obj, fault.name)
    if isinstance(fault, ModuleNotFoundError):
        return ": take it out, or let PYTHONPATH name the directory that it is in"
    if isinstance(fault, ImportError):
        return ": import it from a module by its whole name, as generator.design"
    if "unhashable type" in text:
        return ": write a tuple, (..., ), in the place of a list or a dictionary"
    if "missing" in text and "argument" in text:
        return ": give it what is missing"
    return "" if ": " in text else ": correct this line"


def _attribute(thing: object, name: str) -> str:
    if type(thing).__name__ == "Fact":
        return ": apply the fact to a device first, as in FACT(DEVICE).eq(value)"
    known = [one for one in dir(thing) if not one.startswith("_")]
    close = difflib.get_close_matches(name, known, 1, 0.5)
    if close:
        return f": did you mean .{close[0]}?"
    return f": it has {', '.join(known)}" if 0 < len(known) < 20 else ": correct this line"


def names(fault: BaseException) -> Mapping[str, str]:
    """Return what may be meant beside operations: name -> where it is from, "" for modules.

    That is what the file itself has, what facts there are, and the modules of the model.
    """
    from generator import facts

    found = {f"generator.{one}": "" for one in _MODULES}
    found |= {one: "generator.facts" for one in vars(facts) if one.isupper()}
    frame = fault.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is not None and isinstance(fault, NameError):
        space = frame.tb_frame.f_globals
        found |= {one: "this file" for one in space if re.match(r"[A-Za-z]", one)}
    return found
