# SPDX-License-Identifier: GPL-2.0-only
"""The drivers of a port's services in the pinned kernel: PME, AER and DPC.

Every function here is one of drivers/pci/pcie/{pme,aer,dpc}.c, under its name there, and a
test holds it against the AST. The designs explore none of it: to them a service is bound in one
step, by device_register(), and a test shows that this step is what these drivers do.
"""

from __future__ import annotations

from generator.design import Device, Driver
from generator.drivers.portdrv_services import PORT, free
from generator.facts import SILENCED
from generator.operation import IGNORE, RETURN, Guard, sets
from generator.ops.assign import assign
from generator.ops.config import (
    DEVICE_SET_WAKEUP_CAPABLE,
    PCI_WALK_BUS,
    PCI_WRITE_CONFIG_DWORD,
    PCI_WRITE_CONFIG_WORD,
    PCIE_CAPABILITY_CLEAR_WORD,
    PCIE_CAPABILITY_WRITE_WORD,
    PCIE_WALK_RCEC,
    switching,
)
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    DISABLE_IRQ_WAKE,
    ENABLE_IRQ_WAKE,
    FREE_IRQ,
    REQUEST_IRQ,
    SYNCHRONIZE_IRQ,
)
from generator.ops.lock import (
    DOWN_READ,
    SPIN_LOCK_IRQ,
    SPIN_UNLOCK_IRQ,
    SPINLOCK_CHECK,
    UP_READ,
)
from generator.ops.pci import (
    PCI_READ_CONFIG_DWORD,
    PCI_READ_CONFIG_WORD,
    PCIE_CAPABILITY_READ_WORD,
)
from generator.ops.service import (
    CXL_RCH_ENABLE_RCEC,
    KFREE_DATA,
    KZALLOC_DATA,
    PCI_ADD_EXT_CAP_SAVE_BUFFER,
    PCIE_CLEAR_ROOT_PME_STATUS,
    PCIE_PME_CHECK_WAKEUP,
    PME_INTERRUPT_OFF,
    PME_INTERRUPT_ON,
    SET_SERVICE_DATA,
)
from generator.ops.work import C_CANCEL_WORK_SYNC, init_work
from generator.program import Block, Function, If, Not, Return, both, call

PME = Device("pme", "service", PORT)
AER = Device("aer", "service", PORT)
DPC = Device("dpc", "service", PORT)


def port_of(service: Device) -> Device:
    """Return the port that a service is one of."""
    assert service.parent is not None, "a service device has a port above it"
    return service.parent


def paths(service: Device) -> dict[Device, str]:
    """Return how the drivers name a service and its port."""
    return {service: "pcie_device", port_of(service): "pcie_device.port"}


def _type(name: str) -> Guard:
    kind = f"PCI_EXP_TYPE_{name}"
    return free(
        f"type is {name}", f"type == {kind}", f"pci_pcie_type(port) == {kind}",
        f"pci_pcie_type(pdev) == {kind}",
    )


# Only these two send what PME and AER are about.
ROOT, RCEC = _type("ROOT_PORT"), _type("RC_EC")
_NO_ROOT = If(both(Not(RCEC), Not(ROOT)), (Return(ok=False),))
SUBORDINATE = free("port->subordinate", "port->subordinate", "pdev->subordinate")
_BUSES = {"on": "pci_bus_sem"}
_ON_DEVICE = {"on": "pcie_device.device"}  # whose devres list it is


def pcie_pme_mark_devices(port: Device) -> Function:
    """Return the marking of whatever can wake the system through this port."""
    iterator = {"callback": "pcie_pme_can_wakeup"}
    return Function(
        "pcie_pme_mark_devices",
        (
            call(Function("pcie_pme_can_wakeup", (DEVICE_SET_WAKEUP_CAPABLE(port),))),
            If(
                RCEC,
                (PCIE_WALK_RCEC(port, c=iterator),),
                (If(SUBORDINATE, (PCI_WALK_BUS(port, c=iterator),)),),
            ),
        ),
    )


def pcie_pme_disable_interrupt(service: Device) -> Function:
    """Return the silencing of PME, under the lock that its work takes to enable it again."""
    port, lock = port_of(service), {"on": "pcie_pme_service_data.lock"}
    return Function(
        "pcie_pme_disable_interrupt",
        (
            SPIN_LOCK_IRQ(service, c=lock),
            PME_INTERRUPT_OFF(port, service),
            PCIE_CLEAR_ROOT_PME_STATUS(port),
            assign("pcie_pme_service_data.noirq", "true", sets(SILENCED(service), 1))(),
            SPIN_UNLOCK_IRQ(service, c=lock),
        ),
    )


