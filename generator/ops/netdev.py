# SPDX-License-Identifier: GPL-2.0-only
"""Network devices: driver data lies behind them, and who has the interface up calls the driver.

net/core/dev.c. `netdev(open=(...), stop=(...))` among the contexts of the driver is what its ndo_
functions do; unregister_netdev() waits for them, and calls ndo_stop of a device that is up. With
`calls("netdev", (...))` all of that is the design's to say. NAPI is `tasklet("napi", (...))`:
napi_disable() waits for a poll that runs, and none is scheduled until napi_enable(). It keeps the
bit that a poll has, so a second one waits for a poll that never ends, and napi_enable() is a BUG
where nobody keeps it. netif_napi_add() sets that bit too: behind it napi_schedule_prep() says no
until napi_enable(), before it all is zero, and it says yes. A design that adds none has it added.
"""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Role
from generator.facts import MEMORY
from generator.fingerprint import Fails, Fingerprint
from generator.operation import Operation, fault, ok, sets
from generator.ops.work import Of

USER = Role("user")
_SOURCE = "net/core/dev.c"

FREE_NETDEV = Operation(
    "free_netdev", ("user",), (ok(sets(MEMORY(USER), 0)),), source=f"{_SOURCE} free_netdev()",
    fingerprint=Fingerprint(("free_netdev",)),
)
ALLOC_ETHERDEV = Operation(
    "alloc_etherdev", ("user",), (ok(sets(MEMORY(USER), 1)), fault("-ENOMEM")), undo=FREE_NETDEV,
    source="include/linux/etherdevice.h alloc_etherdev()",
    fingerprint=Fingerprint(("alloc_etherdev_mqs",), on=None, fails=Fails.NULL),
)
UNREGISTER_NETDEV = Of("unregister_netdev", "cancel and wait", "calls", "netdev",
                       f"{_SOURCE} unregister_netdev()", argument=None)
REGISTER_NETDEV = Of("register_netdev", "start", "calls", "netdev",
                     f"{_SOURCE} register_netdev()", undo=UNREGISTER_NETDEV, argument=None)

FREE_CANDEV = replace(FREE_NETDEV, name="free_candev", fingerprint=None,
                      source="drivers/net/can/dev/dev.c free_candev()")
ALLOC_CANDEV = replace(ALLOC_ETHERDEV, name="alloc_candev", fingerprint=None, undo=FREE_CANDEV,
                       source="drivers/net/can/dev/dev.c alloc_candev_mqs()")
UNREGISTER_CANDEV = replace(UNREGISTER_NETDEV, callee="unregister_candev", read=False,
                            source="drivers/net/can/dev/dev.c unregister_candev()")
REGISTER_CANDEV = replace(REGISTER_NETDEV, callee="register_candev", undo=UNREGISTER_CANDEV,
                          read=False, source="drivers/net/can/dev/dev.c register_candev()")

NAPI_DISABLE = Of("napi_disable", "shut down", "tasklet", "napi", f"{_SOURCE} napi_disable()",
                  once=True)
NAPI_ENABLE = Of("napi_enable", "initialise", "tasklet", "napi", f"{_SOURCE} napi_enable()",
                 undo=NAPI_DISABLE, once=True, napi=True)
NAPI_SCHEDULE = Of("napi_schedule", "queue", "tasklet", "napi",
                   "include/linux/netdevice.h napi_schedule()", napi=True)
NETIF_NAPI_DEL = Of("netif_napi_del", "delete", "tasklet", "napi",
                    f"{_SOURCE} __netif_napi_del()", idempotent=True, read=False)
NETIF_NAPI_ADD = Of("netif_napi_add", "add", "tasklet", "napi",
                    f"{_SOURCE} netif_napi_add_weight()", undo=NETIF_NAPI_DEL, argument=1,
                    read=False)
