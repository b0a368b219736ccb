# SPDX-License-Identifier: GPL-2.0-only
"""The lab without a kernel: what it predicts, reads and tells, and each check failing once."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from checks.boot import kernel as kernels
from checks.boot import report
from checks.boot.board import BOARDS, PLAIN, REMAPPED, Cpmu, Port
from checks.boot.breakage import Breakage, broken
from checks.boot.expect import Look, port_lines, premises, unchanged
from checks.boot.initrd import File, archive
from checks.boot.line import Line
from checks.boot.log import excerpt, splats
from checks.boot.lost import HANG, NO_BOOT, PANIC, TIMEOUT, Lost
from checks.boot.observe import observed, placed
from checks.boot.predict import LINE_IRQ, after_unbind, predict
from checks.boot.protocol import Reader, words
from checks.boot.qemu import Guest, Setup, running
from checks.boot.run import AS_PREDICTED, FAILED, Complaint, Run
from checks.boot.source import lay, source_tree
from generator.designs import auxbus, today
from generator.errors import ModelError, TreeError, UsageError
from generator.kconfig import Config
from generator.tree import Tree

PORTS = {port.name: port for port in BOARDS["dynamic"].ports}


# What a design says of hardware. By hand: pcie_port_enable_irq_vec() asks for as many vectors as
# there can be, reads the numbers, and frees all to allocate the highest number plus one.


def test_one_vector_serves_all_services() -> None:
    said = predict(today.DESIGN, PORTS["rp-msix"], PLAIN)

    assert (said.mode, said.messages, said.master) == ("MSI-X", (0,), True)
    assert said.handlers() == {0: ("PCIe PME", "aerdrv", "pciehp")}


def test_several_messages_need_a_platform_that_grants_them() -> None:
    one = predict(today.DESIGN, PORTS["rp-msi"], PLAIN)
    two = predict(today.DESIGN, PORTS["rp-msi"], REMAPPED)

    assert one.handlers() == {0: ("PCIe PME", "aerdrv", "pciehp")}
    assert two.handlers() == {0: ("PCIe PME", "pciehp"), 1: ("aerdrv",)}


def test_a_port_without_msi_is_on_its_line() -> None:
    said = predict(today.DESIGN, PORTS["rp-intx"], PLAIN)

    assert (said.mode, said.messages) == ("INTx", ())
    assert said.handlers() == {LINE_IRQ: ("PCIe PME", "aerdrv", "pciehp")}


def test_a_port_without_services_has_no_vector_and_no_mastering() -> None:
    said = predict(today.DESIGN, PORTS["sw-up"], PLAIN)

    assert (said.bound, said.messages, said.master, said.services) == (True, (), False, {})


def test_nothing_is_left_after_unbind() -> None:
    said = after_unbind(today.DESIGN, PORTS["rp-msix"], PLAIN)

    assert (said.bound, said.messages, said.handlers()) == (False, (), {})
    assert not any(given.there for given in said.services.values())


BUSY = Port("busy", "model", "00:0a.0", "root", "MSI-X", 4, ("PME", "AER", "HP"),
            (("hp", 0), ("aer", 1)), cpmus=(Cpmu(2),))


@pytest.mark.parametrize("dynamic", [True, False])
def test_a_cpmu_gets_its_own_message(dynamic: bool) -> None:
    # Statically it is counted in; dynamically it is added: message 2 has a vector either way.
    said = predict(auxbus.DESIGN, BUSY, replace(PLAIN, dynamic=dynamic))

    assert said.messages == (0, 1, 2)
    assert [(one.there, one.bound, one.message, one.pmu) for one in said.cpmus] == [
        (True, True, 2, True)]


def test_a_cpmu_waits_for_its_driver() -> None:
    said = predict(auxbus.DESIGN, BUSY, PLAIN, loaded=False)

    assert [(one.there, one.bound, one.message) for one in said.cpmus] == [(True, False, None)]


def test_a_cpmu_beyond_the_table_gets_no_device() -> None:
    small = replace(BUSY, entries=2)

    said = predict(auxbus.DESIGN, small, PLAIN)

    assert said.messages == (0, 1)
    assert [one.there for one in said.cpmus] == [False]


def test_a_question_that_the_lab_does_not_answer_is_an_error() -> None:
    class Silent(type(PLAIN)):  # type: ignore[misc]  # a platform that forgets one answer
        def answers(self, port: Port, cpmus: int = 0) -> dict[tuple[str, str], str]:
            found = super().answers(port, cpmus)
            return {key: value for key, value in found.items() if key[1] != "line"}

    with pytest.raises(ModelError, match="does not say line of port"):
        predict(today.DESIGN, PORTS["rp-msix"], Silent("x", multi=False, dynamic=True))


# The guest's words.


def test_answers_come_in_pieces_and_are_put_together() -> None:
    reader = Reader()
    for piece in (b"noise\r\nrea", b"dy\n1|one", b"\n1|\n2|other\n1=", b"0\n"):
        reader.feed(piece)

    assert reader.ready()
    assert reader.answered(1)
    assert not reader.answered(2)
    answer = reader.take(1)
    assert (answer.lines, answer.status) == (("one", ""), 0)


def test_an_order_is_one_line() -> None:
    with pytest.raises(UsageError):
        words("one\ntwo")


# QEMU, played by a program of ours: what it does after it said hello is each test's.

FAKE = """
import json, os, re, socket, sys, time
def line(name):
    found = next(a for a in sys.argv if a.startswith(f"socket,id={name},"))
    return socket.socket(fileno=int(re.search(r"fd=(\\d+)", found)[1]))
