# SPDX-License-Identifier: GPL-2.0-only
"""Several boots, two side by side; what the pinned kernel complains of is kept between runs."""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from checks.boot.build.kernel import Kernel
from checks.boot.guest.line import Line
from checks.boot.predict.board import BOARDS, Board, in_tree
from checks.boot.run import Complaint, Run, run
from generator.design import Design
from generator.kernel.kconfig import identity
from generator.series.identity import canonical
from generator.system.cache import DESIGNS, cache, code, keep
from generator.system.holding import hold

SIDE_BY_SIDE = 2


@dataclass(frozen=True)
class Task:
    """One boot; with `keep`, what it comes to is kept until kernel, board or lab change.

    `name` is that of its directory, the design's without one; `args` are more of the kernel's.
    `source` says of what the kernel is, where it is not the C of the design, `said` what its tree
    answers to facts.
    """

    design: Design
    kernel: Kernel
    program: bytes
    board: str
    scenarios: tuple[str, ...]
    keep: bool = False
    name: str = ""
    args: tuple[str, ...] = ()
    source: str = ""
    said: Mapping[str, str] = field(default_factory=dict)


def run_all(tasks: Sequence[Task]) -> tuple[Run, ...]:
    """Run boots, two at a time, and return what came of each, in order.

    Errors: UsageError, ModelError, EnvironmentFault; the first one ends them all.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        running = [pool.submit(_one, task, stop) for task in tasks]
        try:
            return tuple(one.result() for one in running)
        except BaseException:
            # Ctrl-C comes to this thread: the others have to be told.
            stop.set()
            for one in running:
                one.cancel()
            raise


def _one(task: Task, stop: threading.Event) -> Run:
    kept = cache() / "boot" / "kept" / f"{_key(task)}.json"
    if task.keep and (known := recalled(kept)) is not None:
        return known
    with _place(run_name(task)) as directory:
        found = run(task.design, task.kernel, task.program, _board(task), directory,
                    task.scenarios, stop)
    if task.source:
        found = replace(found, design=f"{found.design} {task.source}")
    if task.keep and not found.scenario:
        keep(kept, json.dumps(asdict(found)))
    return found


def run_name(task: Task) -> str:
    """Return what the directory of a run is called."""
    kind = task.kernel.kind.name
    name = f"{task.name or task.design.name}-{task.board}"
    return name if kind == "plain" else f"{name}-{kind}"


@contextmanager
def _place(name: str) -> Iterator[Path]:
    """Yield a directory of this name that is ours alone meanwhile: other runs have others."""
    for number in itertools.count(1):
        place = cache() / "boot" / "runs" / (name if number == 1 else f"{name}.{number}")
        hold(place)
        place.mkdir(parents=True, exist_ok=True)
        with (place / "lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield place
            return


def recalled(file: Path) -> Run | None:
    """Return a run that was kept, None when there is none that can be read."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return Run(**{
            **data,
            "lines": tuple(Line(**one) for one in data["lines"]),
            "complaints": tuple(Complaint(**one) for one in data["complaints"]),
            "seconds": tuple((name, value) for name, value in data["seconds"]),
            "printed": tuple((name, text) for name, text in data["printed"]),
        })
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _board(task: Task) -> Board:
    board = in_tree(BOARDS[task.board], task.said)
    platform = replace(
        board.platform, kernel_args=(*board.platform.kernel_args, *task.args)
    )
    return replace(board, platform=platform)


def _key(task: Task) -> str:
    """Return what a run depends on: the kernel, the board, what is done, and we ourselves."""
    board = _board(task)
    kernel = task.kernel
    key = hashlib.sha256(
        f"{kernel.home.name} {kernel.kind} {board} {task.scenarios}".encode()
    )
    key.update(identity(board.setup().program).encode())
    # What is predicted is kept with what was seen.
    key.update(canonical(task.design).encode())
    key.update(code("checks", "generator", "templates/boot", without=(DESIGNS,)).encode())
    return key.hexdigest()[:24]