def _pme_suspend(service: Device) -> Block:
    port = port_of(service)
    return (
        If(
            free("device_may_wakeup(&port->dev)"),
            (),
            (
                DOWN_READ(port, c=_BUSES),
                PCIE_PME_CHECK_WAKEUP(port),
                UP_READ(port, c=_BUSES),
            ),
        ),
        If(
            free("wakeup"),
            (call(Function("enable_irq_wake", (ENABLE_IRQ_WAKE(service, fail=RETURN),)),
                  fail=IGNORE, then=(Return(),)),),
        ),
        call(pcie_pme_disable_interrupt(service)),
        SYNCHRONIZE_IRQ(service),
    )


def _pme_resume(service: Device) -> Block:
    port, lock = port_of(service), {"on": "pcie_pme_service_data.lock"}
    return (
        SPIN_LOCK_IRQ(service, c=lock),
        If(
            Guard("data->noirq", SILENCED(service).eq(1), ("data->noirq",)),
            (
                PCIE_CLEAR_ROOT_PME_STATUS(port),
                PME_INTERRUPT_ON(port, service),
                assign("pcie_pme_service_data.noirq", "false", sets(SILENCED(service), 0))(),
            ),
            (DISABLE_IRQ_WAKE(service),),
        ),
        SPIN_UNLOCK_IRQ(service, c=lock),
    )


def pme(service: Device = PME) -> Driver:
    """Return the driver of power management events."""
    port, data = port_of(service), "pcie_pme_service_data"
    return Driver(
        "pcie_pme",
        service,
        probe=(
            _NO_ROOT,
            KZALLOC_DATA(service),
            SPINLOCK_CHECK(service, c={"on": f"{data}.lock"}),
            *init_work(service, f"{data}.work", "pcie_pme_work_fn"),
            assign(f"{data}.srv", "pcie_device")(),
            SET_SERVICE_DATA(service, c={"data": data}),
            PME_INTERRUPT_OFF(port, service),
            PCIE_CLEAR_ROOT_PME_STATUS(port),
            REQUEST_IRQ(service, fail=(KFREE_DATA(service, c={"on": data}), Return(ok=False))),
            call(pcie_pme_mark_devices(port)),
            PME_INTERRUPT_ON(port, service),
        ),
        remove=(
            call(pcie_pme_disable_interrupt(service)),
            FREE_IRQ(service),
            C_CANCEL_WORK_SYNC(service, c={"on": f"{data}.work"}),
            KFREE_DATA(service, c={"on": data}),
        ),
        suspend=_pme_suspend(service),
        resume=_pme_resume(service),
        builtin=True,
        c=paths(service),
        sources=("drivers/pci/pcie/pme.c",),
        variable="pcie_pme_driver",
        sets=(f"{data}.srv", f"{data}.noirq", f"{data}.work.func"),
    )


_RPD = {"on": "aer_rpc.rpd"}  # the port, as the driver keeps it


def _aer_irq(service: Device, name: str, live: bool) -> Function:
    port = port_of(service)
    change = "|= ROOT_PORT_INTR_ON_MESG_MASK" if live else "&= ~ROOT_PORT_INTR_ON_MESG_MASK"
    return Function(
        name,
        (
            PCI_READ_CONFIG_DWORD(port, c=_RPD),
            assign(f"{name}:reg32", change)(),
            switching(PCI_WRITE_CONFIG_DWORD, live)(port, service, c=_RPD),
        ),
    )


