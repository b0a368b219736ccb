# SPDX-License-Identifier: GPL-2.0-only
"""`portwright tree`: the trees there are, and which one the other verbs work on."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from generator.cli import tree_facts
from generator.cli.differing import differences, minded
from generator.drivers.in_tree import OTHERWISE, unknown
from generator.errors import TreeError, UsageError
from generator.kernel import kbuild, moving, pin
from generator.kernel.clone import own
from generator.kernel.configurations import CONFIGS
from generator.kernel.nearest import nearest
from generator.kernel.tree import Tree
from generator.load import DEFAULT
from generator.system.cache import cache
from generator.tree_facts.table import facts


def chosen(args: argparse.Namespace) -> Tree:
    """Return the tree that --kernel, or --tree and --base, ask for: the default pin without them.

    Errors: UsageError for what does not go together; TreeError, EnvironmentFault.
    """
    refuse_two(args)
    if args.tree:
        return own(Path(args.tree), args.base or "HEAD")
    if args.base:
        raise UsageError("--base needs --tree: a pinned tree has one base only; see --kernel")
    return pin.pinned(args.kernel, allow_newer=args.allow_newer)


def refuse_two(args: argparse.Namespace) -> None:
    """Refuse a pinned tree beside a clone. Errors: UsageError."""
    if args.tree and args.kernel:
        raise UsageError("--kernel names a pinned tree, --tree a clone of yours: give one")


def told(where: Tree) -> Mapping[str, str]:
    """Return what a tree answers to facts, nothing of the default pin: its drivers are written.

    Errors: TreeError naming a fact that cannot be read there, or the line of an answer that no
    driver is known for.
    """
    if where.base == pin.read_pin().commit:
        return DEFAULT
    found = facts(where)
    for fact, ways in OTHERWISE.items():
        if found[fact].text not in ways:
            raise TreeError(unknown(fact, found[fact].text), found[fact].places[0])
    return {name: one.text for name, one in found.items()}


def run(args: argparse.Namespace) -> int:
    """Print what is asked of the trees; `setup` prepares every configuration as well.

    Errors: UsageError, TreeError, EnvironmentFault.
    """
    _refuse_idle(args)
    if args.action == "list":
        return _list(args)
    if args.action == "compare":
        return tree_facts.compare(args)
    if args.action == "pin":
        return _pin(args)
    if args.dry_run:
        return _would(args)
    if args.if_served and pin.gone(wanted := pin.read_pin(args.kernel)):
        print(f"{wanted.name}: not set up: {wanted.package} {wanted.package_version} is no longer "
              "served; what needs it is not done", file=sys.stderr)
        return 0
    where = chosen(args)
    if args.action == "facts":
        return tree_facts.show(where, as_json=args.json)
    if args.action == "path":
        print(json.dumps({"path": str(where.work)}) if args.json else where.work)
        return 0
    if args.action == "setup":  # those of two architectures begin side by side
        kbuild.prepare_all(where, tuple(CONFIGS.values()))
    base = kbuild.prepare(where, CONFIGS["m"])
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
            print(f"{_WORDS[key]:<17}{value}")
    return 0


def _refuse_idle(args: argparse.Namespace) -> None:
    """Refuse what would say nothing to the action it stands beside.

    Errors: UsageError.
    """
    does = args.action
    if args.if_served and (does != "setup" or args.tree):
        raise UsageError("--if-served goes with `tree setup` of a pinned tree")
    if args.dry_run and does not in ("setup", "pin"):
        raise UsageError("-n goes with `tree setup` and `tree pin`: nothing else of it writes")
    if args.json and (does == "pin" or args.dry_run):
        raise UsageError("--json goes with neither `tree pin` nor -n: these say what they do")
    if does in ("list", "compare", "pin") and (args.tree or args.base or args.kernel):
        raise UsageError(f"tree {does} takes no --kernel, --tree or --base: `tree show` takes one")
    if args.names and does not in ("compare", "pin"):
        raise UsageError(f"tree {does} takes no names; --kernel, or --tree, says which")


_WORDS = {"path": "work tree", "base": "base commit", "version": "version",
          "build": "build directory", "source": "made from", "git_dir": "git directory"}


def _would(args: argparse.Namespace) -> int:
    """Say what `tree setup` would set up."""
    if args.tree:
        print(f"would check out {args.base or 'HEAD'} of {args.tree} below {cache()}, where that "
              "is not done, and prepare its build directories there")
        return 0
    one = pin.read_pin(args.kernel)
    there = pin.at_hand(one)
    print(f"{one.name}: is set up at {there.work}" if there else
          f"would fetch {one.package} {one.package_version} and unpack it below {cache()}")
    print(f"would prepare build directories there for {', '.join(CONFIGS)}, where they are not")
    return 0


def _pin(args: argparse.Namespace) -> int:
    """Pin a package under a name, and print what differs from what was there: to be reviewed.

    Errors: UsageError, Refused, TreeError, EnvironmentFault.
    """
    if len(args.names) != 2:
        raise UsageError(moving.TAKES)
    before = pin.read_pins().get(args.names[0])
    wanted = moving.asked(*args.names)
    what = f"{wanted.package} {wanted.package_version}"
    if before is not None and what == f"{before.package} {before.package_version}":
        print(f"{wanted.name}: is {what} already")
        return 0
    if args.dry_run:
        print(f"would set up {what} and write it to {pin.LOCK_FILE}"
              + (f", in the place of {before.package} {before.package_version}" if before else ""))
        return 0
    new, there = pin.taken(wanted)
    old = pin.at_hand(before) if before else None
    if old is None and (near := nearest(there.git_dir, there.base)) is not None:
        old = near.tree
    moving.write_down(new)
    print(f"{new.name}: {what}, commit {there.base[:12]}, {new.files} files; now in "
          f"{pin.LOCK_FILE.name}")
    if old is None:
        print("no other tree is set up that it could be compared with")
        return 0
    found = differences(old, there, minded())
    print(f"against {old.source}, facts and files that differ, with the lines taken away and put "
          "in; CONTRIBUTING.md has what to do about which:")
    print("\n".join(found.lines()) or "nothing differs that a series or the model minds")
    return 0


def _list(args: argparse.Namespace) -> int:
    """Print the pins: the default first, and where those are that were set up."""
    rows = []
    for place, one in enumerate(pin.read_pins().values()):
        there = pin.at_hand(one)
        rows.append({
            "kernel": one.name, "version": one.version, "default": place == 0,
            "source": f"{one.package} {one.package_version}", "base": one.commit,
            "path": str(there.work) if there else None,
        })
    if args.json:
        print(json.dumps(rows, indent=2))
        return 0
    for row in rows:
        what = "the default" if row["default"] else ""
        print(f"{row['kernel']:<6}{row['version']:<10}{what:<13}{row['source']}")
        print(f"      {row['path'] or 'not set up; its first use does that, or `tree setup`'}")
    return 0
