# SPDX-License-Identifier: GPL-2.0-only
"""NAPI that a handler schedules: nothing comes of it before napi_enable(), as pch_gbe has it.

net/core/dev.c netif_napi_add_weight() sets the bit by which napi_schedule_prep() says no; before
that all is zero, and what is scheduled has no poll. A design that adds none has it added somewhere.
"""

from generator.context import tasklet
from generator.design import Design, Device, Driver
from generator.facts import MEMORY
from generator.operation import Block, Operation, ok
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.netdev import (
    ALLOC_ETHERDEV,
    FREE_NETDEV,
    NAPI_DISABLE,
    NAPI_ENABLE,
    NAPI_SCHEDULE,
    NETIF_NAPI_ADD,
    NETIF_NAPI_DEL,
)
from generator.ops.platform import PLATFORM_GET_IRQ

ETH = Device("eth", "platform")
USE = Operation("napi->", ("dev",), (ok(),), source="", needs=(MEMORY,), sleeps=False)(ETH)
ADD, DEL = NETIF_NAPI_ADD(ETH, napi="rx"), NETIF_NAPI_DEL(ETH, napi="rx")
ON, OFF = NAPI_ENABLE(ETH, napi="rx"), NAPI_DISABLE(ETH, napi="rx")
IRQ = REQUEST_IRQ(ETH)
QUEUE = (NAPI_SCHEDULE(ETH, napi="rx"),)


def _eth(probe: Block, remove: Block, handler: Block = QUEUE) -> Design:
    return Design("eth", "a handler that schedules NAPI", (ETH,), (Driver(
        "eth", ETH, (ALLOC_ETHERDEV(ETH), PLATFORM_GET_IRQ(ETH, ETH), *probe),
        (*remove, FREE_NETDEV(ETH)), atomic=handler, contexts=(tasklet("rx", (USE,)),)),))


LAST = (FREE_IRQ(ETH), OFF)
DESIGN = _eth((ADD, IRQ, ON), (*LAST, DEL))
SOUND = (
    _eth((IRQ, ON), LAST), _eth((IRQ, ON), LAST, ()), _eth((ADD, ON, IRQ), LAST),
    _eth((ADD, IRQ), (FREE_IRQ(ETH), DEL)), _eth((ADD, IRQ, ON), (OFF, DEL, FREE_IRQ(ETH))),
)
BUGGY = (
    (_eth((IRQ, ADD, ON), (*LAST, DEL)), "N3"), (_eth((ON, ADD, IRQ), LAST), "N12"),
    (_eth((ADD, IRQ, ON), (FREE_IRQ(ETH),)), "N17"),
)
