# SPDX-License-Identifier: GPL-2.0-only
"""The driver of CXL memory devices in the pinned kernel, which creates their PMUs.

Every function here is one of drivers/cxl/pci.c, under its name there, and a test holds it
against the AST. It has no .remove: everything is managed, on the one PCI device.
"""

from __future__ import annotations

from generator.design import Driver
from generator.drivers.perf_cxl_pmu import ENDPOINT, MEM_PMU
from generator.drivers.portdrv_services import free
from generator.facts import msi_on
from generator.operation import IGNORE, RETURN, Do, Guard
from generator.ops.assign import assign
from generator.ops.cxl import CXL_FIND_REGBLOCK_INSTANCE, DEVM_CXL_PMU_ADD
from generator.ops.device import DEVM_KZALLOC
from generator.ops.hotplug import PCI_GET_DSN
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
)
from generator.ops.memdev import (
    CXL_AWAIT_MEDIA_READY,
    CXL_COUNT_REGBLOCK,
    CXL_DEV_STATE_IDENTIFY,
    CXL_ENUMERATE_CMDS,
    CXL_FIND_REGBLOCK,
    CXL_INTERNAL_SEND_CMD,
    CXL_MAILBOX_INIT,
    CXL_MAP_COMPONENT_REGS,
    CXL_MAP_DEVICE_REGS,
    CXL_MAP_PMU_REGS,
    CXL_MEM_CREATE_RANGE_INFO,
    CXL_MEM_GET_EVENT_RECORDS,
    CXL_MEMDEV_STATE_CREATE,
    CXL_PCI_MBOX_WAIT_FOR_DOORBELL,
    CXL_POISON_STATE_INIT,
    CXL_RCRB_GET_COMP_REGS,
    CXL_SET_TIMESTAMP,
    CXL_SETUP_REGS,
    DEVM_CXL_ADD_MEMDEV,
    DEVM_CXL_SANITIZE_SETUP_NOTIFIER,
    DEVM_CXL_SETUP_FW_UPLOAD,
    KVFREE,
    KVMALLOC,
    MSLEEP_INTERRUPTIBLE,
    READ_REGISTER,
    READL,
    WRITEL,
    WRITEL_SOURCE_ON,
)
from generator.ops.pci import (
    PCI_SAVE_STATE,
    PCI_SET_DRVDATA,
    PCI_SET_MASTER,
    PCIE_CAPABILITY_READ_WORD,
    PCIM_ENABLE_DEVICE,
)
from generator.ops.perf import devm_action
from generator.ops.work import init_work
from generator.program import Block, Each, Function, If, Not, Return, both, call, either

SOURCE = "drivers/cxl/pci.c"
MAX_VECTORS = 16  # CXL_PCI_DEFAULT_MAX_VECTORS
_STATE = "cxl_memdev_state.cxlds"
_MBOX = f"{_STATE}.cxl_mbox"
_DEV = {"on": f"{_STATE}.dev"}
_MDS, _MAILBOX = {"on": "cxl_memdev_state"}, {"on": _MBOX}
_POLICY, _COMMAND = "cxl_event_interrupt_policy", "cxl_event_config_msgnums:mbox_cmd"
_FAIL = Return(ok=False)
# the note that the driver keeps of the vectors
VECTORS = Guard("irq_avail", msi_on(ENDPOINT), ("irq_avail",))
RESTRICTED = free("is_cxl_restricted(pdev)")


def cxl_pci_setup_regs(kind: str, path: str) -> Function:
    """Return the search for a register block, on old hosts in the port above as well."""
    component = free("type == CXL_REGLOC_RBI_COMPONENT")
    elsewhere = If(
        both(component, RESTRICTED), (CXL_RCRB_GET_COMP_REGS(ENDPOINT, fail=RETURN),), (_FAIL,)
    )
    return Function(
        "cxl_pci_setup_regs",
        (
            CXL_FIND_REGBLOCK(ENDPOINT, c={"type": kind}, fail=(elsewhere,)),
            CXL_SETUP_REGS(ENDPOINT, c={"on": path}, fail=RETURN),
        ),
    )


def cxl_alloc_irq_vectors() -> Function:
    """Return the allocation of vectors, without which the driver goes on."""
    return Function(
        "cxl_alloc_irq_vectors",
        (
            PCI_ALLOC_IRQ_VECTORS(
                ENDPOINT, min=1, max=MAX_VECTORS, types=MSIX | MSI, fail=RETURN
            ),
        ),
    )


def cxl_request_irq() -> Function:
    """Return the request of one of the endpoint's own interrupts."""
    return Function(
        "cxl_request_irq",
        (
            DEVM_KZALLOC(ENDPOINT, ENDPOINT, c=_DEV, fail=RETURN),
            assign("cxl_dev_id.cxlds", _STATE)(),
            DEVM_REQUEST_IRQ(ENDPOINT, ENDPOINT, c=_DEV, fail=RETURN),
        ),
    )