console = open(next(a for a in sys.argv if "id=console" in a).partition("path=")[2], "w", 1)
orders, monitor = line("orders"), line("monitor")
monitor.recv(4096)
monitor.sendall(b'{"return": {}}\\n')
print("[    0.000000] Linux version 6.12.117", file=console)
"""
HELLO = 'orders.sendall(b"ready\\n")\n'
ECHO = HELLO + """
while True:
    number, _, command = orders.recv(4096).decode().strip().partition(" ")
    orders.sendall(f"{number}|{command}\\n{number}=0\\n".encode())
"""
DIES = HELLO + """
orders.recv(4096)
print("[    9.0] BUG: unable to handle page fault", file=console)
print("[    9.1] Kernel panic - not syncing: Fatal exception", file=console)
"""
SILENT = HELLO + "time.sleep(100)\n"
NEVER = "time.sleep(100)\n"
FORKS = """
import subprocess
child = subprocess.Popen(["sleep", "100"])
print(f"child {child.pid}", file=console)
""" + ECHO


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    return tmp_path / "qemu"


def _qemu(program: Path, body: str) -> Setup:
    program.write_text(f"#!{sys.executable}\n{FAKE}{body}")
    program.chmod(0o755)
    return Setup(program=str(program))


def _lost(setup: Setup, run: Path, *, seconds: float = 20, order: float = 1) -> Lost:
    with pytest.raises(Lost) as told, running(setup, run, run, run, seconds) as guest:
        guest.order("cat /proc/interrupts", order)
    return told.value


def test_orders_are_answered(fake: Path, tmp_path: Path) -> None:
    with running(_qemu(fake, ECHO), fake, fake, tmp_path / "run") as guest:
        assert guest.order("uname -r").lines == ("uname -r",)
        assert guest.order("date").lines == ("date",)


def test_a_panic_is_told_with_its_order_and_its_log(fake: Path, tmp_path: Path) -> None:
    lost = _lost(_qemu(fake, DIES), tmp_path / "run")

    assert (lost.kind, lost.last) == (PANIC, "cat /proc/interrupts")
    assert "unable to handle page fault" in lost.log


def test_no_answer_is_a_hang_and_a_used_up_budget_a_timeout(fake: Path, tmp_path: Path) -> None:
    assert _lost(_qemu(fake, SILENT), tmp_path / "a").kind == HANG
    assert _lost(_qemu(fake, SILENT), tmp_path / "b", seconds=2, order=60).kind == TIMEOUT


def test_a_guest_that_never_takes_orders_did_not_boot(
    fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Guest.ready, "__defaults__", (1.0,))

    assert _lost(_qemu(fake, NEVER), tmp_path / "run").kind == NO_BOOT


def test_nothing_runs_any_more_when_we_leave(fake: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        running(_qemu(fake, FORKS), fake, fake, tmp_path / "run") as guest,
    ):
        raise KeyboardInterrupt
    child = int(guest.console().partition("child ")[2])

    assert guest.process.returncode is not None
    assert _gone(child)


def test_nothing_runs_any_more_when_we_are_killed(fake: Path, tmp_path: Path) -> None:
    _qemu(fake, ECHO)
    script = (
        "from pathlib import Path\nfrom checks.boot.qemu import Setup, running\nimport time\n"
        f"p = Path({str(fake)!r})\n"
        f"with running(Setup(program=str(p)), p, p, Path({str(tmp_path / 'run')!r})) as guest:\n"
        "    print(guest.process.pid, flush=True)\n    time.sleep(100)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}) as ours:
        assert ours.stdout is not None
        its = int(ours.stdout.readline())
        ours.kill()
    assert _gone(its)


def _gone(process: int) -> bool:
    """Wait until a process has died; who reaps it is another matter."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.1)
    return False


# What a guest shows. The registers are written here as the PCI specifications lay them out.

