# SPDX-License-Identifier: GPL-2.0-only
"""Conditions of a design are data: Python cannot tell whether they hold while it reads a file."""

from __future__ import annotations

from typing import ClassVar, NoReturn


class Untold:
    """A condition; `and`, `or`, `not` and `if` of Python would drop half of it without a word."""

    mend: ClassVar[str] = "both(A, B) for and, either(A, B) for or, Not(A) for not"

    def __bool__(self) -> NoReturn:
        """Refuse to be true or false. Errors: TypeError, with the mend."""
        raise TypeError(
            "whether a condition holds is not known while the file is read, so and, or, not, in, "
            f"if and chains like 1 < X < 3 make nothing of it: write {self.mend}"
        )
