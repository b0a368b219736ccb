# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures that set up the real thing: the pinned tree and the configured kernel."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from generator.designs.auxbus import SERIES
from generator.errors import EnvironmentFault, TreeError
from generator.kernel.configurations import CONFIGS
from generator.kernel.kbuild import Base, prepare
from generator.kernel.pin import at_hand, read_pin
from generator.kernel.pin import pinned as set_up
from generator.kernel.tree import Tree
from generator.parsing import unit
from generator.series.generate import Series, generate
from generator.system import stopping


@pytest.fixture(scope="session")
def pinned() -> Tree:
    """The pinned tree, fetched and imported when it is not there."""
    return set_up()


@pytest.fixture(scope="session")
def newer() -> Tree:
    """The other pinned tree; without CI it is not set up on the way."""
    pin = read_pin("7.3")
    if not os.environ.get("CI") and at_hand(pin) is None:
        pytest.skip("7.3 is not set up: portwright tree setup --kernel 7.3")
    try:
        return set_up("7.3")
    except (EnvironmentFault, TreeError) as fault:
        if isinstance(fault, EnvironmentFault) or "no longer served" in str(fault):
            pytest.skip(f"7.3 cannot be set up: {fault}")
        raise


@pytest.fixture(scope="session")
def base(pinned: Tree) -> Base:
    """The pinned tree configured with CXL_BUS=m, ready to compile in."""
    return prepare(pinned, CONFIGS["m"])


@pytest.fixture
def nothing_asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that nobody has asked to end, in which a test may do so."""
    monkeypatch.setattr(stopping, "_state", stopping._State())
    yield
    stopping.over()  # else the clock of a wish to end ends this process


# The same examples everywhere and each time; how long one takes says how busy the machine is.
settings.register_profile(
    "house", deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("house")

# Designs and C are trees without cycles: looking for these often is a tenth of the time.
gc.set_threshold(100_000, 50, 100)


@pytest.fixture(scope="session")
def made(pinned: Tree) -> Series:
    """The series of auxbus, rendered against the pinned tree."""
    return generate(SERIES, pinned)


# These take minutes each: begun first, they do not keep one of two cores waiting in the end.
LONG = (
    "redesign", "spin", "series_mutants", "spin_random", "naive", "drivers", "matrix",
    "boot_broken", "boot_debug", "boot_kernel", "boot_arm64",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files in front; within files nothing changes."""
    long = {f"test_{name}.py": place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: long.get(item.path.name, len(long)))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let tests that draw a sample try everything: see drawn.py."""
    parser.addoption("--whole", action="store_true", help="draw no sample, try everything")


@pytest.fixture(scope="session")
def whole(request: pytest.FixtureRequest) -> bool:
    """Return whether no sample is drawn."""
    return bool(request.config.getoption("--whole"))


@pytest.fixture(scope="module")
def rendered_often() -> Iterator[None]:
    """Keep each text of a series parsed, a gigabyte, for tests that render one many times."""
    unit.keep(32)
    yield
    unit.keep(unit.MOST_KEPT)


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of a cache of our own, empty."""
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
