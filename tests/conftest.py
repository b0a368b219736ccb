# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures that set up the real thing: the pinned tree and the configured kernel."""

import pytest

from generator.kbuild import CONFIGS, Base, prepare
from generator.tree import Tree
from generator.tree import pinned as set_up


@pytest.fixture(scope="session")
def pinned() -> Tree:
    """The pinned tree, fetched and imported when it is not there."""
    return set_up()


@pytest.fixture(scope="session")
def base(pinned: Tree) -> Base:
    """The pinned tree configured with CXL_BUS=m, ready to compile in."""
    return prepare(pinned, CONFIGS["m"])
