# SPDX-License-Identifier: GPL-2.0-only
"""The hardware that the model stands in for: a port's vectors, message numbers and CPMUs.

The values are those that the checker's questions have (generator/facts.py), so what a report
prints of hardware, or a counterexample's `hardware`, can be put up. What cannot be shown is an
UsageError, and not another hardware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checks.boot.model.cpmu import SIZE, Layout
from generator.errors import UsageError
from generator.expr import Fact
from generator.facts import BLOCK, CAN_DYN, CAP, COUNT, HAS, MSG

VECTORS = 8  # of ivshmem-doorbell, and the most that the port can have
BLOCK_STEP = 0x10000  # the Register Locator has blocks at multiples of this
BAR_SIZE = 0x20000  # of the port: both CPMUs
ORDERS = BAR_SIZE  # where in the shared memory the guest gives orders
MEMORY = 0x40000
ELSEWHERE = 2  # a BAR that a bridge does not have
_PMU_BLOCK = 4  # Register Block Identifier
_CORE = ("hp", "aer")


@dataclass(frozen=True)
class Block:
    """A CPMU of the port; `message` is None for one without an interrupt."""

    name: str = "cpmu"
    message: int | None = 2
    in_bar: bool = True
    left_on: bool = False


@dataclass(frozen=True)
class Hardware:
    """A port with so many `entries` of MSI-X or `msi`, 0 for neither.

    Of MSI messages x86 grants one without interrupt remapping, and message numbers are then those
    that hardware uses when it was granted one; with it, the vectors would be somebody else's.
    An `upstream` port of a switch, without services, is below a root port.
    """

    entries: int = 4
    dynamic: bool = True
    hp: int = 0
    aer: int = 1
    blocks: tuple[Block, ...] = (Block(),)
    msi: bool = False
    upstream: bool = False

    def __post_init__(self) -> None:
        """See that QEMU can show it. Errors: UsageError."""
        if self.entries > VECTORS:
            raise UsageError(f"a table of {self.entries} vectors: there are at most {VECTORS}")
        if self.msi and self.entries & (self.entries - 1):
            raise UsageError(f"{self.entries} messages: MSI has a power of two of them")
        if len(self.blocks) > BAR_SIZE // BLOCK_STEP:
            raise UsageError(f"{len(self.blocks)} CPMUs: the port has room for "
                             f"{BAR_SIZE // BLOCK_STEP}")

    def start(self, number: int) -> int:
        """Return where in the shared memory a CPMU's registers are."""
        return BLOCK_STEP * number

    def message(self, number: int) -> int | None:
        """Return the message number that a CPMU's registers show."""
        wanted = self.blocks[number].message
        return 0 if self.msi and wanted is not None else wanted

    def layout(self, number: int) -> Layout:
        """Return a CPMU's registers."""
        return Layout(message=self.message(number), left_on=self.blocks[number].left_on)

    def locator(self) -> tuple[int, ...]:
        """Return the low halves of the Register Locator's entries."""
        return tuple(
            self.start(number) | _PMU_BLOCK << 8 | (0 if one.in_bar else ELSEWHERE)
            for number, one in enumerate(self.blocks)
        )

    def command_line(self, port: str, host: str) -> tuple[str, ...]:
        """Return what the kernel is told; `port` and `host` are PCI addresses in full."""
        told = {"port": port, "host": host, "entries": self.entries,
                "msi": int(self.msi), "bar_size": BAR_SIZE,
                "dynamic": int(self.dynamic), "pme": self.hp, "aer": self.aer}
        if self.blocks:
            told["blocks"] = ",".join(hex(one) for one in self.locator())
        return tuple(f"port_model.{name}={value}" for name, value in told.items())


def hardware(answers: Mapping[str, str]) -> Hardware:
    """Return the hardware for answers to a checker's questions, as `port.capability` -> `MSI-X`.

    What was not asked does not matter, and is as `Hardware()` has it.
    Errors: UsageError for an answer that cannot be shown.
    """
    plain = Hardware()
    capability = answers.get(f"port.{CAP.name}", "MSI-X")
    entries = int(answers.get(f"port.{COUNT.name}", plain.entries))
    blocks = tuple(_block(name, answers) for name in _pmus(answers))
    return Hardware(
        entries=0 if capability == "none" else entries,
        dynamic=answers.get(f"port.{CAN_DYN.name}", "yes") == "yes",
        hp=_number(answers, "hp", plain.hp),
        aer=_number(answers, "aer", plain.aer),
        blocks=blocks,
        msi=capability == "MSI",
        upstream=all(answers.get(_key(name, HAS)) == "no" for name in _CORE),
    )


def _pmus(answers: Mapping[str, str]) -> list[str]:
    names = {key.rpartition(".")[0] for key in answers} - {"port", *_CORE}
    return sorted(
        name for name in names if answers.get(_key(name, HAS), "yes") == "yes" and any(
            _key(name, fact) in answers for fact in (HAS, MSG, BLOCK))
    )


def _block(name: str, answers: Mapping[str, str]) -> Block:
    message = answers.get(_key(name, MSG), "2")
    return Block(
        name, None if message == "none" else int(message),
        answers.get(_key(name, BLOCK), BLOCK.values[0]) == BLOCK.values[0],
    )


def _number(answers: Mapping[str, str], name: str, plain: int) -> int:
    value = answers.get(_key(name, MSG), str(plain))
    if value == "none":
        raise UsageError(f"{name}.message=none: a port's services have a message number")
    return int(value)


def _key(name: str, fact: Fact) -> str:
    return f"{name}.{fact.name}"


assert SIZE <= BLOCK_STEP