PORT = "0000:00:04.0"
PATH = f"/sys/devices/pci0000:00/{PORT}"


def _space(*, mode: int = 0x8000, table: int = 1, master: bool = True, aer: int = 0) -> str:
    data = bytearray(4096)
    data[4] = 4 if master else 0
    data[0x34] = 0x40
    data[0x40:0x44] = bytes((0x10, 0x60)) + (0x0042).to_bytes(2, "little")  # PCI Express
    data[0x4c:0x50] = (1 << 21).to_bytes(4, "little")  # of it: bandwidth notification
    data[0x60:0x64] = bytes((0x11, 0)) + (mode | table - 1).to_bytes(2, "little")  # MSI-X
    data[0x100:0x104] = (1 | 1 << 16).to_bytes(4, "little")  # AER
    data[0x130:0x134] = (aer << 27).to_bytes(4, "little")
    return data.hex()


def _lines(
    *, space: str = "", actions: str = "PCIe PME, aerdrv, pciehp", hp: str = "pciehp",
    driver: str = "pcieport", counts: str = "3 4", extra: tuple[str, ...] = (),
) -> list[str]:
    return [
        f"pci {PORT} {PATH} 0x060400 {driver} 24",
        f"config {PORT} {space or _space()}",
        f"msi {PORT} 24 msix",
        f"device pci_express {PORT}:pcie001 {PATH}/{PORT}:pcie001 pcie_pme",
        f"device pci_express {PORT}:pcie002 {PATH}/{PORT}:pcie002 aer",
        f"device pci_express {PORT}:pcie004 {PATH}/{PORT}:pcie004 {hp}",
        f"device pci_express {PORT}:pcie010 {PATH}/{PORT}:pcie010 -",
        "interrupts CPU0       CPU1",
        f"interrupts 24: {counts} PCI-MSIX-{PORT} 0-edge {actions}",
        "interrupts NMI: 0 0 Non-maskable interrupts",
        f"irq 24 domain: PCI-MSIX-{PORT}-12 ",
        "irq 24 hwirq: 0x0 ",
        f"domain PCI-MSIX-{PORT}-12 mapped= 1",
        "domain VECTOR Total allocated= 30",
        "module cxl_pmu 16384 0 - Live 0x0",
        "of a kind that nobody knows",
        "pci 0000:01:00.0 /sys/devices/that/goes/while/we/look -",
        *extra,
    ]


def _wrong(lines: list[str]) -> dict[str, str]:
    said = predict(today.DESIGN, PORTS["rp-msix"], PLAIN)
    found = port_lines(Look("boot", observed(lines)), said)
    return {line.what: line.observed for line in found if not line.holds}


def test_a_place_has_no_bus_number_but_the_first() -> None:
    assert placed("/sys/devices/pci0000:00/0000:00:06.0/0000:02:00.0/0000:03:01.0") == (
        "00:06.0/00.0/01.0")
    assert placed("/sys/devices/pci0000:34/0000:34:00.0") == "34:00.0"


def test_what_the_guest_shows_is_read() -> None:
    seen = observed(_lines())
    port = seen.at("00:04.0")

    assert port is not None
    assert port.config is not None
    assert (port.driver, port.config.kind, port.config.entries, port.config.mode) == (
        "pcieport", "MSI-X", 1, "MSI-X")
    (irq,) = seen.of(port)
    assert (irq.number, irq.hwirq, irq.count) == (24, 0, 7)
    assert irq.actions == ("PCIe PME", "aerdrv", "pciehp")
    assert seen.modules == ("cxl_pmu",)
    assert seen.domains["VECTOR"] == {"Total allocated": 30}


def test_a_guest_that_does_what_was_predicted_has_no_wrong_line() -> None:
    assert _wrong(_lines()) == {}


@pytest.mark.parametrize(
    ("lines", "what", "observed_"),
    [
        (_lines(driver="-"), "driver", "-"),
        (_lines(space=_space(mode=0)), "interrupts are by", "INTx"),
        (_lines(space=_space(master=False)), "bus mastering", "off"),
        (_lines(hp="-"), "service pcie004", "no driver"),
        (_lines()[:5] + _lines()[6:], "service pcie004", "absent"),
        (_lines(extra=(f"device pci_express {PORT}:pcie008 {PATH}/{PORT}:pcie008 -",)),
         "service pcie008", "no driver"),
        (_lines(actions="PCIe PME, pciehp"), "handlers of message 0", "PCIe PME, pciehp"),
        (_lines(actions="PCIe PME, aerdrv, aerdrv, pciehp"), "handlers of message 0",
         "PCIe PME, aerdrv, aerdrv, pciehp"),
        (_lines(extra=(f"msi {PORT} 25 msix", "irq 25 hwirq: 0x1 ")), "messages with a vector",
         "0, 1"),
        (_lines(extra=(f"device auxiliary pcieport.cxl_pmu.0 {PATH}/pcieport.cxl_pmu.0 -",)),
         "auxiliary devices", "1"),
    ],
)
def test_each_difference_is_a_line(lines: list[str], what: str, observed_: str) -> None:
    assert _wrong(lines) == {what: observed_}


