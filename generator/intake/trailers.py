# SPDX-License-Identifier: GPL-2.0-only
"""Tags that people gave in replies, put under the patches that they gave them to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from generator.intake.lines import aligned
from generator.intake.piece import Piece
from generator.intake.remark import Remark
from generator.intake.thread import Thread
from generator.system.plumbing import git

_TAG = re.compile(rb"^((?:Reviewed|Acked|Tested)-by: [^\n]{1,200}<([^<>\s]+)>)[ \t]*$", re.M)


def with_trailers(
    work: Path, thread: Thread, pieces: Sequence[Piece]
) -> tuple[tuple[Piece, ...], tuple[Remark, ...]]:
    """Return the patches with the tags of the replies to them, or to the cover letter.

    A tag counts when the person that it names has sent it.
    """
    idents = {mail.ident: n for n, mail in enumerate(thread.patches) if mail.ident}
    cover = thread.cover.ident if thread.cover else ""
    given: dict[int, list[str]] = {}
    remarks = []
    for reply in thread.replies:
        told = next((idents[one] for one in reply.answers if one in idents), None)
        if told is None and (not cover or cover not in reply.answers):
            continue
        for tag, address in _TAG.findall(reply.log):
            text = tag.decode(errors="replace")
            if address.decode(errors="replace").lower() != reply.author.mail.lower():
                remarks.append(Remark(f"not taken: {text} was sent by {reply.author.mail}",
                                      reply.file, reply.line))
                continue
            for number in range(len(pieces)) if told is None else (told,):
                given.setdefault(number, []).append(text)
    return tuple(
        _added(work, piece, given[number]) if number in given else piece
        for number, piece in enumerate(pieces)
    ), tuple(remarks)


def _added(work: Path, piece: Piece, tags: Sequence[str]) -> Piece:
    asked = [f"--trailer={tag}" for tag in dict.fromkeys(tags)]
    log = git(work, "interpret-trailers", "--if-exists=addIfDifferent", *asked, stdin=piece.log)
    rows = aligned(b"\n".join(log.split(b"\n")[1:]), piece.raw, piece.line)
    return replace(piece, log=log, log_lines=(piece.log_lines[0], *rows))
