# SPDX-License-Identifier: GPL-2.0-only
"""What two strangers wrote and could not say: numbers as ids, timers of a module, DMA channels.

sc520_wdt deleted a DEFINE_TIMER()'s timer that may run (CVE-2021-47323) in a module whose file
nobody can have open then; adev_release() of peci-cpu uninitialised its device again
(CVE-2022-48670), whose id is made of controller and address; tegra210-adma has channels that only
devices get which name them; atmel-quadspi disables runtime PM behind a resume that has failed;
pch_uart kept the PCI device of a slot that it had looked up.
"""

from generator.context import calls, file, timer
from generator.design import Design, Device, Driver
from generator.operation import IGNORE, RETURN, Operation, fault, ok
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import DEVM_KZALLOC, KFREE, KZALLOC, SET_ID
from generator.ops.mapping import IOREMAP, IOUNMAP, access
from generator.ops.power import (
    PM_RUNTIME_DISABLE,
    PM_RUNTIME_ENABLE,
    PM_RUNTIME_FORCE_RESUME,
    PM_RUNTIME_FORCE_SUSPEND,
)
from generator.ops.references import PCI_GET_FOUND_SLOT, PUT_FOUND_PCI_DEVICE
from generator.ops.registered import (
    DMA_ASYNC_DEVICE_REGISTER,
    DMA_ASYNC_DEVICE_REGISTER_PRIVATE,
    DMA_ASYNC_DEVICE_UNREGISTER,
    DMA_ASYNC_DEVICE_UNREGISTER_PRIVATE,
    MISC_DEREGISTER,
    MISC_REGISTER,
)
from generator.ops.work import DEL_TIMER, DEL_TIMER_SYNC, MOD_TIMER
from generator.program import Block, Node, Return

CPU = Device("cpu", "platform")
ADEV = Device("adev", "aux", CPU)
MODULE, ADMA, QSPI = (Device(name, "platform") for name in ("module", "adma", "qspi"))
UART = Device("uart", "pci")
WRITEW = access("writew", ())
START = Operation("clk_prepare", ("dev",), (ok(), fault("-EIO")), source="")
NUMBER = (SET_ID(ADEV),)


def _cpu(*release: Node, number: Block = NUMBER) -> Design:
    failed = (*release, Return(ok=False))
    probe = (KZALLOC(ADEV), *number, AUXILIARY_DEVICE_INIT(ADEV, fail=(KFREE(ADEV), failed[-1])),
             AUXILIARY_DEVICE_ADD(ADEV, fail=failed))
    return Design("cpu", "an id of controller and address", (CPU, ADEV), (
        Driver("cpu", CPU, probe, (AUXILIARY_DEVICE_DELETE(ADEV), *release)),))


def _watchdog(stop: Node, *, unbind: bool = False) -> Design:
    ping = timer("ping", (MOD_TIMER(MODULE, timer="ping"),), static=True)
    opened = file("misc", (MOD_TIMER(MODULE, timer="ping"), WRITEW(MODULE), stop), static=True)
    return Design("watchdog", "a module with a timer of its own", (MODULE,), (Driver(
        "watchdog", MODULE, (IOREMAP(MODULE), MISC_REGISTER(MODULE)),
        (stop, MISC_DEREGISTER(MODULE), IOUNMAP(MODULE)),
        contexts=(ping, opened), unbind=unbind),))


def _adma(*probe: Node, remove: Block, private: bool) -> Design:
    of = calls if private else file
    return Design("adma", "channels", (ADMA,), (
        Driver("adma", ADMA, (DEVM_KZALLOC(ADMA, ADMA), *probe), remove, contexts=(of("dma"),)),))


def _qspi(*remove: Node) -> Design:
    return Design("qspi", "runtime PM that a failed resume leaves off", (QSPI,), (Driver(
        "qspi", QSPI, (PM_RUNTIME_ENABLE(QSPI),), remove,
        suspend=(PM_RUNTIME_FORCE_SUSPEND(QSPI, fail=IGNORE),),
        resume=(START(QSPI, fail=RETURN), PM_RUNTIME_FORCE_RESUME(QSPI)),
        runtime_suspend=(), runtime_resume=()),))


def _uart(*put: Node) -> Design:
    probe = (PCI_GET_FOUND_SLOT(UART, fail=RETURN), *put)
    return Design("uart", "the DMA engine in a slot beside", (UART,), (
        Driver("uart", UART, probe),))


UNINIT, DISABLE = AUXILIARY_DEVICE_UNINIT(ADEV), PM_RUNTIME_DISABLE(QSPI)
PING = {"timer": "ping"}
DESIGN = _cpu(UNINIT)
SOUND = (
    _watchdog(DEL_TIMER_SYNC(MODULE, **PING)),
    _adma(DMA_ASYNC_DEVICE_REGISTER_PRIVATE(ADMA), private=True,
          remove=(DMA_ASYNC_DEVICE_UNREGISTER_PRIVATE(ADMA),)),
    _qspi(DISABLE),
    _uart(PUT_FOUND_PCI_DEVICE(UART)),
)
BUGGY = (
    (_cpu(UNINIT, UNINIT), "R24"),
    (_cpu(UNINIT, number=()), "R24"),  # nobody gave it an id
    (_watchdog(DEL_TIMER(MODULE, **PING)), "N17"),
    (_adma(DMA_ASYNC_DEVICE_REGISTER(ADMA), private=False,
           remove=(DMA_ASYNC_DEVICE_UNREGISTER(ADMA),)), "N17"),
    (_qspi(DISABLE, DISABLE), "N20"),
    (_uart(), "R40"),
)
