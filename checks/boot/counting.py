# SPDX-License-Identifier: GPL-2.0-only
"""CXL PMUs of ports at work: what they count, which interrupt an overflow is, module reloads."""

from __future__ import annotations

from collections.abc import Iterator

from checks.boot.cpmu import CXL, M2S_REQ
from checks.boot.expect import Look, port_lines, unchanged
from checks.boot.guest import PROGRAM
from checks.boot.line import Line
from checks.boot.model import HOST, Order
from checks.boot.observe import Dev, Pci, Seen
from checks.boot.predict import Predicted
from checks.boot.stage import Stage, message_count

RELOADS = 100
TIMES = 1000
_WRAPS = (1 << 32) + 5  # counters are 32 bits wide
_EVENT = 1  # bit 1 of the group M2S Req: M2S_REQ MemRd
CONFIG = CXL << 48 | M2S_REQ << 32 | 1 << _EVENT


def count(on: Stage) -> Iterator[Line]:
    """Events are counted exactly, and an overflow comes on the message that the design names."""
    look = on.look()
    for wanted in on.predicted.values():
        pci = look.at(wanted.port.place)
        for pmu, block in _pmus(look, wanted, pci) if pci is not None else ():
            for what, times, overflows in ((f"{TIMES} events", TIMES, 0),
                                           ("events until it wraps", _WRAPS, 1)):
                assert pci is not None
                answer = on.guest.order(_order(pmu, block, times))
                after = on.look()
                told = [line.rpartition(" ")[2] for line in answer.lines
                        if line.startswith("read ")]
                name = wanted.port.name
                yield Line("count", name, f"PMU {block} counts {what}", str(times),
                           told[0] if told else "nothing", answer.text)
                message = wanted.cpmus[block].message
                if message is not None:
                    # To handlers of services on the same irq it comes as well: still once.
                    old, new = (message_count(seen, pci, message) for seen in (look, after))
                    yield Line("count", name, f"PMU {block}: overflows on message {message}",
                               f"{overflows} times", f"{new[0] - old[0]} times", new[1])
                look = after


def _order(pmu: str, block: int, times: int) -> str:
    """Return the order that lets an event happen while somebody counts it."""
    return (
        f"{PROGRAM} {HOST} open:{pmu}:{CONFIG:#x} "
        f"model:{Order.TRAFFIC:d}:{block}:{M2S_REQ}:{_EVENT}:{times} "
        f"model:{Order.SETTLE:d}:{block} read close"
    )


def _pmus(seen: Seen, wanted: Predicted, pci: Pci) -> list[tuple[str, int]]:
    """Return the PMUs that the design predicts and the kernel has, each with its block's number.

    The auxiliary devices of a port are made in the order of its Register Locator.
    """
    devices = sorted(seen.on("auxiliary", pci.name), key=_ident)
    blocks = [n for n, given in enumerate(wanted.cpmus) if given.pmu]
    found = []
    for device, block in zip(devices, blocks, strict=False):
        found += [
            (one.name, block) for one in seen.devices
            if one.bus == "event_source" and one.path.startswith(f"{device.path}/")
        ]
    return found


def _ident(device: Dev) -> int:
    ident = device.name.rpartition(".")[2]
    return int(ident) if ident.isdigit() else 0


def reload(on: Stage) -> Iterator[Line]:
    """The module of the children's driver comes and goes while no event is open."""
    names = [
        name for driver in on.design.drivers if driver.device.kind == "aux"
        for source in driver.sources[:1]
        if (name := source.rpartition("/")[2].removesuffix(".c")) in on.modules
    ]
    before = on.look()
    for name in names:
        answer = on.guest.order(
            f"n=0; while [ $n -lt {RELOADS} ]; do rmmod {name} && insmod /lib/{name}.ko || break; "
            "n=$((n+1)); done; echo $n", seconds=240,
        )
        yield Line("reload", "system", f"times {name} was removed and loaded", str(RELOADS),
                   answer.lines[-1] if answer.lines else "0", answer.text[-300:], "kernel")
    after = Look("reload", on.look())
    for wanted in on.predicted.values():
        if wanted.cpmus:
            yield from port_lines(after, wanted)
    yield from unchanged("reload", before, after.seen)
