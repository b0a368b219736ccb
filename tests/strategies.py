# SPDX-License-Identifier: GPL-2.0-only
"""Random designs: one port, one or two children on the auxiliary bus, careless drivers."""

from collections.abc import Callable

from hypothesis import strategies as st

from generator.design import Design, Device, Driver
from generator.expr import Bin, Fact, Not, Num, Pick, Place, Read
from generator.facts import (
    ADDED,
    BELOW,
    BLOCK,
    CAN_DYN,
    CAP,
    COUNT,
    D3_POSSIBLE,
    HAS,
    LIFE,
    LINE_ROUTED,
    MODE,
    MODE_MSIX,
    MSG,
    msi_on,
)
from generator.operation import CONTINUE, IGNORE, RETURN, UNWIND, Do, Guard, OnFail, Operation
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import DEVM_KZALLOC, IDA_ALLOC, IDA_FREE, KZALLOC
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    FREE_IRQ,
    INTX,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    PCI_MSIX_ALLOC_IRQ_AT,
    PCI_MSIX_FREE_IRQ,
    REQUEST_IRQ,
)
from generator.ops.pci import (
    PCI_CLEAR_MASTER,
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_SET_MASTER,
)
from generator.ops.perf import DEVM_IOREMAP, PERF_PMU_REGISTER, PERF_PMU_UNREGISTER, devm_action
from generator.ops.pm import (
    PM_RUNTIME_ALLOW,
    PM_RUNTIME_FORBID,
    PM_RUNTIME_GET_NORESUME,
    PM_RUNTIME_GET_SYNC,
    PM_RUNTIME_PUT,
    PM_RUNTIME_PUT_AUTOSUSPEND,
    PM_RUNTIME_RESUME_AND_GET,
)
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.program import Block, Each, Function, If, Return, call

PORT = Device("port", "pci")
MSI_ON = Guard("runs on MSI", msi_on(PORT), ())
CAN_ADD = Guard("can add vectors", MODE(PORT).eq(MODE_MSIX) & CAN_DYN(PORT).eq(1), ())
Draw = Callable[..., object]


class Carelessness:
    """How many mistakes a design is made with; most have few, so that lives get long."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.left = draw(st.sampled_from((0, 0, 1, 1, 2, 3)))

    def happens(self, one_in: int) -> bool:
        if not self.left or self.draw(st.integers(1, one_in)) > 1:
            return False
        self.left -= 1
        return True

    def do(self, op: Operation, *places: Place, careless: tuple[OnFail, ...], **params: int) -> Do:
        fail = None
        if op.fallible:
            fail = self.draw(st.sampled_from(careless)) if self.happens(8) else UNWIND
        return op(*places, fail=fail, **params)

    def some(self, items: list) -> list:
        """Return the items, perhaps without one, perhaps with two neighbours swapped."""
        kept = [one for one in items if not self.happens(12)]
        for at in range(len(kept) - 1):
            if self.happens(12):
                kept[at], kept[at + 1] = kept[at + 1], kept[at]
        return kept


@st.composite
def designs(draw: Draw, *, family: bool = False) -> Design:
    """Draw a design in which anything may be left out, misplaced or not checked for failure.

    A `family` has two or three equal children that do little, on hardware without choices.
    """
    counts = (2, 2, 3) if family else (1, 1, 1, 2)
    kid = Device("kid", "aux", PORT, count=draw(st.sampled_from(counts)),
                 answers=((MSG, draw(st.sampled_from((("0", "1"), ("1", "none"))))),))
    less = Carelessness(draw)
    straight = (RETURN, IGNORE)
    loop = straight
    types = draw(st.sampled_from((MSIX | MSI, MSIX, MSIX | MSI | INTX)))
    get = PCI_MSIX_ALLOC_IRQ_AT if draw(st.integers(0, 3)) == 0 else PCI_IRQ_VECTOR
    vector: Block = (less.do(get, PORT, kid, careless=loop, nr=MSG(kid)),)
    if draw(st.booleans()):
        on = MSI_ON if get is PCI_IRQ_VECTOR else CAN_ADD
        vector = (If(on, vector, (Return(ok=False),)),)
    make = less.some([
        less.do(one, kid, careless=loop)
        for one in (IDA_ALLOC, KZALLOC, AUXILIARY_DEVICE_INIT, AUXILIARY_DEVICE_ADD)
    ])
    child = Function("make_child", (*vector, *make))
    once = draw(st.sampled_from((UNWIND, IGNORE, IGNORE, CONTINUE)))
    sleep = [PM_RUNTIME_PUT_AUTOSUSPEND(PORT), PM_RUNTIME_ALLOW(PORT)]
    probe = less.some([
        less.do(PCI_ENABLE_DEVICE, PORT, careless=straight),
        PCI_SET_MASTER(PORT),
        less.do(PCI_ALLOC_IRQ_VECTORS, PORT, careless=straight, min=1,
                max=draw(st.sampled_from((1, 4))), types=types),
        Each(kid, (call(child, fail=once),)),
        *(sleep if draw(st.integers(0, 2)) == 0 else []),
    ])
    delete: Block = (AUXILIARY_DEVICE_DELETE(kid), AUXILIARY_DEVICE_UNINIT(kid), IDA_FREE(kid))
    if not less.happens(4):
        delete = (If(Guard("it was added", LIFE(kid).eq(ADDED), ()), delete),)
    remove = tuple(less.some([
        PM_RUNTIME_FORBID(PORT),
        PM_RUNTIME_GET_NORESUME(PORT),
        Each(kid, delete),
        PCI_FREE_IRQ_VECTORS(PORT),
        *([PCI_CLEAR_MASTER(PORT)] if draw(st.booleans()) else []),
        PCI_DISABLE_DEVICE(PORT),
    ]))
    port = Driver("port driver", PORT, tuple(probe), remove,
                  shutdown=remove[:-1] if draw(st.integers(0, 2)) == 0 else None)
    return Design(
        "random", "whatever came out", (PORT, kid),
        (port, _little(draw, less, kid) if family else _child(draw, less, kid)),
        given=_FIXED if family else {
            COUNT: draw(st.sampled_from(("1", "2"))),
            LINE_ROUTED: draw(st.sampled_from(("no", "yes"))),
            BLOCK: "in an assigned BAR",
            D3_POSSIBLE: "yes",
            **_maybe(draw, CAP, "MSI", "MSI-X", "MSI-X"),
            **_maybe(draw, CAN_DYN, "no", "yes"),
            **_maybe(draw, HAS, "yes"),
            **_maybe(draw, BELOW, "no"),
        },
    )


_FIXED = {CAP: "MSI-X", COUNT: "2", CAN_DYN: "yes", HAS: "yes", BELOW: "no", LINE_ROUTED: "no",
          BLOCK: "in an assigned BAR", D3_POSSIBLE: "no"}


def _little(draw: Draw, less: Carelessness, kid: Device) -> Driver:
    """Return a driver with an interrupt and a source, or with memory of the port's."""
    probe = [less.do(REQUEST_IRQ, kid, careless=(RETURN, IGNORE), shared=1), ENABLE_SOURCE(kid)]
    undo = [DISABLE_SOURCE(kid), FREE_IRQ(kid)]
    if draw(st.booleans()):
        owner = PORT if less.happens(3) else kid
        probe, undo = [less.do(DEVM_KZALLOC, kid, owner, careless=(RETURN,))], []
    return Driver("kid driver", kid, tuple(less.some(probe)), tuple(less.some(undo)),
                  unbind=draw(st.booleans()))


