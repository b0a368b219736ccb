# SPDX-License-Identifier: GPL-2.0-only
"""The hotplug driver of a port in the pinned kernel.

Every function here is one of drivers/pci/hotplug/pciehp_{core,hpc}.c, under its name there, and
a test holds it against the AST. What writes a command and waits for its completion is one step.
"""

from __future__ import annotations

from generator.design import Device, Driver
from generator.expr import TRUE
from generator.facts import NOTIFIES, POLLED
from generator.operation import RETURN, Guard, sets
from generator.ops.assign import assign
from generator.ops.config import PCIE_CAPABILITY_WRITE_WORD
from generator.ops.hotplug import (
    DBG_CTRL,
    EVENTS_OFF,
    EVENTS_ON,
    KFREE_CALLBACKS,
    KZALLOC_CALLBACKS,
    PCI_DEV_PUT,
    PCI_GET_DSN,
    PCI_GET_SLOT,
    PCI_HP_ADD,
    PCI_HP_DEL,
    PCI_HP_DESTROY,
    PCI_HP_INITIALIZE,
    PCIE_HOTPLUG_DEPTH,
    PCIE_WRITE_CMD_NOWAIT,
    PCIEHP_CARD_PRESENT_OR_LINK_ACTIVE,
    PCIEHP_GET_POWER_STATUS,
    PCIEHP_POWER_OFF_SLOT,
    PCIEHP_REQUEST,
)
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.lock import (
    DOWN_READ,
    INIT_RWSEM,
    MUTEX_INIT,
    MUTEX_LOCK,
    MUTEX_UNLOCK,
    UP_READ,
)
from generator.ops.pci import PCIE_CAPABILITY_READ_DWORD
from generator.ops.service import KFREE_DATA, KZALLOC_DATA, SET_SERVICE_DATA
from generator.ops.work import (
    CANCEL_DELAYED_WORK_SYNC,
    INIT_WAITQUEUE_HEAD,
    KTHREAD_CREATE,
    KTHREAD_STOP,
    WAKE_UP_PROCESS,
    init_work,
)
from generator.portdrv import PORT, free
from generator.program import Block, Function, If, Not, Return, both, call, either
from generator.services import paths, port_of

PCIEHP = Device("pciehp", "service", PORT)
SOURCES = ("drivers/pci/hotplug/pciehp_core.c", "drivers/pci/hotplug/pciehp_hpc.c")
_CTRL = {"on": "controller"}
_SLOT = {"on": "controller.hotplug_slot"}
_STATE_LOCK, _RESET_LOCK = {"on": "controller.state_lock"}, {"on": "controller.reset_lock"}
_OPS = "hotplug_slot_ops"
_MEMBERS = (
    "pcie", "depth", "slot_cap", "button_work.work.func", "state", "inband_presence_disabled",
    "dsn", "hotplug_slot.ops", "poll_thread", "notification_enabled",
)


def polled(service: Device) -> Guard:
    """Return the question whether the command line asks for polling."""
    return Guard("pciehp_poll_mode", POLLED(service).eq(1), ("pciehp_poll_mode",))


def pcie_disable_notification(service: Device) -> Function:
    """Return the switching off of every event of a slot."""
    mask = _bits("PDCE", "ABPE", "MRLSCE", "PFDE", "HPIE", "CCIE", "DLLSCE")
    return Function(
        "pcie_disable_notification",
        (
            assign("pcie_disable_notification:mask", mask)(),
            EVENTS_OFF(service, c=_CTRL | {"command": "0"}),
        ),
    )


def _bits(*names: str) -> str:
    return " | ".join(f"PCI_EXP_SLTCTL_{name}" for name in names)


def _present(service: Device) -> Block:
    return (PCIEHP_CARD_PRESENT_OR_LINK_ACTIVE(service, c=_CTRL),)


