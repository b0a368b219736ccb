# SPDX-License-Identifier: GPL-2.0-only
"""The machines that QEMU can show: their ports, as QEMU's words and as answers to the model.

A `Port` is one value for both: the checker is asked about the hardware that the guest has, and
what the guest's registers say of it is a line of the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from checks.boot.build.arch import ARM64, X86, Arch
from checks.boot.guest.line import yes
from checks.boot.guest.qemu import Setup
from checks.boot.model.port import Block, Hardware
from checks.boot.model.running import PORT, PORT_ID

MODEL = "model"  # instead of a device of QEMU's
PME, AER, HP, DPC, BWNOTIF, BWCTRL = "PME", "AER", "HP", "DPC", "BWNOTIF", "BWCTRL"


@dataclass(frozen=True)
class Service:
    """A service of a port: its bit, its driver, what that calls its handler.

    `core` is the device of the model that it is folded into, `greeting` what its driver's probe
    logs of the port. Source: drivers/pci/pcie/portdrv.h, the drivers' request_irq(), and
    pcie_pme_probe(), aer_probe(), pcie_init(), dpc_probe(), pcie_bwnotif_probe().
    """

    name: str
    bit: int
    core: str
    driver: str
    action: str
    greeting: str = ""


SERVICES: Mapping[str, Service] = {
    one.name: one
    for one in (
        Service(PME, 1, "hp", "pcie_pme", "PCIe PME", "PME: Signaling with IRQ "),
        Service(AER, 2, "aer", "aer", "aerdrv", "AER: enabled with IRQ "),
        Service(HP, 4, "hp", "pciehp", "pciehp", "pciehp: Slot #"),
        Service(DPC, 8, "aer", "dpc", "pcie-dpc", "DPC: enabled with IRQ "),
        Service(BWNOTIF, 16, "hp", "-", ""),  # nobody drives it
        Service(BWCTRL, 16, "hp", "pcie_bwctrl", "PCIe bwctrl"),  # in its place, in other trees
    )
}
_TYPES = {"root": 4, "upstream": 5, "downstream": 6}


@dataclass(frozen=True)
class Cpmu:
    """A CXL PMU of a port: its message number, None for none, and whether it lies in a BAR.

    `left_on`: firmware left its counters on, and the interrupt of their overflow.
    """

    message: int | None
    in_bar: bool = True
    left_on: bool = False


@dataclass(frozen=True)
class Port:
    """A port: where it is, what QEMU calls it, and what the model asks about it.

    `place` is as observe.placed() says it. `entries` is the size of its table, or how many
    messages it can send; `messages` are the numbers it would use with all of them. `speeds` says
    whether its link can have more than one.
    """

    name: str
    device: str
    place: str
    type: str
    capability: str
    entries: int
    services: tuple[str, ...]
    messages: tuple[tuple[str, int], ...] = (("hp", 0), ("aer", 0))
    cpmus: tuple[Cpmu, ...] = ()
    below: bool = False
    speeds: bool = True

    def service_device(self, pci: str, service: str) -> str:
        """Return the name of a service's device, as pcie_device_init() makes it."""
        number = _TYPES[self.type] - 4 << 8 | SERVICES[service].bit
        return f"{pci}:pcie{number:03x}"


@dataclass(frozen=True)
class Platform:
    """What the platform answers, and how QEMU and the kernel are told to be that platform.

    `multi` says whether a device can have several MSI messages. What cannot be added where
    `withheld` is set, the guest's kernel could add: the lab forbids it. `sleeps` says whether
    ports without hotplug may be put into D3, as pci_bridge_d3_possible() does. `vectors` is whose
    they are, in the words of the fact about who can add some: generator/tree_facts/table.py.
    """

    name: str
    multi: bool
    dynamic: bool
    args: tuple[str, ...] = ()
    kernel_args: tuple[str, ...] = ()
    machine: str = "q35,cxl=on"
    arch: Arch = X86
    cpu: str = "max"
    withheld: bool = False
    sleeps: bool = False
    vectors: str = "x86"

    def granted(self, port: Port) -> int:
        """Return how many vectors a port can have here."""
        return 1 if port.capability == "MSI" and not self.multi else max(port.entries, 1)

    def message(self, port: Port, core: str) -> int:
        """Return a message number as hardware uses it: it has to do with what it was granted."""
        wanted = dict(port.messages)[core]
        return min(wanted, self.granted(port) - 1) if port.capability == "MSI" else wanted

    def answers(self, port: Port, cpmus: int = 0) -> dict[tuple[str, str], str]:
        """Return what hardware and platform answer to the model's questions about a port."""
        there = {SERVICES[name].core for name in port.services}
        found = {
            ("", "capability"): port.capability,
            ("", "count"): str(self.granted(port)),
            ("", "line"): "yes",
            ("", "dynamic"): yes(self.dynamic),
            ("", "irqdomain"): "v2 parent",
            ("", "pme_nomsi"): "no",
            ("", "polled"): "no",
            ("", "bridge_d3"): yes(self.sleeps and HP not in port.services),
            ("", "dpc"): yes(DPC in port.services),
            ("", "below"): yes(port.below),
            ("", "left on"): "no",
        }
        for core in ("hp", "aer"):
            found[core, "present"] = yes(core in there)
            found[core, "message"] = str(self.message(port, core))
        found |= _of_cpmus(port, cpmus)
        return found


