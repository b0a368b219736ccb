# SPDX-License-Identifier: GPL-2.0-only
"""Ways out of a function that fails: labels, and behind each the text of what is undone there."""

from __future__ import annotations

from collections.abc import Sequence

from generator.errors import NOWHERE, ModelError

# Label and text of each step of a way out, newest first.
Way = tuple[tuple[str, str], ...]


def joined(exits: Sequence[Way]) -> Way:
    """Return the way out that has all the others at its end, so that each falls into the next.

    Errors: ModelError when two of them do not end alike.
    """
    longest = max(exits, key=len)
    for way in exits:
        if longest[len(longest) - len(way):] != way:
            raise ModelError(
                NOWHERE,
                "two ways out of one function undo in different orders: "
                f"{' '.join(label for label, _ in way)} / "
                f"{' '.join(label for label, _ in longest)}: "
                "put what belongs together into a helper of its own"
            )
    return longest
