# SPDX-License-Identifier: GPL-2.0-only
"""Configurations are compiled side by side, and told as if one came after the other."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from snippet import CLANG, Snippet, laid

from checks.compiling import compile as compiling
from checks.compiling import elsewhere, worker
from checks.compiling.frontend import diagnose
from checks.compiling.outcome import Outcome
from checks.compiling.target_memory import TargetMemory
from checks.finding import Finding
from generator.errors import TreeError
from generator.kernel.configurations import CONFIGS
from generator.parsing.job import Diagnostic
from generator.series.commit import Commit, commits_of
from generator.system import stopping

SECONDS = 60  # a test that waits for what does not come fails
SERIES = commits_of(["1/2", "2/2"], [{"drivers/pci/port.c": b"one\n"},
                                     {"drivers/pci/port.c": b"two\n"}])
Attempt = Callable[[str, str], Outcome]


def told(text: str) -> Outcome:
    return Outcome((("compile:error", Diagnostic("error", "drivers/pci/port.c", 1, 0, text)),),
                   ("drivers/pci/port.c",), ())


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Attempt], list[Finding]]:
    """Return what makes findings of a series with a compiler of the test's."""

    def run(attempt: Attempt) -> list[Finding]:
        def compile_commit(kept: TargetMemory, commit: Commit,
                           _before: Mapping[str, bytes | None],
                           _progress: Callable[[str], None]) -> Outcome:
            return attempt(kept.target.name, commit.name)

        monkeypatch.setattr(compiling, "compile_commit", compile_commit)
        targets = [Snippet(tmp_path, name) for name in ("y", "m", "n")]
        return list(compiling.check(SERIES, targets, lambda _text: None))

    return run


@pytest.fixture
def stopped() -> Iterator[None]:
    yield
    stopping.over()
    stopping._state = stopping._State()


def test_the_last_may_end_first_and_is_told_last(
    faked: Callable[[Attempt], list[Finding]]
) -> None:
    ended = threading.Event()

    def attempt(target: str, commit: str) -> Outcome:
        if target == "n" and commit == "2/2":
            ended.set()
        elif target == "y":
            assert ended.wait(SECONDS), "the others wait for the first"
        return told("wrong")

    assert [(one.commit, one.config) for one in faked(attempt)] == [("1/2", "y m n")]


def test_no_configuration_of_a_series_waits_for_another_to_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One that is left for the end compiles its commits, most of one unit, on one processor."""
    together = threading.Barrier(len(CONFIGS))

    def attempt(_kept: TargetMemory, commit: Commit, *_: object) -> Outcome:
        if commit.name == "1/2":
            together.wait(SECONDS)
        return Outcome((), ("drivers/pci/port.c",), ())

    monkeypatch.setattr(compiling, "compile_commit", attempt)
    targets = [Snippet(tmp_path, name) for name in CONFIGS]
    assert compiling.check(SERIES, targets, lambda _text: None) == ()


def test_what_one_raises_is_raised_and_ends_the_others() -> None:
    looked = []

    def raises(_enough: Callable[[], bool]) -> None:
        raise TreeError("no such unit")

    def goes_on(enough: Callable[[], bool]) -> None:
        until = time.monotonic() + SECONDS
        while not enough() and time.monotonic() < until:
            time.sleep(0.001)
        looked.append(enough())

    with pytest.raises(TreeError, match="no such unit"):
        compiling._side_by_side([goes_on, raises])
    assert looked == [True]


@pytest.mark.usefixtures("stopped")
def test_what_was_compiled_before_an_interrupt_is_told(
    faked: Callable[[Attempt], list[Finding]]
) -> None:
    ended = threading.Event()

    def attempt(target: str, commit: str) -> Outcome:
        if target == "y" and commit == "2/2":
            ended.set()
            return told("late")
        if target == "n":
            assert ended.wait(SECONDS)
            raise stopping.Ended
        return told("early")

    found = faked(attempt)

    assert [one.message for one in found if "y" in one.config.split()] == ["early", "late"]
    assert found[-1].rule == "compile:not-finished"


@pytest.mark.skipif(not CLANG, reason="clang is missing: apt-get install clang-19")
def test_no_more_compile_at_once_than_may(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    now, most, guard = 0, 0, threading.Lock()
    two, three = threading.Barrier(2), threading.Barrier(3)  # passed when so many are there

    def count(_job: object, _what: str) -> dict[str, object]:
        nonlocal now, most
        with guard:
            now += 1
            most = max(most, now)
        two.wait(SECONDS)
        with contextlib.suppress(threading.BrokenBarrierError):  # as it is when nobody comes
            three.wait(0.5)
        with guard:
            now -= 1
        return {"said": [], "includes": [], "defined": []}

    monkeypatch.setattr(worker, "_read", count)
    target = Snippet(laid(tmp_path))
    jobs = [target.job(path, {}) for path in target.units(())][:4]
    with ThreadPoolExecutor(len(jobs)) as threads:
        list(threads.map(diagnose, jobs))

    assert (len(jobs), most) == (4, 2)


def test_a_name_that_somebody_looks_for_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers/a.c").write_text("int wanted;\n")
    looking, other = threading.Event(), threading.Event()
    grep = elsewhere._grep

    def slow(args: list[str], where: Path) -> list[str]:
        looking.set()
        other.wait(0.5)  # who does not wait for us has its answer by then
        return grep(args, where)

    monkeypatch.setattr(elsewhere, "_grep", slow)
    tree = elsewhere.Tree(tmp_path)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(tree.named, ["wanted"], {})
        assert looking.wait(SECONDS)
        second = threads.submit(tree.named, ["wanted"], {})
        second.add_done_callback(lambda _done: other.set())

    assert second.result() == first.result()
    assert [one.text for one in first.result()["wanted"]] == ["int wanted;"]
