# SPDX-License-Identifier: GPL-2.0-only
"""A series that does not apply, finished by the user in a scratch work tree, and then applied.

    begun(...) -> Conflict            open the work tree; the error says what is to be done in it
    resumed(repo, branch) -> Applied  commit what the user staged, go on with the patches behind it
    abandoned(repo, branch)           remove the work tree

The work tree is a repository of its own in our cache, over the user's objects: nothing in their
clone changes before the last patch has become a commit. It has the files of the directories that
the series touches, and no others. What is known of it stands in a file beside it, written before
the work tree is: where we were killed in between, the work tree is laid once more.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from generator.errors import (
    Conflict,
    EnvironmentFault,
    PortwrightError,
    ProgramFailed,
    Refused,
)
from generator.intake.handover import Applied, Base, handed
from generator.intake.outline import outline
from generator.intake.piece import Author, Piece
from generator.intake.replay import Stuck, committed, diff_of, made
from generator.intake.users import Clone, new_ref, opened
from generator.kernel.clone import scratch
from generator.series.plain_files import refuse_modes
from generator.system.cache import cache, keep, locked
from generator.system.plumbing import git, git_command, git_environment, tried
from generator.system.visible import one_line, visible

_FORM = 1  # of the file; another one is of another version of ours


@dataclass(frozen=True)
class _State:
    """What is known of a work tree. `parent`: what its HEAD is, on which the first piece goes."""

    clone: str
    ref: str
    base: Base
    name: str
    parent: str
    pieces: tuple[Piece, ...]
    committer: Mapping[str, str] | None
    total: int
    why: str
    laid: bool = False

    @property
    def number(self) -> int:
        """Return which patch waits, from 1."""
        return self.total - len(self.pieces) + 1


def begun(
    work: Path, user: Clone, ref: str, base: Base, name: str, pieces: Sequence[Piece],
    committer: Mapping[str, str] | None, stuck: Stuck, named: str,
) -> Conflict:
    """Open a work tree for the patch that does not apply, and return the error that says so.

    work: our repository, with the commits of the patches before it. named: the commit that the
    series was made on, where the clone has it: then git can merge what does not apply.
    Errors: EnvironmentFault, Refused when one is open for this branch.
    """
    branch = ref.removeprefix("refs/heads/")
    with _held(user, branch) as home:
        refuse_open(user, branch)
        place, parent = home / "tree", _parent(stuck, base.commit)
        left = tuple(_plain(work, one) for one in pieces[len(stuck.done):])
        state = _State(str(user.path), ref, base, name, parent, left, committer, len(pieces),
                       str(stuck))
        shutil.rmtree(home, ignore_errors=True)
        scratch(place / ".git", user.objects)
        git(place / ".git", "config", "core.bare", "false")
        keep(place / ".git" / "info" / "exclude", "*.rej\n*.orig\n")
        _copy(work, place / ".git", f"{parent}\n^{base.commit}\n")
        if named and named != base.commit:
            with suppress(PortwrightError):  # it does not apply there either
                tip = made(work, named, pieces, committer)[0][-1].commit
                _copy(work, place / ".git", f"{tip}\n^{named}\n")
        _keep(home, state)
        return _stopped(home, user, state)


def resumed(
    repo: Path, branch: str, *, skip: bool = False, dry_run: bool = False
) -> Applied:
    """Commit what the user staged for the patch that waits, and apply those behind it.

    skip: leave that patch out instead. dry_run: say what the branch would be, and change nothing.
    Errors: Refused (nothing waits, it is not finished, the branch exists), Conflict (the next one
    that does not apply: it waits then), UsageError.
    """
    user = opened(repo)
    with _held(user, branch) as home:
        state = _read(home, user, branch)
        if not state.laid:
            raise _stopped(home, user, state)
        new_ref(user, branch)
        git_dir = home / "tree" / ".git"
        scratch(git_dir, user.objects)
        piece, parent = state.pieces[0], state.parent
        if not skip:
            _refuse_moved(home, state)
            _refuse_unfinished(home, user, branch)
            parent = _commit(home, user, state, piece)
        try:
            rest, remarks = made(git_dir, parent, state.pieces[1:], state.committer)
        except Stuck as stuck:
            parent = _parent(stuck, parent)
            left = state.pieces[1 + len(stuck.done):]
            after = replace(state, parent=parent, pieces=left, why=str(stuck), laid=False)
            if dry_run:
                raise
            _keep(home, after)
            raise _stopped(home, user, after) from stuck
        tip = rest[-1].commit if rest else parent
        told = git(git_dir, "rev-list", "--reverse", f"{state.base.commit}..{tip}")
        commits = told.decode().split()
        if not commits:
            raise Refused("every patch was left out, so there is nothing to make a branch of; "
                          f"{_typed(user, branch, '--abort')} removes the work tree")
        note = f"{state.base.note}; finished by hand, so not what was posted"
        done = handed(git_dir, user, state.ref, replace(state.base, exact=False, note=note),
                      commits, state.name, dry_run=dry_run, remarks=remarks)
        if not dry_run:
            shutil.rmtree(home, ignore_errors=True)
        return done


def abandoned(repo: Path, branch: str, *, dry_run: bool = False) -> Path:
    """Remove the work tree of a branch, and return where it was. Errors: Refused without one."""
    user = opened(repo)
    with _held(user, branch) as home:
        _read(home, user, branch)
        if not dry_run:
            (home / "state.json").unlink()
            shutil.rmtree(home)
        return home / "tree"


def refuse_open(user: Clone, branch: str) -> None:
    """See that no work tree is open for a branch. Errors: Refused."""
    home = _home(user, branch)
    if (home / "state.json").exists():
        raise Refused(f"branch {branch!r}: a patch waits in {home / 'tree'} to be finished: "
                      f"{_typed(user, branch, '--continue')}, or --abort")


def _home(user: Clone, branch: str) -> Path:
    key = hashlib.sha256(f"{user.common}\0{branch}".encode()).hexdigest()[:12]
    return cache() / "resolve" / f"{re.sub(r'[^A-Za-z0-9_.-]', '-', branch)[:40]}-{key}"


@contextmanager
def _held(user: Clone, branch: str) -> Iterator[Path]:
    home = _home(user, branch)
    with locked(f"resolve-{home.name}"):
        yield home


def _parent(stuck: Stuck, before: str) -> str:
    return stuck.done[-1].commit if stuck.done else before


def _plain(work: Path, piece: Piece) -> Piece:
    """Return a piece as it is kept: its diff read as it should have been sent, and no mail."""
    diff = piece.readings[-1].diff if piece.readings else diff_of(work, piece)
    strip = piece.readings[-1].strip if piece.readings else 1
    if strip == 0:
        diff = re.sub(rb"^(diff --git )(\S+) (\S+)$", rb"\1a/\2 b/\3", diff, flags=re.M)
        diff = re.sub(rb"^--- (?!/dev/null)(?=[^\n]*\n\+\+\+ )", b"--- a/", diff, flags=re.M)
        diff = re.sub(rb"(?<=\n)\+\+\+ (?!/dev/null)", b"+++ b/", diff)
    return replace(piece, diff=diff, readings=(), raw=b"", commit="", parent="")


def _copy(work: Path, git_dir: Path, revs: str) -> None:
    """Take commits of a repository of ours that lasts no longer than the run."""
    pack = git(work, "pack-objects", "--revs", "--stdout", "-q", stdin=revs.encode())
    git(git_dir, "unpack-objects", "-q", stdin=pack)


def _stopped(home: Path, user: Clone, state: _State) -> Conflict:
    """Lay the work tree for the patch that waits, and return the error that says what to do."""
    place, branch = home / "tree", state.ref.removeprefix("refs/heads/")
    how = _laid(place, state)
    _keep(home, replace(state, laid=True))
    return Conflict(
        f"{state.why}\n"
        f"patch {state.number} of {state.total} waits in {place}\n"
        f"{how}\n"
        "there: edit, `git add` what you changed, and then\n"
        f"  {_typed(user, branch, '--continue')}\n"
        "or --skip to leave this patch out, or --abort to give up; your clone is as it was"
    )


def _typed(user: Clone, branch: str, what: str) -> str:
    # Whoever follows this stands in the scratch work tree.
    where = shlex.quote(str(user.path.resolve()))
    return f"portwright apply --repo {where} --branch {shlex.quote(branch)} {what}"


def _laid(place: Path, state: _State) -> str:
    """Check the parent out and put as much of the patch on it as goes; say what does not."""
    git_dir, diff = place / ".git", state.pieces[0].diff
    (git_dir / "index.lock").unlink(missing_ok=True)  # of a run that was killed
    git(git_dir, "config", "core.sparseCheckout", "true")
    keep(git_dir / "info" / "sparse-checkout", _sparse(state.pieces))
    git(git_dir, "update-ref", "--no-deref", "HEAD", state.parent)
    inside = ("-C", str(place), f"--work-tree={place}")
    git(git_dir, *inside, "read-tree", "--reset", "-u", state.parent)
    git(git_dir, *inside, "clean", "-q", "-f", "-d", "-x")
    safe = ("-c", "core.protectHFS=true", "-c", "core.protectNTFS=true", "apply",
            "--whitespace=nowarn")
    try:
        git(git_dir, *inside, *safe, "--3way", "-", stdin=diff)
    except ProgramFailed as failed:
        if marked := re.findall(r"^U (.+)$", failed.stderr, re.M):
            return f"what does not fit is marked (<<<<<<<) in {_few(marked)}"
    else:
        return "git merged it without a conflict: see that this is what it should be"
    try:
        git(git_dir, *inside, *safe, "--reject", "-", stdin=diff)
    except ProgramFailed as failed:
        names = [one.relative_to(place) for one in sorted(place.rglob("*.rej"))]
        if names:
            return f"what does not fit is in {_few([str(one) for one in names])}"
        return f"nothing of it could be put there: {visible(failed.stderr.strip())[-300:]}"
    return "what fits is there, not staged yet"


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return one_line(", ".join(names[:6])) + more


def _sparse(pieces: Sequence[Piece]) -> str:
    """Return what is checked out: the files of each directory that is touched, and of those above.

    A whole kernel is 80,000 files.
    """
    found: set[str] = set()
    for piece in pieces:
        for section in outline(piece.diff):
            for start in (b"--- a/", b"+++ b/", b"rename from a/", b"rename to b/", b"rename from ",
                          b"rename to ", b"copy from ", b"copy to "):
                if said := section.says(start):
                    path = PurePosixPath(os.fsdecode(said[1]))
                    found |= {str(above) for above in path.parents if str(above) not in (".", "/")}
    rows = ["/*", "!/*/"]
    for directory in sorted(found):
        if ".." not in directory.split("/") and not re.search(r"[\n*?\[\\]", directory):
            rows += [f"/{directory}/", f"!/{directory}/*/"]
    return "\n".join(rows) + "\n"


def _refuse_moved(home: Path, state: _State) -> None:
    place = home / "tree"
    head = git(place / ".git", "rev-parse", "--verify", "--quiet", "HEAD").decode().strip()
    if head != state.parent:
        raise Refused(f"{place}: HEAD is {head[:12]}, it was {state.parent[:12]}: portwright makes "
                      f"the commit itself; `git reset --soft {state.parent[:12]}` there first")


def _refuse_unfinished(home: Path, user: Clone, branch: str) -> None:
    """See that what lies in the work tree is what is staged. Errors: Refused naming the files."""
    place = home / "tree"
    inside = ("-C", str(place), f"--work-tree={place}")

    def names(*command: str) -> list[str]:
        told = git(place / ".git", *inside, *command)
        return sorted({os.fsdecode(one) for one in told.split(b"\0") if one})

    again = _typed(user, branch, "--continue")
    if open_ := names("diff", "--name-only", "-z", "--diff-filter=U"):
        raise Refused(f"{place}: still in conflict: {_few(open_)}: edit and `git add` them, "
                      f"then {again}")
    if left := [one for one in names("ls-files", "-o", "-c", "-z") if one.endswith(".rej")]:
        raise Refused(f"{place}: {_few(left)}: put in what did not fit and remove it, then "
                      f"{again}")
    new = [one for one in names("ls-files", "-o", "-z") if not one.endswith((".orig", "~"))]
    if loose := names("diff", "--no-ext-diff", "--name-only", "-z") + new:
        raise Refused(f"{place}: not staged: {_few(loose)}: `git add`, or take back what does not "
                      f"belong to the patch, then {again}")


def _commit(home: Path, user: Clone, state: _State, piece: Piece) -> str:
    git_dir, branch = home / "tree" / ".git", state.ref.removeprefix("refs/heads/")
    tree = git(git_dir, "write-tree").decode().strip()
    if tree == git(git_dir, "rev-parse", f"{state.parent}^{{tree}}").decode().strip():
        raise Refused(f"{home / 'tree'}: nothing is staged: `git add` what the patch changes, or "
                      f"leave it out: {_typed(user, branch, '--skip')}")
    checked = tried(git_command(git_dir, "diff-tree", "--check", state.parent, tree),
                    env=git_environment())
    marks = [row for row in checked.said.splitlines() if "leftover conflict marker" in row]
    if marks:
        raise Refused(f"{home / 'tree'}: {one_line(marks[0])}: edit and `git add` it, then "
                      f"{_typed(user, branch, '--continue')}")
    refuse_modes(git_dir, str(home / "tree"), state.parent, tree)
    return committed(git_dir, piece, tree, state.parent, state.committer)


def _keep(home: Path, state: _State) -> None:
    said = {**asdict(state), "form": _FORM}
    for piece in said["pieces"]:
        for name in ("log", "diff", "raw"):
            piece[name] = piece[name].decode("latin-1")
    keep(home / "state.json", json.dumps(said), durable=True)


def _read(home: Path, user: Clone, branch: str) -> _State:
    file = home / "state.json"
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        if said.pop("form") != _FORM:
            raise ValueError("of another version of portwright")
        return _state(said)
    except FileNotFoundError as missing:
        raise Refused(f"branch {branch!r}: nothing waits to be finished in {user.path}; "
                      "`apply SERIES --resolve` begins it") from missing
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise EnvironmentFault(f"{file}: unreadable ({broken}); remove {home} and apply the "
                               "series again") from broken


def _state(said: dict[str, Any]) -> _State:
    pieces = []
    for one in said["pieces"]:
        for name in ("log", "diff", "raw"):
            one[name] = one[name].encode("latin-1")
        for name in ("log_lines", "diff_lines", "readings", "tags"):
            one[name] = tuple(one[name])
        pieces.append(Piece(**{**one, "author": Author(**one["author"])}))
    if not pieces:
        raise ValueError("it has no patch")
    return _State(**{**said, "base": Base(**said["base"]), "pieces": tuple(pieces)})
