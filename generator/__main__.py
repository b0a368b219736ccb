# SPDX-License-Identifier: GPL-2.0-only
"""The command line: what a user types, and what the shell gets back.

Exit codes: 0 nothing found, 1 findings, 2 usage, 3 environment, 4 refused, 5 conflict,
124 timeout, 125 could not be tested, 130 interrupted, 141 nobody reads the output. Results go to
stdout, progress to stderr.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence

from generator.cli.options import Parser, add_common, add_series, names, number, size, verbs_of

DEPTH = 12_000  # a thousand operations make expressions of thousands of levels

# verb -> the module that does it; imported only when it is asked for
VERBS = {
    "tree": "generator.cli.tree",
    "designs": "generator.cli.designs",
    "rules": "generator.cli.rules",
    "operations": "generator.cli.vocabulary",
    "facts": "generator.cli.vocabulary",
    "read": "generator.cli.read",
    "check": "generator.cli.check",
    "generate": "generator.cli.generate",
    "validate": "generator.cli.validate",
    "boot": "generator.cli.boot",
    "apply": "generator.cli.apply",
    "undo": "generator.cli.apply",
    "cache": "generator.cli.cache",
    "completion": "generator.cli.completion",
    "man": "generator.cli.man",
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of every verb."""
    top = Parser(
        prog="portwright",
        description="From a Python model of a driver layering to a checked, compiled, applied "
        "kernel patch series.",
        epilog="Each verb has examples and options of its own: portwright VERB --help. "
        "Options can be set by git config, as portwright.tree; portwright man has all of it.",
    )
    top.add_argument("--version", action="store_true", help="versions of this and of what it uses")
    verbs = top.add_subparsers(dest="verb", metavar="VERB")

    tree = verbs.add_parser("tree", help="the kernel tree that everything is made against")
    tree.add_argument("action", choices=("show", "setup", "path", "list", "facts", "compare",
                                         "pin"),
                      help="show it; set it up first; print its directory; all that there are; "
                           "what its code answers; what two of them differ in; pin another")
    tree.add_argument("names", nargs="*", metavar="NAME",
                      help="to compare: two pinned trees, or CLONE@REV; one for the nearest pin. "
                           "To pin: the name, and PACKAGE[/SUITE][=VERSION]")
    tree.add_argument("--if-served", action="store_true",
                      help="setup: say so, and be content, when the archive has that version "
                           "no more")
    _dry(tree)
    _json(tree)
    _tree(tree)

    _json(verbs.add_parser("designs", help="the shipped designs"))

    rules = verbs.add_parser("rules", help="the rules, or one of them explained")
    rules.add_argument("rule", nargs="?", help="R14, N2, ...")
    _json(rules)

    for verb, what in (("operations", "operation that a driver can do"),
                       ("facts", "fact, and question to hardware")):
        vocabulary = verbs.add_parser(verb, help=f"every {what}; or one of them explained")
        vocabulary.add_argument("name", nargs="?", help="as a design writes it, or as C does")
        _json(vocabulary)

    read = verbs.add_parser("read", help="the design of a driver, as its C says it")
    read.add_argument("path", help="a C file of the tree, or a driver's name: i6300esb")
    read.add_argument("--against", metavar="DESIGN", default="",
                      help="a design of it, read before and edited: where does C do otherwise?")
    read.add_argument("--driver", metavar="NAME", default="",
                      help="the variable, where a file has several")
    _json(read)
    _tree(read)

    check = verbs.add_parser("check", help="explore a design: every life on every hardware")
    check.add_argument("design", nargs="?",
                       help="a shipped name, a file that defines DESIGN, or a C file of the tree")
    check.add_argument("--all", action="store_true",
                       help="every shipped design on every kind of interrupt, as a table")
    check.add_argument("--again", action="store_true",
                       help="with --all: explore what is known from an earlier run, too")
    check.add_argument("--why", metavar="CELL",
                       help="explain DESIGN:INTERRUPTS[:core|:cpmu], as auxbus:INTx:cpmu")
    check.add_argument("--svg", metavar="FILE", help="draw the first violation")
    check.add_argument("--engine", choices=("own", "spin"), default="own",
                       help="spin: search with SPIN instead, for more than ten million states")
    check.add_argument("--states", type=number(),
                       help="budget of states (default: 10000000, with SPIN 100000000)")
    check.add_argument("--seconds", type=number(most=10**7), default=600, help="budget of time")
    check.add_argument("--first", action="store_true", help="stop at the first violation")
    check.add_argument("--episode", metavar="NAME", default="",
                       help="only this one: plain, sleep, recovery, surprise or late")
    check.add_argument("--against", metavar="NAME", default="",
                       help="say whether it reaches the facts of this design, on each hardware "
                            "(default: of the shipped one that it varies, on any)")
    check.add_argument("--children", type=number(most=6), metavar="N",
                       help="explore with N of each auxiliary device")
    _format(check)
    _tree(check)

    generate = verbs.add_parser("generate", help="render, check and write the series of a design")
    generate.add_argument("design", nargs="?", help="a shipped name, or a file that defines SERIES")
    generate.add_argument("--all", action="store_true",
                          help="every shipped design that has a series")
    generate.add_argument("--out", metavar="DIR", help="where to (default: patches/NAME)")
    generate.add_argument("--signoff", action="store_true",
                          help="add the Signed-off-by of your git identity")
    generate.add_argument("--render-only", action="store_true",
                          help="write without checking; the cover letter says so")
    generate.add_argument("--refused", action="store_true",
                          help="only for a design that is refused, to boot it: needs --out")
    _dry(generate)
    _tree(generate)

    validate = verbs.add_parser("validate", help="check a series, commit by commit")
    add_series(validate)
    validate.add_argument("--design", help="hold the C to this design (default: by series.json)")
    for name, text in (("only", "make this check, and others named so"),
                       ("skip", "do not make this check")):
        validate.add_argument(f"--{name}", metavar="CHECK", type=names, action="append", default=[],
                              help=f"{text}: checkpatch, series, compile, deep, people, design")
    validate.add_argument("--expect", metavar="RULE:REASON", action="append", default=[],
                          help="findings of this rule do not count; they are listed, and why")
    validate.add_argument("--deep", action="store_true",
                          help="also run sparse, the tree's coccinelle scripts and smatch, those "
                               "that are installed, over the series' C, in the sandbox: minutes")
    validate.add_argument("--matrix", metavar="LIST", default="",
                          help="compile under these as well, with commas: ARCH or ARCH:KIND of "
                               "x86_64, i386, arm64, riscv and defconfig, allmodconfig, "
                               "allnoconfig, each with +FRAGMENT")
    validate.add_argument("--against", metavar="OLD",
                          help="an earlier version of the series: say what differs, and count only "
                               "findings that it did not have")
    validate.add_argument("--all", action="store_true",
                          help="with --against: count the others as well")
    validate.add_argument("--scheduler", metavar="ADDRESS", default="",
                          help="let the workers of this dask scheduler compile, tcp://HOST:PORT; "
                               "they need the same version, the same cache, and your trust")
    _format(validate, {"b4-prep": "", "b4-review": ": what b4 reads of a check"})
    _tree(validate)

    boot = verbs.add_parser("boot", help="boot a design in QEMU: does it do what it predicts?")
    boot.add_argument("design", nargs="?", help="a shipped name, or a file that defines SERIES")
    boot.add_argument("--refused", metavar="RULE", type=names, default="",
                      help="break rules, with commas between, all, or those whose evidence is "
                           "stale: does a kernel show what they warn of?")
    boot.add_argument("--keep", action="store_true",
                      help="keep where all was as predicted, for the cover letter to say; "
                           "with --refused, what was seen as evidence of the rule")
    boot.add_argument("--board", metavar="NAME", type=names, default="",
                      help="dynamic, static, switch, remapped or virt (default: the first three)")
    boot.add_argument("--config", metavar="NAME", default="",
                      help="plain (default), remove: binds drivers twice, kmemleak, kasan")
    boot.add_argument("--scenario", metavar="NAMES", type=names, default="",
                      help="only these, with commas between: boot, load, count, ...")
    boot.add_argument("--every", action="store_true", help="print predictions that hold, too")
    boot.add_argument("--with", dest="diffs", metavar="DIFF", action="append", default=[],
                      help="lay a unified diff over the C first; more than one in their order")
    boot.add_argument("--commit", metavar="REV",
                      help="boot a commit of the clone that --tree names, instead of rendering; "
                           "A..B: each commit of a series")
    _format(boot)
    _tree(boot)

    apply = verbs.add_parser("apply", help="apply a series to a clone, as one new branch")
    add_series(apply)
    apply.add_argument("--onto", metavar="REV",
                       help="start there (default: the base that the series names, else HEAD)")
    apply.add_argument("--anyway", action="store_true",
                       help="apply what is here, although the series has a gap, or there is no "
                            "author or log: a bare diff, a mail without a subject")
    how = apply.add_mutually_exclusive_group()
    how.add_argument("--resolve", action="store_true",
                     help="where a patch does not apply, open a work tree of its own to finish it "
                          "in, as git am does")
    how.add_argument("--continue", dest="go_on", action="store_true",
                     help="commit what is staged in that work tree, and go on behind it")
    how.add_argument("--skip", dest="leave_out", action="store_true",
                     help="leave out the patch that waits there, and go on behind it")
    how.add_argument("--abort", action="store_true", help="remove that work tree")
    _repo(apply)

    undo = verbs.add_parser("undo", help="take the branch of an apply back")
    _repo(undo, "the branch to delete")

    cache = verbs.add_parser("cache", help="what is kept for the next run, and how much of it")
    cache.add_argument("action", nargs="?", choices=("show", "prune"), default="show",
                       help="show it (default); remove what was not used for longest, until it is "
                            "below the limit")
    cache.add_argument("--kind", metavar="KIND", action="append", default=[],
                       help="with prune: all of this kind that no program holds, and no other")
    _dry(cache)
    _json(cache)
    _limit(cache)

    completion = verbs.add_parser("completion", help="what a shell completes")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")
    verbs.add_parser("man", help="the manual, in roff")
    for name, one in verbs.choices.items():
        add_common(one, name)
    return top


