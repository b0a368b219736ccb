# SPDX-License-Identifier: GPL-2.0-only
"""Errors that ports report by AER: counted where the design says, and recovered from.

/dev/aer_inject shadows a port's AER registers from then on, its message number too, so these
scenarios come after everything that binds a port again.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from checks.boot.guest.line import Line
from checks.boot.guest.observe import Pci, Seen
from checks.boot.predict.board import Port
from checks.boot.predict.expect import Look, port_lines, unchanged
from checks.boot.predict.predict import LINE_IRQ, child_module
from checks.boot.scenarios.counting import again
from checks.boot.scenarios.delivery import delivered
from checks.boot.scenarios.stage import Stage, message_count

_CORRECTABLE, _NON_FATAL, _FATAL = 0x1, 0x4000, 0x10  # receiver; completion timeout; data link
CHURNS, ERRORS = 10, 20


def interrupt(on: Stage) -> Iterator[Line]:
    """An error that a port reports is counted on the message that the design names.

    A level-triggered line cannot be raised so: kernel/irq/resend.c check_irq_resend(). And
    /dev/aer_inject shadows the port's AER registers from then on, its message number too, so this
    comes after everything that binds a port again.
    """
    look = on.look()
    ports = _reporting(on, look)
    for kind, correctable, severe in (("correctable", _CORRECTABLE, 0),
                                      ("non-fatal", 0, _NON_FATAL)):
        for _, pci, _ in ports:
            on.guest.order(injection(pci, correctable, severe))
        on.settled()
        after = on.look()
        for port, pci, message in ports:
            yield from _counted("interrupt", f"{kind} error", port.name, pci, message, look, after)
        look = after
    files = "aer_rootport_total_err_cor aer_rootport_total_err_nonfatal"
    for port, pci, _ in ports:
        told = on.guest.order(f"cd /sys/bus/pci/devices/{pci.name}; cat {files}")
        yield Line("interrupt", port.name, "errors that AER counted", "1 and 1",
                   " and ".join(told.lines), f"aer_rootport_total_err_* of {pci.name}", "kernel")


def recover(on: Stage) -> Iterator[Line]:
    """A fatal error: the link below is reset, and what is there is as before when it is over."""
    before = on.look()
    ports = [one for one in _reporting(on, before) if one[0].below]
    for port, pci, _ in ports:
        resets = on.beside.resets if on.beside is not None else 0
        total = f"/sys/bus/pci/devices/{pci.name}/aer_rootport_total_err_fatal"
        # Its slot may signal on the same message, so that is not counted.
        answer = on.guest.order(
            f"{injection(pci, 0, _FATAL)}; n=0; until [ $(cat {total}) -gt 0 ] || [ $n -gt 50 ]; "
            f"do n=$((n+1)); sleep 0.1; done; sleep 3; cat {total}")
        yield Line("recover", port.name, "fatal errors that AER counted", "1",
                   answer.lines[-1] if answer.lines else "none", total, "kernel")
        yield from was_reset("recover", on, port, resets)
    if ports:
        look = Look("recover", on.look())
        for port in on.board.ports:
            yield from port_lines(look, on.predicted[port.name])
        yield from delivered("recover", on)
        yield from again("recover", on)
        yield from unchanged("recover", before, look.seen)


def was_reset(scenario: str, on: Stage, above: Port, resets: int) -> Iterator[Line]:
    """Yield whether the modelled port has been reset, if it is below a port."""
    wanted = on.modelled
    if wanted is not None and on.beside is not None \
            and wanted.port.place.startswith(f"{above.place}/"):
        yield Line(scenario, wanted.port.name, "lost all that a reset loses", "1 times",
                   f"{on.beside.resets - resets} times", "the hardware beside the guest", "premise")


def churn(on: Stage) -> Iterator[Line]:
    """Errors are handled and counted while the driver of the children comes and goes."""
    module = child_module(on.design)
    before = on.look()
    modelled = on.modelled
    ports = [one for one in _reporting(on, before)
             if modelled is not None and modelled.port.place.startswith(one[0].place)]
    if module not in on.modules or modelled is None or not on.loaded:
        return
    for port, pci, message in ports:
        total = f"/sys/bus/pci/devices/{pci.name}/aer_rootport_total_err_cor"
        answer = on.guest.order(
            f"(n=0; while [ $n -lt {CHURNS} ]; do rmmod {module} && insmod /lib/{module}.ko || "
            "break; n=$((n+1)); done; echo churned $n) & "
            f"e=0; while [ $e -lt {ERRORS} ]; do was=$(cat {total}); "
            f"{injection(pci, _CORRECTABLE, 0)}; t=0; "
            f"until [ $(cat {total}) -gt $was ] || [ $t -gt 50 ]; do t=$((t+1)); sleep 0.05; done; "
            f"e=$((e+1)); done; wait", seconds=240)
        yield Line("churn", "system", f"times {module} was removed and loaded meanwhile",
                   str(CHURNS), next((line.split()[1] for line in answer.lines
                                      if line.startswith("churned ")), "0"),
                   answer.text[-300:], "kernel")
        after = on.look()
        yield from _counted("churn", "each of the errors", port.name, pci, message, before, after,
                            times=ERRORS)
    look = Look("churn", on.look())
    yield from port_lines(look, modelled)
    yield from again("churn", on)
    yield from unchanged("churn", before, look.seen)


def _reporting(on: Stage, look: Seen) -> list[tuple[Port, Pci, int]]:
    """Return the ports that report errors by a message, and which that is.

    A level-triggered line cannot be raised by injection: kernel/irq/resend.c check_irq_resend().
    """
    return [
        (port, pci, given.message) for port in on.board.ports
        if (given := on.predicted[port.name].services.get("AER")) is not None and given.bound
        and given.message is not None and given.message != LINE_IRQ
        and (pci := look.at(port.place)) is not None
    ]


def injection(pci: Pci, correctable: int, severe: int) -> str:
    """Return the order that writes a struct aer_error_inj: drivers/pci/pcie/aer_inject.c."""
    domain, bus, rest = pci.name.split(":")
    slot, function = rest.split(".")
    data = struct.pack(
        "<BBBxIIIIIII", int(bus, 16), int(slot, 16), int(function), severe, correctable,
        0, 1, 2, 3, int(domain, 16),
    )
    return "printf '" + "".join(f"\\x{byte:02x}" for byte in data) + "' >/dev/aer_inject"


def _counted(
    scenario: str, what: str, name: str, pci: Pci, message: int, before: Seen, after: Seen,
    times: int = 1,
) -> Iterator[Line]:
    for irq in after.of(pci):
        if irq.hwirq == message:
            continue
        was = message_count(before, pci, irq.hwirq)[0]
        yield Line(scenario, name, f"{what} also on message {irq.hwirq}", "0 times",
                   f"{irq.count - was} times", irq.text)
    old, new = (message_count(seen, pci, message) for seen in (before, after))
    yield Line(scenario, name, f"{what} arrives on message {message}", f"{times} times",
               f"{new[0] - old[0]} times", new[1])
