# SPDX-License-Identifier: GPL-2.0-only
"""Every option with every odd value: one line that blames what was given, and no traceback."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest
from clones import clone_at
from house import HOUSE

from generator.__main__ import main, parser

LONG = "9" * 30


def options() -> list[tuple[str, str, argparse.Action]]:
    """Return verb, name and action of each option and argument that takes a value."""
    verbs = next(one for one in parser()._actions if one.dest == "verb")
    assert isinstance(verbs.choices, dict)
    return [
        (verb, (action.option_strings or [action.dest])[-1], action)
        for verb, of in verbs.choices.items() for action in of._actions
        if action.nargs != 0 and not isinstance(action, argparse._HelpAction)
    ]


@pytest.mark.parametrize(("verb", "name", "action"), options(), ids=lambda one: str(one)[:20])
def test_an_empty_value_is_blamed_and_nothing_is_done(
    verb: str, name: str, action: argparse.Action, capsys: pytest.CaptureFixture[str]
) -> None:
    for value in ("", " "):
        before = ["show"] if (verb, name) == ("tree", "names") else []
        with pytest.raises(SystemExit) as told:
            main([verb, *before, *([name] if name.startswith("-") else []), value])
        said = capsys.readouterr()
        assert (told.value.code, said.out) == (2, "")
        assert said.err.count("\n") == 1
        shown = name if name.startswith("-") else action.metavar or name
        assert said.err.startswith(f"portwright {verb}: {shown}: "), said.err


@pytest.mark.parametrize("value", ["0", "-1", LONG, "1.5", "many", "0x10"])
def test_a_number_that_is_none_is_blamed(
    value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    counted = [one for one in options() if one[2].type is not None
               and getattr(one[2].type, "__name__", "") == "counted"]
    assert {name for _, name, _ in counted} >= {"--states", "--seconds", "--children",
                                                "--use-version"}
    for verb, name, _ in counted:
        with pytest.raises(SystemExit) as told:
            main([verb, name, value])
        said = capsys.readouterr().err
        assert told.value.code == 2
        assert said.startswith(f"portwright {verb}: {name}: ")
        assert "give " in said
        assert said.count("\n") == 1


@pytest.mark.parametrize(("argv", "said"), [
    (["check", "today", "--again"], "--again takes --all"),
    (["check", "--all", "--first"], "--first takes one DESIGN"),
    (["check", "today", "--svg", "-"], "--svg -: a diagram goes to a file"),
    (["check", "today", "--svg", "{dir}"], "{dir}: no file that can be written to"),
    (["check", "today", "--svg", "{fifo}"], "{fifo}: no file that can be written to"),
    (["check", "today", "--json", "--format", "sarif"], "not allowed with argument --json"),
    (["boot", "today", "--format", "junit", "--json"], "not allowed with argument --format"),
    (["validate", "x", "--format", "b4-prep", "--json"], "not allowed with argument --format"),
    (["check", "today", "--base", "HEAD"], "--base needs --tree"),
    (["check", "drivers/x.c", "--against", "today"], "--against takes a design, not a C file"),
    (["boot", "today", "--every", "--format", "sarif"], "--every goes with text"),
    (["boot", "{refused}", "--board", "static"], "as it says: leave --board out"),
    (["boot", "{refused}", "--with", "x.diff"], "as it says: leave --with out"),
    (["validate", "a..b", "--use-version", "2", "--tree", "{clone}"],
     "--use-version takes a thread of mails"),
    (["apply", "--branch", "b", "--continue", "--anyway"], "--continue takes no --anyway"),
    (["apply", "--branch", "b", "--skip", "--use-version", "2"], "--skip takes no --use-version"),
    (["tree", "list", "-n"], "-n goes with `tree setup` and `tree pin`"),
    (["tree", "compare", "6.12", "7.3", "--if-served"], "--if-served goes with `tree setup`"),
    (["tree", "setup", "--if-served", "--tree", "{dir}"], "`tree setup` of a pinned tree"),
    (["tree", "compare", "6.12", "7.3", "--kernel", "7.3"], "tree compare takes no --kernel"),
    (["tree", "pin", "7.3", "linux-source-7.3", "--json"], "--json goes with neither `tree pin`"),
    (["tree", "setup", "-n", "--json"], "--json goes with neither `tree pin` nor -n"),
    (["tree", "setup", "-n", "6.12"], "tree setup takes no names"),
    (["cache", "prune", "-n", "--kind", "deb", "--cache-limit", "1G"], "drop --cache-limit"),
    (["check", "{fifo}"], "{fifo}: no regular file"),
    (["check", "{dir}"], "{dir}: is a directory"),
    (["boot", "today", "--keep", "--commit", "HEAD"], "--keep goes with neither --with nor"),
    (["boot", "today", "--refused", "R14"], "--refused boots designs of its own: leave a design"),
    (["boot", "--refused", "R14", "--every"], "leave --every out"),
    (["boot", "today", "--with", "{dir}"], "{dir}: no regular file"),
    (["boot", "today", "--with", "{fifo}"], "{fifo}: no regular file"),
    (["boot", "today", "--board", "static,"], "--board: 'static,' has an empty name in it"),
    (["validate", "{fifo}"], "{fifo}: a FIFO, not a file"),
    (["validate", "x", "--skip", ","], "--skip: ',' has an empty name in it"),
    (["apply", "{fifo}", "--repo", "{dir}", "--branch", "b"], "{dir}: not a git repository"),
    (["generate", "auxbus", "--out", "{fifo}"], "{fifo}: no directory"),
])  # fmt: skip
def test_what_cannot_be_is_blamed_by_its_name(
    argv: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = {"dir": str(tmp_path), "fifo": str(tmp_path / "fifo"),
             "clone": str(clone_at(tmp_path / "clone")),
             "refused": str(HOUSE / "generator/designs/refused/r14_vectors_first.py")}
    os.mkfifo(there["fifo"])
    try:
        code = main([one.format(**there) for one in argv])
    except SystemExit as ended:
        code = int(str(ended.code))

    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert said.format(**there) in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("argv", [["check", "today", "--stat", "9"], ["--vers"],
                                  ["validate", "x", "--ex", "a:b"]])
def test_an_option_is_not_known_by_its_beginning(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as told:
        main(argv)
    assert told.value.code == 2
    assert "unrecognized arguments: --" in capsys.readouterr().err


@pytest.mark.parametrize(("argv", "names"), [
    (["tree", "pin", "-n", "7.3", "linux-source-7.3"], ["7.3", "linux-source-7.3"]),
    (["tree", "pin", "7.3", "-n", "linux-source-7.3"], ["7.3", "linux-source-7.3"]),
    (["validate", "one.patch", "-q", "two.patch"], ["one.patch", "two.patch"]),
])
def test_names_may_stand_on_both_sides_of_an_option(argv: list[str], names: list[str]) -> None:
    args = parser().parse_args(argv)
    assert getattr(args, "names" if argv[0] == "tree" else "series") == names


def test_a_name_too_many_is_said_where_a_verb_takes_no_more(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["boot", "auxbus", "-q", "today"])
    assert "unrecognized arguments: today" in capsys.readouterr().err