def _json(verb: argparse._ActionsContainer) -> None:
    verb.add_argument("--json", action="store_true", help="print JSON")


def _format(verb: argparse.ArgumentParser, more: Mapping[str, str] | None = None) -> None:
    how = verb.add_mutually_exclusive_group()
    forms = {"text": " (default)", "json": "", "sarif": "", "junit": "",
             "github": ": annotations of a workflow", **(more or {})}
    how.add_argument("--format", default="text", metavar="FORM", choices=tuple(forms),
                     help=", ".join(f"{name}{what}" for name, what in forms.items()))
    _json(how)


def _tree(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--kernel", metavar="NAME", default="",
                      help="a pinned tree by name or version: see `tree list` (default: its first)")
    verb.add_argument("--tree", metavar="PATH", help="your own clone instead of the pinned tree")
    verb.add_argument("--base", metavar="REV",
                      help="the revision of it (default: what a series names, else HEAD)")
    verb.add_argument("--allow-newer", action="store_true",
                      help="go on when only a newer version of the pinned package is served")
    _limit(verb)


def _limit(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--cache-limit", metavar="SIZE", type=size, default=20 << 30,
                      help="remove what was not used for longest when more than this is kept, in "
                           "bytes or with K, M, G (default: what git config says, or 20G)")


