# SPDX-License-Identifier: GPL-2.0-only
"""Each design that generator/EXAMPLES.md shows is whole, and holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from house import HOUSE

from generator.__main__ import main

SHOWN = re.findall(r"^## ([^\n]*)\n.*?```python\n(.*?)^```$",
                   (HOUSE / "generator" / "EXAMPLES.md").read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", [text for _, text in SHOWN], ids=[title for title, _ in SHOWN])
def test_a_driver_that_is_shown_holds(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shown.py").write_text(text)

    done = main(["check", str(tmp_path / "shown.py")])

    assert ": HOLDS (" in capsys.readouterr().out
    assert done == 0
