# SPDX-License-Identifier: GPL-2.0-only
"""Drivers of the pinned tree, transcribed call by call: each holds, or its bug is there in the C.

Each file of designs/of_the_tree/ is a driver, and names beside each operation the line of its call,
"# 226", or "# gpio:356" by the last word of its file's name where there are several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

import pytest
from beside_oracle import compare
from house import DESIGNS

from checks.finding import Verdict
from checks.machine.episode import episodes_of
from checks.verdict.judge import judge
from generator.design import Design
from generator.kernel.tree import Tree, read
from generator.load import load
from generator.operation import Do
from generator.program import operations

FOLDER = DESIGNS / "of_the_tree"
LARGE = ("port_services", "pci1xxxx_gp", "quark_mfd")


@dataclass(frozen=True)
class Bug:
    """A rule that a driver breaks, where its C does, and what happens then."""

    rule: str
    where: str
    why: str


@dataclass(frozen=True)
class Row:
    """The C of a driver, and what is wrong with it; nothing, for most."""

    sources: tuple[str, ...]
    bugs: tuple[Bug, ...] = ()


_WAKE = "enable_irq_wake() may fail, and what it returns is ignored: disable_irq_wake() warns then"
_INTX = "PCI_IRQ_ALL_TYPES may give INTx, and without IRQF_SHARED a line that is shared is -EBUSY"
TABLE = {
    "ad7877": Row(("drivers/input/touchscreen/ad7877.c",), (
        Bug("N12", "ad7877.c:709", "the action uses what is set up behind it: where it cannot be "
            "registered it runs at once, on a mutex, a timer and a ts->spi that are not there"),
    )),
    "altera_spi": Row(("drivers/spi/spi-altera-platform.c", "drivers/spi/spi-altera-core.c")),
    "appledisplay": Row(("drivers/usb/misc/appledisplay.c",)),
    "bt8xxgpio": Row(("drivers/gpio/gpio-bt8xx.c",)),
    "cavium_rng": Row(("drivers/char/hw_random/cavium-rng.c",), (
        Bug("N22", "cavium-rng.c:42", "nobody has enabled the device: it writes to registers "
            "that answer only where firmware has left memory decoding on"),
    )),
    "cn10k_ddr_pmu": Row(("drivers/perf/marvell_cn10k_ddr_pmu.c",)),
    "digicolor_i2c": Row(("drivers/i2c/busses/i2c-digicolor.c",)),
    "dir685_touchkeys": Row(("drivers/input/keyboard/dlink-dir685-touchkeys.c",)),
    "dsu_pmu": Row(("drivers/perf/arm_dsu_pmu.c",)),
    "dw_xdata": Row(("drivers/misc/dw-xdata-pcie.c",), (
        Bug("R40", "dw-xdata-pcie.c:396", "it is stopped before misc_deregister(): an attribute "
            "that is written between starts it again, and the card writes memory for nobody"),
    )),
    "eeti_ts": Row(("drivers/input/touchscreen/eeti_ts.c",), (
        Bug("N44", "eeti_ts.c:249", _WAKE),
    )),
    "exynos_trng": Row(("drivers/char/hw_random/exynos-trng.c",)),
    "ftrtc010": Row(("drivers/rtc/rtc-ftrtc010.c",), (
        Bug("R40", "rtc-ftrtc010.c:185", "what devm_rtc_register_device() returns is returned, and "
            "both clocks stay on"),
    )),
    "hd3ss3220": Row(("drivers/usb/typec/hd3ss3220.c",), (
        Bug("N12", "hd3ss3220.c:281", "the irq is freed by devres, behind the port and the role "
            "switch that its thread uses"),
    )),
    "hsu_dma": Row(("drivers/dma/hsu/pci.c", "drivers/dma/hsu/hsu.c"), (
        Bug("R20", "pci.c:98", _INTX),
        Bug("N17", "hsu.c:484", "no .device_release: who holds a channel while sysfs unbinds the "
            "driver uses freed memory, as dma_async_device_register() warns"),
    )),
    "i2c_tiny_usb": Row(("drivers/i2c/busses/i2c-tiny-usb.c",)),
    "i6300esb": Row(("drivers/watchdog/i6300esb.c",)),
    "keyspan_remote": Row(("drivers/input/misc/keyspan_remote.c",)),
    "meson_gxbb_wdt": Row(("drivers/watchdog/meson_gxbb_wdt.c",)),
    "meson_spifc": Row(("drivers/spi/spi-meson-spifc.c",), (
        Bug("N12", "spi-meson-spifc.c:387", "resume of a device that runtime PM has suspended "
            "writes to its registers, and its clock is off; where it fails behind that, at 391, "
            "a clock is disabled that was not enabled"),
    )),
    "ml_ioh_gpio": Row(("drivers/gpio/gpio-ml-ioh.c",)),
    "mpfs_reset": Row(("drivers/clk/microchip/clk-mpfs.c", "drivers/reset/reset-mpfs.c"), (
        Bug("N12", "reset-mpfs.c:211", "the device is added before its platform_data is set: a "
            "driver that is there already probes inside of the call, and takes NULL for registers"),
    )),
    "mt7622_rtc": Row(("drivers/rtc/rtc-mt7622.c",), (
        Bug("N12", "rtc-mt7622.c:364", "the clock goes off while the rtc is registered: devres "
            "unregisters it behind remove, and who reads the time reads without clock"),
        Bug("N3", "rtc-mt7622.c:364", "so does its handler, whose alarm nobody has turned off"),
        Bug("N44", "rtc-mt7622.c:373", _WAKE),
    )),
    "opt3001": Row(("drivers/iio/light/opt3001.c",)),
    "pch_gpio": Row(("drivers/gpio/gpio-pch.c",)),
    "pci1xxxx_gp": Row(("drivers/misc/mchp_pci1xxxx/mchp_pci1xxxx_gp.c",
                        "drivers/misc/mchp_pci1xxxx/mchp_pci1xxxx_gpio.c"), (
        Bug("R24", "mchp_pci1xxxx_gp.c:125", "the first device is on its bus, and its last "
            "reference is dropped without auxiliary_device_delete()"),
        Bug("R10b", "mchp_pci1xxxx_gp.c:110", "the driver of the second has its handler before "
            "the function may write messages"),
        Bug("R20", "mchp_pci1xxxx_gpio.c:356", _INTX),
    )),
    "phantom": Row(("drivers/misc/phantom.c",), (
        Bug("N4", "phantom.c:447", "who has the file open turns the interrupt on again"),
        Bug("N12", "phantom.c:450", "who has the file open writes to what is unmapped"),
        Bug("N17", "phantom.c:453", "who has the file open uses freed memory: cdev_del() does not "
            "close it"),
    )),
    "plx_dma": Row(("drivers/dma/plx_dma.c",), (
        Bug("R20", "plx_dma.c:508", _INTX),
        Bug("N4", "plx_dma.c:598", "the handler is freed before the engine is stopped"),
        Bug("R19", "plx_dma.c:598", "a client that starts a transfer then hears nothing of it"),
    )),
    "port_services": Row((
        "drivers/pci/pcie/portdrv.c", "drivers/pci/pcie/pme.c", "drivers/pci/pcie/dpc.c",
    )),
    "ptn5150": Row(("drivers/extcon/extcon-ptn5150.c",), (
        Bug("N17", "extcon-ptn5150.c:319", "the irq, requested before the action, is freed behind "
            "it: the work is cancelled, queued again, and runs when its memory is freed"),
    )),
    "quark_mfd": Row((
        "drivers/mfd/intel_quark_i2c_gpio.c", "drivers/i2c/busses/i2c-designware-master.c",
        "drivers/gpio/gpio-dwapb.c",
    )),
    "sifive_spi": Row(("drivers/spi/spi-sifive.c",)),
    "st_keyscan": Row(("drivers/input/keyboard/st-keyscan.c",), (
        Bug("N12", "st-keyscan.c:181", "clk_enable() of a clock that nobody has prepared: "
            "-ESHUTDOWN and a warning in clk_core_enable()"),
    )),
    "sun4i_spi": Row(("drivers/spi/spi-sun4i.c", "drivers/spi/spi.c"), (
        Bug("R40", "spi-sun4i.c:517", "pm_runtime_idle() has suspended what nobody holds: where "
            "the host cannot be registered, clocks are disabled that are off already"),
    )),
    "tifm_7xx1": Row(("drivers/misc/tifm_7xx1.c",), (
        Bug("R36", "tifm_7xx1.c:326", "with pci_dev_busy the device is left enabled"),
        Bug("N17", "tifm_7xx1.c:369", "work that the handler has queued is not waited for where "
            "tifm_add_adapter() fails; what the card raises is first masked behind that, at 358"),
        Bug("N4", "tifm_7xx1.c:387", "the work turns the card's interrupts on again behind 386"),
        Bug("R19", "tifm_7xx1.c:387", "and then nobody is there who hears them"),
        Bug("N12", "tifm_7xx1.c:367", "the work that N17 tells of writes to what is unmapped"),
    )),
    "trancevibrator": Row(("drivers/usb/misc/trancevibrator.c",)),
    "us5182d": Row(("drivers/iio/light/us5182d.c",), (
        Bug("R40", "us5182d.c:894", "runtime PM stays enabled where the device of IIO cannot be "
            "registered"),
        Bug("N17", "us5182d.c:892", "and may suspend it then, by functions that look into memory "
            "that devres has freed"),
    )),
    "usbsevseg": Row(("drivers/usb/misc/usbsevseg.c",)),
    "wdt_pci": Row(("drivers/watchdog/wdt_pci.c",), (
        Bug("N12", "wdt_pci.c:711", "who has a file open while sysfs unbinds the driver writes to "
            "ports that may be another's by then"),
    )),
}  # fmt: skip


def design_of(name: str) -> Design:
    return load(str(FOLDER / f"{name}.py")).design


def calls(design: Design) -> Iterator[Do]:
    """Yield every call of a design once."""
    seen: set[int] = set()
    for driver in design.drivers:
        for block in driver.blocks().values():
            for do in operations(block):
                if do.op.fingerprint is not None and id(do) not in seen:
                    seen.add(id(do))
                    yield do


def stands(callees: tuple[str, ...], text: str) -> bool:
    return any(re.search(rf"\b{re.escape(callee)}\b", text) for callee in callees)


def test_each_driver_has_its_row() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == TABLE.keys()
    assert len(TABLE) >= 30


@pytest.mark.parametrize("name", TABLE)
def test_it_holds_or_its_bug_is_real(name: str) -> None:
    report = judge(design_of(name), sought=())
    bugs = {bug.rule for bug in TABLE[name].bugs}

    assert {one.rule for one in report.counterexamples} == bugs
    assert report.verdict is (Verdict.VIOLATED if bugs else Verdict.HOLDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLE)
def test_oracle_agrees(name: str, whole: bool) -> None:
    if name in LARGE and not whole:
        pytest.skip("takes the oracle more than a minute: --whole")
    design = design_of(name)
    for episode in episodes_of(design):
        compare(design, episode=episode)


@pytest.mark.kernel
@pytest.mark.parametrize("name", TABLE)
def test_each_call_stands_where_its_comment_says(name: str, pinned: Tree) -> None:
    """A transcription drifts from its C nowhere: callee and line of each operation are those."""
    texts = {path: (read(pinned, pinned.base, path) or b"").decode()
             for path in TABLE[name].sources}
    assert all(texts.values())
    lines = (FOLDER / f"{name}.py").read_text(encoding="utf-8").split("\n")
    told, wrong = 0, []
    for do in calls(design_of(name)):
        assert do.op.fingerprint is not None
        callees = do.op.fingerprint.callees
        at = re.search(r"# (?:(\w+):)?(\d+)\b", lines[do.where.line - 1])
        told += at is not None
        if at is None:  # in a block that stands for several places of the C
            found = any(stands(callees, text) for text in texts.values())
        else:
            mine = [path for path in texts if at[1] in re.split(r"[-_]", PurePath(path).stem)]
            text = texts[mine[0] if at[1] else TABLE[name].sources[0]]
            number = int(at[2])
            found = stands(callees, " ".join(text.split("\n")[number - 1:number + 1]))
        if not found:
            wrong.append(f"{do.where.line}: {do.op.name}")

    assert wrong == []
    assert told >= 3


@pytest.mark.kernel
@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.bugs])
def test_each_bug_is_told_of_a_line_that_there_is(name: str, pinned: Tree) -> None:
    for bug in TABLE[name].bugs:
        file, _, number = bug.where.partition(":")
        (path,) = (path for path in TABLE[name].sources if PurePath(path).name == file)
        text = (read(pinned, pinned.base, path) or b"").decode().split("\n")
        assert text[int(number) - 1].strip(), bug
