# SPDX-License-Identifier: GPL-2.0-only
"""What a boot costs: building a design's kernel, each scenario on each board, two side by side.

    .venv/bin/python tests/bench/boot.py [DESIGN [BOARD...]]

Boards are booted one after the other, then again two at a time, which is what `portwright boot`
does; nothing that was kept of an earlier run is used but the kernel. Seconds are those of the
clock: a guest mostly waits, for slots and for timers. Numbers are printed, nothing is asserted.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from checks.boot.build.kernel import kernel
from checks.boot.many import SIDE_BY_SIDE, Task, run_all
from checks.boot.model.guest_object import program, with_port_model
from checks.boot.predict.board import BOARDS, USUAL
from checks.boot.run import Run, run
from checks.boot.scenario import usual
from generator.kernel.pin import pinned
from generator.load import load
from generator.series import generate


def main(argv: Sequence[str]) -> None:
    """Boot and print."""
    loaded = load(argv[0] if argv else "auxbus")
    boards = tuple(argv[1:]) or USUAL
    tree = pinned()
    spec = getattr(loaded.module, "SERIES", None)
    overlay = generate.generate(spec, tree).commits[-1].overlay if spec else {}
    built = kernel(tree, with_port_model(tree, overlay))
    inside = program(tree)
    print(f"{loaded.design.name}: kernel {built.release}, "
          + (f"built in {built.seconds:.0f} s" if built.seconds else "kept from before"))
    with tempfile.TemporaryDirectory(prefix="portwright-") as scratch:
        began = time.monotonic()
        alone = [run(loaded.design, built, inside, BOARDS[board], Path(scratch, board),
                     usual(BOARDS[board])) for board in boards]
        one_by_one = time.monotonic() - began
    _table(alone)
    began = time.monotonic()
    run_all([Task(loaded.design, built, inside, board, usual(BOARDS[board])) for board in boards])
    beside = time.monotonic() - began
    print(f"\nall boards one by one {one_by_one:.1f} s, {SIDE_BY_SIDE} at a time {beside:.1f} s: "
          f"{one_by_one / beside:.2f} times as fast")


def _table(runs: Sequence[Run]) -> None:
    took = [dict(one.seconds) for one in runs]
    print(f"{'s':<12}" + "".join(f"{one.board:>12}" for one in runs))
    for name in dict.fromkeys(name for one in took for name in one):
        cells = (f"{one[name]:>12.1f}" if name in one else f"{'-':>12}" for one in took)
        print(f"{name:<12}" + "".join(cells))
    print(f"{'in all':<12}" + "".join(f"{sum(one.values()):>12.1f}" for one in took))
    print(f"{'predictions':<12}" + "".join(f"{len(one.lines):>12}" for one in runs))
    print(f"{'ended':<12}" + "".join(f"{one.end:>12}" for one in runs))


if __name__ == "__main__":
    main(sys.argv[1:])