def pcie_init(service: Device) -> Function:
    """Return the making of a controller; without it, the service is refused."""
    port, slot_cap = port_of(service), "pcie_init:slot_cap"
    read = PCIE_CAPABILITY_READ_DWORD(port)
    bus = {"on": "pcie_device.port.subordinate"}
    absent = assign("controller.inband_presence_disabled", "1")
    card = "pciehp_card_present_or_link_active(ctrl)"
    powered = free("poweron")
    hidden = assign(slot_cap, "&= ~(PCI_EXP_SLTCAP_AIP | PCI_EXP_SLTCAP_PIP)")
    silent = assign(slot_cap, "|= PCI_EXP_SLTCAP_NCCS")
    thunderbolt = free("pdev->is_thunderbolt")
    changed: Block = (assign("controller.slot_cap")(),)
    unchanged: Block = (assign("controller.slot_cap", "pcie_capability_read_dword()")(),)
    return Function(
        "pcie_init",
        (
            KZALLOC_DATA(service, fail=RETURN),
            assign("controller.pcie", "pcie_device")(),
            PCIE_HOTPLUG_DEPTH(port),
            assign("controller.depth", "pcie_hotplug_depth()")(),
            read,
            If(
                free("pdev->hotplug_user_indicators"),
                (hidden(), If(thunderbolt, (silent(),)), *changed),
                (If(thunderbolt, (silent(), *changed), unchanged),),
            ),
            MUTEX_INIT(service, c={"on": "controller.ctrl_lock"}),
            MUTEX_INIT(service, c=_STATE_LOCK),
            INIT_RWSEM(service, c=_RESET_LOCK),
            INIT_WAITQUEUE_HEAD(service, c={"on": "controller.requester"}),
            INIT_WAITQUEUE_HEAD(service, c={"on": "controller.queue"}),
            *init_work(
                service, "controller.button_work.work", "pciehp_queue_pushbutton_work"
            ),
            DBG_CTRL(service, c=_CTRL),
            DOWN_READ(port, c={"on": "pci_bus_sem"}),
            If(free("list_empty(&subordinate->devices)"), ()),
            assign("controller.state")(),
            UP_READ(port, c={"on": "pci_bus_sem"}),
            read,
            If(
                free("slot_cap2 & PCI_EXP_SLTCAP2_IBPD"),
                (
                    PCIE_WRITE_CMD_NOWAIT(
                        service, c=_CTRL | {"command": "PCI_EXP_SLTCTL_IBPD_DISABLE"}
                    ),
                    absent(),
                ),
            ),
            If(free("dmi_first_match(inband_presence_disabled_dmi_table)"), (absent(),)),
            PCIE_CAPABILITY_WRITE_WORD(port),
            If(
                free("POWER_CTRL(ctrl)"),
                (
                    PCIEHP_GET_POWER_STATUS(service, c=_CTRL),
                    *_present(service),
                    If(
                        both(Not(free(card)), powered),
                        (
                            call(pcie_disable_notification(service)),
                            PCIEHP_POWER_OFF_SLOT(service, c=_CTRL),
                        ),
                    ),
                ),
            ),
            PCI_GET_SLOT(port, c=bus),
            If(
                free("pdev"),
                (
                    PCI_GET_DSN(port, c={"on": "pci_dev"}),
                    assign("controller.dsn", "pci_get_dsn()")(),
                ),
            ),
            PCI_DEV_PUT(port, c={"on": "pci_dev"}),
        ),
    )


def _callback(member: str, function: str) -> Block:
    return (assign(f"{_OPS}.{member}", function)(),)


def init_slot(service: Device) -> Function:
    """Return the slot's callbacks and its registration with the hotplug core."""
    return Function(
        "init_slot",
        (
            KZALLOC_CALLBACKS(service, fail=RETURN),
            *_callback("enable_slot", "pciehp_sysfs_enable_slot"),
            *_callback("disable_slot", "pciehp_sysfs_disable_slot"),
            *_callback("get_power_status", "get_power_status"),
            *_callback("get_adapter_status", "get_adapter_status"),
            *_callback("reset_slot", "pciehp_reset_slot"),
            If(free("MRL_SENS(ctrl)"), _callback("get_latch_status", "get_latch_status")),
            If(
                free("ATTN_LED(ctrl)"),
                (
                    *_callback("get_attention_status", "pciehp_get_attention_status"),
                    *_callback("set_attention_status", "set_attention_status"),
                ),
                (
                    If(
                        free("ctrl->pcie->port->hotplug_user_indicators"),
                        (
                            *_callback("get_attention_status", "pciehp_get_raw_indicator_status"),
                            *_callback("set_attention_status", "pciehp_set_raw_indicator_status"),
                        ),
                    ),
                ),
            ),
            assign("controller.hotplug_slot.ops", _OPS)(),
            PCI_HP_INITIALIZE(
                service, c=_SLOT,
                fail=(KFREE_CALLBACKS(service, c={"on": _OPS}), Return(ok=False)),
            ),
        ),
    )


def pciehp_request_irq(service: Device) -> Function:
    """Return what will look at events: a handler, or a thread that polls."""
    return Function(
        "pciehp_request_irq",
        (
            If(
                polled(service),
                (
                    KTHREAD_CREATE(
                        service, fail=(*_thread(), Return(ok=False)),
                        c=_CTRL | {"function": "pciehp_poll"},
                    ),
                    WAKE_UP_PROCESS(service),
                    *_thread(),
                    Return(),
                ),
            ),
            REQUEST_IRQ(service, fail=RETURN),
        ),
    )


def _thread() -> Block:
    return (assign("controller.poll_thread", "task_struct")(),)


def pciehp_free_irq(service: Device) -> Function:
    """Return the end of what looks at events."""
    return Function(
        "pciehp_free_irq",
        (
            If(
                polled(service),
                (KTHREAD_STOP(service, c={"on": "controller.poll_thread"}),),
                (FREE_IRQ(service, c=_CTRL),),
            ),
        ),
    )


_NOTED = "controller.notification_enabled"


