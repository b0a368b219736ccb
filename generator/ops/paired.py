# SPDX-License-Identifier: GPL-2.0-only
"""What drivers have of subsystems, and give back by one call: a pair each, by hand or by devres."""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Fact
from generator.facts import (
    CLOCK_TABLE,
    CONTROLS,
    DISPLAY,
    LATENCY,
    MAILBOX,
    MMC_HOST,
    OWN_CLIENT,
    OWN_CLOCK,
    OWN_REGMAP,
    REGION,
    SOUND_CARD,
    UCSI,
    VIRTIO,
)
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, Operation, fault, ok, sets
from generator.ops.counted import gives_back, released


def _pair(
    fact: Fact, take: str, give: str, source: str, *, fails: Fails = Fails.ERRPTR,
    error: str = "-ENOMEM", idempotent: bool = False, takes_null: bool = False,
) -> tuple[Operation, Operation]:
    """Return what takes and what gives back."""
    back = replace(gives_back(give, sets(fact(DEV), 0), source=f"{source} {give}()"),
                   idempotent=idempotent, takes_null=takes_null)
    ways = (ok(sets(fact(DEV), 1)), fault(error))
    return Operation(
        take, ("dev",), ways[:1] if fails is Fails.NEVER else ways, source=f"{source} {take}()",
        undo=back, fingerprint=Fingerprint((take,), fails=fails),
    ), back


def _devm(of: Operation, callee: str, source: str) -> Operation:
    """Return the managed call that devres undoes as the plain one is undone."""
    assert of.undo is not None
    gone = of.undo.outcomes[0].gives
    return replace(of, name=callee, source=f"{source} {callee}()", managed=True, on_devres="dev",
                   fingerprint=Fingerprint((callee,), on=0, fails=of.fingerprint.fails
                                           if of.fingerprint else Fails.NEGATIVE),
                   undo=released(f"give back {callee}", *gone, source=f"{source} {callee}()"))


# v4l2_ctrl_handler_init() is a macro; its error is kept in the handler, which is freed all the same
V4L2_CTRL_HANDLER_INIT, V4L2_CTRL_HANDLER_FREE = _pair(
    CONTROLS, "v4l2_ctrl_handler_init_class", "v4l2_ctrl_handler_free",
    "drivers/media/v4l2-core/v4l2-ctrls-core.c", fails=Fails.NEVER, idempotent=True)
CPU_LATENCY_QOS_ADD_REQUEST, CPU_LATENCY_QOS_REMOVE_REQUEST = _pair(
    LATENCY, "cpu_latency_qos_add_request", "cpu_latency_qos_remove_request", "kernel/power/qos.c",
    fails=Fails.NEVER)
I2C_NEW_CLIENT_DEVICE, I2C_UNREGISTER_DEVICE = _pair(
    OWN_CLIENT, "i2c_new_client_device", "i2c_unregister_device", "drivers/i2c/i2c-core-base.c")
REGMAP_INIT_I2C, REGMAP_EXIT = _pair(
    OWN_REGMAP, "__regmap_init_i2c", "regmap_exit", "drivers/base/regmap/regmap.c")
REGMAP_INIT_I2C = replace(
    REGMAP_INIT_I2C, source="drivers/base/regmap/regmap-i2c.c __regmap_init_i2c()")
MMC_ALLOC_HOST, MMC_FREE_HOST = _pair(
    MMC_HOST, "mmc_alloc_host", "mmc_free_host", "drivers/mmc/core/host.c", fails=Fails.NULL)
DEVM_MMC_ALLOC_HOST = _devm(MMC_ALLOC_HOST, "devm_mmc_alloc_host", "drivers/mmc/core/host.c")
MBOX_REQUEST_CHANNEL, MBOX_FREE_CHANNEL = _pair(
    MAILBOX, "mbox_request_channel", "mbox_free_channel", "drivers/mailbox/mailbox.c",
    error="-EPROBE_DEFER", takes_null=True)
MBOX_REQUEST_CHANNEL_BYNAME = replace(
    MBOX_REQUEST_CHANNEL, name="mbox_request_channel_byname",
    source="drivers/mailbox/mailbox.c mbox_request_channel_byname()",
    fingerprint=Fingerprint(("mbox_request_channel_byname",), fails=Fails.ERRPTR))
SND_CARD_NEW, SND_CARD_FREE = _pair(
    SOUND_CARD, "snd_card_new", "snd_card_free", "sound/core/init.c", fails=Fails.NEGATIVE)
SND_DEVM_CARD_NEW = _devm(SND_CARD_NEW, "snd_devm_card_new", "sound/core/init.c")
UCSI_CREATE, UCSI_DESTROY = _pair(
    UCSI, "ucsi_create", "ucsi_destroy", "drivers/usb/typec/ucsi/ucsi.c")
VP_MODERN_PROBE, VP_MODERN_REMOVE = _pair(
    VIRTIO, "vp_modern_probe", "vp_modern_remove", "drivers/virtio/virtio_pci_modern_dev.c",
    fails=Fails.NEGATIVE)
CHARLCD_ALLOC, CHARLCD_FREE = _pair(
    DISPLAY, "charlcd_alloc", "charlcd_free", "drivers/auxdisplay/charlcd.c", fails=Fails.NULL)
# request_region() and request_mem_region() are macros
REQUEST_REGION, RELEASE_REGION = _pair(
    REGION, "__request_region", "__release_region", "kernel/resource.c", fails=Fails.NULL,
    error="NULL")

_MTK = "drivers/clk/mediatek/clk-mtk.c"
MTK_ALLOC_CLK_DATA, MTK_FREE_CLK_DATA = _pair(
    CLOCK_TABLE, "mtk_alloc_clk_data", "mtk_free_clk_data", _MTK, fails=Fails.NULL,
    takes_null=True)
MTK_DEVM_ALLOC_CLK_DATA = _devm(MTK_ALLOC_CLK_DATA, "mtk_devm_alloc_clk_data", _MTK)

CLK_UNREGISTER_FIXED_RATE = gives_back(
    "clk_unregister_fixed_rate", sets(OWN_CLOCK(DEV), 0),
    source="drivers/clk/clk-fixed-rate.c clk_unregister_fixed_rate()")
