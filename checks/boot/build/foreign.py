# SPDX-License-Identifier: GPL-2.0-only
"""Programs of Debian packages of another architecture, which this system does not install.

    foreign("busybox-static", "bin/busybox", "arm64") -> Path

apt is given directories of its own and is told that it is of that architecture, so the packages
that this system has, and its lists, stay as they are.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from generator.errors import EnvironmentFault, ProgramFailed
from generator.system.cache import cache, locked
from generator.system.holding import hold
from generator.system.plumbing import run
from generator.system.progress import say


def foreign(package: str, program: str, arch: str) -> Path:
    """Return a program of a package, fetched by the package's name when it is not there.

    Errors: EnvironmentFault when apt is not there, or cannot give the package.
    """
    home = cache() / "foreign" / f"{package}-{arch}"
    hold(home)
    found = home / program
    if not found.is_file():
        with locked("foreign"):
            if not found.is_file():
                say(f"fetching {package} of {arch}")
                _fetch(package, arch, home)
    if not found.is_file():
        raise EnvironmentFault(f"{package} of {arch} has no {program}")
    return found


def _fetch(package: str, arch: str, home: Path) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=home.parent) as name:
        place = Path(name)
        for part in ("lists/partial", "cache/archives/partial", "deb"):
            (place / part).mkdir(parents=True)
        options = [
            f"Dir::State::lists={place}/lists", f"Dir::Cache={place}/cache",
            "Dir::State::status=/dev/null", f"APT::Architecture={arch}",
            f"APT::Architectures={arch}",
            "APT::Sandbox::User=",  # the directories are ours alone
        ]
        apt = ["apt-get", "--quiet", *(word for one in options for word in ("-o", one))]
        try:
            run([*apt, "update"], timeout=300)
            run([*apt, "download", package], cwd=place / "deb", timeout=300)
            for file in (place / "deb").glob("*.deb"):
                run(["dpkg-deb", "-x", str(file), str(place / "out")])
        except ProgramFailed as failed:
            raise EnvironmentFault(
                f"{package} of {arch}: the package archive does not give it\n{failed}"
            ) from failed
        os.rename(place / "out", home)