def _await_ready() -> Function:
    ready = free("md_status & CXLMDEV_MBOX_IF_READY")
    return Function(
        "cxl_pci_setup_mailbox",
        (
            Each(
                ENDPOINT,
                (
                    READ_REGISTER(ENDPOINT),
                    If(ready, (Return(),)),
                    MSLEEP_INTERRUPTIBLE(),
                    If(free("msleep_interruptible(100)"), (Return(),)),
                ),
                again=free("!time_after(jiffies, timeout)"),
            ),
        ),
    )


def cxl_pci_setup_mailbox() -> Function:
    """Return the setup of the mailbox; its interrupt is a service that it can do without."""
    work, done = "cxl_memdev_state.security.poll_dwork.work", (Return(),)
    ctrl = "cxl_pci_setup_mailbox:ctrl"
    return Function(
        "cxl_pci_setup_mailbox",
        (
            READL(ENDPOINT),
            call(_await_ready()),
            If(Not(free("md_status & CXLMDEV_MBOX_IF_READY")), (_FAIL,)),
            CXL_PCI_MBOX_WAIT_FOR_DOORBELL(ENDPOINT, c={"on": _STATE}, fail=RETURN),
            assign(f"{_MBOX}.mbox_send", "cxl_pci_mbox_send")(),
            assign(f"{_MBOX}.payload_size")(),
            assign(f"{_MBOX}.payload_size", "min_t(size_t, cxl_mbox->payload_size, SZ_1M)")(),
            If(free("cxl_mbox->payload_size < 256"), (_FAIL,)),
            *init_work(ENDPOINT, work, "cxl_mbox_sanitize_work"),
            If(
                either(Not(free("cap & CXLDEV_MBOX_CAP_BG_CMD_IRQ")), Not(VECTORS)),
                (Return(),),
            ),
            PCI_IRQ_VECTOR(ENDPOINT, ENDPOINT, nr=0, c=_DEV, fail=done),
            call(cxl_request_irq(), fail=done),
            READL(ENDPOINT),
            assign(ctrl, "readl()")(),
            assign(ctrl, "|= CXLDEV_MBOX_CTRL_BG_CMD_IRQ")(),
            WRITEL_SOURCE_ON(ENDPOINT),
        ),
    )


def _create_pmus() -> Function:
    """Return the loop over PMUs, which ends at the first that cannot be had."""
    end = (Return(),)
    return Function(
        "cxl_pci_probe",
        (
            Each(
                MEM_PMU,
                (
                    CXL_FIND_REGBLOCK_INSTANCE(ENDPOINT, fail=end),
                    CXL_MAP_PMU_REGS(
                        MEM_PMU, ENDPOINT, c={"on": "cxl_register_map"}, fail=end
                    ),
                    DEVM_CXL_PMU_ADD(MEM_PMU, ENDPOINT, c=_DEV, fail=end),
                ),
                again=free("i < pmu_count"), first=True,
            ),
        ),
    )


def cxl_event_irqsetup() -> Function:
    """Return the requests for the interrupts of the four event logs."""
    by_message = free(
        "FIELD_GET(CXLDEV_EVENT_INT_MODE_MASK, setting) == CXL_INT_MSI_MSIX"
    )
    one = Function(
        "cxl_event_req_irq",
        (
            If(Not(by_message), (_FAIL,)),
            PCI_IRQ_VECTOR(ENDPOINT, ENDPOINT, nr=0, c=_DEV, fail=RETURN),
            call(cxl_request_irq(), fail=RETURN),
        ),
    )
    configure = Function(
        "cxl_event_config_msgnums",
        (
            assign(_POLICY)(),
            assign(_COMMAND)(),
            CXL_INTERNAL_SEND_CMD(ENDPOINT, c=_MAILBOX, fail=RETURN),
            call(_get_policy(), fail=RETURN),
        ),
    )
    each = tuple(call(one, fail=RETURN) for _ in ("info", "warn", "failure", "fatal"))
    return Function("cxl_event_irqsetup", (call(configure, fail=RETURN), *each))


def _get_policy() -> Function:
    return Function(
        "cxl_event_get_int_policy", (CXL_INTERNAL_SEND_CMD(ENDPOINT, c=_MAILBOX, fail=RETURN),)
    )


def cxl_event_config() -> Function:
    """Return the setup of event logs, where firmware has left them to the kernel."""
    buffer = Function(
        "cxl_mem_alloc_event_buf",
        (
            KVMALLOC(ENDPOINT, fail=RETURN),
            assign("cxl_memdev_state.event.buf", "cxl_get_event_payload")(),
            devm_action(KVFREE, "free_event_buf")(ENDPOINT, ENDPOINT, c=_DEV, fail=RETURN),
        ),
    )
    logs = ("info", "warn", "failure", "fatal")
    firmware = [free(f"cxl_event_int_is_fw(policy.{log}_settings)") for log in logs]
    return Function(
        "cxl_event_config",
        (
            If(Not(free("host_bridge->native_cxl_error")), (Return(),)),
            If(Not(VECTORS), (Return(),)),
            call(buffer, fail=RETURN),
            call(_get_policy(), fail=RETURN),
            If(either(*firmware), (_FAIL,)),
            call(cxl_event_irqsetup(), fail=RETURN),
            CXL_MEM_GET_EVENT_RECORDS(ENDPOINT, c=_MDS),
        ),
    )