def test_hardware_that_is_not_what_the_lab_says_is_a_wrong_premise() -> None:
    lines = _lines(space=_space(table=4, aer=3))
    found = premises(Look("boot", observed(lines)), PORTS["rp-msix"], PLAIN)

    assert {(line.what, line.observed) for line in found if not line.holds} == {
        ("vectors it can have", "4"), ("message number of AER", "3")}


def test_a_port_that_is_not_there_is_a_line() -> None:
    said = predict(today.DESIGN, PORTS["rp-msix"], PLAIN)
    found = list(port_lines(Look("boot", observed([])), said))

    assert [line.observed for line in found] == ["no such device"]


AUX = f"{PATH.replace(PORT, '0000:00:0a.0')}/pcieport.cxl_pmu"


def _cpmu_lines(
    *, actions: str = "cxl_pmu", driver: str = "cxl_pmu", pmu: bool = True
) -> list[str]:
    port, path = "0000:00:0a.0", PATH.replace(PORT, "0000:00:0a.0")
    return [
        f"pci {port} {path} 0x060400 pcieport 30",
        f"config {port} {_space(table=4, aer=1)}",
        *(f"msi {port} {30 + n} msix" for n in range(3)),
        *(f"irq {30 + n} hwirq: 0x{n} " for n in range(3)),
        "interrupts CPU0",
        f"interrupts 30: 0 PCI-MSIX-{port} 0-edge PCIe PME, pciehp",
        f"interrupts 31: 0 PCI-MSIX-{port} 1-edge aerdrv",
        *([f"interrupts 32: 0 PCI-MSIX-{port} 2-edge {actions}"] if actions else []),
        f"device pci_express {port}:pcie001 {path}/a pcie_pme",
        f"device pci_express {port}:pcie002 {path}/b aer",
        f"device pci_express {port}:pcie004 {path}/c pciehp",
        f"device auxiliary pcieport.cxl_pmu.0 {AUX}.0 {driver}",
        *([f"device event_source cxl_pmu_0 {AUX}.0/cxl_pmu_0 -"] if pmu else []),
    ]


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        (_cpmu_lines(), set()),
        (_cpmu_lines(driver="-"), {"auxiliary device 0"}),
        (_cpmu_lines(pmu=False), {"PMU of auxiliary device 0"}),
        (_cpmu_lines(actions=""), {"interrupt of auxiliary device 0"}),
        (_cpmu_lines(actions="aerdrv"),
         {"interrupt of auxiliary device 0", "handlers of message 2"}),
    ],
)
def test_a_cpmu_is_held_to_device_driver_and_vector(lines: list[str], wrong: set[str]) -> None:
    said = predict(auxbus.DESIGN, replace(BUSY, name="cpmu"), PLAIN)
    found = port_lines(Look("load", observed(lines)), said)

    assert {line.what for line in found if not line.holds} == wrong


def test_what_is_left_behind_is_a_line() -> None:
    before = observed(_lines())
    leak = observed([line.replace("allocated= 30", "allocated= 31") for line in _lines()])
    moved = observed([line.replace("allocated= 30", "allocated= 29") for line in _lines()])
    extra = observed(_lines(extra=("device auxiliary left.0 /sys/devices/left.0 -",)))

    assert all(line.holds for line in unchanged("rebind", before, observed(_lines())))
    assert all(line.holds for line in unchanged("rebind", before, moved))
    assert [line.observed for line in unchanged("rebind", before, leak) if not line.holds] == [
        "VECTOR: Total allocated was 30, is 31"]
    assert [line.observed for line in unchanged("rebind", before, extra) if not line.holds] == [
        "new auxiliary left.0 -"]


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


def test_a_symbol_that_kconfig_did_not_give_is_an_error() -> None:
    config = Config("boot", "x86_64", ("CONFIG_BUG=y", "# CONFIG_KASAN is not set"))

    kernels.check(config, "CONFIG_BUG=y\n")
    with pytest.raises(TreeError, match="CONFIG_BUG=y"):
        kernels.check(config, "# CONFIG_BUG is not set\n")
    with pytest.raises(TreeError, match="CONFIG_KASAN"):
        kernels.check(config, "CONFIG_BUG=y\nCONFIG_KASAN=y\n")


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
