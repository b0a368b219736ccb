# SPDX-License-Identifier: GPL-2.0-only
"""How a series is named on the command line, for every verb that takes one."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from generator.cli.options import number
from generator.errors import TreeError
from generator.intake.posting import Asked, kernel_here
from generator.system.plumbing import users_git

EXAMPLES = """\
examples:
  portwright {verb} outgoing/{more}              files of git format-patch, or mails of any name
  portwright {verb} v2-*.patch{more}             patch files one by one
  portwright {verb} thread.mbox{more}            a thread from lore: replies and old versions out
  portwright {verb} ~/Maildir/review{more}       a maildir
  git format-patch --stdout v6.12.. | portwright {verb} -{more}
  portwright {verb} v6.12..topic{more}           commits of your clone, or one: HEAD
  portwright {verb} --uncommitted{more}          what is changed and not committed yet
  portwright {verb} --b4{more}                   the branch that b4 prep looks after
"""


def add(verb: argparse.ArgumentParser) -> None:
    """Add the arguments that name a series."""
    verb.add_argument("series", nargs="*", metavar="SERIES",
                      help="a directory, mbox, maildir, patch files, -, a..b, or a commit")
    verb.add_argument("--uncommitted", action="store_true",
                      help="what is changed in the work tree, staged or not")
    verb.add_argument("--b4", action="store_true",
                      help="the branch that is checked out, with the cover letter of b4 prep")
    verb.add_argument("--scissors", action="store_true",
                      help="begin a log below a line of scissors, as git am --scissors does "
                           "(default: mailinfo.scissors of git config)")
    verb.add_argument("--trailers", action="store_true",
                      help="add the tags that replies in the thread give")
    verb.add_argument("--use-version", metavar="N", type=number(most=999), default=0,
                      help="this version of the series in a thread (default: the newest)")


def asked(args: argparse.Namespace) -> Asked:
    """Return what the user named."""
    return Asked(
        tuple(args.series), args.uncommitted, args.b4, args.scissors or _scissors(),
        args.trailers, args.use_version, getattr(args, "anyway", False),
    )  # fmt: skip


def again(args: argparse.Namespace) -> str:
    """Return the command that checks the same series again."""
    words = ["portwright", "validate"]
    for name in ("uncommitted", "b4", "scissors", "trailers", "allow_newer"):
        if getattr(args, name):
            words.append(f"--{name.replace('_', '-')}")
    for name in ("use_version", "tree", "kernel", "base", "design"):
        if value := getattr(args, name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join([*words, *args.series])


def clone(args: argparse.Namespace) -> Path | None:
    """Return the clone that --tree names, or the kernel one stands in, None without either."""
    return Path(args.tree) if args.tree else kernel_here()


def _scissors() -> bool:
    try:
        told = users_git(Path("."), "config", "--type=bool", "--get", "mailinfo.scissors")
    except TreeError:
        return False
    return told.strip() == b"true"
