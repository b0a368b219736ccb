# SPDX-License-Identifier: GPL-2.0-only
"""`portwright apply` and `portwright undo`: a series becomes a branch, and is taken back."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from generator.cli.given import asked
from generator.errors import UsageError
from generator.intake import apply, resolving
from generator.system.visible import visible


def run(args: argparse.Namespace) -> int:
    """Apply or undo, and say which ref changed.

    Errors: Refused, Conflict, TreeError, UsageError; the repository is as before then.
    """
    repo = Path(args.repo)
    would = "would " if args.dry_run else ""
    if args.verb == "undo":
        undone = apply.undo(repo, args.branch, dry_run=args.dry_run)
        if args.dry_run or not args.quiet:
            print(f"{would}delete {undone.ref} ({undone.tip[:12]})")
        return 0
    if args.go_on or args.leave_out or args.abort:
        _refuse_named(args)
    if args.abort:
        place = resolving.abandoned(repo, args.branch, dry_run=args.dry_run)
        if args.dry_run or not args.quiet:
            print(f"{would}remove {place}; the clone is as it was")
        return 0
    if args.go_on or args.leave_out:
        done = resolving.resumed(repo, args.branch, skip=args.leave_out, dry_run=args.dry_run)
    else:
        done = apply.apply(asked(args), repo, args.branch, onto=args.onto, dry_run=args.dry_run,
                           resolve=args.resolve)
    for remark in done.remarks:
        print(remark, file=sys.stderr)
    if args.quiet and not args.dry_run:
        return 0
    print(f"{would}create {done.ref} at {done.tip[:12]}: {len(done.commits)} commits on "
          f"{done.base[:12]}, tree {done.tree[:12]}")
    if done.note:
        print(visible(done.note))
    if args.dry_run:
        for commit, subject in zip(done.commits, done.subjects, strict=True):
            print(visible(f"  {commit} {subject}"))
        print(f"{len(done.files)} files")
        for path in done.files:
            print(visible(f"  {path}"))
    if not args.dry_run:
        where = "" if args.repo == "." else f"--repo {shlex.quote(args.repo)} "
        print(f"undo: portwright undo {where}--branch {shlex.quote(args.branch)}")
    return 0


def _refuse_named(args: argparse.Namespace) -> None:
    """See that who goes on names no series: it is known from when it was begun."""
    how = "--abort" if args.abort else "--skip" if args.leave_out else "--continue"
    if args.series or args.onto or args.uncommitted or args.b4:
        raise UsageError(f"{how} takes no SERIES and no --onto: they are known since --resolve")
    for name in ("scissors", "trailers", "use_version", "anyway"):
        if getattr(args, name):
            raise UsageError(f"{how} takes no --{name.replace('_', '-')}: how the series is read "
                             "is known since --resolve")