def cxl_pci_ras_unmask() -> Function:
    """Return the unmasking of errors that the driver handles, where they can be reported."""

    def unmask(bit: str) -> If:
        return If(free(f"cap & {bit}"), (READL(ENDPOINT), WRITEL(ENDPOINT)))

    return Function(
        "cxl_pci_ras_unmask",
        (
            If(Not(free("cxlds->regs.ras")), (Return(),)),
            If(Not(free("pcie_aer_is_native(pdev)")), (Return(),)),
            PCIE_CAPABILITY_READ_WORD(ENDPOINT),
            If(free("rc", function="cxl_pci_ras_unmask"), (Return(),)),
            unmask("PCI_EXP_DEVCTL_URRE"),
            unmask("PCI_EXP_DEVCTL_CERE"),
        ),
    )


def cxl_pci_probe() -> Block:
    """Return the probe; what is managed is undone in reverse when it fails, or at unbind."""
    on = {step: f"{_STATE}.regs.{step}" for step in ("device_regs", "component")}
    media = Function("cxl_await_media_ready", (
        CXL_AWAIT_MEDIA_READY(ENDPOINT, c={"on": _STATE}, fail=RETURN),
    ))
    later = free("rc == -EPROBE_DEFER")

    def noted(value: str) -> Do:
        return assign("cxl_pci_probe:irq_avail", value)()

    component = cxl_pci_setup_regs("CXL_REGLOC_RBI_COMPONENT", f"{_STATE}.reg_map")
    return (
        PCIM_ENABLE_DEVICE(ENDPOINT, fail=RETURN),
        PCI_SET_MASTER(ENDPOINT),
        CXL_MEMDEV_STATE_CREATE(ENDPOINT, fail=RETURN),
        PCI_SET_DRVDATA(ENDPOINT, c={"data": _STATE}),
        assign(f"{_STATE}.rcd")(),
        PCI_GET_DSN(ENDPOINT),
        assign(f"{_STATE}.serial", "pci_get_dsn()")(),
        assign(f"{_STATE}.cxl_dvsec", "pci_find_dvsec_capability()")(),
        call(cxl_pci_setup_regs("CXL_REGLOC_RBI_MEMDEV", "cxl_register_map"), fail=RETURN),
        CXL_MAP_DEVICE_REGS(ENDPOINT, ENDPOINT, c={"on": on["device_regs"]}, fail=RETURN),
        call(component, fail=(If(later, (_FAIL,)),)),
        CXL_MAP_COMPONENT_REGS(ENDPOINT, ENDPOINT, c={"on": on["component"]}, fail=IGNORE),
        CXL_MAILBOX_INIT(ENDPOINT, c=_MAILBOX, fail=RETURN),
        call(media, fail=IGNORE, then=(assign(f"{_STATE}.media_ready", "true")(),)),
        call(cxl_alloc_irq_vectors(), fail=(noted("false"),), then=(noted("true"),)),
        call(cxl_pci_setup_mailbox(), fail=RETURN),
        CXL_ENUMERATE_CMDS(ENDPOINT, c=_MDS, fail=RETURN),
        CXL_SET_TIMESTAMP(ENDPOINT, c=_MDS, fail=RETURN),
        CXL_POISON_STATE_INIT(ENDPOINT, c=_MDS, fail=RETURN),
        CXL_DEV_STATE_IDENTIFY(ENDPOINT, c=_MDS, fail=RETURN),
        CXL_MEM_CREATE_RANGE_INFO(ENDPOINT, c=_MDS, fail=RETURN),
        DEVM_CXL_ADD_MEMDEV(ENDPOINT, fail=RETURN),
        DEVM_CXL_SETUP_FW_UPLOAD(ENDPOINT, fail=RETURN),
        DEVM_CXL_SANITIZE_SETUP_NOTIFIER(ENDPOINT, fail=RETURN),
        CXL_COUNT_REGBLOCK(ENDPOINT),
        call(_create_pmus()),
        call(cxl_event_config(), fail=RETURN),
        call(cxl_pci_ras_unmask()),
        PCI_SAVE_STATE(ENDPOINT),
    )


def cxl_pci() -> Driver:
    """Return the driver of memory devices."""
    members = (
        "rcd", "serial", "cxl_dvsec", "media_ready", "cxl_mbox.mbox_send",
        "cxl_mbox.payload_size",
    )
    return Driver(
        "cxl_pci",
        ENDPOINT,
        probe=cxl_pci_probe(),
        c={ENDPOINT: "pci_dev"},
        sources=(SOURCE,),
        variable="cxl_pci_driver",
        sets=(
            *(f"{_STATE}.{one}" for one in members), "cxl_dev_id.cxlds",
            "cxl_memdev_state.event.buf", "cxl_memdev_state.security.poll_dwork.work.func",
            "cxl_pci_setup_mailbox:ctrl", "cxl_pci_probe:irq_avail", _POLICY, _COMMAND,
        ),
    )
