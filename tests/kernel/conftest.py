# SPDX-License-Identifier: GPL-2.0-only
"""A stand-in for the archive that serves packages of the kernel."""

import os
from pathlib import Path

import pytest
from clones import FILES
from tiny import packed, serve

from generator.kernel import pin


@pytest.fixture
def archive(tmp_path: Path, cached: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `tiny`, version 1-1, a lock file for it, and apt programs that serve it."""
    where = tmp_path / "archive"
    (where / "bin").mkdir(parents=True)
    packed(where, "1-1", FILES)
    (where / "bin/apt-get").write_text(
        f'#!/bin/sh\necho "$@" >>{where}/asked\n'
        f'[ "$1" != indextargets ] || cat {where}/targets\n'
        '[ "$1" = download ] || exit 0\n'
        f"echo fetched >>{where}/log\n"
        f'for last; do :; done; cp "{where}/${{last%=*}}_${{last#*=}}.deb" .\n'
    )
    (where / "bin/apt-cache").write_text(f"#!/bin/sh\ncat {where}/madison\n")
    (where / "targets").write_text(
        "stable-security main http://example.org/security/\nstable contrib http://example.org/c/\n"
        "stable main http://example.org/debian/\n"
    )
    for program in ("apt-get", "apt-cache"):
        (where / "bin" / program).chmod(0o755)
    serve(where, "1-1")
    monkeypatch.setenv("PATH", f"{where}/bin:{os.environ['PATH']}")
    monkeypatch.setattr(pin, "NEEDED_BYTES", 1 << 20)
    monkeypatch.setattr(pin, "HOUSE", tmp_path)
    return where
