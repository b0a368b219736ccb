# SPDX-License-Identifier: GPL-2.0-only
"""The hotplug driver of a port in the pinned kernel.

Every function here is one of drivers/pci/hotplug/pciehp_core.c, under its name there, and a
test holds it against the AST, together with those of pciehp_hpc.c in pciehp_hpc.py.
"""

from __future__ import annotations

from generator.design import Device, Driver
from generator.drivers.pciehp_hpc import (
    CTRL,
    RESET_LOCK,
    STATE_LOCK,
    pcie_clear_hotplug_events,
    pcie_disable_interrupt,
    pcie_enable_interrupt,
    pcie_init,
    pcie_init_notification,
    pcie_shutdown_notification,
    pciehp_release_ctrl,
    pciehp_slot_reset,
    present,
)
from generator.drivers.pme_aer_dpc import paths, port_of
from generator.drivers.portdrv_services import PORT, free
from generator.expr import TRUE
from generator.operation import RETURN, Guard
from generator.ops.assign import assign
from generator.ops.config import PCI_WALK_BUS
from generator.ops.hotplug import (
    KFREE_CALLBACKS,
    KZALLOC_CALLBACKS,
    PCI_HP_ADD,
    PCI_HP_DEL,
    PCI_HP_DESTROY,
    PCI_HP_INITIALIZE,
    PCIEHP_DEVICE_REPLACED,
    PCIEHP_REQUEST,
)
from generator.ops.lock import C_MUTEX_LOCK, C_MUTEX_UNLOCK, DOWN_READ, UP_READ
from generator.ops.service import SET_SERVICE_DATA
from generator.program import Block, Function, If, Not, Return, both, call, either

PCIEHP = Device("pciehp", "service", PORT)
SOURCES = ("drivers/pci/hotplug/pciehp_core.c", "drivers/pci/hotplug/pciehp_hpc.c")
_SLOT = {"on": "controller.hotplug_slot"}
_OPS = "hotplug_slot_ops"
_MEMBERS = (
    "pcie", "depth", "slot_cap", "button_work.work.func", "state", "inband_presence_disabled",
    "dsn", "hotplug_slot.ops", "poll_thread", "notification_enabled",
    "cmd_started", "cmd_busy",
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


def cleanup_slot(service: Device) -> Function:
    """Return the end of the slot and its callbacks."""
    return Function(
        "cleanup_slot",
        (
            PCI_HP_DESTROY(service, c=_SLOT),
            KFREE_CALLBACKS(service, c={"on": "controller.hotplug_slot.ops"}),
        ),
    )


def pciehp_check_presence(service: Device) -> Function:
    """Return the look at the slot that events before the enabling would have asked for."""

    def state(name: str) -> Guard:
        return free(f"ctrl->state == {name}")

    return Function(
        "pciehp_check_presence",
        (
            DOWN_READ(service, c=RESET_LOCK),
            C_MUTEX_LOCK(service, c=STATE_LOCK),
            *present(service),
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
                (PCIEHP_REQUEST(service, c=CTRL | {"events": "PCI_EXP_SLTSTA_PDC"}),),
            ),
            C_MUTEX_UNLOCK(service, c=STATE_LOCK),
            UP_READ(service, c=RESET_LOCK),
        ),
    )


STATE_ON = either(free("ctrl->state == ON_STATE"), free("ctrl->state == BLINKINGOFF_STATE"))
NATIVE = free("pme_is_native(dev)")


def pciehp_disable_interrupt(service: Device) -> Function:
    """Return the silencing before the link goes down, where PME will tell of events."""
    return Function(
        "pciehp_disable_interrupt", (If(NATIVE, (call(pcie_disable_interrupt(service)),)),)
    )


def _restored() -> Block:
    # the config space that was restored has written to the Slot Control register
    return (assign("controller.cmd_started", "jiffies")(), assign("controller.cmd_busy", "true")())


def pciehp_resume_noirq(service: Device) -> Block:
    """Return the look whether the card is still the one that was there before sleep."""
    port = port_of(service)
    below = {"on": "controller.pcie.port.subordinate", "callback": "pci_dev_set_disconnected"}
    return (
        *_restored(),
        If(
            STATE_ON,
            (
                call(pcie_clear_hotplug_events(service)),
                PCIEHP_DEVICE_REPLACED(service, c=CTRL),
                If(
                    free("pciehp_device_replaced(ctrl)"),
                    (
                        PCI_WALK_BUS(port, c=below),
                        PCIEHP_REQUEST(service, c=CTRL | {"events": "PCI_EXP_SLTSTA_PDC"}),
                    ),
                ),
            ),
        ),
    )


def pciehp_resume(service: Device) -> Function:
    """Return the end of the silence, and the look at what happened in it."""
    return Function(
        "pciehp_resume",
        (
            If(NATIVE, (call(pcie_enable_interrupt(service)),)),
            call(pciehp_check_presence(service)),
        ),
    )


def pciehp_runtime_resume(service: Device) -> Block:
    """Return the same after runtime suspend."""
    return (
        *_restored(),
        If(both(STATE_ON, NATIVE), (call(pcie_clear_hotplug_events(service)),)),
        call(pciehp_resume(service)),
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
        suspend=(
            If(free("dev_pm_skip_suspend(&dev->port->dev)"), (Return(),)),
            call(pciehp_disable_interrupt(service)),
        ),
        resume_noirq=pciehp_resume_noirq(service),
        resume=(call(pciehp_resume(service)),),
        runtime_suspend=(call(pciehp_disable_interrupt(service)),),
        runtime_resume=pciehp_runtime_resume(service),
        slot_reset=pciehp_slot_reset(service),
        builtin=True,
        c=paths(service),
        sources=SOURCES,
        variable="hpdriver_portdrv",
        sets=(
            *(f"controller.{one}" for one in _MEMBERS), f"{_OPS}.*", "pcie_init:slot_cap",
            "pcie_enable_notification:*", "pcie_disable_notification:*",
            "pcie_enable_interrupt:*", "pcie_disable_interrupt:*",
        ),
    )
