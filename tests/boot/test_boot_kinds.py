# SPDX-License-Identifier: GPL-2.0-only
"""Kinds of kernels and architectures without a kernel: what they change, and each check failing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from checks.boot.build import foreign as foreigns
from checks.boot.build import kernel as kernels
from checks.boot.build.arch import ARCHES, ARM64, X86
from checks.boot.build.initrd import busybox
from checks.boot.build.kind import KASAN, KINDS, REMOVE
from checks.boot.build.kind import PLAIN as ONCE
from checks.boot.guest.leaks import leaks, lost_memory
from checks.boot.guest.lockdep import lockdep
from checks.boot.guest.observe import Config, observed
from checks.boot.guest.protocol import Answer
from checks.boot.guest.qemu import Guest, command
from checks.boot.many import Task, run_name
from checks.boot.model.port import ORDERS, Hardware
from checks.boot.model.running import model
from checks.boot.predict.board import BOARDS, ITS, PLAIN, STATIC, Cpmu, in_tree
from checks.boot.predict.expect import Look, greetings
from checks.boot.predict.predict import Given, predict
from generator.designs import auxbus, today
from generator.errors import EnvironmentFault, ProgramFailed, TreeError
from generator.kernel.tree import Tree
from generator.tree_facts.table import BY_NAME

PORTS = {port.name: port for port in BOARDS["dynamic"].ports}
VIRT = {port.name: port for port in BOARDS["virt"].ports}


# Architectures and boards.


def test_the_its_allocates_all_vectors_at_once() -> None:
    # irq-gic-v3-its-msi-parent.c has no MSI_FLAG_PCI_MSIX_ALLOC_DYN, so a CPMU on message 2 is
    # counted in when the port's vectors are allocated: 0 to 2, though nobody has 1.
    said = predict(auxbus.DESIGN, VIRT["rp-cpmu"], ITS)
    added = predict(auxbus.DESIGN, VIRT["rp-cpmu"], replace(ITS, dynamic=True))

    assert said.messages == (0, 1, 2)
    assert [(one.bound, one.message) for one in said.cpmus] == [(True, 2), (True, 0)]
    assert added.messages == (0, 2)


def test_the_its_grants_several_messages_of_msi() -> None:
    assert predict(today.DESIGN, VIRT["rp-msi"], ITS).handlers() == {
        0: ("PCIe PME", "pciehp"), 1: ("aerdrv",)}


def test_what_the_platform_cannot_do_itself_is_not_taken_away() -> None:
    modelled = BOARDS["virt"].modelled()
    static = BOARDS["static"].modelled()

    assert modelled is not None
    assert static is not None
    assert (modelled.dynamic, static.dynamic) == (True, False)
    assert not ITS.dynamic
    assert (STATIC.dynamic, STATIC.withheld) == (False, True)


@pytest.mark.parametrize("name", BOARDS)
def test_boards_are_as_under_the_default_pin(name: str) -> None:
    said = {fact: BY_NAME[fact].answers[0] for fact in ("dynamic MSI-X", "bandwidth driver")}
    assert in_tree(BOARDS[name], said) == in_tree(BOARDS[name], {}) == BOARDS[name]


def test_who_can_add_vectors_is_what_the_tree_says() -> None:
    said = {"dynamic MSI-X": "GIC ITS, Hyper-V, x86"}
    adds = {name for name, board in BOARDS.items() if in_tree(board, said).platform.dynamic}

    assert adds == {name for name, board in BOARDS.items() if board.platform.dynamic} | {"virt"}
    assert not in_tree(BOARDS["dynamic"], {"dynamic MSI-X": "nobody"}).platform.dynamic
    # Then a CPMU's message 2 gets a vector of its own, and message 1, which is nobody's, none.
    port = next(one for one in BOARDS["virt"].ports if one.cpmus)
    for board, messages in ((BOARDS["virt"], (0, 1, 2)), (in_tree(BOARDS["virt"], said), (0, 2))):
        assert predict(auxbus.DESIGN, port, board.platform).messages == messages


def test_where_the_bandwidth_of_links_has_a_driver_that_is_bound_and_has_a_handler() -> None:
    board = in_tree(BOARDS["dynamic"], {"bandwidth driver": "bwctrl"})
    there = {port.name: port for port in board.ports}

    assert all("BWNOTIF" not in port.services for port in board.ports)
    assert "BWCTRL" not in there["rp-msi"].services  # its link does not notify
    wanted = predict(today.DESIGN, there["rp-msix"], board.platform)
    assert wanted.services["BWCTRL"].bound
    assert wanted.handlers() == {0: ("PCIe PME", "PCIe bwctrl", "aerdrv", "pciehp")}
    slow = replace(PORTS["rp-msix"], speeds=False)
    only = in_tree(replace(BOARDS["dynamic"], ports=(slow,)), {"bandwidth driver": "bwctrl"})
    assert only.ports[0].services == ("PME", "AER", "HP")


@pytest.mark.parametrize(("most", "told", "count"), [
    (4, 0x1e, 4), (1, 0x02, 1), (2, 0x1e, 2), (1, 0, 1), (2, 0, 2), (3, 0, 0),
])
def test_link_speeds_are_counted_as_the_kernel_does(most: int, told: int, count: int) -> None:
    data = bytearray(256)
    data[0x34], data[0x40] = 0x40, 0x10
    data[0x4c], data[0x6c] = most, told

    assert Config(bytes(data)).speeds == count


def test_only_ports_without_hotplug_may_sleep() -> None:
    # pci_bridge_d3_possible(): is_hotplug_bridge is asked before !IS_ENABLED(CONFIG_X86)
    asked = {port.name: ITS.answers(port)["", "bridge_d3"] for port in BOARDS["virt"].ports}

    assert {name for name, said in asked.items() if said == "yes"} == {"sw-up"}
    assert PLAIN.answers(VIRT["sw-up"])["", "bridge_d3"] == "no"


@pytest.mark.parametrize("board", ["virt", "dynamic"])
def test_a_machine_is_started_in_the_words_of_its_architecture(board: str) -> None:
    setup = BOARDS[board].setup()
    argv = command(setup, Path("image"), Path("initrd"), Path("console"), 5, 6)
    told = argv[argv.index("-append") + 1].split()

    assert argv[0] == setup.arch.qemu
    assert f"console={setup.arch.console}" in told
    assert f"orders=/dev/{setup.arch.line}" in told
    assert any("chardev" in word and "orders" in word for word in argv)
    assert ("no_timer_check" in told) == (setup.arch == X86)


def test_the_ports_own_event_is_raised_by_who_sends_its_messages() -> None:
    with model(Hardware(hp=2)) as running:
        running.bell.memory[ORDERS + 0x48:ORDERS + 0x4c] = (1).to_bytes(4, "little")
        while any(running.bell.memory[ORDERS + 0x48:ORDERS + 0x4c]):
            pass
        running.close()

        assert running.bell.fired == [0, 0, 1, 0, 0, 0, 0, 0]


# Kinds of kernels.


def test_the_content_of_a_kernel_has_its_architecture_and_fragments_in_it(tmp_path: Path) -> None:
    names = {(kind.name, arch.name): kernels.fragments(kind, arch)
             for kind in KINDS.values() for arch in ARCHES.values()}

    assert len(set(names.values())) == len(names)
    tree = Tree(tmp_path, "0" * 40, "6.12.117", tmp_path, "test")
    keys = {kernels.key(tree, {}, kernels.config(kind, arch))
            for kind in KINDS.values() for arch in ARCHES.values()}
    same = replace(kernels.config(ONCE, X86), arch="arm64")
    assert len(keys | {kernels.key(tree, {}, same)}) == len(names) + 1


def test_drivers_that_are_bound_twice_are_predicted_so() -> None:
    busy = replace(PORTS["rp-cpmu"], cpmus=(Cpmu(2),))

    for loaded in (False, True):
        assert predict(auxbus.DESIGN, busy, PLAIN, loaded=loaded, twice=True) == predict(
            auxbus.DESIGN, busy, PLAIN, loaded=loaded)


LOG = """
pcieport 0000:00:04.0: PME: Signaling with IRQ 24
pcieport 0000:00:04.0: AER: enabled with IRQ 24
pcieport 0000:00:05.0: AER: enabled with IRQ 25
pcieport 0000:00:04.0: pciehp: Slot #1 AttnBtn+
"""
FIRST = "[    0.000000] Linux version 6.12.117\n"
SEEN = observed(["pci 0000:00:04.0 /sys/devices/pci0000:00/0000:00:04.0 0x060400 pcieport 24"])


def test_a_probe_is_counted_by_what_it_says() -> None:
    # really_probe() goes back to re_probe once: the port's probe runs twice, and in each of them
    # that of a service, which device_register() binds.
    said = predict(today.DESIGN, PORTS["rp-msix"], PLAIN)

    once = list(greetings(Look("boot", SEEN), said, ONCE, LOG))
    twice = list(greetings(Look("boot", SEEN), said, REMOVE, FIRST + LOG * 4 + FIRST + LOG * 4))

    assert [(line.what, line.predicted, line.observed) for line in once] == [
        (f"times {name} was probed", "1", "1") for name in ("PME", "AER", "HP")]
    assert [(line.predicted, line.observed) for line in twice] == [("4", "4")] * 3
    assert not any(line.holds for line in greetings(Look("boot", SEEN), said, REMOVE, LOG))
    silent = replace(said, services={"AER": Given(True, False, None)})
    assert [line.predicted for line in greetings(Look("boot", SEEN), silent, ONCE, LOG)] == ["0"]


KMEMLEAK = """\
unreferenced object 0xffff888005a3b800 (size 192):
  comm "swapper/0", pid 1, jiffies 4294667400
  hex dump (first 32 bytes):
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................
  backtrace (crc 7ba5b0a3):
    __kmalloc_noprof+0x1a2/0x2b0
    pcie_cxlpmu_discover+0x5c/0x1d0
    cxl_pmu_probe+0x10/0x20 [cxl_pmu]
