# SPDX-License-Identifier: GPL-2.0-only
"""`python -m generator.setup`: the pinned tree and its configurations, ready to work with."""

from __future__ import annotations

import sys

from generator.errors import PortwrightError
from generator.kbuild import CONFIGS, DIRS, prepare_all, units
from generator.progress import say
from generator.tree import pinned


def main() -> int:
    """Set up what is missing; the exit code of what keeps us from it.

    Errors: none, they are printed.
    """
    try:
        tree = pinned()
        for base in prepare_all(tree, tuple(CONFIGS.values())):
            # Asks kbuild for the flags, which are then kept.
            units(base, DIRS)
    except PortwrightError as fault:
        print(f"setup: {fault}", file=sys.stderr)  # noqa: T201
        return fault.exit_code
    except KeyboardInterrupt:
        return 130
    say("everything is set up")
    return 0


if __name__ == "__main__":
    sys.exit(main())
