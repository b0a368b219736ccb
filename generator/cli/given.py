# SPDX-License-Identifier: GPL-2.0-only
"""How a series is named on the command line, for every verb that takes one."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from checks.report.record import Scope
from generator.cli.tree import chosen
from generator.errors import TreeError
from generator.intake.posting import Asked, kernel_here
from generator.kernel.pin import read_pins
from generator.system.plumbing import users_git
from generator.system.version import version


def asked(args: argparse.Namespace) -> Asked:
    """Return what the user named."""
    return Asked(
        tuple(args.series), args.uncommitted, args.b4, args.scissors or _scissors(),
        args.trailers, args.use_version, getattr(args, "anyway", False),
    )  # fmt: skip


def again(args: argparse.Namespace) -> str:
    """Return the command that checks the same series again."""
    words = ["portwright", "validate"]
    for name in ("uncommitted", "b4", "scissors", "trailers", "allow_newer", "deep"):
        if getattr(args, name):
            words.append(f"--{name.replace('_', '-')}")
    for name in ("use_version", "tree", "kernel", "base", "design", "matrix"):
        if value := getattr(args, name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join([*words, *args.series])


def scope(args: argparse.Namespace) -> Scope:
    """Return what a verdict on a model is about: which kernel's drivers it has, and by whom."""
    who = (("portwright", version()),)
    if args.tree or args.kernel:
        where = chosen(args)
        return Scope(where.version, where.source, where.base, who)
    pin = next(iter(read_pins().values()))
    return Scope(pin.version, "the model of its drivers", pin.commit or "", who)


def clone(args: argparse.Namespace) -> Path | None:
    """Return the clone that --tree names, or the kernel one stands in, None without either."""
    return Path(args.tree) if args.tree else kernel_here()


def _scissors() -> bool:
    try:
        told = users_git(Path("."), "config", "--type=bool", "--get", "mailinfo.scissors")
    except TreeError:
        return False
    return told.strip() == b"true"
