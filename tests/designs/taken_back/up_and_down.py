# SPDX-License-Identifier: GPL-2.0-only
"""What is there between an open and a close, or only sometimes, and is used or ended all the same.

bareudp looked for its socket while the interface was down (CVE-2026-45846); hns3 disabled NAPI
again where a loopback test had not enabled it (CVE-2023-54000); mana read the id out of the
auxiliary device that it had just put (CVE-2026-43056); the init of cros_usbpd_notify did not look
whether its second driver was there (CVE-2022-50468); gaokun never cancelled the work that registers
its connectors (CVE-2025-68323).
"""

from generator.context import Context, calls, delayed_work, tasklet
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.facts import LIFE
from generator.operation import IGNORE, RETURN, Guard, OnFail, Operation, fault, ok, sets
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import DEVM_KZALLOC, IDA_ALLOC, IDA_FREE, KFREE, KZALLOC
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.ops.netdev import (
    ALLOC_ETHERDEV,
    FREE_NETDEV,
    NAPI_DISABLE,
    NAPI_ENABLE,
    REGISTER_NETDEV,
    UNREGISTER_NETDEV,
)
from generator.ops.paired import UCSI_CREATE, UCSI_DESTROY
from generator.ops.registered import (
    PLATFORM_DRIVER_REGISTER,
    PLATFORM_DRIVER_UNREGISTER,
    UCSI_REGISTER,
    UCSI_UNREGISTER,
)
from generator.ops.work import (
    DISABLE_DELAYED_WORK_SYNC,
    INIT_DELAYED_WORK,
    SCHEDULE_DELAYED_WORK,
    Of,
)
from generator.program import Block, If, Node, Return

NIC, USB, DEV = Device("nic", "platform"), Device("adapter", "usb"), Role("dev")
CHILD = Device("child", "aux", USB)
SOCKET = Fact("socket", 1, "the socket of the tunnel")
UP = Fact("interface up", 1, "the interface is up", local=True)
ERROR = Return(ok=False)


def _sets(name: str, fact: Fact, value: int) -> Operation:
    return Operation(name, ("dev",), (ok(sets(fact(DEV), value)),), source="")


RELEASE = _sets("udp_tunnel_sock_release", SOCKET, 0)
CREATE = Operation("udp_sock_create", ("dev",), (ok(sets(SOCKET(DEV), 1)), fault("-ENOMEM")),
                   source="", undo=RELEASE)
SET_UP, SET_DOWN = _sets("set up", UP, 1), _sets("set down", UP, 0)
LOOKUP = Operation("udp_tunnel6_dst_lookup", ("dev",), (ok(),), source="", needs=(SOCKET,))
RESET = Operation("hclge_reset", ("dev",), (ok(), fault("-EIO")), source="")
READ_ID = Operation("adev->id", ("dev",), (ok(),), source="", needs=(LIFE,))
NO_ROUTES = Of("ovs_vport_del", "cancel and wait", "calls", "routes", "")
ROUTES = Of("ovs_vport_add", "start", "calls", "routes", "", undo=NO_ROUTES)
THERE, IS_UP = Guard("sock", SOCKET(NIC).eq(1), ()), Guard("up", UP(NIC).eq(1), ())


def _nic(probe: Block, remove: Block, *contexts: Context) -> Design:
    driver = Driver("drv", NIC, probe, remove, contexts=contexts)
    return Design("nic", "what is there only sometimes", (NIC,), (driver,))


def _netdev(ndo: Block, down: Block, *contexts: Context, begin: Block = ()) -> Design:
    probe = (ALLOC_ETHERDEV(NIC), *begin, REGISTER_NETDEV(NIC))
    return _nic(probe, (UNREGISTER_NETDEV(NIC), *down, FREE_NETDEV(NIC)),
                calls("netdev", ndo), *contexts)


def _tunnel(*use: Node) -> Design:
    lock, unlock, close = MUTEX_LOCK(NIC), MUTEX_UNLOCK(NIC), If(THERE, (RELEASE(NIC),))
    toggle = (lock, If(THERE, (RELEASE(NIC),), (CREATE(NIC, fail=IGNORE),)), unlock)
    probe = (ALLOC_ETHERDEV(NIC), REGISTER_NETDEV(NIC), ROUTES(NIC))
    remove = (NO_ROUTES(NIC), UNREGISTER_NETDEV(NIC), close, FREE_NETDEV(NIC))
    return _nic(probe, remove, calls("netdev", toggle), calls("routes", (lock, *use, unlock)))


def _loop(*ndo: Node) -> Design:
    down = (If(IS_UP, (NAPI_DISABLE(NIC), SET_DOWN(NIC))),)
    return _netdev(ndo, down, tasklet("napi"), begin=(NAPI_ENABLE(NIC), SET_UP(NIC)))


def _child(*uninit: Node) -> Design:
    no_id, put = IDA_FREE(CHILD), AUXILIARY_DEVICE_UNINIT(CHILD)
    probe = (
        IDA_ALLOC(CHILD), KZALLOC(CHILD, fail=(no_id, ERROR)),
        AUXILIARY_DEVICE_INIT(CHILD, fail=(KFREE(CHILD), no_id, ERROR)),
        AUXILIARY_DEVICE_ADD(CHILD, fail=(*uninit, no_id, ERROR)),
    )
    remove = (AUXILIARY_DEVICE_DELETE(CHILD), READ_ID(CHILD), put, no_id)
    return Design("child", "an id that is read", (USB, CHILD), (Driver("drv", USB, probe, remove),))


def _module(fail: OnFail | Block) -> Design:
    init = (PLATFORM_DRIVER_REGISTER(NIC, driver="of", fail=RETURN),
            PLATFORM_DRIVER_REGISTER(NIC, driver="acpi", fail=fail))
    leave = (PLATFORM_DRIVER_UNREGISTER(NIC, driver="acpi"), NO_FIRST)
    return _nic(init, leave, calls("of", static=True), calls("acpi", static=True))


def _connectors(*stop: Node) -> Design:
    probe = (DEVM_KZALLOC(NIC, NIC), INIT_DELAYED_WORK(NIC), UCSI_CREATE(NIC),
             SCHEDULE_DELAYED_WORK(NIC))
    register = delayed_work("work", (UCSI_REGISTER(NIC, fail=IGNORE),))
    return _nic(probe, (*stop, UCSI_UNREGISTER(NIC), UCSI_DESTROY(NIC)), register,
                calls("connectors"))


NO_FIRST = PLATFORM_DRIVER_UNREGISTER(NIC, driver="of")
LOOP = (NAPI_DISABLE(NIC), RESET(NIC, fail=RETURN), NAPI_ENABLE(NIC))
LOOP_IF_UP = (If(IS_UP, (NAPI_DISABLE(NIC), SET_DOWN(NIC))), RESET(NIC, fail=RETURN),
              If(IS_UP, (), (NAPI_ENABLE(NIC), SET_UP(NIC))))
PUT = AUXILIARY_DEVICE_UNINIT(CHILD)
DESIGN = _tunnel(If(THERE, (LOOKUP(NIC),)))
SOUND = (
    _loop(*LOOP_IF_UP), _child(READ_ID(CHILD), PUT),
    _module((NO_FIRST, ERROR)), _connectors(DISABLE_DELAYED_WORK_SYNC(NIC)),
)
BUGGY = (
    (_tunnel(LOOKUP(NIC)), "N12"),
    (_loop(*LOOP), "N18"),
    (_child(PUT, READ_ID(CHILD)), "N12"),
    (_module(IGNORE), "N20"),
    (_connectors(), "N17"),
)
