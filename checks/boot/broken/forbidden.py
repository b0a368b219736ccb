# SPDX-License-Identifier: GPL-2.0-only
"""What drivers must not do, done by an object in the guest, where no series of ours does it.

templates/boot/guest/forbidden.c is a driver for whatever function it is told to bind. Its probe
is the shortest sequence that breaks the rule it was told of: what a driver of a bridge has no
reason to do, and MSI-X domains of subdevices, which the pinned kernel does not have; those are
done right first, so what is wrong is what matters. It is never part of what a series is: the
evidence says that it was an object of the lab's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from checks.boot.broken.breakage import Breakage
from checks.boot.guest.line import Line
from checks.boot.predict.board import FUNCTIONS
from checks.boot.scenarios.stage import Stage

OBJECTS = ("forbidden.c", "forbidden_own.c", "forbidden_sub.c", "forbidden_life.c",
           "forbidden_descs.c", "forbidden_descs_guard.c", "forbidden.h")
RIGHT = "right"
_BUS = "/sys/bus/pci"
_PARAMETERS = "/sys/module/forbidden/parameters"
# Where the board has them: five MSI-X vectors, one MSI message that nothing masks, two of MSI.
NIC, EDU, OTHER_EDU, TWO_MSI = "0000:01:00.0", "0000:00:10.0", "0000:00:14.0", "0000:00:05.0"


def _bind(rule: str, function: str) -> str:
    """Return the order that lets the object break a rule at a function, whoever drives it now."""
    of = f"{_BUS}/devices/{function}"
    return (
        f"echo -n {rule} >{_PARAMETERS}/rule; "
        f"[ ! -e {of}/driver ] || echo {function} >{of}/driver/unbind; "
        f"echo forbidden >{of}/driver_override; echo {function} >{_BUS}/drivers/forbidden/bind"
    )


def _unbind(function: str) -> str:
    return f"echo {function} >{_BUS}/drivers/forbidden/unbind"


_RIGHT = (_bind(RIGHT, NIC), _unbind(NIC))
# Of a hundred thousand interrupts, which take their time in an emulated machine.
_STORM = (
    "n=0; while [ $n -lt 60 ] && ! dmesg | grep -q 'nobody care[d]'; do sleep 1; n=$((n+1)); done"
)


@dataclass(frozen=True)
class Sequence:
    """What is done, order by order, and the symptom of it as a pattern."""

    rule: str
    what: str
    orders: tuple[str, ...]
    symptom: str

    @property
    def name(self) -> str:
        """Return the name of its scenario."""
        return f"forbidden-{self.rule}"


SEQUENCES: tuple[Sequence, ...] = (
    Sequence(
        "R02", "vectors are allocated, and freed, before a driver binds",
        (f"echo {NIC} >{_PARAMETERS}/early", _bind(RIGHT, NIC)),
        r"Resources present before probing",
    ),
    Sequence(
        "R02b", "a handler is put on the devres list before the vectors are",
        (_bind("R02b", NIC), _unbind(NIC)),
        r"remove_proc_entry: removing non-empty directory 'irq/\d+', leaking .*'forbidden'",
    ),
    Sequence(
        "R04", "a vector is added to MSI", (_bind("R04", EDU),),
        r"R04: a vector added to MSI: -524",
    ),
    Sequence(
        "R04b", "two MSI messages are insisted on, and the domain grants one",
        (_bind("R04b", TWO_MSI),), r"R04b: no less than two MSI messages: -28",
    ),
    Sequence(
        "R06", "an event happens while vectors are freed and allocated again",
        (_bind("R06", EDU),), r"R06: afterwards: an event meanwhile: irq \d+ came 0 times",
    ),
    Sequence(
        "R08",
        "an MSI vector that cannot be masked is reserved, its device signals, and a driver comes",
        (_bind("R08", EDU),), r"irq \d+: nobody cared",
    ),
    Sequence(
        "R10", "MSI-X is to be enabled without a vector", (_bind("R10", NIC),),
        r"R10: MSI-X without a vector: -22",
    ),
    Sequence(
        "R11", "a vector is added at an index that has one", (_bind("R11", NIC),),
        r"R11: a vector that is there is added: -16",
    ),
    Sequence(
        "R12",
        "a vector is added where the parent domain has had the flag taken that x86 always has",
        (_bind("R12", NIC),), r"R12: a vector added where that is not supported: -524",
    ),
    Sequence(
        "R14", "a device frees its vectors while its subdevice's domain has one",
        (*_RIGHT, _bind("R14", NIC)), r"RIP: .*pci_irq_mask_msix",
    ),
    Sequence(
        "R14b", "a device frees its vectors while its subdevice is given one more",
        (*_RIGHT, _bind("R14b", NIC)), r"RIP: .*msix_prepare_msi_desc",
    ),
    Sequence(
        "R26", "the descriptors of two devices are locked, one inside the other",
        (_bind("R26", NIC),), r"possible recursive locking detected",
    ),
    Sequence(
        "R27", "a subdevice's domain is made where there is none above it",
        (*_RIGHT, _bind("R27", NIC)), r"RIP: .*msi_create_device_irq_domain",
    ),
    Sequence(
        "R28", "a device's own domain becomes a parent, and the MSI core is not told",
        (*_RIGHT, _bind("R28", NIC), _unbind(NIC)),
        r"WARNING: .*irq/msi\.c:\d+ (at )?__msi_domain_alloc_irq_at",
    ),
    Sequence(
        "R29", "a subdevice's domain is made through x86, which does not know its parent",
        (*_RIGHT, _bind("R29", NIC)), r"WARNING: .*apic/msi\.c:\d+ (at )?x86_init_dev_msi_info",
    ),
    Sequence(
        "R30", "a descriptor names the subdevice where the PCI device is meant",
        (*_RIGHT, _bind("R30", NIC)), r"RIP: .*msix_prepare_msi_desc",
    ),
    Sequence(
        "R30b", "a subdevice's chip has no irq_write_msi_msg()", (*_RIGHT, _bind("R30b", NIC)),
        r"RIP: 0010:0x0$",
    ),
    Sequence(
        "R32", "the bus is reset, and the device's configuration restored",
        (*_RIGHT, _bind("R32", NIC)), r"R32: afterwards: the subdevice's: irq \d+ came 1 times",
    ),
    Sequence(
        "R34", "registers are read of a device whose slot has taken its power away",
        (_bind("R34", NIC),), r"R34: in D3cold: STATUS 0(x0)?, vendor and device 0xffffffff$",
    ),
    Sequence(
        "N4", "a handler is freed, and its source on a shared line stays on",
        (_bind("share", OTHER_EDU), _bind("N4", EDU), _STORM), r"irq \d+: nobody cared",
    ),
    Sequence(
        "N4b", "a source was left on, and something happens before its handler is there",
        (_bind("N4b", NIC),), r"N4b: left on, the first handler is called: [1-9]",
    ),
    Sequence(
        "N5", "vectors are allocated in D3hot", (_bind("N5", NIC),), r"N5: vectors in D3hot: -22",
    ),
    Sequence(
        "N6", "a vector is added because it can be, and MSI-X is off", (_bind("N6", NIC),),
        r"N6: a vector added while MSI-X is off: -524",
    ),
    Sequence(
        "N7b", "registers that another has mapped are mapped, and claimed afterwards",
        (_bind("N7b", NIC),
         "grep write-combining /sys/kernel/debug/x86/pat_memtype_list >/dev/kmsg"),
        r"N7b: claimed then: -16",
    ),
    Sequence(
        "N17", "memory is freed while the work that lies in it is to run", (_bind("N17", EDU),),
        r"ODEBUG: free active .*object type: timer_list",
    ),
    Sequence(
        "N18", "a work cancels itself, and waits", (_bind("N18", EDU),),
        r"possible recursive locking detected",
    ),
    Sequence(
        "N20", "an irq is freed twice", (_bind("N20", EDU),),
        r"Trying to free already-free IRQ \d+",
    ),
    Sequence(
        "N21", "a vector has its handler requested twice, and freed once", (_bind("N21", EDU),),
        r"remove_proc_entry: removing non-empty directory 'irq/\d+', leaking .*'forbidden again'",
    ),
    Sequence(
        "N23", "a CPU hotplug callback is registered before its data is there",
        (_bind("N23", EDU),), r"N23: CPU \d+ is told without its data$",
    ),
    Sequence(
        "N41", "references are put that nobody took", (_bind("N41", EDU),),
        r"Runtime PM usage count underflow!",
    ),
    Sequence(
        "N42", "a runtime_suspend resumes its own device",
        ("echo 5 >/proc/sys/kernel/hung_task_timeout_secs", _bind("N42", EDU), "sleep 20"),
        r"INFO: task kworker/\S+ blocked for more than \d+ seconds",
    ),
    Sequence(
        "N44", "a wakeup is disabled that nobody enabled", (_bind("N44", EDU),),
        r"Unbalanced IRQ \d+ wake disable",
    ),
    Sequence(
        "N45", "one of two on an irq requests it with IRQF_NO_SUSPEND", (_bind("N45", EDU),),
        r"WARNING: .*irq_pm_install_action",
    ),
)

BREAKAGES: tuple[Breakage, ...] = tuple(
    Breakage(one.rule, one.what, "", "", "", one.symptom, (one.name,), FUNCTIONS,
             objects=OBJECTS, suffix="object")
    for one in SEQUENCES
)


def _done(sequence: Sequence, on: Stage) -> Iterator[Line]:
    """Give the orders of a sequence; what comes of them is in the log."""
    orders = sequence.orders
    if orders[:2] == _RIGHT:
        yield _right(sequence.name, on)
        orders = orders[2:]
    for order in orders:
        on.guest.order(order, seconds=120)
    on.settled()


def _right(scenario: str, on: Stage) -> Line:
    """Let the object do what is to be broken as it has to be done, and see that this works."""
    for order in _RIGHT:
        on.guest.order(order, seconds=120)
    told = " ".join(on.guest.order(f"dmesg | grep ': {RIGHT}: '").lines)
    found = re.findall(r"came \d+ times|done \(.*?\)", told)
    return Line(scenario, "system", "the same done right", "came 1 times; done (0)",
                "; ".join(found), "dmesg", "premise")


SCENARIOS: Mapping[str, Callable[[Stage], Iterator[Line]]] = {
    one.name: partial(_done, one) for one in SEQUENCES
}
ORDERS: Mapping[str, tuple[str, ...]] = {one.name: one.orders for one in SEQUENCES}


def told(scenarios: Iterable[str]) -> frozenset[str]:
    """Return what the object is told in some scenarios: names of its sequences."""
    orders = (order for name in scenarios for order in ORDERS.get(name, ()))
    return frozenset(name for order in orders for name in re.findall(r"echo -n (\w+) >", order))