def _of_cpmus(port: Port, count: int) -> dict[tuple[str, str], str]:
    """Return what is answered about the CPMUs that a design has a place for."""
    found = {}
    for number in range(max(count, 1)):
        name = "cpmu" if count <= 1 else f"cpmu{number}"
        one = port.cpmus[number] if number < len(port.cpmus) else None
        found[name, "present"] = yes(one is not None)
        found[name, "message"] = "none" if one is None or one.message is None else str(one.message)
        found[name, "block"] = "elsewhere" if one is not None and not one.in_bar \
            else "in an assigned BAR"
        found[name, "left on"] = yes(one is not None and one.left_on)
    return found


@dataclass(frozen=True)
class Board:
    """A machine: its platform, its ports, and what else QEMU is told.

    `without` names scenarios that are left out there when nobody asks for any: another board
    has them, or QEMU's machine cannot do them.
    """

    name: str
    platform: Platform
    ports: tuple[Port, ...]
    args: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def modelled(self) -> Hardware | None:
        """Return the port that QEMU does not have by itself, as its model wants it; or None."""
        for port in self.ports:
            if port.device == MODEL:
                messages = dict(port.messages)
                return Hardware(
                    port.entries, not self.platform.withheld, messages["hp"], messages["aer"],
                    tuple(Block(f"cpmu{n}", one.message, one.in_bar, one.left_on)
                          for n, one in enumerate(port.cpmus)),
                    upstream=port.type == "upstream",
                )
        return None

    def setup(self) -> Setup:
        """Return what QEMU is to be started with, the model apart."""
        platform = self.platform
        return Setup(
            program=platform.arch.qemu, machine=platform.machine, cpu=platform.cpu,
            args=(*platform.args, *self.args), kernel_args=platform.kernel_args,
            arch=platform.arch, slower=platform.arch.slower,
        )


def in_tree(board: Board, said: Mapping[str, str]) -> Board:
    """Return a board as it is under a kernel whose code answers so to facts.

    Who can add vectors, and who has the service for link bandwidth, differ. Boards here are as
    under the default pin, which is where nothing is said.
    """
    platform = board.platform
    adding = said.get("dynamic MSI-X", "x86").split(", ")
    dynamic = platform.vectors in adding and not platform.withheld
    ports = board.ports
    if said.get("bandwidth driver") == "bwctrl":
        ports = tuple(replace(port, services=tuple(
            BWCTRL if one == BWNOTIF else one for one in port.services
            if one != BWNOTIF or port.speeds
        )) for port in ports)
    return replace(board, platform=replace(platform, dynamic=dynamic), ports=ports)


# QEMU's firmware for x86 is from before 2015, so nothing there may sleep.
# Ports on the root bus leave hotplug to ACPI otherwise: _OSC withholds it.
_NATIVE = ("-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off")
PLAIN = Platform("x86 vectors", multi=False, dynamic=True, args=_NATIVE)
STATIC = Platform("x86 that adds no MSI-X vectors", multi=False, dynamic=False, args=_NATIVE,
                  withheld=True)
REMAPPED = Platform(
    "x86 with interrupt remapping", multi=True, dynamic=True,
    args=(*_NATIVE, "-device", "intel-iommu,intremap=on"),
    kernel_args=("intel_iommu=on",), machine="q35,cxl=on,kernel-irqchip=split",
)
# Each device has a domain of its own below the ITS; that adds no MSI-X vectors later where
# drivers/irqchip/irq-gic-v3-its-msi-parent.c is as in the default pin. Its guest has no firmware,
# so native services.
ITS = Platform(
    "arm64 with an ITS", multi=True, dynamic=False, machine="virt,gic-version=3,its=on,highmem=off",
    arch=ARM64, cpu="cortex-a57", sleeps=True, vectors="GIC ITS",
)

