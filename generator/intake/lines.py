# SPDX-License-Identifier: GPL-2.0-only
"""Where lines that git took out of a mail stand in it. For messages only: nothing is decided."""

from __future__ import annotations

import binascii
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

# A line that is not found this near is one that git joined or mended.
_REACH = 400
_ENCODING = re.compile(
    rb"^content-transfer-encoding:[ \t]*(base64|quoted-printable)\b", re.I | re.M
)


def aligned(part: bytes, mail: bytes, first: int, start: int = 0) -> tuple[int, ...]:
    """Return for each line of `part` the line of the user's file that it came from.

    `first` is the number of the mail's first line in that file; lines before `start` of the mail
    are left out of the search.
    """
    rows = _rows(mail)
    where: dict[bytes, list[int]] = defaultdict(list)
    for index, (_, text) in enumerate(rows):
        where[text.strip()].append(index)
    at = bisect_left([number for number, _ in rows], start)
    found: list[int] = []
    for line in part.split(b"\n")[: part.count(b"\n") + (not part.endswith(b"\n"))]:
        places = where.get(line.strip(), [])
        index = bisect_left(places, at)
        if index < len(places) and (places[index] - at < _REACH or not found):
            at = places[index] + 1
            found.append(rows[at - 1][0])
        else:
            found.append(rows[min(at, len(rows) - 1)][0])
    return tuple(first + number for number in found)


def _rows(mail: bytes) -> list[tuple[int, bytes]]:
    """Return (number from 0, text) of each line of a mail, with what is encoded decoded."""
    plain = mail.split(b"\n")
    said = _ENCODING.search(mail)
    blank = re.compile(rb"\r?\n\r?\n").search(mail, said.end()) if said else None
    if said is None or blank is None:
        return list(enumerate(plain))
    begin = mail.count(b"\n", 0, blank.end())
    head = list(enumerate(plain[:begin]))
    encoded = plain[begin:]
    if said[1].lower() == b"base64":
        return head + _base64(encoded, begin)
    return head + _quoted(encoded, begin)


def _quoted(encoded: Sequence[bytes], begin: int) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    kept, number = b"", begin
    for index, row in enumerate(encoded, begin):
        row = row.rstrip(b"\r")
        if not kept:
            number = index
        if row.endswith(b"="):
            kept += row[:-1]
            continue
        found.append((number, binascii.a2b_qp(kept + row)))
        kept = b""
    return found


def _base64(encoded: Sequence[bytes], begin: int) -> list[tuple[int, bytes]]:
    width = max(len(encoded[0].rstrip(b"\r")), 4)
    stop = next((n for n, row in enumerate(encoded) if not row.strip() or row[:1] == b"-"),
                len(encoded))
    try:
        text = binascii.a2b_base64(b"".join(encoded[:stop]))
    except binascii.Error:
        return list(enumerate(encoded, begin))
    found, at = [], 0
    for row in text.split(b"\n"):
        found.append((begin + min(at * 4 // 3 // width, max(stop - 1, 0)), row))
        at += len(row) + 1
    return found
