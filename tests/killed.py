# SPDX-License-Identifier: GPL-2.0-only
"""Apply a series, and be killed at one of the instants at which something may change.

    python tests/killed.py PATCHES CLONE AT LATE group|alone

Python tells of each thing that a program is about to do to files and processes (`sys.audit`). This
one kills itself before the one with number AT, or LATE seconds after, with the git that it runs or
without. It prints how many there were, if it comes to an end.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from generator.intake.apply import apply
from generator.intake.posting import Asked


def main(patches: str, clone: str, at: str, late: str, whom: str) -> None:
    told = 0

    def kill() -> None:
        time.sleep(float(late))
        (os.killpg if whom == "group" else os.kill)(os.getpid(), signal.SIGKILL)

    def look(_event: str, _args: object) -> None:
        nonlocal told
        told += 1
        if told == int(at):
            threading.Thread(target=kill).start() if float(late) else kill()

    sys.addaudithook(look)
    apply(Asked((patches,)), Path(clone), "auxbus")
    print(told)


if __name__ == "__main__":
    main(*sys.argv[1:])
