# SPDX-License-Identifier: GPL-2.0-only
"""What `boot` builds kernels of: a series as it is rendered, or commits of the user's clone.

Of one commit the design says what it must do; of A..B, which is a whole series, each commit is
held to the design as it is after the step at its place.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from checks.patches import inert
from generator.cli.tree import chosen, told
from generator.design import Design
from generator.errors import ProgramFailed, UsageError
from generator.kernel.clone import own, users_objects
from generator.kernel.nearest import nearest as nearest_pin
from generator.kernel.pin import pinned
from generator.kernel.tree import Tree, read, tree_id
from generator.load import Loaded, base_of, load
from generator.series import generate
from generator.series.manifest import read_bounded
from generator.series.overlay import between, nearest, with_diffs
from generator.system.plumbing import users_git
from generator.system.progress import say

RANGE = ".."


@dataclass(frozen=True)
class Source:
    """What a kernel is built of: a tree, and what differs; `of` says whose it is, if not ours.

    design: what it does, as the tree answers to facts. commit: the last one of the series, or the
    user's; `its_tree` is the git tree of that. `name` is what its runs are called, if not as the
    design.
    """

    design: Design
    tree: Tree
    overlay: Mapping[str, bytes | None]
    commit: str
    its_tree: str
    of: str = ""
    name: str = ""


def pinned_design(loaded: Loaded) -> Design:
    """Return the design of the pinned kernel, from which a design sets out.

    Errors: UsageError when the design does not say which.
    """
    has_series = hasattr(loaded.module, "SERIES")
    found = loaded.series("to set out from").start if has_series else base_of(loaded.design)
    if found is None:
        raise UsageError(
            f"{loaded.file}: defines no SERIES, and no device of it says as_in=: it is not known "
            "what the pinned kernel does without it"
        )
    return found


def beside(args: argparse.Namespace, where: Tree) -> Tree:
    """Return the pinned tree that a commit of the user's is booted beside: the nearest to it.

    Errors: UsageError, TreeError, EnvironmentFault.
    """
    near = nearest_pin(where.git_dir, where.base) if not args.kernel else None
    return near.tree if near else pinned(args.kernel, allow_newer=args.allow_newer)


def sources(args: argparse.Namespace) -> tuple[Source, ...]:
    """Return the series' last commit, or commits of the user's, with the diffs laid over it.

    Errors: UsageError for a design that has no C, or a range that is not its series, Conflict for
    a diff that does not apply, Refused for one by which building it would run or read more than
    the kernel's.
    """
    diffs = [(name, read_bounded(Path(name))) for name in args.diffs]
    if args.commit:
        return _of_clone(args, diffs)
    where = chosen(args)
    loaded = load(args.design, told(where))
    commit, overlay = _rendered(loaded, where)
    return (_laid(Source(
        loaded.design, where, overlay, commit, tree_id(where, commit)), diffs, where),)


def rendered_trees(design: str, where: Tree) -> tuple[str, ...]:
    """Return the git tree of each commit of a design's series, rendered on a tree.

    Errors: UsageError, TreeError, ModelError.
    """
    made = generate.generate(load(design, told(where)).series("to compare commits with"), where)
    return tuple(tree_id(where, one.id) for one in made.commits)


def _of_clone(args: argparse.Namespace, diffs: list[tuple[str, bytes]]) -> tuple[Source, ...]:
    if not args.tree:
        raise UsageError("--commit needs --tree: the clone that has it")
    clone = Path(args.tree)
    commits = commits_of_range(clone, args.commit) if RANGE in args.commit else ()
    if commits and diffs:
        raise UsageError("--with is laid over one commit: name that with --commit, not a range")
    first = commits[0] if commits else args.commit
    where = own(clone, args.base or nearest(clone, first))
    loaded = load(args.design, told(where))
    if commits:
        steps = loaded.series("so a range cannot be held to it, step by step").steps
        if len(steps) != len(commits):
            raise UsageError(
                f"{args.commit} has {len(commits)} commits, the series of {loaded.design.name} "
                f"{len(steps)} there: which design holds after which commit is not known; name "
                "one commit, and the design that holds after it"
            )
        found = [
            _one(clone, commit, where, step.design,
                 f"after commit {at} of {len(commits)} ({commit[:12]})",
                 f"{loaded.design.name}-{commit[:12]}")
            for at, (commit, step) in enumerate(zip(commits, steps, strict=True), 1)
        ]
    else:
        found = [_one(clone, args.commit, where, loaded.design, f"of {args.commit}")]
    there = beside(args, where)
    # The same files, of which there may be a build.
    build = there if there.work == where.work else where
    return tuple(_laid(one, diffs, build) for one in found)


def commits_of_range(clone: Path, asked: str) -> tuple[str, ...]:
    """Return the commits of A..B, the oldest first.

    Errors: UsageError when there are none, or a merge among them.
    """
    start, _, end = asked.partition(RANGE)
    if not start or not end or end.startswith("."):
        raise UsageError(f"--commit {asked}: a range is A..B, with both ends")
    _, start = users_objects(clone, start)
    _, end = users_objects(clone, end)
    try:
        rows = users_git(clone, "rev-list", "--reverse", "--parents", f"{start}..{end}", "--")
    except ProgramFailed as failed:
        raise UsageError(f"{clone}: {asked}: {failed}") from failed
    commits = [row.split() for row in rows.decode().splitlines()]
    if not commits:
        raise UsageError(f"--commit {asked}: there is no commit in it")
    if any(len(row) != 2 for row in commits):
        raise UsageError(f"--commit {asked}: has a merge: a series is commits one on another")
    return tuple(row[0] for row in commits)


def _one(
    clone: Path, rev: str, where: Tree, design: Design, of: str, name: str = ""
) -> Source:
    """Return a commit of a clone, with its files that differ from the tree's base.

    Errors: UsageError, Refused.
    """
    _, commit = users_objects(clone, rev)
    overlay = between(where, where.base, commit)
    inert.check_files(rev, overlay, partial(read, where, where.base))
    return Source(design, where, overlay, commit, tree_id(where, commit), of, name)


def _laid(one: Source, diffs: list[tuple[str, bytes]], build: Tree) -> Source:
    """Return a source with diffs over it, to be built where `build` is.

    Errors: Conflict, Refused.
    """
    overlay, of = one.overlay, one.of
    if diffs:
        laid = with_diffs(one.tree, one.commit, diffs)
        inert.check_files(
            ", ".join(name for name, _ in diffs), laid, partial(read, one.tree, one.commit))
        overlay = {**overlay, **laid}
        of = " ".join((*([of] if of else ()), *(f"with {Path(name).name}" for name, _ in diffs)))
    return Source(one.design, build, overlay, one.commit, one.its_tree, of, one.name)


def _rendered(loaded: Loaded, where: Tree) -> tuple[str, dict[str, bytes | None]]:
    """Return the series' last commit, and its files; the pinned kernel's design has none.

    Errors: UsageError for a design that has no C.
    """
    if base_of(loaded.design) == loaded.design and not hasattr(loaded.module, "SERIES"):
        return where.base, {}
    spec = loaded.series("so there is no kernel of it to boot")
    say(f"{loaded.design.name}: rendering")
    last = generate.generate(spec, where).commits[-1]
    return last.id, dict(last.overlay)
