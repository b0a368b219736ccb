# SPDX-License-Identifier: GPL-2.0-only
"""The controller of a slot in the pinned kernel, and what looks at its events.

Every function here is one of drivers/pci/hotplug/pciehp_hpc.c, under its name there. What
writes a command and waits for its completion is one step.
"""

from __future__ import annotations

from generator.design import Device
from generator.drivers.pme_aer_dpc import port_of
from generator.drivers.portdrv_services import free
from generator.facts import NOTIFIES, POLLED
from generator.operation import RETURN, Guard, sets
from generator.ops.assign import assign
from generator.ops.config import PCIE_CAPABILITY_WRITE_WORD
from generator.ops.hotplug import (
    DBG_CTRL,
    EVENTS_OFF,
    EVENTS_ON,
    EVENTS_ON_AGAIN,
    PCI_DEV_PUT,
    PCI_GET_DSN,
    PCI_GET_SLOT,
    PCIE_HOTPLUG_DEPTH,
    PCIE_WRITE_CMD_NOWAIT,
    PCIEHP_CARD_PRESENT_OR_LINK_ACTIVE,
    PCIEHP_CHECK_LINK_ACTIVE,
    PCIEHP_GET_POWER_STATUS,
    PCIEHP_POWER_OFF_SLOT,
    PCIEHP_REQUEST,
)
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.lock import C_MUTEX_INIT, DOWN_READ, INIT_RWSEM, UP_READ
from generator.ops.pci import PCIE_CAPABILITY_READ_DWORD
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.work import (
    C_CANCEL_DELAYED_WORK_SYNC,
    C_KTHREAD_CREATE,
    C_KTHREAD_STOP,
    C_WAKE_UP_PROCESS,
    INIT_WAITQUEUE_HEAD,
    init_work,
)
from generator.program import Block, Function, If, Not, Return, both, call

CTRL = {"on": "controller"}
STATE_LOCK, RESET_LOCK = {"on": "controller.state_lock"}, {"on": "controller.reset_lock"}
_NOTED = "controller.notification_enabled"


def polled(service: Device) -> Guard:
    """Return the question whether the command line asks for polling."""
    return Guard("pciehp_poll_mode", POLLED(service).eq(1), ("pciehp_poll_mode",))


def pcie_disable_notification(service: Device) -> Function:
    """Return the switching off of every event of a slot."""
    mask = bits("PDCE", "ABPE", "MRLSCE", "PFDE", "HPIE", "CCIE", "DLLSCE")
    return Function(
        "pcie_disable_notification",
        (
            assign("pcie_disable_notification:mask", mask)(),
            EVENTS_OFF(service, c=CTRL | {"command": "0"}),
        ),
    )


def bits(*names: str) -> str:
    """Return some bits of the Slot Control register, as C writes them."""
    return " | ".join(f"PCI_EXP_SLTCTL_{name}" for name in names)


