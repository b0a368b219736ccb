# SPDX-License-Identifier: GPL-2.0-only
"""What C does for nothing: kfree(NULL), usb_free_urb(NULL) behind what failed.

Ladders of gotos free what was not allocated yet. A second kfree() of what was freed in this life is
a double free, unless the pointer was set to NULL (mm/slub.c kfree(), drivers/usb/core/urb.c
usb_free_urb()), and of_node_put(NULL), as ohci-nxp has it. Of device nodes it is asked as ever in C
that is read: behind a look-up that failed, drivers put another, as rtq2208 does. clk_put() warns of
an error, which regulator_put() takes (drivers/clk/clk.c __clk_put(), drivers/regulator/core.c
_regulator_put()).
"""

from generator.context import urb
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.operation import IGNORE, Operation, fault, ok, sets
from generator.ops.allocated import (
    DEVM_KSTRDUP,
    INPUT_ALLOCATE_DEVICE,
    INPUT_FREE_DEVICE,
    KFREE_TEXT,
    KMALLOC_TEXT,
)
from generator.ops.buffers import OF_NODE_PUT, OF_PARSE_PHANDLE
from generator.ops.clk import CLK_GET, CLK_PUT
from generator.ops.member import cleared
from generator.ops.registered import INPUT_REGISTER_DEVICE, INPUT_UNREGISTER_DEVICE
from generator.ops.regulator import REGULATOR_GET, REGULATOR_PUT
from generator.ops.usb import USB_ALLOC_URB, USB_FILL_INT_URB, USB_FREE_URB, USB_KILL_URB
from generator.program import Block, Return

HC, KEYS, NET = Device("hc", "platform"), Device("keys", "platform"), Device("net", "usb")
DEV = Role("dev")
TABLE = Fact("table", 1, "a table of the driver's own", held=True)
FREE = Operation("free_table", ("dev",), (ok(sets(TABLE(DEV), 0)),), source="", takes_null=True)
MAKE = Operation("make_table", ("dev",), (ok(sets(TABLE(DEV), 1)), fault("-ENOMEM")), source="",
                 undo=FREE)
ERROR = Return(ok=False)
KFREE, PUT_CLK, PUT_NODE = KFREE_TEXT(HC), CLK_PUT(HC), OF_NODE_PUT(HC)
TEXT = KMALLOC_TEXT(HC, fail=IGNORE)
FREE_INPUT = INPUT_FREE_DEVICE(KEYS)
FILL, KILL, FREE_URB = USB_FILL_INT_URB(NET), USB_KILL_URB(NET), USB_FREE_URB(NET)


def _hc(probe: Block, *remove: Block) -> Design:
    return Design("hc", "what may be NULL", (HC,), (
        Driver("drv", HC, probe, tuple(node for block in remove for node in block)),))


def _ladder(*failed: Block) -> Design:
    """Return a probe whose one label frees all."""
    return _hc((KMALLOC_TEXT(HC, fail=(KFREE, ERROR)),
                CLK_GET(HC, fail=(*(node for block in failed for node in block), ERROR))),
               (PUT_CLK, KFREE))


def _keys(*failed: Block) -> Design:
    ladder = (*(node for block in failed for node in block), FREE_INPUT, ERROR)
    probe = (INPUT_ALLOCATE_DEVICE(KEYS, fail=(FREE_INPUT, ERROR)),
             INPUT_REGISTER_DEVICE(KEYS, fail=(FREE_INPUT, ERROR)), MAKE(KEYS, fail=ladder))
    return Design("keys", "an input device freed once", (KEYS,), (
        Driver("drv", KEYS, probe, (FREE(KEYS), INPUT_UNREGISTER_DEVICE(KEYS))),))


def _net(*remove: Block) -> Design:
    probe = (USB_ALLOC_URB(NET, fail=IGNORE), FILL)
    return Design("net", "an URB that may be NULL", (NET,), (Driver(
        "drv", NET, probe, tuple(node for block in remove for node in block),
        contexts=(urb("urb"),)),))


CLEARED = cleared(KFREE_TEXT)(HC)
GONE = (INPUT_UNREGISTER_DEVICE(KEYS),)
DESIGN = _hc((TEXT,), (KFREE,))
SOUND = (
    _hc((TEXT,), (KFREE, CLEARED, KFREE)), _ladder((KFREE,)),
    _hc((MAKE(HC, fail=IGNORE),), (FREE(HC),)), _hc((REGULATOR_GET(HC, fail=IGNORE),),
                                                    (REGULATOR_PUT(HC),)),
    _hc((OF_PARSE_PHANDLE(HC, fail=IGNORE),), (PUT_NODE,)),
    _keys(GONE, (cleared(INPUT_FREE_DEVICE)(KEYS),)), _net((KILL, FREE_URB)),
)
BUGGY = (
    (_hc((DEVM_KSTRDUP(HC),), (KFREE,)), "N20"),  # nobody takes it by hand: devres frees it
    (_hc((TEXT,), (KFREE, KFREE)), "N20"), (_ladder((KFREE, KFREE)), "N20"),
    (_hc((MAKE(HC, fail=IGNORE),), (FREE(HC), FREE(HC))), "N20"),
    (_hc((CLK_GET(HC, fail=IGNORE),), (PUT_CLK,)), "N20"), (_keys(GONE), "N20"),
    (_hc((OF_PARSE_PHANDLE(HC, fail=IGNORE),), (PUT_NODE, PUT_NODE)), "N20"),
    (_hc((OF_PARSE_PHANDLE(HC, fail=IGNORE),)), "R40"),
    (_net((FREE_URB, KILL)), "N17"), (_net((KILL, FREE_URB, FREE_URB)), "N20"),
)
