# SPDX-License-Identifier: GPL-2.0-only
"""The lab without a kernel: logs, reports, and what kernels and guests are made of."""

from __future__ import annotations

import gzip
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from checks.boot import report
from checks.boot.broken.breakage import Breakage, broken
from checks.boot.build import kernel as kernels
from checks.boot.build.initrd import File, archive
from checks.boot.build.source import lay, source_tree
from checks.boot.guest.line import Line
from checks.boot.guest.log import excerpt, splats
from checks.boot.guest.lost import PANIC
from checks.boot.run import AS_PREDICTED, FAILED, Complaint, Run
from generator.errors import TreeError
from generator.kernel.configurations import Config
from generator.kernel.tree import Tree

# The log.


def test_complaints_are_found_and_what_differs_between_runs_is_not_in_them() -> None:
    log = (
        "[    1.000000] pci 0000:00:04.0: enabling Extended Tags\r\n"
        "[   12.345678] WARNING: CPU: 1 PID: 77 at kernel/irq/msi.c:613 msi_x+0x12/0x50\r\n"
        "[   12.345999] lab: 3 echo WARNING: nothing\r\n"
        "[   13.000000] remove_proc_entry: removing non-empty directory 'irq/25', leaking\n"
    )

    found = splats(log)

    assert found[0].startswith("WARNING: CPU PID at kernel/irq/msi.c")
    assert len(found) == 2
    assert splats(log.replace("CPU: 1 PID: 77", "CPU: 0 PID: 99")) == found
    assert "removing non-empty" in excerpt(log)


LOCKDEP = """\
[   64.494622] WARNING: possible circular locking dependency detected
[   64.494826] 6.12.117 #1 Not tainted
[   64.494878] ------------------------------------------------------
[   64.494943] irq/24-pciehp/39 is trying to acquire lock:
[   64.495023] ffff888002fabf00 (&ctrl->reset_lock){.+.+}-{3:3}, at: pciehp_configure_device
[   64.495402]
[   64.495402] but task is already holding lock:
[   64.495495] ffffffff81af3ef8 (pci_rescan_remove_lock){+.+.}-{3:3}, at: pci_lock_rescan_remove
"""


def test_what_lockdep_complains_of_is_the_same_only_of_the_same_locks() -> None:
    found = splats(LOCKDEP)

    assert found == ("WARNING: possible circular locking dependency detected: "
                     "&ctrl->reset_lock, pci_rescan_remove_lock",)
    other = splats(LOCKDEP.replace("&ctrl->reset_lock", "&md->mutex"))
    assert other != found
    # whichever of the two was taken first, in whichever class of its kind
    turned = LOCKDEP.replace("&ctrl->reset_lock", "held").replace(
        "pci_rescan_remove_lock", "&ctrl->reset_lock#2").replace("held", "pci_rescan_remove_lock")
    assert splats(turned) == found


# The report.

LINE = Line("boot", "msix", "interrupts are by", "MSI-X", "MSI-X", "config space")


def _run(*lines: Line, complaints: tuple[Complaint, ...] = (), end: str = AS_PREDICTED) -> Run:
    took = (("boot", 1.0), ("hotplug", 1.0))
    return Run("auxbus", "ports", end, lines, complaints, took)


def test_a_line_that_does_not_hold_is_printed_with_its_evidence() -> None:
    wrong = replace(LINE, observed="INTx")

    told = report.text(_run(LINE, wrong, end=FAILED))

    assert "1 of 2 predictions hold" in told
    assert "FAIL msix: interrupts are by: MSI-X\n         seen: INTx" in told
    assert "evidence: config space" in told
    assert report.record(_run(wrong))["lines"][0]["holds"] is False  # type: ignore[index]


def test_a_complaint_fails_a_run_unless_the_pinned_kernel_has_it_there_too() -> None:
    mine = _run(LINE, complaints=(Complaint("hotplug", "WARNING: circular"),))
    same = replace(mine, design="today")
    elsewhere = _run(LINE, complaints=(Complaint("boot", "WARNING: circular"),))

    assert report.verdict(mine) == FAILED
    assert report.verdict(mine, same) == AS_PREDICTED
    assert report.verdict(mine, elsewhere) == FAILED
    assert "log, as the pinned kernel: WARNING: circular" in report.text(mine, same)


def test_a_lost_guest_is_told_with_its_last_order() -> None:
    lost = replace(_run(LINE, end=PANIC), scenario="rebind", last="echo 0 >unbind", log="Oops")

    told = report.text(lost)

    assert "panic in rebind, after the order: echo 0 >unbind" in told
    assert "    Oops" in told


BREAKAGE = Breakage("R17", "a handler shares nothing", "a.c", "IRQF_SHARED", "0", r"Flags mismatch")


