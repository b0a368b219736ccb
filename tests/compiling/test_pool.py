# SPDX-License-Identifier: GPL-2.0-only
"""Units compiled by the workers of a scheduler: the same findings, also when one is lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from pooled import fails, slowly
from snippet import FILES, Snippet, laid

from checks.compiling.compile import check
from checks.compiling.pool import LOCAL, connected
from checks.finding import Finding
from generator.__main__ import main
from generator.errors import EnvironmentFault, Untestable
from generator.series.commit import commits_of
from generator.system import cache
from generator.system.house import ROOT

_DASK = [sys.executable, "-m", "dask"]
PORT = "drivers/pci/port.c"
_PATIENCE = 120.0  # a busy machine takes long to import dask


@dataclass(frozen=True)
class Cluster:
    """A scheduler with two workers of one thread each, and the process ids of those."""

    address: str
    workers: tuple[int, ...]


@contextmanager
def _cluster(top: Path) -> Iterator[Cluster]:
    told = top / "scheduler.json"
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
           "PORTWRIGHT_CACHE": str(cache.cache())}
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str) -> None:
        started.append(subprocess.Popen(
            [*_DASK, *words], env=env, cwd=top, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ))

    try:
        start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show",
              "--scheduler-file", str(told))
        for _ in range(2):
            start("worker", "--scheduler-file", str(told), "--no-nanny", "--nthreads", "1",
                  "--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(top))
        yield Cluster(_address(told), tuple(one.pid for one in started[1:]))
    finally:
        for one in started:
            one.kill()
            one.wait()


def _address(told: Path) -> str:
    """Return where the scheduler is, when both workers are there."""
    from distributed import Client

    until = time.monotonic() + _PATIENCE
    while not told.exists():
        assert time.monotonic() < until, "the scheduler did not start"
        time.sleep(0.1)
    with Client(scheduler_file=str(told), set_as_default=False, timeout=_PATIENCE) as client:
        client.wait_for_workers(2, timeout=_PATIENCE)
        return str(client.scheduler.address)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with _cluster(tmp_path_factory.mktemp("dask")) as found:
        yield found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return laid(tmp_path)


def _found(root: Path, address: str) -> tuple[Finding, ...]:
    text = FILES[PORT]
    wrong = (text.replace("(port);", "(prt);"), text.replace("\treturn", "\tint idle;\n\n\treturn"))
    edits = [{PORT: one.encode()} for one in wrong]
    off = Snippet(root, "n", (), unbuilt=("drivers/pci/service.c",))
    with connected(address) as pool:
        return check(commits_of(["1/2", "2/2"], edits), [Snippet(root), off], lambda text: None,
                     pool)


def test_workers_find_what_we_find_ourselves_and_errors_come_home(
    cluster: Cluster, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ours = _found(laid(tmp_path_factory.mktemp("ours")), "")
    assert [one.rule for one in ours] == ["compile:error", "compile:-Wunused-variable"], ours
    assert _found(root, cluster.address) == ours
    with connected(cluster.address) as pool, pytest.raises(Untestable, match=r"x\.c:3: no mes"):
        list(pool.map(fails, ["x"]))


def test_a_worker_of_other_code_or_another_cache_is_named(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with connected(cluster.address) as pool:
        monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path))
        with pytest.raises(EnvironmentFault, match=f"start it with PORTWRIGHT_CACHE={tmp_path}"):
            list(pool.map(len, ["x"]))
        monkeypatch.setattr("checks.compiling.pool.code", lambda *_: "other")
        with pytest.raises(EnvironmentFault, match="runs other code of portwright"):
            list(pool.map(len, ["x"]))


def test_what_a_lost_worker_had_is_done_by_the_other(
    cluster: Cluster, root: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The last test: one worker is left after it."""
    work = partial(slowly, str(tmp_path))
    with connected(cluster.address) as pool:
        done = []
        for value in pool.map(work, range(12)):
            done.append(value)
            if len(done) == 3:
                os.kill(cluster.workers[0], signal.SIGKILL)
    assert done == list(LOCAL.map(lambda n: n * n, range(12)))
    by = [one.name.split("-") for one in tmp_path.glob("*-*")]
    lost = {number for number, pid in by if int(pid) == cluster.workers[0]}
    assert lost, "it had some"
    assert len(by) > 12, "what it was at was begun again by the other"
    ours = _found(laid(tmp_path_factory.mktemp("ours")), "")
    assert _found(root, cluster.address) == ours


def test_where_no_scheduler_answers_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("checks.compiling.pool._SECONDS", 1)
    assert main(["validate", str(tmp_path), "--scheduler", "tcp://127.0.0.1:9"]) == 3
    assert "no dask scheduler answers at tcp://127.0.0.1:9: start one" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["validate", str(tmp_path), "--scheduler", "tcp://127.0.0.1:9"]) == 3
    assert "not installed: pip install 'portwright[cluster]'" in capsys.readouterr().err
