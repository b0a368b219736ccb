# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures of those that put a set of patches somewhere."""

from pathlib import Path

import pytest
from generated import rendered

from generator.series import output


@pytest.fixture(scope="session")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return two rendered sets, the old one and the new one."""
    return rendered(tmp_path_factory.mktemp("sets"))


@pytest.fixture
def out(sets: tuple[Path, Path], tmp_path: Path) -> Path:
    """Return a directory that was generated once."""
    output.put(sets[0], tmp_path / "home" / "out")
    return tmp_path / "home" / "out"
