# SPDX-License-Identifier: GPL-2.0-only
"""`portwright apply` and `portwright undo`: a series becomes a branch, and is taken back."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
from pathlib import Path

from generator.series import apply, output


def run(args: argparse.Namespace) -> int:
    """Apply or undo, and say which ref changed.

    Errors: Refused, Conflict, TreeError, UsageError; the repository is as before then.
    """
    repo = Path(args.repo)
    would = "would " if args.dry_run else ""
    if args.verb == "undo":
        undone = apply.undo(repo, args.branch, dry_run=args.dry_run)
        print(f"{would}delete {undone.ref} ({undone.tip[:12]})")
        return 0
    output.refuse_torn(Path(args.series))
    done = apply.apply(Path(args.series), repo, args.branch, onto=args.onto, dry_run=args.dry_run)
    print(f"{would}create {done.ref} at {done.tip[:12]}: {len(done.commits)} commits on "
          f"{done.base[:12]}, tree {done.tree[:12]}")
    if done.note:
        print(done.note)
    if not args.dry_run:
        print(f"undo: portwright undo --repo {args.repo} --branch {args.branch}")
    return 0
