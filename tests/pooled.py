# SPDX-License-Identifier: GPL-2.0-only
"""Jobs for the workers of a scheduler, which import them by name."""

import os
import time
from pathlib import Path

from generator.errors import Untestable, Where


def slowly(place: str, number: int) -> int:
    """Return the square of a number after a while; a file says which process was at it."""
    Path(place, f"{number}-{os.getpid()}").touch()
    time.sleep(0.3)
    return number * number


def fails(_: str) -> None:
    """End as a unit does that cannot be tried."""
    raise Untestable("no message", Where("drivers/x.c", 3))
