# SPDX-License-Identifier: GPL-2.0-only
"""A series as git has it: commits by git fast-import, mails by git format-patch.

commits(tree, base, steps) -> commit ids
format_patch(tree, base, tip, subject, body, out) -> paths, the cover letter first
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import TreeError, UsageError
from generator.kernel.tree import Tree, check_path
from generator.system.plumbing import git, rows


@dataclass(frozen=True)
class NewCommit:
    """One commit to be made: `edits` maps a path to its new content, None deletes it.

    message: the whole log. author: "Name <mail>". date: seconds and zone, "1700000000 +0000".
    A new file gets mode 100644, an existing one keeps its mode.
    """

    message: str
    author: str
    date: str
    edits: Mapping[str, bytes | None]


def commits(tree: Tree, base: str, steps: Sequence[NewCommit]) -> tuple[str, ...]:
    """Make one commit per step on top of a base, without a checkout; their ids in order.

    The same steps give the same ids everywhere. Errors: TreeError, also for a step that
    changes nothing or deletes what is not there.
    """
    if not steps:
        return ()
    mode = {path: row[0] for path, row in _rows(tree, base, steps).items()}
    ref = f"refs/portwright/{os.getpid()}-{os.urandom(6).hex()}"
    script: list[bytes] = [b"feature done\n"]
    for number, step in enumerate(steps, 1):
        message = step.message.rstrip("\n").encode() + b"\n"
        who = f"{step.author} {step.date}".encode()
        script.append(
            b"commit %b\nmark :%d\nauthor %b\ncommitter %b\ndata %d\n%b\n"
            % (ref.encode(), number, who, who, len(message), message)
        )
        if number == 1:
            script.append(b"from %b\n" % base.encode())
        for path, text in sorted(step.edits.items()):
            check_path(path)
            if text is None:
                if mode.pop(path, None) is None:
                    raise TreeError(f"step {number} deletes {path}, which is not there")
                script.append(b"D %b\n" % path.encode())
                continue
            kept = mode.setdefault(path, "100644")
            if kept not in ("100644", "100755"):
                raise TreeError(f"step {number} writes {path}, which is no regular file")
            script.append(b"M %b inline %b\n" % (kept.encode(), path.encode()))
            script.append(b"data %d\n%b\n" % (len(text), text))
        script.append(b"\nget-mark :%d\n" % number)
    script.append(b"done\n")
    # Few objects stay loose, so that the same commits made again add nothing.
    told = git(
        tree.git_dir,
        *("-c", "fastimport.unpackLimit=10000"),
        *("fast-import", "--quiet", "--done", "--cat-blob-fd=1"),
        stdin=b"".join(script),
    )
    ids = tuple(told.decode().split())
    git(tree.git_dir, "update-ref", "-d", ref)
    _refuse_empty(tree, base, ids, steps)
    return ids


def _rows(tree: Tree, base: str, steps: Sequence[NewCommit]) -> dict[str, tuple[str, str]]:
    paths = sorted({check_path(path) for step in steps for path in step.edits})
    if not paths:
        return {}
    told = git(tree.git_dir, "ls-tree", "-z", "--full-tree", base, "--", *paths)
    return rows(told)


def _refuse_empty(tree: Tree, base: str, ids: Sequence[str], steps: Sequence[NewCommit]) -> None:
    told = git(
        tree.git_dir,
        *("cat-file", "--batch-check=%(objectname)"),
        stdin="".join(f"{commit}^{{tree}}\n" for commit in (base, *ids)).encode(),
    )
    trees = told.decode().split()
    for number, step in enumerate(steps, 1):
        if trees[number] == trees[number - 1]:
            subject = step.message.split("\n", 1)[0]
            raise TreeError(f"step {number}, {subject!r}, changes nothing")


def format_patch(
    tree: Tree,
    base: str,
    tip: str,
    cover_subject: str,
    cover_body: str,
    out: Path,
    prefix: str = "RFC PATCH",
) -> tuple[Path, ...]:
    """Write base..tip as git format-patch does, the cover letter first; other *.patch in out go.

    Byte-identical on every run for a given git. The cover carries subject, body, shortlog,
    diffstat and base-commit, the identity and the date of the tip.
    Errors: TreeError, UsageError for a cover that is not ASCII.
    """
    for what, text in (("subject", cover_subject), ("body", cover_body)):
        if not text.isascii() or not text.strip():
            raise UsageError(f"the cover letter's {what} must be ASCII and not empty: {text!r}")
    who = git(tree.git_dir, "log", "-1", "--format=%cn%n%ce%n%cd", "--date=raw", tip).decode()
    name, mail, date = who.splitlines()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tmp-", dir=out) as fresh:
        git(
            tree.git_dir,
            *("format-patch", "--quiet", f"--output-directory={fresh}", f"--base={base}"),
            *("--cover-letter", "--numbered", "--start-number=1", "--suffix=.patch"),
            *(f"--subject-prefix={prefix}", "--filename-max-length=64", "--zero-commit"),
            *("--no-signature", "--no-thread", "--no-attach", "--no-notes", "--no-color"),
            *("--diff-algorithm=histogram", "--indent-heuristic", "--unified=3"),
            *("--inter-hunk-context=0", "--find-renames=50%", "--abbrev=12", "--no-ext-diff"),
            *("--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short"),
            f"{base}..{tip}",
            env={
                "GIT_COMMITTER_NAME": name,
                "GIT_COMMITTER_EMAIL": mail,
                "GIT_COMMITTER_DATE": date,
            },
        )
        cover = Path(fresh, "0000-cover-letter.patch")
        text = cover.read_text(encoding="utf-8")
        for blank, said in (
            ("*** SUBJECT HERE ***", cover_subject.strip()),
            ("*** BLURB HERE ***", cover_body.strip("\n")),
        ):
            if text.count(blank) != 1:
                raise TreeError(f"git wrote a cover letter without one {blank!r}")
            text = text.replace(blank, said)
        cover.write_text(text, encoding="utf-8")
        for old in out.glob("*.patch"):
            old.unlink()
        names = sorted(os.listdir(fresh))
        for patch in names:
            os.rename(Path(fresh, patch), out / patch)
    return tuple(out / patch for patch in names)