_PORTS = (
    Port("rp-msix", "pcie-root-port", "00:04.0", "root", "MSI-X", 1, (PME, AER, HP, BWNOTIF)),
    Port("rp-msi", "ioh3420", "00:05.0", "root", "MSI", 2, (PME, AER, HP),
         (("hp", 0), ("aer", 1))),
    Port("rp-above", "ioh3420", "00:06.0", "root", "MSI", 2, (PME, AER, HP),
         (("hp", 0), ("aer", 1)), below=True),
    Port("sw-up", "x3130-upstream", "00:06.0/00.0", "upstream", "MSI", 1, (), below=True),
    Port("sw-down", "xio3130-downstream", "00:06.0/00.0/01.0", "downstream", "MSI", 1, (HP,)),
    Port("rp-intx", "cxl-rp", "34:00.0", "root", "none", 0, (PME, AER, HP)),
)
_ARGS = (
    "-device", "pcie-root-port,id=rp-msix,bus=pcie.0,addr=4,chassis=1,slot=1",
    "-device", "ioh3420,id=rp-msi,bus=pcie.0,addr=5,chassis=2,slot=2",
    "-device", "ioh3420,id=rp-above,bus=pcie.0,addr=6,chassis=3,slot=3",
    "-device", "x3130-upstream,id=sw-up,bus=rp-above",
    "-device", "xio3130-downstream,id=sw-down,bus=sw-up,addr=1,chassis=4,slot=4",
    "-device", "pxb-cxl,id=cxl-host,bus=pcie.0,addr=8,bus_nr=52",
    "-device", "cxl-rp,id=rp-intx,bus=cxl-host,chassis=5,slot=5,port=0",
)


def _cpmu_port(*cpmus: Cpmu, aer: int = 1) -> Port:
    """Return a port with room for its CPMUs' messages, beside 0 for hotplug and that of AER."""
    return Port(PORT_ID, MODEL, PORT.partition(":")[2], "root", "MSI-X", 4,
                (PME, AER, HP, BWNOTIF), (("hp", 0), ("aer", aer)), cpmus)


def _switch_ports(*cpmus: Cpmu) -> tuple[Port, ...]:
    """Return a root port, and below it the upstream port of a switch: no service but CPMUs."""
    place = PORT.partition(":")[2]
    return (
        Port(f"{PORT_ID}-above", "pcie-root-port", place, "root", "MSI-X", 1,
             (PME, AER, HP, BWNOTIF), below=True),
        Port(PORT_ID, MODEL, f"{place}/00.0", "upstream", "MSI-X", 4, (),
             (("hp", 0), ("aer", 0)), cpmus),
    )


# Functions for what no port does: MSI-X and D3hot below a port, whose bus can be reset; messages
# that cannot be masked, and a line that two share (four slots apart); two messages.
FUNCTIONS = "functions"
_FUNCTIONS = (
    "-device", "pcie-root-port,id=above,bus=pcie.0,addr=4,chassis=1,slot=1",
    "-device", "e1000e,bus=above,romfile=",
    "-device", "ioh3420,id=two,bus=pcie.0,addr=5,chassis=2,slot=2",
    "-device", "edu,bus=pcie.0,addr=10", "-device", "edu,bus=pcie.0,addr=14",
)

_CPMUS = Cpmu(2, left_on=True), Cpmu(1)
USUAL = ("dynamic", "static", "switch")  # what a design is booted on when nobody names a board
BOARDS: Mapping[str, Board] = {
    one.name: one
    for one in (
        Board("dynamic", PLAIN, (*_PORTS, _cpmu_port(*_CPMUS)), _ARGS, ("reload", "churn")),
        Board("static", STATIC, (_cpmu_port(*_CPMUS),)),
        Board("switch", STATIC, _switch_ports(*_CPMUS), without=("reload", "churn", "hotplug")),
        # Message 1 is nobody's: it has a vector only where all have to be allocated at once.
        # QEMU's machine has no suspend to RAM, and enter_state() tests no core without.
        Board("virt", ITS, (*_PORTS[:-1], _cpmu_port(Cpmu(2), Cpmu(0), aer=0)), _ARGS[:-4],
              without=("sleep",)),
        Board("message-0", STATIC, (_cpmu_port(Cpmu(0)),)),
        # A message that no vector can have.
        Board("beyond", STATIC, (replace(_cpmu_port(Cpmu(2), Cpmu(1)), entries=2),)),
        # The same of a port without services.
        Board("switch-beyond", STATIC, tuple(
            replace(one, entries=2) if one.device == MODEL else one
            for one in _switch_ports(Cpmu(2))
        )),
        # Registers that lie where the port has no BAR.
        Board("elsewhere", STATIC, (_cpmu_port(Cpmu(2, in_bar=False), Cpmu(1)),)),
        Board("remapped", REMAPPED, _PORTS, _ARGS),
        Board("pair", PLAIN, _PORTS[:2], _ARGS[:4]),
        Board(FUNCTIONS, PLAIN, (), _FUNCTIONS),
    )
}
