# SPDX-License-Identifier: GPL-2.0-only
"""An object that is made through a PCH is the one that is made without."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.compiling import backend
from generator.kernel.configurations import COMPILER
from generator.parsing.job import Directories, Job, resolved

PUT = 'static const char %s[] __attribute__((used, section(".modinfo"))) = "a";\n'
CONFLICT = 'static char %s[] __attribute__((used, section(".modinfo"))) = "a";\n'


@pytest.mark.parametrize(("more", "errors"), [(PUT, []), (CONFLICT, [3])])
def test_a_section_that_a_header_fills_as_well(
    more: str, errors: list[int], tmp_path: Path
) -> None:
    """include/linux/moduleparam.h in a header, as of drivers/usb/gadget/udc/amd5536udc_pci.c."""
    place = Directories(tmp_path / "src", tmp_path / "build", tmp_path / "cache")
    for directory in (place.source, place.build):
        directory.mkdir()
    (place.source / "own.h").write_text(PUT % "theirs")
    (place.source / "unit.c").write_text('#include "own.h"\n\n' + more % "mine")
    job = resolved(Job(place, ("-O2",), "unit.c", {}))

    backend._compile(job, COMPILER, "nm", {})
    assert not list(place.cache.glob("*.pch"))  # nobody had read it before
    made = backend._compile(job, COMPILER, "nm", {})

    assert list(place.cache.glob("*.pch"))
    assert [item["line"] for item in made["said"]] == errors
