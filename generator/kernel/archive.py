# SPDX-License-Identifier: GPL-2.0-only
"""Packages of Debian's archive, by name and version, through the system's own apt.

served(package, suite) -> versions           what it offers, newest first
download(package, version, suite, into) -> Path

A suite that the system does not have is asked through a list of sources of our own, at the mirror
that the system uses: nothing of the system's apt changes.
"""

from __future__ import annotations

import os
from pathlib import Path

from generator.errors import EnvironmentFault, ProgramFailed, TreeError
from generator.system.cache import cache, keep
from generator.system.plumbing import run

_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SECONDS = 900


def served(package: str, suite: str = "", version: str = "") -> list[str]:
    """Return the versions that the archive offers, newest first.

    Package lists are fetched when they are missing, or do not have the version that is wanted.
    Errors: EnvironmentFault when apt fails, or has no source to take the mirror from.
    """
    options = _options(suite)
    found = _table(package, options)
    # The system's own lists are its administrator's to update.
    if (not found or (version and version not in found)) and (suite or os.geteuid() == 0):
        _apt("apt-get", "update", "--quiet", *options)
        found = _table(package, options)
    return found


def download(package: str, version: str, suite: str, into: Path) -> Path:
    """Fetch one version of a package into an empty directory.

    Errors: EnvironmentFault when apt fails, TreeError when it left something else.
    """
    what = f"{package}={version}"
    _apt("apt-get", "download", "--quiet", *_options(suite), what, cwd=into)
    found = list(into.glob("*.deb"))
    if len(found) != 1:
        raise TreeError(f"apt-get download {what} left {len(found)} packages instead of one")
    return found[0]


def _table(package: str, options: tuple[str, ...]) -> list[str]:
    table = _apt("apt-cache", "madison", *options, package).splitlines()
    return [row.split("|")[1].strip() for row in table if row.count("|") >= 2]


def _apt(*argv: str, cwd: Path | None = None) -> str:
    try:
        return run(argv, cwd=cwd, timeout=_SECONDS).decode(errors="replace")
    except ProgramFailed as failed:
        raise EnvironmentFault(f"the package archive does not answer\n{failed}") from failed


def _options(suite: str) -> tuple[str, ...]:
    """Return what makes apt look into a suite alone, and nowhere when it is the system's."""
    if not suite:
        return ()
    home = cache() / "apt" / suite
    for name in ("lists/partial", "cache/archives/partial"):
        home.joinpath(name).mkdir(parents=True, exist_ok=True)
    signed = f"[signed-by={_KEYS}] " if _KEYS.exists() else ""
    keep(home / "sources.list", f"deb {signed}{_mirror(suite)} {suite} main\n")
    said = {
        "Dir::Etc::sourcelist": home / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": home / "lists",
        "Dir::Cache": home / "cache",
    }
    return tuple(part for key, value in said.items() for part in ("-o", f"{key}={value}"))


def _mirror(suite: str) -> str:
    """Return where the system gets Debian from: suites of one archive lie side by side."""
    told = _apt("apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)",
                "Created-By: Packages")
    rows = [row.split() for row in told.splitlines()]
    for row in rows:
        # Security updates are another archive, which has no backports.
        if len(row) == 3 and row[1] == "main" and "security" not in row[0]:
            return row[2]
    raise EnvironmentFault(
        f"apt has no source to take the mirror of {suite} from; add one of Debian's as root"
    )
