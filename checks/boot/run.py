# SPDX-License-Identifier: GPL-2.0-only
"""A design booted on a board and driven through scenarios, as one value.

    run(design, kernel, program, board, directory, scenarios) -> Run
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from checks.boot.build.initrd import guest_files, initrd
from checks.boot.build.kernel import Kernel
from checks.boot.guest.leaks import leaks
from checks.boot.guest.line import Line
from checks.boot.guest.lockdep import lockdep
from checks.boot.guest.log import excerpt, splats
from checks.boot.guest.lost import Lost
from checks.boot.guest.qemu import running
from checks.boot.model.guest_object import PROGRAM
from checks.boot.model.running import model
from checks.boot.predict.board import Board
from checks.boot.scenario import ALL, FATAL, USUAL
from checks.boot.scenarios.shutdown import shutdown
from checks.boot.scenarios.stage import stage
from generator.design import Design
from generator.errors import UsageError
from generator.system.progress import say

AS_PREDICTED, FAILED = "as predicted", "failed expectation"


@dataclass(frozen=True)
class Complaint:
    """Something that the kernel complained of in its log, while a scenario ran."""

    scenario: str
    text: str


@dataclass(frozen=True)
class Run:
    """What became of a guest: how it ended, all lines, and what its log complains of.

    `end` is AS_PREDICTED, FAILED, or a way in which a guest is lost. `seconds` are per scenario,
    and so is `printed`, all that the kernel printed.
    """

    design: str
    board: str
    end: str
    lines: tuple[Line, ...]
    complaints: tuple[Complaint, ...]
    seconds: tuple[tuple[str, float], ...]
    last: str = ""
    scenario: str = ""  # in which the guest was lost
    log: str = ""  # the end of the log then
    directory: str = ""
    printed: tuple[tuple[str, str], ...] = ()


def run(
    design: Design, kernel: Kernel, program: bytes, board: Board, directory: Path,
    scenarios: Sequence[str] = USUAL, stop: threading.Event | None = None,
) -> Run:
    """Boot a design's kernel on a board and drive it through scenarios.

    `program` is the guest's own, which counts events: see model/guest_object.py.

    Errors: UsageError, ModelError, EnvironmentFault; a lost guest is a result.

    Example:
        seen = run(design, kernel, program, BOARDS["static"], Path("run"), ("boot", "load"))
        seen.end, [line.subject for line in seen.lines if not line.holds]
        -> "as predicted", []
    """
    unknown = [name for name in scenarios if name not in ALL]
    if unknown:
        raise UsageError(f"no scenario {unknown[0]!r}: there are {', '.join(ALL)}")
    # What a guest does not survive comes last.
    scenarios = sorted(scenarios, key=lambda name: name in FATAL)
    directory.mkdir(parents=True, exist_ok=True)
    image = directory / "initrd"
    image.write_bytes(initrd(kernel, {**guest_files(), PROGRAM: program}))
    lines: list[Line] = []
    complaints: list[Complaint] = []
    took: list[tuple[str, float]] = []
    printed: list[tuple[str, str]] = []
    at, began, said = "start", time.monotonic(), 0
    try:
        with ExitStack() as stack:
            setup = board.setup()
            kind = kernel.kind
            setup = replace(
                setup, memory=kind.memory, slower=setup.slower * kind.slower,
                kernel_args=(*setup.kernel_args, *kind.kernel_args),
            )
            hardware, beside = board.modelled(), None
            if hardware is not None:
                beside = stack.enter_context(model(hardware))
                setup = replace(
                    setup, args=(*setup.args, *beside.arguments()), passed=beside.passed,
                    kernel_args=(*setup.kernel_args, *beside.command_line()),
                )
            guest = stack.enter_context(running(
                setup, kernel.image, image, directory, stop=stop))
            on = stage(guest, design, board, kernel, beside)
            took.append((at, time.monotonic() - began))
            for at in scenarios:
                say(f"{design.name} on {board.name}: {at}")
                began = time.monotonic()
                known = len(lines)
                lines += ALL[at](on)
                if on.lost is None and not complaints and not splats(guest.console())[said:]:
                    lines.append(lockdep(guest, at))  # a complaint of its own switches it off
                if kind.leaks and on.lost is None:
                    found, left = leaks(guest, at)
                    lines.append(found)
                    complaints += [Complaint(at, text) for text in left]
                took.append((at, time.monotonic() - began))
                told = splats(guest.console())
                if on.lost is not None:
                    if all(line.holds for line in lines[known:]):
                        break  # the guest was lost as was predicted
                    raise on.lost
                complaints += _new(at, told, said)
                said = len(told)
                printed.append((at, _since(printed, guest.console())))
            else:
                at, began = "shutdown", time.monotonic()
                lines += shutdown(on)
                took.append((at, time.monotonic() - began))
                complaints += _new(at, splats(guest.console()), said)
            printed.append((at, _since(printed, guest.console())))
    except Lost as lost:
        took.append((at, time.monotonic() - began))
        complaints += _new(at, splats(lost.log), said)
        printed.append((at, _since(printed, lost.log)))
        return Run(design.name, board.name, lost.kind, tuple(lines), tuple(complaints),
                   tuple(took), lost.last, at, excerpt(lost.log), str(directory), tuple(printed))
    end = AS_PREDICTED if all(line.holds for line in lines) else FAILED
    return Run(design.name, board.name, end, tuple(lines), tuple(complaints), tuple(took),
               directory=str(directory), printed=tuple(printed))


def _new(scenario: str, found: Sequence[str], known: int) -> list[Complaint]:
    return [Complaint(scenario, text) for text in found[known:]]


def _since(printed: Sequence[tuple[str, str]], text: str) -> str:
    """Return what of a log has been printed after what is known of it."""
    return text[sum(len(part) for _, part in printed):]
