# SPDX-License-Identifier: GPL-2.0-only
"""An object that is made through a PCH is the one that is made without."""

from __future__ import annotations

import os
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


def test_a_header_of_the_same_text_that_was_written_again_is_no_hindrance(tmp_path: Path) -> None:
    """The compiler holds the time against a PCH; kconfig writes autoconf.h anew at times."""
    place = Directories(tmp_path / "src", tmp_path / "build", tmp_path / "cache")
    for directory in (place.source, place.build):
        directory.mkdir()
    header = place.source / "own.h"
    header.write_text("int mine(void);\n")
    (place.source / "unit.c").write_text('#include "own.h"\n\nint mine(void) { return 1; }\n')
    job = resolved(Job(place, ("-O2",), "unit.c", {}))

    made = [backend._compile(job, COMPILER, "nm", {}) for _ in range(2)]
    assert list(place.cache.glob("*.pch"))
    os.utime(header, (1, 1))
    made.append(backend._compile(job, COMPILER, "nm", {}))

    assert [one["defined"] for one in made] == [["mine"]] * 3
    assert [one["said"] for one in made] == [[]] * 3
