# SPDX-License-Identifier: GPL-2.0-only
"""`portwright cache`: what it shows, what it prunes, and the limit that every run keeps to."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from clones import shell
from postings import make_clone, two_patches
from schemas import wrong

from generator.__main__ import main
from generator.cli import cache as verb
from generator.system.house import ROOT

PINNED = "tree/linux-source-6.12-6.12.117-1~deb12u1"


def _fill(cached: Path) -> None:
    for name in ("own/one", "own/two", PINNED, "tree/linux-source-6.12-6.12.100-1"):
        (cached / name).mkdir(parents=True)
        (cached / name / "file").write_bytes(b"x" * (2 << 20))


def test_the_cache_is_shown_by_kind(cached: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _fill(cached)
    assert main(["cache"]) == 0
    said = capsys.readouterr().out.splitlines()

    assert said[0] == str(cached)
    assert said[2].split()[:3] == ["tree", "2", "4.0M"]
    assert said[2].endswith("1 stay")
    assert said[3].split()[:3] == ["own", "2", "4.0M"]
    assert said[-1].split()[:3] == ["together", "4", "8.0M"]
    assert said[-1].endswith("the limit is 20.0G")


def test_an_empty_cache_is_shown(cached: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache"]) == 0
    assert "together         0         0" in capsys.readouterr().out
    assert not cached.exists()


def test_pruning_says_what_goes_and_n_only_says_it(
    cached: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _fill(cached)
    assert main(["cache", "prune", "-n", "--cache-limit", "3M"]) == 0
    would = capsys.readouterr().out
    assert would.count("would go: ") == 3
    assert "would go: tree/linux-source-6.12-6.12.100-1, 2.0M" in would
    assert (cached / "own/one").exists()

    assert main(["cache", "prune", "--cache-limit", "3M"]) == 0
    assert capsys.readouterr().out == would.replace("would go", "went")
    assert sorted(path.name for path in (cached / "tree").iterdir()) == [PINNED[5:]]
    assert list((cached / "own").iterdir()) == []


def test_one_kind_is_pruned_and_no_other(cached: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _fill(cached)
    assert main(["cache", "prune", "--kind", "own"]) == 0
    assert list((cached / "own").iterdir()) == []
    assert len(list((cached / "tree").iterdir())) == 2
    assert "went together: 4.0M; 4.0M stay" in capsys.readouterr().out


@pytest.mark.parametrize(("typed", "told"), [
    (["prune", "--kind", "cheese"], "no kind of what is kept: there are tree, deb"),
    (["show", "--kind", "own"], "--kind and -n go with `cache prune`"),
    (["show", "-n"], "--kind and -n go with `cache prune`"),
])
def test_what_cannot_be_asked_is_a_usage_error(
    typed: list[str], told: str, cached: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cache", *typed]) == 2
    assert told in capsys.readouterr().err
    assert not cached.exists()


@pytest.mark.parametrize("value", ["", "much", "1.5G", "-1", "5GB", "G"])
def test_a_limit_is_a_size(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as told:
        main(["cache", f"--cache-limit={value}"])
    assert told.value.code == 2
    assert "is no size: give bytes" in capsys.readouterr().err


def test_what_is_printed_as_json_is_what_the_schema_says(
    cached: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _fill(cached)
    for words in ([], ["prune", "-n", "--cache-limit", "0"]):
        assert main(["cache", *words, "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert wrong("cache", said) == []
        del said["limit"]
        assert wrong("cache", said) != []


def test_what_cannot_be_removed_does_not_take_a_result_away(
    cached: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fill(cached)

    def fails(_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setenv("PORTWRIGHT_PROGRESS", "1")
    monkeypatch.setattr(verb, "remove", fails)
    verb.trim(0, ())
    assert "the cache may be larger than 0: [Errno 5]" in capsys.readouterr().err


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    clone = tmp_path / "clone"
    clone.mkdir()
    make_clone(clone)
    two_patches(clone)
    return clone


_VALIDATE = [sys.executable, "-m", "generator", "validate", "--tree", ".", "--only", "series"]


def _validate(clone: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*_VALIDATE, *more], cwd=clone, check=False, capture_output=True,
                          text=True)


def test_a_limit_of_git_config_holds_for_every_run_that_adds_to_it(
    cached: Path, clone: Path
) -> None:
    _fill(cached)
    first = _validate(clone, "main..topic")
    assert first.returncode in (0, 1), first.stderr
    assert (cached / "own/one").exists(), "far below the limit"
    shell(clone, "git config portwright.cacheLimit 1K; git checkout -q topic")
    done = _validate(clone, "HEAD")  # on another commit

    assert done.returncode in (0, 1), done.stderr
    assert not (cached / "own/one").exists()
    assert (cached / PINNED / "file").exists()
    assert [one.name for one in (cached / "own").glob("*/work")] == ["work"], "what it used stays"


def test_a_running_validate_loses_nothing(cached: Path, clone: Path) -> None:
    typed = " ".join([*_VALIDATE, "main..topic"])
    script = " && ".join(f"{{ {typed}; [ $? -le 1 ]; }}" for _ in range(2))
    gone = 0
    with subprocess.Popen(["sh", "-c", script], cwd=clone, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as running:
        while running.poll() is None:
            prune = [sys.executable, "-m", "generator", "cache", "prune", "--json",
                     "--cache-limit", "0"]
            done = subprocess.run(prune, cwd=ROOT, capture_output=True, text=True, check=True)
            gone += len(json.loads(done.stdout)["gone"])
        assert running.stderr is not None
        assert (running.returncode, running.stderr.read()) == (0, "")
    assert gone > 0
