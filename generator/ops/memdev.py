# SPDX-License-Identifier: GPL-2.0-only
"""What the CXL core does for the driver of a memory device (drivers/cxl/core), and MMIO.

All that is managed is on the devres list of the endpoint, children included: the last that was
registered is undone first, so its PMUs are unbound before its vectors are freed.
"""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Role
from generator.facts import MAPPED, MEMORY, SOURCE
from generator.fingerprint import Fails, Fingerprint
from generator.operation import Operation, fault, ok, sets
from generator.ops.assign import plain
from generator.ops.device import FREE_DATA
from generator.ops.perf import READQ, UNMAP

USER = Role("user")
CORE = "CXL_BUS"


def _step(name: str, on: int = 0, *, at: str = "", error: str = "-ENXIO") -> Operation:
    """Return a call that can fail and that no fact hangs on."""
    return Operation(
        name,
        ("dev",),
        (ok(), fault(error)),
        source=f"drivers/cxl/core {name}()",
        fingerprint=Fingerprint((name,), on=on, fails=Fails.NEGATIVE),
        at=at,
        provider=CORE,
    )


def _mapping(name: str, on: int) -> Operation:
    return Operation(
        name,
        ("user", "owner"),
        (ok(sets(MAPPED(USER), 1)), fault("-ENOMEM")),
        source=f"drivers/cxl/core/regs.c {name}(): devm_request_mem_region(), devm_ioremap()",
        fingerprint=Fingerprint((name,), on=on, fails=Fails.NEGATIVE),
        acts_on="owner",
        undo=UNMAP,
        managed=True,
        on_devres="owner",
        provider=CORE,
    )


CXL_MEMDEV_STATE_CREATE = Operation(
    "cxl_memdev_state_create",
    ("user",),
    (ok(sets(MEMORY(USER), 1)), fault("-ENOMEM")),
    source="drivers/cxl/core/mbox.c cxl_memdev_state_create(): devm_kzalloc()",
    fingerprint=Fingerprint(("cxl_memdev_state_create",), on=0, fails=Fails.ERRPTR),
    undo=FREE_DATA,
    managed=True,
    on_devres="user",
    at=".dev",
    provider=CORE,
)

CXL_FIND_REGBLOCK = replace(
    _step("cxl_find_regblock", error="-ENODEV"),
    fingerprint=Fingerprint(("cxl_find_regblock",), on=0, fails=Fails.NEGATIVE, args=(1,)),
    shown=("type",),
)
CXL_RCRB_GET_COMP_REGS = _step("cxl_rcrb_get_comp_regs", error="-EPROBE_DEFER")
CXL_SETUP_REGS = _step("cxl_setup_regs")
CXL_MAP_DEVICE_REGS = _mapping("cxl_map_device_regs", 1)
CXL_MAP_COMPONENT_REGS = _mapping("cxl_map_component_regs", 1)
CXL_MAP_PMU_REGS = _mapping("cxl_map_pmu_regs", 0)
CXL_COUNT_REGBLOCK = plain("cxl_count_regblock")
CXL_MAILBOX_INIT = _step("cxl_mailbox_init", error="-EINVAL")
CXL_AWAIT_MEDIA_READY = _step("cxl_await_media_ready", error="-ETIMEDOUT")
CXL_PCI_MBOX_WAIT_FOR_DOORBELL = _step("cxl_pci_mbox_wait_for_doorbell", error="-ETIMEDOUT")
CXL_ENUMERATE_CMDS = _step("cxl_enumerate_cmds")
CXL_SET_TIMESTAMP = _step("cxl_set_timestamp")
CXL_POISON_STATE_INIT = _step("cxl_poison_state_init")
CXL_DEV_STATE_IDENTIFY = _step("cxl_dev_state_identify")
CXL_MEM_CREATE_RANGE_INFO = _step("cxl_mem_create_range_info")
CXL_INTERNAL_SEND_CMD = _step("cxl_internal_send_cmd")
CXL_MEM_GET_EVENT_RECORDS = plain("cxl_mem_get_event_records")

DEVM_CXL_ADD_MEMDEV = replace(
    _step("devm_cxl_add_memdev", at=".dev"),
    source="drivers/cxl/core/memdev.c devm_cxl_add_memdev(): unregistered by devres",
    fingerprint=Fingerprint(("devm_cxl_add_memdev",), on=0, fails=Fails.ERRPTR),
)
DEVM_CXL_SETUP_FW_UPLOAD = _step("devm_cxl_setup_fw_upload", at=".dev")
DEVM_CXL_SANITIZE_SETUP_NOTIFIER = _step("devm_cxl_sanitize_setup_notifier", at=".dev")

# Registers of a mapped block; what they are for is the driver's.
READ_REGISTER = replace(READQ, outcomes=(ok(),), needs=(MAPPED,))
READL = Operation(
    "readl",
    ("user",),
    (ok(),),
    source="include/asm-generic/io.h readl()",
    fingerprint=Fingerprint(("readl",)),
    needs=(MAPPED,),
    needs_d0="user",
    sleeps=False,
)
WRITEL = replace(
    READL, name="writel", source="include/asm-generic/io.h writel()",
    fingerprint=Fingerprint(("writel",)),
)
WRITEL_SOURCE_ON = replace(
    WRITEL, name="writel, source on", outcomes=(ok(sets(SOURCE(USER), 1)),)
)
MSLEEP_INTERRUPTIBLE = plain("msleep_interruptible", on=None)

KVFREE = Operation(
    "kvfree",
    ("user",),
    (ok(),),
    source="mm/util.c kvfree()",
    fingerprint=Fingerprint(("kvfree",), on=0),
)
KVMALLOC = Operation(
    "kvmalloc",
    ("user",),
    (ok(), fault("-ENOMEM")),
    source="mm/util.c __kvmalloc_node_noprof()",
    fingerprint=Fingerprint(("kvmalloc", "__kvmalloc_node_noprof"), fails=Fails.NULL),
)
