# SPDX-License-Identifier: GPL-2.0-only
"""A driver is read with the other files of its module, which the Makefile beside it names."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import pytest
from as_read import ESB

from generator.cli.read import coverage, read
from generator.errors import TreeError, UsageError
from generator.extraction import makefile, source
from generator.extraction.extract import Extracted
from generator.kernel.tree import Tree
from generator.parsing.cursors import Unit
from generator.reading.initialisers import Initialiser

pytestmark = pytest.mark.kernel
JSM = "drivers/tty/serial/jsm"


def test_the_files_of_a_module(pinned: Tree) -> None:
    assert makefile.beside(pinned, f"{JSM}/jsm_driver.c") == (
        f"{JSM}/jsm_neo.c", f"{JSM}/jsm_tty.c", f"{JSM}/jsm_cls.c")
    assert makefile.beside(pinned, ESB) == (), "a module of one file"


def test_the_symbol_of_a_module_is_that_of_each_of_its_files(pinned: Tree) -> None:
    assert makefile.modules_of(pinned, f"{JSM}/jsm_tty.c") == ("jsm",)
    assert source._symbol(pinned, f"{JSM}/jsm_tty.c") == "CONFIG_SERIAL_JSM"
    assert source._symbol(pinned, ESB) == "CONFIG_I6300ESB_WDT"


def test_a_makefile_is_read_as_data() -> None:
    text = ("obj-$(CONFIG_A) += a.o b.o\na-y := one.o \\\n\ttwo.o # three.o\n"
            "a-$(CONFIG_A_MORE) += four.o sub/five.o\nb-objs := six.o\n")
    assert makefile._modules(text) == {"a": ("one", "two", "four"), "b": ("six",)}


def test_a_module_by_its_name(pinned: Tree) -> None:
    assert source.find(pinned, "jsm") == f"{JSM}/jsm_driver.c"
    with pytest.raises(UsageError, match="no module with a driver"):
        source.find(pinned, "nobody-at-all")


def test_functions_of_the_other_files_are_read(pinned: Tree) -> None:
    path = f"{JSM}/jsm_driver.c"
    found = read(pinned, path, exact=False)
    unknown = {one.text for one in found.what.unknown}
    assert "jsm_uart_port_init()" not in unknown
    assert any(one.place.path == f"{JSM}/jsm_tty.c" for one in found.what.unknown)
    said = " ".join(coverage(found))
    assert f"Read with it, of the same module: {JSM}/jsm_neo.c, {JSM}/jsm_tty.c" in said


def test_a_file_that_has_a_function_as_well_is_left_out(
    pinned: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(makefile, "beside", lambda *_: (ESB, "drivers/pci/none.c"))
    _, units, said = source.whole_module(pinned, ESB, exact=False)
    assert [one.path for one in units] == [ESB]
    assert "it defines __check_heartbeat()" in said[0]
    assert len(said) == 2, "and what cannot be parsed"
    monkeypatch.setattr(makefile, "beside", lambda *_: (ESB,) * 13)
    assert source.whole_module(pinned, ESB, exact=False)[2] == (
        "13 other files of its module: too many",)


def test_where_all_are_too_large_the_one_is_read(
    pinned: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{JSM}/jsm_driver.c"
    module = importlib.import_module("generator.cli.read")
    real = module.extract

    def large(units: Sequence[Unit], named: Initialiser) -> Extracted:
        if len(units) > 1:
            raise TreeError("too many ways")
        return real(units, named)

    monkeypatch.setattr(module, "extract", large)
    found = read(pinned, path, exact=False)
    assert found.files == ()
    assert found.apart == ("the other files of its module: with them, too many ways",)


def test_a_probe_that_another_module_exports_is_read_there(pinned: Tree) -> None:
    """A family of chips has one probe, and each chip a driver with its tables."""
    path = "drivers/pinctrl/intel/pinctrl-geminilake.c"
    lender = "drivers/pinctrl/intel/pinctrl-intel.c"
    assert makefile.exporting(pinned, path, "intel_pinctrl_probe_by_uid") == lender
    assert makefile.exporting(pinned, path, "nobody_at_all") == ""
    found = read(pinned, path, exact=False)
    assert found.lent == (lender,)
    assert dict(found.what.functions)["probe"] == "intel_pinctrl_probe_by_uid"
    assert f"Its probe is of another module: {lender}." in coverage(found)
