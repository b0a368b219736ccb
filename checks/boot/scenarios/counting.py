# SPDX-License-Identifier: GPL-2.0-only
"""CXL PMUs of ports at work: what they count, which interrupt an overflow is, module reloads."""

from __future__ import annotations

from collections.abc import Iterator

from checks.boot.guest.line import Line, shown
from checks.boot.guest.observe import Dev, Pci, Seen
from checks.boot.model.cpmu import CXL, M2S_REQ
from checks.boot.model.guest_object import PROGRAM
from checks.boot.model.running import HOST, Order
from checks.boot.predict.expect import Look, port_lines, unchanged
from checks.boot.predict.predict import Predicted, child_module, leaves_under_event
from checks.boot.scenarios.delivery import delivered
from checks.boot.scenarios.memory import kept, objects
from checks.boot.scenarios.stage import Stage, message_count

RELOADS = 100
TIMES = 1000
WRAPS = (1 << 32) + 5  # counters are 32 bits wide
EVENT = 1  # bit 1 of the group M2S Req: M2S_REQ MemRd
CONFIG = CXL << 48 | M2S_REQ << 32 | 1 << EVENT


def count(on: Stage) -> Iterator[Line]:
    """Events are counted exactly, and an overflow comes on the message that the design names."""
    yield from delivered("count", on)
    wanted = on.modelled
    if wanted is None or on.beside is None or not wanted.cpmus:
        return
    look = on.look()
    for pmu, block, pci in _there(on, look):
        for what, times, overflows in ((f"{TIMES} events", TIMES, 0),
                                       ("events until it wraps", WRAPS, 1)):
            answer = on.guest.order(_order(pmu, block, times))
            after = on.look()
            name = wanted.port.name
            yield Line("count", name, f"PMU {block} counts {what}", str(times),
                       _read(answer.lines), answer.text)
            message = wanted.cpmus[block].message
            if message is not None:
                # To handlers of services on the same irq it comes as well: still once.
                old, new = (message_count(seen, pci, message) for seen in (look, after))
                yield Line("count", name, f"PMU {block}: overflows on message {message}",
                           f"{overflows} times", f"{new[0] - old[0]} times", new[1])
            look = after
    yield from port_lines(Look("count", look), wanted)
    yield Line("count", wanted.port.name, "writes to registers that cannot be written", "none",
               shown(on.beside.misuse()), "the hardware beside the guest", "kernel")
    yield from _pinned(on, wanted)


def _pinned(on: Stage, wanted: Predicted) -> Iterator[Line]:
    """Yield whether the children's driver can be removed under an open event."""
    module = child_module(on.design)
    for pmu, block, _ in _there(on, on.look())[:1] if module in on.modules and on.loaded else ():
        answer = on.guest.order(
            f"{PROGRAM} {HOST} open:{pmu}:{CONFIG:#x} sleep:1500 "
            f"{traffic(block, TIMES)} read close & sleep 0.5; rmmod {module} && echo went; wait")
        goes = leaves_under_event(on.design, wanted.port, on.board.platform)
        yield Line("count", "system", f"{module} is removed while it counts", _goes(goes),
                   _goes("went" in answer.lines), answer.text)
        yield Line("count", wanted.port.name, f"PMU {block} counts on", str(TIMES),
                   _read(answer.lines), answer.text)


def _goes(value: bool) -> str:
    return "goes" if value else "refused"


def again(scenario: str, on: Stage) -> Iterator[Line]:
    """Yield whether the PMUs still count, after something was done to them."""
    wanted = on.modelled
    for pmu, block, _ in _there(on, on.look()):
        assert wanted is not None
        answer = on.guest.order(_order(pmu, block, TIMES))
        yield Line(scenario, wanted.port.name, f"PMU {block} counts {TIMES} events", str(TIMES),
                   _read(answer.lines), answer.text)


def _read(lines: tuple[str, ...]) -> str:
    told = [line.rpartition(" ")[2] for line in lines if line.startswith("read ")]
    return told[0] if told else "nothing"


def traffic(block: int, times: int) -> str:
    """Return the step that has the modelled CPMU see an event so many times."""
    return f"model:{Order.TRAFFIC:d}:{block}:{M2S_REQ}:{EVENT}:{times}"


def _order(pmu: str, block: int, times: int) -> str:
    """Return the order that lets an event happen while somebody counts it."""
    return (
        f"{PROGRAM} {HOST} open:{pmu}:{CONFIG:#x} {traffic(block, times)} "
        f"model:{Order.SETTLE:d}:{block} read close"
    )


def _there(on: Stage, look: Seen) -> list[tuple[str, int, Pci]]:
    """Return the PMUs of the modelled port, with the number of their block, and the port."""
    wanted = on.modelled
    pci = look.at(wanted.port.place) if wanted is not None else None
    if wanted is None or pci is None:
        return []
    return [(pmu, block, pci) for pmu, block in pmus(look, wanted, pci)]


def pmus(seen: Seen, wanted: Predicted, pci: Pci) -> list[tuple[str, int]]:
    """Return the PMUs that the design predicts and the kernel has, each with its block's number.

    The auxiliary devices of a port are made in the order of its Register Locator.
    """
    devices = sorted(seen.on("auxiliary", pci.name), key=Dev.number)
    blocks = [n for n, given in enumerate(wanted.cpmus) if given.pmu]
    found = []
    for device, block in zip(devices, blocks, strict=False):
        found += [
            (one.name, block) for one in seen.devices
            if one.bus == "event_source" and one.path.startswith(f"{device.path}/")
        ]
    return found


def reload(on: Stage) -> Iterator[Line]:
    """The module of the children's driver comes and goes while no event is open."""
    name = child_module(on.design)
    if name not in on.modules or not on.loaded:
        return
    before, memory = on.look(), objects(on)
    times = (
        f"n=0; while [ $n -lt {RELOADS} ]; do rmmod {name} && insmod /lib/{name}.ko || break; "
        "n=$((n+1)); done; echo $n"
    )
    answer = on.guest.order(times, seconds=240)
    yield Line("reload", "system", f"times {name} was removed and loaded", str(RELOADS),
               answer.lines[-1] if answer.lines else "0", answer.text[-300:], "kernel")
    after = Look("reload", on.look())
    for wanted in on.predicted.values():
        if wanted.cpmus:
            yield from port_lines(after, wanted)
    yield from unchanged("reload", before, after.seen)
    yield kept("reload", RELOADS, on, memory, lambda: on.guest.order(times, seconds=240))
    yield from again("reload", on)
