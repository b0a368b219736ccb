# SPDX-License-Identifier: GPL-2.0-only
"""Why a patch does not apply: which line of the user's file, which hunk, what stands nearest."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from generator.errors import Conflict, PortwrightError, UsageError
from generator.intake.outline import Hunk, outline
from generator.intake.piece import Piece

_MOST_LINES = 200_000


def explained(
    piece: Piece, diff: bytes, said: str, read: Callable[[str], bytes | None]
) -> PortwrightError:
    """Return the error to raise for a diff that git did not take, from what git said.

    `read` gives a file before the patch. A diff that is none is a UsageError, others a Conflict.
    """
    if failed := re.search(r"^error: patch failed: (.+):(\d+)$", said, re.M):
        return _failed(piece, diff, failed[1], int(failed[2]), read)
    told = [row for row in said.splitlines() if re.match(r"(error|fatal): ", row)]
    text = told[0].partition(": ")[2] if told else said.strip().splitlines()[-1]
    if found := re.search(r"(?: at| on)? \(?line (\d+)\)?", text):
        where = piece.at(int(found[1]) - 1)
        text = text.replace(found[0], "")
        return UsageError(f"git does not read it as a diff: {text}", where)
    named = re.match(r"(?:invalid path '(.+)'|affected file '(.+)' |(?:a/|b/)?([^ :]+):? )", text)
    row = -1
    if named:
        path = next(one for one in named.groups() if one)
        row = next((part.row for part in outline(diff) if part.names(path)), -1)
    where = piece.at(row)
    if text.startswith("No valid patches"):  # what git says behind it names an option of its own
        return UsageError("git finds no change in it, as in the diff of a merge: make it with git "
                          "format-patch, a patch for each commit", where)
    if "ut of memory" in text:
        return UsageError(f"what it makes does not fit into memory: {text}", piece.at(-1))
    if text.startswith(("invalid path", "affected file", "unrecognized input",
                        "cannot apply binary", "corrupt")):
        return UsageError(f"git refuses it: {text}", where)
    return Conflict(f"does not apply: {text.removesuffix(' in index')}", where)


def _failed(
    piece: Piece, diff: bytes, path: str, line: int, read: Callable[[str], bytes | None]
) -> Conflict:
    for section in outline(diff):
        if not section.names(path):
            continue
        # of two with this line the first one is in the way of the second
        for number, hunk in reversed(list(enumerate(section.hunks, 1))):
            if hunk.line == line or len(section.hunks) == 1:
                where = piece.at(hunk.row)
                text = f"does not apply: hunk {number} of {path}, at line {line}"
                there = read(path)
                if not hunk.context and there and there.count(b"\n") > len(hunk.before):
                    return Conflict(f"{text}; it has no line of context (diff -U0), and git am "
                                    "wants some: make it with git format-patch -U3", where)
                return Conflict(text + _nearest(path, hunk, there), where)
    return Conflict(f"does not apply: {path}, at line {line}", piece.at(-1))


def _nearest(path: str, hunk: Hunk, text: bytes | None) -> str:
    if text is None:
        return f"; there is no {path}"
    rows = text.split(b"\n")
    wanted = hunk.before
    if not wanted or len(rows) > _MOST_LINES:
        return ""
    if not any(row.strip() for row in wanted):
        return ""
    best, at = _best(rows, wanted, hunk.line - 1)
    if best == len(wanted):
        return (
            f"; all {best} lines that must be there stand at {path}:{at + 1}: a hunk before it "
            "changes them, or lines around it are missing"
        )
    done, there = _best(rows, hunk.after, hunk.line - 1)
    if done == len(hunk.after):
        return f"; what it makes is there already, at {path}:{there + 1}"
    if best == 0:
        return "; none of its lines is in this file"
    miss = next((n for n, row in enumerate(wanted) if rows[at + n : at + n + 1] != [row]), 0)
    shown = wanted[miss].decode(errors="replace").strip()[:60]
    return (
        f"; {best} of the {len(wanted)} lines that must be there stand at {path}:{at + 1}, "
        f"{shown!r} does not"
    )


def _best(rows: Sequence[bytes], wanted: Sequence[bytes], near: int) -> tuple[int, int]:
    """Return how many lines fit best, and from which row on, nearest to where it should be."""
    places: dict[bytes, list[int]] = {}
    for number, row in enumerate(rows):
        places.setdefault(row, []).append(number)
    score: dict[int, int] = {}
    for number, row in enumerate(wanted[:200]):
        found = places.get(row, [])
        if row.strip() and len(found) < 1000:
            for place in found:
                score[place - number] = score.get(place - number, 0) + 1
    blank = [number for number, row in enumerate(wanted) if not row.strip()]
    ranked = sorted(score, key=lambda at: (-score[at], abs(at - near)))[:5]
    best = 0, max(near, 0)
    for at in ranked:
        more = sum(rows[at + n : at + n + 1] == [wanted[n]] for n in blank if at + n >= 0)
        best = max(best, (score[at] + more, at), key=lambda one: one[0])
    return best