def present(service: Device) -> Block:
    """Return the look whether something is in the slot."""
    return (PCIEHP_CARD_PRESENT_OR_LINK_ACTIVE(service, c=CTRL),)


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
            C_MUTEX_INIT(service, c={"on": "controller.ctrl_lock"}),
            C_MUTEX_INIT(service, c=STATE_LOCK),
            INIT_RWSEM(service, c=RESET_LOCK),
            INIT_WAITQUEUE_HEAD(service, c={"on": "controller.requester"}),
            INIT_WAITQUEUE_HEAD(service, c={"on": "controller.queue"}),
            *init_work(
                service, "controller.button_work.work", "pciehp_queue_pushbutton_work"
            ),
            DBG_CTRL(service, c=CTRL),
            DOWN_READ(port, c={"on": "pci_bus_sem"}),
            If(free("list_empty(&subordinate->devices)"), ()),
            assign("controller.state")(),
            UP_READ(port, c={"on": "pci_bus_sem"}),
            read,
            If(
                free("slot_cap2 & PCI_EXP_SLTCAP2_IBPD"),
                (
                    PCIE_WRITE_CMD_NOWAIT(
                        service, c=CTRL | {"command": "PCI_EXP_SLTCTL_IBPD_DISABLE"}
                    ),
                    absent(),
                ),
            ),
            If(free("dmi_first_match(inband_presence_disabled_dmi_table)"), (absent(),)),
            PCIE_CAPABILITY_WRITE_WORD(port),
            If(
                free("POWER_CTRL(ctrl)"),
                (
                    PCIEHP_GET_POWER_STATUS(service, c=CTRL),
                    *present(service),
                    If(
                        both(Not(free(card)), powered),
                        (
                            call(pcie_disable_notification(service)),
                            PCIEHP_POWER_OFF_SLOT(service, c=CTRL),
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


def pciehp_request_irq(service: Device) -> Function:
    """Return what will look at events: a handler, or a thread that polls."""
    return Function(
        "pciehp_request_irq",
        (
            If(
                polled(service),
                (
                    C_KTHREAD_CREATE(
                        service, fail=(*_thread(), Return(ok=False)),
                        c=CTRL | {"function": "pciehp_poll"},
                    ),
                    C_WAKE_UP_PROCESS(service),
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
                (C_KTHREAD_STOP(service, c={"on": "controller.poll_thread"}),),
                (FREE_IRQ(service, c=CTRL),),
            ),
        ),
    )


def pcie_init_notification(service: Device) -> Function:
    """Return the request of the interrupt and the switching on of events."""
    cmd = "pcie_enable_notification:cmd"
    mask = bits("PDCE", "ABPE", "PFDE", "HPIE", "CCIE", "DLLSCE")
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
                        EVENTS_ON(service, c=CTRL | {"command": "*"}),
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


def pciehp_release_ctrl(service: Device) -> Function:
    """Return the end of the controller and its work."""
    return Function(
        "pciehp_release_ctrl",
        (
            C_CANCEL_DELAYED_WORK_SYNC(service, c={"on": "controller.button_work"}),
            KFREE_DATA(service, c=CTRL),
        ),
    )


def pcie_disable_interrupt(service: Device) -> Function:
    """Return the switching off of what a link that goes down would raise."""
    return Function(
        "pcie_disable_interrupt",
        (
            assign("pcie_disable_interrupt:mask", bits("HPIE", "DLLSCE"))(),
            EVENTS_OFF(service, c=CTRL | {"command": "0"}),
        ),
    )


def pcie_enable_interrupt(service: Device) -> Function:
    """Return the switching on again."""
    mask = "pcie_enable_interrupt:mask"
    return Function(
        "pcie_enable_interrupt",
        (
            assign(mask, bits("DLLSCE"))(),
            If(Not(polled(service)), (assign(mask, f"|= {bits('HPIE')}")(),)),
            EVENTS_ON_AGAIN(service, c=CTRL | {"command": "*"}),
        ),
    )


def pcie_clear_hotplug_events(service: Device) -> Function:
    """Return the clearing of events that are none."""
    return Function(
        "pcie_clear_hotplug_events",
        (PCIE_CAPABILITY_WRITE_WORD(port_of(service), c={"on": "controller.pcie.port"}),),
    )


def pciehp_slot_reset(service: Device) -> Block:
    """Return what follows a reset further up: the link that went down is no event."""
    return (
        If(Not(free("ctrl->state == ON_STATE")), (Return(),)),
        PCIE_CAPABILITY_WRITE_WORD(port_of(service)),
        PCIEHP_CHECK_LINK_ACTIVE(service, c=CTRL),
        If(
            Not(free("pciehp_check_link_active(ctrl)")),
            (PCIEHP_REQUEST(service, c=CTRL | {"events": "PCI_EXP_SLTSTA_DLLSC"}),),
        ),
    )
