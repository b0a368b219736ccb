# SPDX-License-Identifier: GPL-2.0-only
"""Who commits, and who wrote what does not say it: the user, as git knows them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from generator.errors import TreeError
from generator.intake.piece import Author, Piece
from generator.intake.remark import Remark
from generator.system.plumbing import MAIL, NAME, git, users_git


def committer_of(repo: Path | None) -> dict[str, str] | None:
    """Return GIT_COMMITTER_NAME and _EMAIL of the user in a clone, None when git knows neither."""
    own = {
        key: os.environ[key] for key in ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
        if key in os.environ
    }  # fmt: skip
    try:
        told = users_git(repo or Path("."), "var", "GIT_COMMITTER_IDENT", env=own)
    except TreeError:
        return None
    found = re.fullmatch(r"(.*) <(.*)> \d+ [+-]\d{4}\n", told.decode(errors="replace"))
    if found is None:
        return None
    return {"GIT_COMMITTER_NAME": found[1], "GIT_COMMITTER_EMAIL": found[2]}


def filled(
    work: Path, base: str, pieces: Sequence[Piece], committer: Mapping[str, str] | None
) -> tuple[tuple[Piece, ...], tuple[Remark, ...]]:
    """Return pieces with an author, a date and a subject each, and what had to be put in.

    The date is the base's: any other would change the ids from run to run.
    """
    date = ""
    found, remarks = [], []
    for piece in pieces:
        if piece.commit:
            found.append(piece)
            continue
        lacks = [
            *(["From:"] if not piece.author.name or not piece.author.mail else []),
            *(["Subject:"] if not piece.log.split(b"\n", 1)[0].strip() else []),
        ]
        author, log = piece.author, piece.log
        if not author.name or not author.mail:
            who = committer or {"GIT_COMMITTER_NAME": NAME, "GIT_COMMITTER_EMAIL": MAIL}
            author = Author(who["GIT_COMMITTER_NAME"], who["GIT_COMMITTER_EMAIL"], author.date)
        if not author.date:
            date = date or git(
                work, "show", "-s", "--format=%cd", "--date=raw", base
            ).decode().strip()
            author = replace(author, date=date)
            if not lacks:
                remarks.append(Remark("no Date: in it; that of the base is taken", piece.file,
                                      piece.line))
        if "Subject:" in lacks:
            log = Path(piece.file).name.encode("utf-8", "replace") + b"\n\n" + log.lstrip()
        if lacks:
            remarks.append(Remark(f"no {' and no '.join(lacks)} in it: git am refuses it; send it "
                                  "as git format-patch writes it", piece.file, piece.line, True))
        found.append(replace(piece, author=author, log=log))
    return tuple(found), tuple(remarks)