def pcie_init_notification(service: Device) -> Function:
    """Return the request of the interrupt and the switching on of events."""
    cmd = "pcie_enable_notification:cmd"
    mask = _bits("PDCE", "ABPE", "PFDE", "HPIE", "CCIE", "DLLSCE")
    interrupts = Guard("pciehp_poll_mode", POLLED(service).eq(1), ("pciehp_poll_mode",))
    return Function(
        "pcie_init_notification",
        (
            call(pciehp_request_irq(service), fail=RETURN),
            call(
                Function(
                    "pcie_enable_notification",
                    (
                        assign(cmd, "PCI_EXP_SLTCTL_DLLSCE")(),
                        If(
                            free("ATTN_BUTTN(ctrl)"),
                            (assign(cmd, "|= PCI_EXP_SLTCTL_ABPE")(),),
                            (assign(cmd, "|= PCI_EXP_SLTCTL_PDCE")(),),
                        ),
                        If(Not(interrupts), (assign(cmd, "|= PCI_EXP_SLTCTL_HPIE")(),)),
                        If(
                            both(Not(interrupts), Not(free("NO_CMD_CMPL(ctrl)"))),
                            (assign(cmd, "|= PCI_EXP_SLTCTL_CCIE")(),),
                        ),
                        assign("pcie_enable_notification:mask", mask)(),
                        EVENTS_ON(service, c=_CTRL | {"command": "*"}),
                    ),
                )
            ),
            assign(_NOTED, "1", sets(NOTIFIES(service), 1))(),
        ),
    )


def pcie_shutdown_notification(service: Device) -> Function:
    """Return the end of events, and of what looks at them."""
    noted = Guard(
        "ctrl->notification_enabled", NOTIFIES(service).eq(1), ("ctrl->notification_enabled",)
    )
    return Function(
        "pcie_shutdown_notification",
        (
            If(
                noted,
                (
                    call(pcie_disable_notification(service)),
                    call(pciehp_free_irq(service)),
                    assign(_NOTED, "0", sets(NOTIFIES(service), 0))(),
                ),
            ),
        ),
    )


def cleanup_slot(service: Device) -> Function:
    """Return the end of the slot and its callbacks."""
    return Function(
        "cleanup_slot",
        (
            PCI_HP_DESTROY(service, c=_SLOT),
            KFREE_CALLBACKS(service, c={"on": "controller.hotplug_slot.ops"}),
        ),
    )


def pciehp_release_ctrl(service: Device) -> Function:
    """Return the end of the controller and its work."""
    return Function(
        "pciehp_release_ctrl",
        (
            CANCEL_DELAYED_WORK_SYNC(service, c={"on": "controller.button_work"}),
            KFREE_DATA(service, c=_CTRL),
        ),
    )


def pciehp_check_presence(service: Device) -> Function:
    """Return the look at the slot that events before the enabling would have asked for."""

    def state(name: str) -> Guard:
        return free(f"ctrl->state == {name}")

    return Function(
        "pciehp_check_presence",
        (
            DOWN_READ(service, c=_RESET_LOCK),
            MUTEX_LOCK(service, c=_STATE_LOCK),
            *_present(service),
            If(
                either(
                    both(
                        free("occupied > 0"),
                        either(state("OFF_STATE"), state("BLINKINGON_STATE")),
                    ),
                    both(
                        Not(free("occupied")),
                        either(state("ON_STATE"), state("BLINKINGOFF_STATE")),
                    ),
                ),
                (PCIEHP_REQUEST(service, c=_CTRL | {"events": "PCI_EXP_SLTSTA_PDC"}),),
            ),
            MUTEX_UNLOCK(service, c=_STATE_LOCK),
            UP_READ(service, c=_RESET_LOCK),
        ),
    )


def pciehp(service: Device = PCIEHP) -> Driver:
    """Return the driver of a slot: nothing is managed, every error is the same to the caller."""
    release = (call(pciehp_release_ctrl(service)), Return(ok=False))
    cleanup = (call(cleanup_slot(service)), *release)
    silence = (call(pcie_shutdown_notification(service)), *cleanup)
    is_hotplug = Guard(
        "dev->service == PCIE_PORT_SERVICE_HP", TRUE, ("dev->service == PCIE_PORT_SERVICE_HP",)
    )
    return Driver(
        "pciehp",
        service,
        probe=(
            If(Not(is_hotplug), (Return(ok=False),)),
            If(Not(free("dev->port->subordinate")), (Return(ok=False),)),
            call(pcie_init(service), fail=RETURN),
            SET_SERVICE_DATA(service, c={"data": "controller"}),
            call(init_slot(service), fail=release),
            call(pcie_init_notification(service), fail=cleanup),
            PCI_HP_ADD(service, c=_SLOT, fail=silence),
            call(pciehp_check_presence(service)),
        ),
        remove=(
            PCI_HP_DEL(service, c=_SLOT),
            call(pcie_shutdown_notification(service)),
            *cleanup[:-1],
        ),
        builtin=True,
        c=paths(service),
        sources=SOURCES,
        variable="hpdriver_portdrv",
        sets=(
            *(f"controller.{one}" for one in _MEMBERS), f"{_OPS}.*", "pcie_init:slot_cap",
            "pcie_enable_notification:*", "pcie_disable_notification:*",
        ),
    )
