# SPDX-License-Identifier: GPL-2.0-only
"""The end of a guest: it powers off by itself, and leaves nothing on."""

from __future__ import annotations

from collections.abc import Iterator

from checks.boot.guest.line import Line, yes
from checks.boot.guest.log import lines_of
from checks.boot.predict.predict import at_rest
from checks.boot.scenarios.stage import Stage

_LAST = "reboot: Power down"


def shutdown(on: Stage) -> Iterator[Line]:
    """Power the guest off; its log ends in order, and no CPMU can signal any more."""
    gone = on.guest.off()
    yield Line("shutdown", "system", "power off", "goes off",
               "goes off" if gone else "does not go off", "poweroff -f", "kernel")
    log = [line for line in lines_of(on.guest.console()) if line.strip()]
    yield Line("shutdown", "system", "last line of the log", _LAST, log[-1] if log else "none",
               "; ".join(log[-3:]), "kernel")
    wanted = on.modelled
    if wanted is None or on.beside is None:
        return
    rest = at_rest(on.design, wanted.port, on.board.platform, loaded=on.loaded)
    for number, (said, seen) in enumerate(zip(rest.cpmus, on.beside.sources(), strict=False)):
        yield Line("shutdown", wanted.port.name, f"CPMU {number} can raise its interrupt",
                   yes(said.source), yes(seen), "its registers, as the hardware has them")