unreferenced object 0xffff888005a3b900 (size 8):
  comm "sh", pid 99, jiffies 4294667500
  backtrace (crc 0):
"""


def _guest(answer: Answer, asked: str = "echo scan >/sys/kernel/debug/kmemleak") -> Guest:
    class Told(Guest):
        def order(self, command: str, seconds: float = 0) -> Answer:
            assert asked in command
            return answer

    return Told.__new__(Told)


def test_lost_memory_is_a_complaint_that_does_not_differ_from_run_to_run() -> None:
    line, found = leaks(_guest(Answer(tuple(KMEMLEAK.splitlines()), 0)), "rebind")

    assert line.holds
    assert found == (
        "unreferenced object of 192 bytes: __kmalloc_noprof < pcie_cxlpmu_discover < cxl_pmu_probe",
        "unreferenced object of 8 bytes: ",
    )
    assert lost_memory(()) == ()


def test_memory_that_cannot_be_searched_is_a_line_that_does_not_hold() -> None:
    line, found = leaks(_guest(Answer(("sh: write error: Operation not permitted",), 1)), "boot")

    assert not line.holds
    assert found == ()
    assert "not permitted" in line.observed


@pytest.mark.parametrize(("told", "observed_"), [
    # kernel/locking/lockdep_proc.c lockdep_stats_show()
    (" debug_locks:                             1", "on"),
    (" debug_locks:                             0", "off"),
    ("grep: /proc/lockdep_stats: No such file or directory", "not there"),
])
def test_that_lockdep_is_silent_means_nothing_when_it_is_off(told: str, observed_: str) -> None:
    line = lockdep(_guest(Answer((told,), 0), "/proc/lockdep_stats"), "boot")

    assert (line.predicted, line.observed) == ("on", observed_)


def test_runs_of_different_kernels_lie_beside_each_other(tmp_path: Path) -> None:
    plain = kernels.Kernel(tmp_path, "6.12.117", 0.0)
    tasks = [Task(today.DESIGN, replace(plain, kind=kind), b"", "static", ())
             for kind in (ONCE, KASAN)]

    assert [run_name(task) for task in tasks] == ["today-static", "today-static-kasan"]


def test_each_fragment_is_there() -> None:
    for kind in KINDS.values():
        for arch in ARCHES.values():
            assert kernels.fragment(kernels.fragments(kind, arch))
    with pytest.raises(TreeError):
        kernels.fragment(("nothing",))


# Programs of another architecture.


def test_a_program_of_a_package_is_fetched_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path / "cache"))
    calls: list[list[str]] = []

    def played(argv: list[str], cwd: Path | None = None, timeout: float = 0) -> bytes:
        calls.append(argv)
        if "download" in argv:
            assert cwd is not None
            (cwd / "busybox-static_1_arm64.deb").touch()
        if argv[0] == "dpkg-deb":
            Path(argv[-1], "bin").mkdir(parents=True)
            Path(argv[-1], "bin", "busybox").write_bytes(b"program")
        return b""

    monkeypatch.setattr(foreigns, "run", played)

    assert [busybox(ARM64), busybox(ARM64)] == [b"program"] * 2
    assert [argv[0] for argv in calls] == ["apt-get", "apt-get", "dpkg-deb"]
    # Nothing of this system's own lists is changed.
    assert all(any(word.startswith(f"Dir::State::lists={tmp_path}") for word in argv)
               for argv in calls[:2])


def test_a_package_that_cannot_be_had_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path))

    def refuses(argv: list[str], cwd: Path | None = None, timeout: float = 0) -> bytes:
        raise ProgramFailed(argv, 100, "E: Unable to locate package")

    monkeypatch.setattr(foreigns, "run", refuses)

    with pytest.raises(EnvironmentFault, match="busybox-static of arm64"):
        busybox(ARM64)
    assert list((tmp_path / "foreign").iterdir()) == []


@pytest.mark.parametrize("trigger", ["0-edge", "0 Edge     "])
def test_handlers_are_read_as_each_architecture_writes_them(trigger: str) -> None:
    seen = observed(["interrupts            CPU0       CPU1",
                     f"interrupts 24: 3 4 ITS-PCI-MSIX-0000:00:04.0 {trigger} PCIe PME, aerdrv"])

    assert seen.irqs[24].actions == ("PCIe PME", "aerdrv")
    assert seen.irqs[24].count == 7