def aer_enable_rootport(service: Device) -> Function:
    """Return the clearing of old errors, then the enabling of the interrupt for new ones."""
    port, iterator = port_of(service), {"callback": "clear_status_iter"}
    below = {"on": "aer_rpc.rpd.subordinate"}
    clear = (PCI_READ_CONFIG_DWORD(port, c=_RPD), PCI_WRITE_CONFIG_DWORD(port, c=_RPD))
    agents: Block = (
        If(
            RCEC,
            (PCIE_WALK_RCEC(port, c=_RPD | iterator),),
            (If(SUBORDINATE, (PCI_WALK_BUS(port, c=below | iterator),)),),
        ),
    )
    return Function(
        "aer_enable_rootport",
        (
            PCIE_CAPABILITY_READ_WORD(port, c=_RPD),
            PCIE_CAPABILITY_WRITE_WORD(port, c=_RPD),
            PCIE_CAPABILITY_CLEAR_WORD(port, c=_RPD),
            *clear,
            If(free("reg32 & AER_ERR_STATUS_MASK"), agents),
            *clear,
            *clear,
            call(_aer_irq(service, "aer_enable_irq", True)),
        ),
    )


def aer_disable_rootport(service: Device) -> Function:
    """Return the disabling of the interrupt and the clearing of what came before."""
    port = port_of(service)
    return Function(
        "aer_disable_rootport",
        (
            call(_aer_irq(service, "aer_disable_irq", False)),
            PCI_READ_CONFIG_DWORD(port, c=_RPD),
            PCI_WRITE_CONFIG_DWORD(port, c=_RPD),
        ),
    )


def aer(service: Device = AER) -> Driver:
    """Return the driver of error reporting; its irq is freed by devres, after .remove."""
    port, data = port_of(service), "aer_rpc"
    return Driver(
        "aer",
        service,
        probe=(
            _NO_ROOT,
            DEVM_KZALLOC(service, service, c=_ON_DEVICE),
            assign(f"{data}.rpd", "pcie_device.port")(),
            SET_SERVICE_DATA(service, c={"data": data}),
            DEVM_REQUEST_IRQ(service, service, c=_ON_DEVICE),
            CXL_RCH_ENABLE_RCEC(port),
            call(aer_enable_rootport(service)),
        ),
        remove=(call(aer_disable_rootport(service)),),
        suspend=(call(aer_disable_rootport(service)),),
        resume=(call(aer_enable_rootport(service)),),
        builtin=True,
        c=paths(service),
        sources=("drivers/pci/pcie/aer.c",),
        variable="aerdriver",
        sets=(f"{data}.rpd", "aer_enable_irq:reg32", "aer_disable_irq:reg32"),
    )


_TRIGGER = "PCI_EXP_DPC_CTL_EN_FATAL | PCI_EXP_DPC_CTL_INT_EN"


def dpc_enable(service: Device) -> Function:
    """Return the enabling of containment and its interrupt, an old event cleared before."""
    port = port_of(service)
    return Function(
        "dpc_enable",
        (
            PCI_WRITE_CONFIG_WORD(port),
            PCI_READ_CONFIG_WORD(port),
            assign("dpc_enable:ctl", "&= ~PCI_EXP_DPC_CTL_EN_MASK")(),
            assign("dpc_enable:ctl", f"|= {_TRIGGER}")(),
            switching(PCI_WRITE_CONFIG_WORD, True)(port, service),
        ),
    )


def dpc_disable(service: Device) -> Function:
    """Return the disabling of containment and its interrupt."""
    port = port_of(service)
    return Function(
        "dpc_disable",
        (
            PCI_READ_CONFIG_WORD(port),
            assign("dpc_disable:ctl", f"&= ~({_TRIGGER})")(),
            switching(PCI_WRITE_CONFIG_WORD, False)(port, service),
        ),
    )


def dpc(service: Device = DPC) -> Driver:
    """Return the driver of downstream port containment; nothing quiets its source in probe."""
    port = port_of(service)
    return Driver(
        "dpc",
        service,
        probe=(
            If(
                both(
                    Not(free("pcie_aer_is_native(pdev)")), Not(free("pcie_ports_dpc_native"))
                ),
                (Return(ok=False),),
            ),
            DEVM_REQUEST_IRQ(service, service, c=_ON_DEVICE),
            PCI_READ_CONFIG_WORD(port),
            call(dpc_enable(service)),
            PCI_ADD_EXT_CAP_SAVE_BUFFER(port, c={"capability": "PCI_EXT_CAP_ID_DPC"}),
        ),
        remove=(call(dpc_disable(service)),),
        suspend=(call(dpc_disable(service)),),
        resume=(call(dpc_enable(service)),),
        builtin=True,
        c=paths(service),
        sources=("drivers/pci/pcie/dpc.c",),
        variable="dpcdriver",
        sets=("dpc_enable:ctl", "dpc_disable:ctl"),
    )