def _maybe(draw: Draw, fact: Fact, *answers: str) -> dict[Fact, str]:
    """Answer a question beforehand, but not always: it is asked on the way then."""
    return {} if draw(st.integers(0, 4)) == 0 else {fact: draw(st.sampled_from(answers))}


def _child(draw: Draw, less: Carelessness, kid: Device) -> Driver:
    owner: Place = PORT if less.happens(8) else kid
    managed = draw(st.booleans())
    shared = int(not less.happens(4))
    careless = (RETURN, IGNORE)
    get = draw(st.sampled_from((PM_RUNTIME_RESUME_AND_GET, PM_RUNTIME_GET_SYNC)))
    power: list = [less.do(get, PORT, kid, careless=careless)]
    if managed:
        action = devm_action(PM_RUNTIME_PUT, "put")
        power.append(less.do(action, PORT, kid, kid, careless=careless))
    request = (
        less.do(DEVM_REQUEST_IRQ, kid, kid, careless=careless, shared=shared)
        if managed
        else less.do(REQUEST_IRQ, kid, careless=careless, shared=shared)
    )
    perf = draw(st.integers(0, 2)) == 0
    # Room for few, so that the oracle gets through: a mapping or memory, a source or a PMU.
    probe = less.some([
        *power,
        less.do(*draw(st.sampled_from(((DEVM_IOREMAP, kid, owner), (DEVM_KZALLOC, kid, owner)))),
                careless=careless),
        request,
        ENABLE_SOURCE(kid) if not perf else less.do(PERF_PMU_REGISTER, kid, careless=careless),
    ])
    undo: list = [PERF_PMU_UNREGISTER(kid)] if perf else [DISABLE_SOURCE(kid)]
    if not managed:
        undo += [FREE_IRQ(kid), PM_RUNTIME_PUT(PORT, kid)]
    if draw(st.integers(0, 9)) == 0:
        undo.append(PCI_MSIX_FREE_IRQ(PORT, kid))
    atomic = (DISABLE_SOURCE(kid),) if draw(st.integers(0, 5)) == 0 else ()
    return Driver("kid driver", kid, tuple(probe), tuple(less.some(undo)), atomic=atomic,
                  shutdown=(DISABLE_SOURCE(kid),) if draw(st.integers(0, 2)) == 0 else None,
                  unbind=draw(st.booleans()))


# Expressions over three facts.
SOME = tuple(Read(Fact(f"fact {number}", 3, ""), PORT) for number in range(3))
OPERANDS = st.sampled_from(SOME) | st.integers(0, 3).map(Num)
EXPRESSIONS = st.recursive(OPERANDS, lambda inner: st.one_of(
    st.builds(Not, inner),
    st.builds(Pick, inner, inner, inner),
    st.builds(Bin, st.sampled_from(("+", "-", "==", "!=", "<", "<=", "and", "or", "min", "max")),
              inner, inner),
    st.builds(Bin, st.sampled_from(("has", "with", "without")), inner, OPERANDS),
), max_leaves=12)
