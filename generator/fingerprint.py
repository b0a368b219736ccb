# SPDX-License-Identifier: GPL-2.0-only
"""How an operation or a guard looks in C, stated without its template."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from generator.expr import NO_DIGEST


class Fails(Enum):
    """How a call tells failure; the reader forks a fallible call into two labels.

    The outcomes are "ok" and "fail"; those of BOOL are "true" and "false".
    """

    NEVER = "void, or its value says nothing"
    DONE = "0 is success, and it is taken not to fail"
    NEGATIVE = "0 is success, negative is failure"
    POSITIVE = "greater than 0 is success, negative is failure"
    TAKEN = "greater than 0 is success, 0 or negative is failure"
    NONNEGATIVE = "0 or greater is success, negative is failure"
    NULL = "a pointer: NULL is failure"
    ERRPTR = "a pointer: ERR_PTR() is failure"
    INDEX = "a struct msi_map: .index < 0 is failure, .virq > 0 is success"
    BOOL = "no failure: a question, answered true or false"


@dataclass(frozen=True)
class Fingerprint:
    """One operation as the AST shows it.

    callees: names after macro expansion that all mean this operation; the first one names
    the label. on: index of the argument whose path is the device; None for none.
    args: further arguments that tell uses apart: constants are shown as written, functions
    and globals by name, paths of structs as paths, all else as "*".
    callback: index of the argument that the callee calls, once per child of `on`, until it
    returns something else than 0 (device_for_each_child).
    later: indices of a function and of what it will be called with when all is undone
    (devm_add_action_or_reset). forgets: nobody knows what is in memory behind it.
    """

    callees: tuple[str, ...]
    on: int | None = None
    fails: Fails = Fails.NEVER
    args: tuple[int, ...] = ()
    callback: int | None = None
    later: tuple[int, int] | None = None
    forgets: bool = field(default=False, metadata=NO_DIGEST)

    @property
    def spellings(self) -> tuple[str, ...]:
        """Return the callees, with those that an allocator has in trees where it is a macro."""
        macros = tuple(f"_{name}" for name in self.callees if name.endswith("_noprof"))
        return (*self.callees, *macros)


@dataclass(frozen=True)
class CGuard:
    """A named condition of the C.

    conditions: source texts, spacing free, of condition leaves or of whole && and ||
    expressions, which are then not taken apart; the guard is true when one of them is true as
    written here, "!x" and "a != b" being false "x" and "a == b".
    function: only inside this function, when given. stable: asked again in the same run,
    it answers the same. excludes: names of stable guards that are false once this is true.
    """

    name: str
    conditions: tuple[str, ...]
    function: str = ""
    stable: bool = False
    excludes: tuple[str, ...] = ()
    both: bool = False  # both ways are followed, whatever is known of the values
