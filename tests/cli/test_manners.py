# SPDX-License-Identifier: GPL-2.0-only
"""Help, manual, completion, settings: what a command line is expected to have."""

from __future__ import annotations

import argparse
import os
import re
import resource
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from clones import shell
from house import HOUSE
from postings import mails, make_clone, two_patches

from generator.__main__ import VERBS, main, parser
from generator.cli.examples import EXAMPLES
from generator.cli.options import verbs_of


def run(*argv: str, cwd: Path = HOUSE, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key != "PORTWRIGHT_PROGRESS"}
    return subprocess.run(
        [sys.executable, "-m", "generator", *argv], capture_output=True, text=True, check=False,
        cwd=cwd, env={**kept, "PYTHONPATH": str(HOUSE), "GIT_CONFIG_GLOBAL": "/dev/null", **env},
    )  # fmt: skip


def printed(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(argv) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_begins_with_examples_that_can_be_typed(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as told:
        main([verb, "--help"] if verb else ["--help"])
    said = capsys.readouterr().out
    assert told.value.code == 0
    assert said.startswith("examples:\n")
    assert max(map(len, said.splitlines())) < 100
    for typed, _ in EXAMPLES[verb]:
        assert f"\n  {typed}" in said
        (command,) = re.findall(r"portwright [^|>)]*", typed)
        words = [one for one in shlex.split(command)[1:] if one]
        assert parser().parse_args(words).verb in (verb, words[0])


def test_help_is_there_at_once() -> None:
    """Of the time that it has for itself, whatever else the machine does."""
    took = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run("validate", "--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(took) < 0.2


def test_the_manual_has_every_verb_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    page = printed(["man"], capsys)

    plain = page.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
    for verb, of in verbs_of(parser()).items():
        assert f".SS portwright {verb}\n" in page
        for action in of.parser._actions:
            for option in action.option_strings:
                assert option in plain, (verb, option)
    requests = {row.split()[0] for row in page.splitlines() if row.startswith(".")}
    assert requests <= {".TH", ".SH", ".SS", ".TP", ".PP", ".nf", ".fi", ".B", ".I"}
    assert not re.search(r"^'", page, re.M)


def completed(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what bash completes at the last of some words."""
    script = printed(["completion", "bash"], capsys)
    (tmp_path / "script").write_text(script)
    line = " ".join(shlex.quote(one) for one in words)
    told = subprocess.run(
        ["bash", "--norc", "-c", f"source ./script; COMP_WORDS=({line}); "
         f"COMP_CWORD={len(words) - 1}; _portwright; printf '%s\\n' \"${{COMPREPLY[@]}}\""],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stderr == ""
    return told.stdout.split()


def test_bash_completes_verbs_options_values_and_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my.py").touch()
    (tmp_path / "mydir").mkdir()

    assert completed(["portwright", "val"], tmp_path, capsys) == ["validate"]
    assert completed(["portwright", "check", "--en"], tmp_path, capsys) == ["--engine"]
    assert completed(["portwright", "check", "--engine", "s"], tmp_path, capsys) == ["spin"]
    assert completed(["portwright", "check", "auxb"], tmp_path, capsys) == ["auxbus"]
    assert completed(["portwright", "check", "my."], tmp_path, capsys) == ["my.py"]
    assert completed(["portwright", "apply", "--repo", "my"], tmp_path, capsys) == ["mydir"]
    assert set(completed(["portwright", ""], tmp_path, capsys)) == set(VERBS)


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_every_shell_completes_every_option(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script = printed(["completion", kind], capsys)

    for verb, of in verbs_of(parser()).items():
        rows = [row for row in script.splitlines()
                if re.search(rf"(^|\s){verb},-\*\)|from {verb}'", row)]
        said = "\n".join(rows)
        for action in of.parser._actions:
            for option in action.option_strings:
                wanted = option if kind != "fish" else (
                    f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}")
                assert wanted in said, (verb, option)


def settings(tmp_path: Path, text: str) -> dict[str, str]:
    (tmp_path / "gitconfig").write_text(text)
    return {"GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"}


def test_settings_hold_where_nothing_was_typed(tmp_path: Path) -> None:
    env = settings(tmp_path, "[portwright]\n\tstates = 7\n[portwright \"check\"]\n\tstates = 50\n")
    assert run("check", "today", **env).returncode == 124
    searches = 3  # each has its own budget
    assert f"({50 * searches} states" in run("check", "today", **env).stdout
    for typed in (["--states", "60"], ["--states=60"]):
        assert f"({60 * searches} states" in run("check", "today", *typed, **env).stdout
    assert run("designs", **env).returncode == 0, "a verb that has no states"


@pytest.mark.parametrize(("text", "said"), [
    ("states = many", "portwright.states (file:{0}): 'many' is no whole number"),
    ("sekonds = 7", "portwright.sekonds (file:{0}): no such setting: did you mean seconds?"),
    ("engine = warp", "portwright.engine (file:{0}): 'warp' is none of own, spin"),
    ("quiet = perhaps", "portwright.quiet (file:{0}): 'perhaps' is neither true nor false"),
    ("tree =", "portwright.tree (file:{0}): '' is empty"),
])  # fmt: skip
def test_a_setting_that_means_nothing_is_blamed_with_its_file(
    text: str, said: str, tmp_path: Path
) -> None:
    env = settings(tmp_path, f"[portwright]\n\t{text}\n")
    done = run("validate" if "tree" in text else "check", "today", **env)

    assert (done.returncode, done.stdout) == (2, "")
    assert said.format(tmp_path / "gitconfig") in done.stderr
    assert done.stderr.count("\n") == 1


def test_lists_of_settings_come_before_what_is_typed() -> None:
    from generator.cli import settings as ours

    args = parser().parse_args(["validate", "x", "--skip", "design"])
    told = [("", "skip", "compile", "a"), ("validate", "skip", "people", "b"),
            ("apply", "trailers", "true", "c"), ("", "seconds", "9", "d")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ours, "_told", lambda: iter(told))
        of = verbs_of(parser())["validate"].parser
        ours.apply(args, of, ["validate", "x", "--skip", "design"])
    assert args.skip == ["people", "design"], "that of the verb goes before that of all"
    assert not args.trailers


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path / "cache"))
    where = make_clone(tmp_path / "clone")
    two_patches(where)
    (tmp_path / "series.mbox").write_text("".join(mails(where)))
    return where


def test_apply_and_undo_take_the_clone_that_one_stands_in(clone: Path) -> None:
    below = clone / "drivers/pci"
    done = run("apply", "../../../series.mbox", "--branch", "made", cwd=below)
    assert done.returncode == 0, done.stderr
    assert "undo: portwright undo --branch made\n" in done.stdout
    assert "made" in shell(clone, "git branch")
    assert run("undo", "--branch", "made", cwd=below).returncode == 0
    assert "made" not in shell(clone, "git branch")


def test_quiet_says_nothing_and_verbose_names_programs(clone: Path) -> None:
    series = str(clone.parent / "series.mbox")
    done = run("apply", series, "--branch", "one", "-q", cwd=clone)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    loud = run("apply", series, "--branch", "two", "-v", cwd=clone)
    assert loud.returncode == 0
    assert "portwright: git " in loud.stderr
    assert "update-ref" in loud.stderr
    assert run("undo", "--branch", "one", "-q", cwd=clone).stdout == ""
    both = run("undo", "--branch", "two", "-q", "-v", cwd=clone)
    assert (both.returncode, both.stderr.count("\n")) == (2, 1)


@pytest.mark.kernel
def test_what_generate_would_write_is_told_and_not_written(
    tmp_path: Path, pinned: object, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    assert main(["generate", "auxbus", "--render-only", "-n", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{out}: not written, -n; it would be:\n  new")
    assert said.count("\n  new") == len(list((HOUSE / "patches/6.12/auxbus").glob("*.patch"))) + 1
    assert list(out.iterdir()) == []
    assert main(["tree", "setup", "-n"]) == 0
    assert "is set up at" in capsys.readouterr().out


def test_only_the_parser_knows_the_options() -> None:
    """A setting that no verb has would never hold."""
    from generator.cli.settings import NAMES

    known = {action.dest for of in verbs_of(parser()).values() for action in of.parser._actions}
    assert set(NAMES) <= known
    assert isinstance(parser(), argparse.ArgumentParser)
