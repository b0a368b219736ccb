# SPDX-License-Identifier: GPL-2.0-only
"""`portwright tree show|setup`: the tree, and which one the other verbs work on."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
from pathlib import Path

from generator.errors import UsageError
from generator.kernel import kbuild, pin
from generator.kernel.clone import own
from generator.kernel.configurations import CONFIGS
from generator.kernel.tree import Tree


def chosen(args: argparse.Namespace) -> Tree:
    """Return the tree that --tree and --base ask for: the pinned one without them.

    Errors: UsageError for --base without --tree; TreeError, EnvironmentFault.
    """
    if args.tree:
        return own(Path(args.tree), args.base or "HEAD")
    if args.base:
        raise UsageError("--base needs --tree: the pinned tree has one base only")
    return pin.pinned(allow_newer=args.allow_newer)


def run(args: argparse.Namespace) -> int:
    """Print where the tree is; `setup` prepares every configuration as well."""
    where = chosen(args)
    base = kbuild.prepare(where, CONFIGS["m"])
    if args.action == "setup":
        kbuild.prepare_all(where, tuple(CONFIGS.values()))
    said = {
        "path": str(where.work),
        "base": where.base,
        "version": where.version,
        "build": str(base.build),
        "source": where.source,
        "git_dir": str(where.git_dir),
    }
    if args.json:
        print(json.dumps(said, indent=2))
    else:
        for key, value in said.items():
            print(f"{key:<9}{value}")
    return 0