def test_a_statement_is_broken_only_where_it_stands_once() -> None:
    assert broken(BREAKAGE, {"a.c": b"f(IRQF_SHARED);", "b.c": b""})["a.c"] == b"f(0);"
    for text in (b"", b"IRQF_SHARED IRQF_SHARED"):
        with pytest.raises(TreeError, match="not once"):
            broken(BREAKAGE, {"a.c": text})


# The initial RAM disk, the configuration, the source tree.


def test_an_archive_is_the_same_for_the_same_files() -> None:
    files = {"init": File(0o100755, b"#!/bin/sh\n"), "bin": File(0o040755)}

    one, other = archive(files), archive(dict(reversed(files.items())))

    assert one == other
    assert one.startswith(b"070701")
    listed = subprocess.run(["busybox", "cpio", "-t"], input=one, capture_output=True, check=True)
    assert listed.stdout.split() == [b"bin", b"init"]
    assert gzip.compress(one, mtime=0) == gzip.compress(other, mtime=0)


def test_a_later_fragment_wins() -> None:
    plain = kernels.fragment(("lab",))

    assert "# CONFIG_DEBUG_TEST_DRIVER_REMOVE is not set" in plain
    assert "CONFIG_DEBUG_TEST_DRIVER_REMOVE=y" in kernels.fragment(("lab", "remove"))
    assert "# CONFIG_DEBUG_TEST_DRIVER_REMOVE is not set" not in kernels.fragment(("lab", "remove"))
    with pytest.raises(TreeError):
        kernels.fragment(("nothing",))


def test_a_symbol_that_kconfig_did_not_give_is_an_error(tmp_path: Path) -> None:
    config = Config("boot", "x86_64", ("CONFIG_BUG=y", "# CONFIG_KASAN is not set"))
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/Kconfig.debug").write_text("\tmenuconfig KASAN\nconfig BUG\n\tbool\n")

    kernels.check(config, "CONFIG_BUG=y\n", tmp_path)
    with pytest.raises(TreeError, match="CONFIG_BUG=y"):
        kernels.check(config, "# CONFIG_BUG is not set\n", tmp_path)
    with pytest.raises(TreeError, match="CONFIG_KASAN"):
        kernels.check(config, "CONFIG_BUG=y\nCONFIG_KASAN=y\n", tmp_path)


def test_a_symbol_that_a_tree_does_not_have_is_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTWRIGHT_PROGRESS", "1")
    config = Config("boot", "x86_64", ("CONFIG_BUG=y", "CONFIG_OTHER=y"))
    (tmp_path / "Kconfig").write_text("config BUG\n# config OTHER\n")

    kernels.check(config, "CONFIG_BUG=y\n", tmp_path)
    assert "this tree has no OTHER: built without" in capsys.readouterr().err
    with pytest.raises(TreeError, match="CONFIG_BUG=y") as told:
        kernels.check(config, "", tmp_path)
    assert "OTHER" not in str(told.value)


@pytest.mark.kernel
def test_each_symbol_that_the_lab_asks_for_is_one_of_the_default_pin(pinned: Tree) -> None:
    names = [file.stem for file in kernels.FRAGMENTS.glob("*.config")]
    asked = {line.removeprefix("# ").split("=")[0].split()[0].removeprefix("CONFIG_")
             for name in names for line in kernels.fragment((name,))}

    assert len(asked) > 60
    assert kernels.undefined(sorted(asked), pinned.work) == ()


def test_modules_come_after_those_that_they_need() -> None:
    assert kernels.needed(b"\0license=GPL\0depends=cxl_core,cxl_port\0") == ["cxl_core", "cxl_port"]
    assert kernels.needed(b"\0depends=\0") == []
    assert kernels.ordered({"a": ["c"], "b": [], "c": ["b"]}) == ["b", "c", "a"]


def test_only_files_that_differ_are_written(tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "drivers").mkdir(parents=True)
    for name in ("one.c", "two.c"):
        (work / "drivers" / name).write_text(f"{name}\n")
        os.utime(work / "drivers" / name, (1, 1))
    tree = Tree(tmp_path, "0" * 40, "6.12.117", work, "test")
    source = source_tree(tree, tmp_path / "home")

    assert lay(tree, source, {"drivers/one.c": b"new\n", "drivers/new.c": b""}) == (
        "drivers/new.c", "drivers/one.c")
    assert lay(tree, source, {"drivers/one.c": b"new\n"}) == ("drivers/new.c",)
    assert not (source / "drivers/new.c").exists()
    assert (work / "drivers/one.c").read_text() == "one.c\n", "the checkout itself was written"
    assert lay(tree, source, {}) == ("drivers/one.c",)
    assert (source / "drivers/one.c").read_text() == "one.c\n"
    # make takes it for newer than what was built of the other content
    assert (source / "drivers/one.c").stat().st_mtime > 1
    assert (source / "drivers/two.c").stat().st_mtime == 1