def _repo(verb: argparse.ArgumentParser, what: str = "the branch to create") -> None:
    verb.add_argument("--repo", default=".", metavar="PATH",
                      help="your clone of the kernel (default: the one that you stand in)")
    verb.add_argument("--branch", required=True, metavar="NAME", help=what)
    _dry(verb)


def _dry(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("-n", "--dry-run", action="store_true",
                      help="do all of it but the writing, and say what would be written")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code; without `argv`, as the shell calls it."""
    from generator.system.shell import guarded

    if argv is not None:
        return _run(parser().parse_args(argv))
    return guarded("portwright", _as_a_program)


def _as_a_program() -> int:
    """Run the verb of the command line: it can be interrupted, and a user's file is confined."""
    from generator.system import shell, stopping

    shell.prepare()
    try:
        top = parser()
        args = top.parse_args()
    except SystemExit as told:
        return told.code if isinstance(told.code, int) else shell.USAGE
    if args.verb:
        from generator.cli import settings

        settings.apply(args, verbs_of(top)[args.verb].parser, sys.argv[1:])
    file = _file_of(args)
    if not file:
        stopping.listen()
        try:
            return _run(args)
        finally:
            stopping.over()
    from generator.system.supervise import SECONDS, supervised

    seconds = max(2.0, min(SECONDS, float(getattr(args, "seconds", SECONDS))))
    return supervised(args.verb, lambda: _run(args), seconds=seconds, alone=args.verb == "check")


def _file_of(args: argparse.Namespace) -> str:
    """Return the user's file that a verb will run, "" when it runs none."""
    named = [getattr(args, name, None) or "" for name in ("design", "against")]
    named.append((getattr(args, "why", None) or "").partition(":")[0])
    return next((one for one in named if "/" in one or one.endswith(".py")), "")


def _run(args: argparse.Namespace) -> int:
    from generator.system import holding, progress
    from generator.system.shell import guarded

    if args.version:
        return guarded("portwright", _versions)
    if args.verb is None:
        parser().print_usage(sys.stderr)
        return 2

    def work() -> int:
        sys.setrecursionlimit(DEPTH)
        if args.quiet or args.verbose:
            progress.level(2 if args.verbose else 0)
        args.parser = parser  # for those that print what it has
        try:
            return int(importlib.import_module(VERBS[args.verb]).run(args))
        finally:
            # `cache` removes what it was asked to, and no more
            if args.verb != "cache" and hasattr(args, "cache_limit") and (made := holding.made()):
                importlib.import_module("generator.cli.cache").trim(args.cache_limit, made)

    return guarded(f"portwright {args.verb}", work)


def _versions() -> int:
    from importlib import metadata

    from generator.errors import EnvironmentFault
    from generator.system.plumbing import run
    from generator.system.version import version

    print(f"portwright {version()}")
    print(f"python {sys.version.split()[0]}, libclang {metadata.version('libclang')}")
    try:
        print(run(["git", "--version"]).decode().strip())
    except EnvironmentFault as missing:
        print(missing)
    return 0


if __name__ == "__main__":
    sys.exit(main())
