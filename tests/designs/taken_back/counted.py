# SPDX-License-Identifier: GPL-2.0-only
"""What is freed behind the last reference, of a driver or of a file that is open, and flags.

radio-raremono had its data on the devres list, though a file was open (CVE-2019-15211); most_usb
looked into its data behind its put (CVE-2025-40223). farsync's handler looks at a flag that is set
once, and not asked anew each time.
"""

from generator.context import file, work
from generator.design import Design, Device, Driver
from generator.facts import MEMORY
from generator.operation import Guard, Node, Operation, ok
from generator.ops.allocated import KFREE_OWN, KZALLOC_OWN
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.own import counted, flag, pointer
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.registered import VIDEO_REGISTER_DEVICE, VIDEO_UNREGISTER_DEVICE
from generator.ops.work import FLUSH_WORK, INIT_WORK, SCHEDULE_WORK
from generator.program import Block, If, Return

RADIO, CARD = Device("radio", "usb"), Device("card", "platform")
REF = counted("radio->v4l2_dev.ref", release=(KFREE_OWN(RADIO),), file="video")
KREF = counted("radio->kref", release=(KFREE_OWN(RADIO),))
LOOK = Operation("radio->", ("dev",), (ok(),), source="", needs=(MEMORY,))(RADIO)
CLOSE = If(Guard("it is closed", None, ()), (LOOK, REF.close(RADIO)), (LOOK,))
MADE: Block = (KZALLOC_OWN(RADIO), REF.init(RADIO))


def _radio(memory: Block, close: Block, *remove: Node) -> Design:
    return Design("radio", "freed by the last", (RADIO,), (Driver(
        "radio", RADIO, (*memory, VIDEO_REGISTER_DEVICE(RADIO, fail=(*remove, Return(ok=False)))),
        (VIDEO_UNREGISTER_DEVICE(RADIO), *remove), contexts=(file("video", close),)),))


def _worked(*remove: Node) -> Design:
    """A work has a reference of its own."""
    return Design("radio", "put by a work", (RADIO,), (Driver(
        "radio", RADIO, (KZALLOC_OWN(RADIO), KREF.init(RADIO), INIT_WORK(RADIO), KREF.get(RADIO),
                         SCHEDULE_WORK(RADIO)),
        (FLUSH_WORK(RADIO), *remove), contexts=(work("work", (LOOK, KREF.put(RADIO))),)),))


PUT, DROP = REF.put(RADIO), KREF.put(RADIO)
RUNS, BUFFER = flag("card->running"), pointer("card->buffer")
LINE: Block = (PLATFORM_GET_IRQ(CARD, CARD), REQUEST_IRQ(CARD))


def _card(*probe: Node) -> Design:
    return Design("card", "a flag", (CARD,), (Driver(
        "card", CARD, (KZALLOC_OWN(CARD), *LINE, *probe), (FREE_IRQ(CARD), KFREE_OWN(CARD)),
        atomic=(If(RUNS.there(CARD), (BUFFER.use(CARD),)),)),))


DESIGN = _radio(MADE, (CLOSE,), PUT)
SOUND = (_card(BUFFER.set(CARD), RUNS.set(CARD)), _worked(DROP))
BUGGY = (
    (_radio((DEVM_KZALLOC(RADIO, RADIO),), (LOOK,)), "N17"),
    (_radio(MADE, (CLOSE,), PUT, LOOK), "N12"),
    (_radio(MADE, (CLOSE,), PUT, PUT), "N12"),
    (_radio(MADE, (CLOSE,)), "R36"),
    (_worked(DROP, LOOK), "N12"),
    (_worked(), "R36"),
    (_card(RUNS.set(CARD), BUFFER.set(CARD)), "N12"),
)
