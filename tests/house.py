# SPDX-License-Identifier: GPL-2.0-only
"""Where the house lies, whatever folder a test is in."""

from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]
TESTS = HOUSE / "tests"
DESIGNS = TESTS / "designs"
