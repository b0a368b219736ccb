# SPDX-License-Identifier: GPL-2.0-only
"""Every entry point that a design can have is rendered, compiles, and is what the design says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from checks.compiling.frontend import diagnose
from checks.patches.conformance import Sources, hold, symbols_of
from generator.ctext import Written, helper
from generator.design import CALLBACK_NAMES, ROOTS, Design, Device, Driver
from generator.editing import file_edits
from generator.editing.draft import Draft
from generator.editing.file_edits import NewFile, Writing
from generator.editing.function_edits import Derived
from generator.entrypoint import (
    DEVICE,
    STRUCTS,
    DriverStruct,
    EntryPoint,
    function_of,
    struct_of,
)
from generator.errors import ModelError
from generator.expr import Place
from generator.kernel.configurations import CONFIGS
from generator.kernel.kbuild import Base, prepare
from generator.kernel.tree import Tree
from generator.operation import RETURN, Operation
from generator.ops.clk import (
    CLK_DISABLE_UNPREPARE,
    CLK_PREPARE_ENABLE,
    DEVM_CLK_GET,
    DEVM_CLK_GET_ENABLED,
)
from generator.ops.pci import PCI_CLEAR_MASTER, PCI_ENABLE_DEVICE, PCI_SAVE_STATE, PCI_SET_MASTER
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.power import PM_RUNTIME_DISABLE, PM_RUNTIME_ENABLE
from generator.ops.regulator import (
    DEVM_REGULATOR_GET_ENABLE,
    REGULATOR_DISABLE,
    REGULATOR_ENABLE,
)
from generator.ops.reset import RESET_CONTROL_ASSERT, RESET_CONTROL_DEASSERT
from generator.parsing.unit import job, parse_once
from generator.program import Block
from generator.reading.initialisers import entry_points
from generator.rendering.templates import Names

# A file that is built under every configuration gives way to what is rendered.
PATH = "drivers/pci/pcie/portdrv.c"
PORT = Device("port", "pci")
PDEV: dict[Place, str] = {PORT: "pdev"}
HEADERS = """\
#include <linux/auxiliary_bus.h>
#include <linux/clk.h>
#include <linux/i2c.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>
#include <linux/regulator/consumer.h>
#include <linux/reset.h>
#include <linux/spi/spi.h>
#include <linux/usb.h>

#include "../../cxl/cxl.h"
#include "portdrv.h"
"""
FILE = HEADERS + """
{% for name in ENTRIES %}
{{ function(name) }}
{% endfor %}
{{ tables("bell") }}
static struct STRUCT bell_driver = {
{{ members("bell") -}}
};

void *bell_used(void);
void *bell_used(void)
{
	return &bell_driver;
}
"""
SAVE = Written("bell_save", (PCI_SAVE_STATE(PORT), PCI_CLEAR_MASTER(PORT)), gives="void")
STOP = (PCI_CLEAR_MASTER(PORT),)
BELL = Driver(
    "bell", PORT,
    probe=(PCI_ENABLE_DEVICE(PORT, fail=RETURN), PCI_SET_MASTER(PORT)), remove=STOP, shutdown=STOP,
    suspend=(helper(SAVE, args="pdev"),), suspend_noirq=(), resume_noirq=(),
    resume=(PCI_ENABLE_DEVICE(PORT, fail=RETURN), PCI_SET_MASTER(PORT)),
    runtime_suspend=STOP, runtime_resume=(PCI_SET_MASTER(PORT),),
    error_detected=STOP,
    slot_reset=(PCI_ENABLE_DEVICE(PORT, fail=RETURN), PCI_SET_MASTER(PORT)),
    c={PORT: "pci_dev"}, sources=(PATH,), variable="bell_driver",
)


def design(*drivers: Driver) -> Design:
    devices = [PORT]
    for one in drivers:
        if one.device not in devices:
            devices.append(one.device)
    return Design("bell", "a port that rings", tuple(devices), drivers)


def rendered(driver: Driver, base: Base, room: Path, names: dict[Place, str] = PDEV) -> str:
    """Return the file of a driver, every function of it from no template of its own."""
    of = design(driver)
    known = Writing(of, Names(names)).known()
    (room / "functions").mkdir(exist_ok=True)
    (room / "functions" / "bell_save.c.j2").write_text(
        "static void bell_save(struct pci_dev *pdev)\n{\n{{ body }}}\n"
    )
    struct = struct_of(driver.device.kind)
    assert struct is not None
    text = FILE.replace("ENTRIES", repr(list(known))).replace("STRUCT", struct.name)
    (room / "bell.c.j2").write_text(text)
    draft = Draft(base.tree, base, {PATH: b""}, of, of, str(room))
    return NewFile(PATH, "bell.c.j2", names).apply(draft)[PATH]


def told(text: str, base: Base) -> list[str]:
    found = diagnose(job(base, PATH, {PATH: text.encode()}))
    return [one.text for one in found.diagnostics]


def held(driver: Driver, text: str, base: Base) -> list[str]:
    unit = parse_once(job(base, PATH, {PATH: text.encode()}))
    c = Sources({PATH: unit}, {}, symbols_of(base.autoconf), base.config.name)
    return [one.message for one in hold(driver, c)]


def test_what_callbacks_and_their_helpers_are_can_be_rendered() -> None:
    """As a template sees it: each is there by its name in C."""
    known = Writing(design(BELL), Names(PDEV)).known()

    assert set(known) == {"bell_save", *(f"bell_{name}" for name in BELL.functions())}
    assert set(CALLBACK_NAMES) < set(BELL.functions())


def _with(monkeypatch: pytest.MonkeyPatch, name: str) -> Writing:
    """Return what writes a driver with a callback of its dev_pm_ops that no design has yet."""
    struct = struct_of("pci")
    assert struct is not None
    entries = {**struct.entries, name: EntryPoint(f"driver.pm.{name}", DEVICE)}
    every = {**BELL.callbacks(), name: STOP}
    monkeypatch.setattr(file_edits, "struct", lambda _: replace(struct, entries=entries))
    monkeypatch.setattr(Driver, "callbacks", lambda _: every)
    return Writing(design(BELL), Names(PDEV))


def test_a_callback_of_runtime_pm_that_is_new_stands_in_its_table(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    """RUNTIME_PM_OPS takes three of them, and a driver here has two."""
    plain = "RUNTIME_PM_OPS(bell_runtime_suspend, bell_runtime_resume, NULL)"

    assert plain in Writing(design(BELL), Names(PDEV)).tables("bell")
    told = _with(monkeypatch, "runtime_idle").tables("bell")
    assert plain.replace("NULL", "bell_runtime_idle") in told


def test_a_callback_for_which_no_table_has_a_line_is_refused(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match=r"bell: templates/entries/tables.c.j2 has no line for "
                                         "freeze, so bell_freeze would never be called"):
        _with(monkeypatch, "freeze").tables("bell")


@pytest.mark.kernel
@pytest.mark.parametrize("config", ["m", "no-pm", "i386"])
def test_a_driver_with_every_callback_compiles_and_is_its_design(
    config: str, pinned: Tree, tmp_path: Path
) -> None:
    base = prepare(pinned, CONFIGS[config])
    text = rendered(BELL, base, tmp_path)

    assert told(text, base) == []
    assert held(BELL, text, base) == []
    assert "static int bell_suspend(struct device *dev)\n{\n\tstruct pci_dev *pdev" in text
    assert "bell_error_detected(struct pci_dev *pdev,\n" in text
    assert "\tif (ret < 0)\n\t\treturn PCI_ERS_RESULT_DISCONNECT;\n" in text
    assert "\treturn PCI_ERS_RESULT_RECOVERED;\n}\n" in text
    assert "\treturn PCI_ERS_RESULT_NEED_RESET;\n}\n" in text


@pytest.mark.kernel
@pytest.mark.parametrize("entry", [*BELL.functions()])
def test_a_callback_that_is_not_rendered_as_designed_is_seen(
    entry: str, base: Base, tmp_path: Path
) -> None:
    """Whatever the table of entry points says: what C registers is held to the design."""
    text = rendered(BELL, base, tmp_path)
    more: Block = (*BELL.functions()[entry], PCI_SAVE_STATE(PORT))
    wrong = replace(BELL, **{entry: more})  # type: ignore[arg-type]

    assert any(one.startswith(f"bell: {entry} (bell_{entry}) is not the {entry} of the design")
               for one in held(wrong, text, base))


@pytest.mark.kernel
@pytest.mark.parametrize("struct", STRUCTS, ids=lambda one: str(one.name))
def test_the_table_of_entry_points_is_that_of_the_kernels_headers(
    struct: DriverStruct, base: Base, tmp_path: Path
) -> None:
    parent = None if struct.kind in ROOTS else PORT
    device = Device("bell", struct.kind, parent)
    entries: dict[str, Block] = dict.fromkeys(struct.entries, ())
    driver = Driver("bell", device, **entries, variable="bell_driver")  # type: ignore[arg-type]
    of = Writing(_unchecked(driver), Names({}))
    body = "".join(of.function(name) for name in of.known() if name in of.heads())
    text = f"{HEADERS}\n{body}\n{of.tables('bell')}\nstatic struct {struct.name} bell_driver = {{\n"
    text += "".join(
        f"\t.{point.member} = {function_of(driver, name)},\n"
        for name, point in struct.entries.items() if "." not in point.member
    )
    tables = [line for line in of.members("bell").splitlines() if "&bell_" in line]
    text += "\n".join(tables) + "\n};\nvoid *bell_used(void);\nvoid *bell_used(void)\n"
    text += "{\n\treturn &bell_driver;\n}\n"

    assert told(text, base) == []
    (found,) = entry_points(parse_once(job(base, PATH, {PATH: text.encode()})))
    assert {point.member for point in struct.entries.values()} <= set(found.members)


CHIP = Device("chip", "platform")
CLK, SUPPLY, LINE = {"clk": "bell_clk"}, {"supply": "bell_supply"}, {"reset": "bell_reset"}
HANDLES = ("static struct clk *bell_clk;\nstatic struct regulator *bell_supply;\n"
           "static struct reset_control *bell_reset;\n")
SUPPLIED = Driver(
    "bell", CHIP,
    probe=(
        DEVM_REGULATOR_GET_ENABLE(CHIP, c={"id": '"vdd"'}),
        REGULATOR_ENABLE(CHIP, c=SUPPLY),
        CLK_PREPARE_ENABLE(CHIP, c=CLK),
        RESET_CONTROL_DEASSERT(CHIP, c=LINE),
        PM_RUNTIME_ENABLE(CHIP),
    ),
    remove=(
        PM_RUNTIME_DISABLE(CHIP), RESET_CONTROL_ASSERT(CHIP, c=LINE),
        CLK_DISABLE_UNPREPARE(CHIP, c=CLK), REGULATOR_DISABLE(CHIP, c=SUPPLY),
    ),
    c={CHIP: "platform_device"}, sources=(PATH,), variable="bell_driver",
)


@pytest.mark.kernel
def test_supplies_of_a_platform_device_are_rendered_compile_and_are_the_design(
    base: Base, tmp_path: Path
) -> None:
    text = rendered(SUPPLIED, base, tmp_path, {CHIP: "pdev"})
    text = text.replace("static int bell_probe", f"{HANDLES}\nstatic int bell_probe", 1)

    assert told(text, base) == []
    assert held(SUPPLIED, text, base) == []
    assert "err_disable_clk:\n\tclk_disable_unprepare(bell_clk);\n" in text
    twice = text.replace("\tclk_disable_unprepare(bell_clk);\n",
                         "\tclk_disable_unprepare(bell_clk);\n" * 2)
    assert held(SUPPLIED, twice, base) != []


@pytest.mark.kernel
@pytest.mark.parametrize("clock", [DEVM_CLK_GET, DEVM_CLK_GET_ENABLED],
                         ids=lambda one: str(one.name))
def test_what_a_platform_driver_looks_up_is_rendered_and_is_the_design(
    clock: Operation, base: Base, tmp_path: Path
) -> None:
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "bell_probe.c.j2").write_text(
        "{{ signature }}\n{\n\tstruct clk *clk;\n\tint irq;\n\n{{ body }}}\n")
    driver = replace(SUPPLIED, remove=(PM_RUNTIME_DISABLE(CHIP),), probe=(
        PLATFORM_GET_IRQ(CHIP, CHIP, c={"var": "irq"}, fail=RETURN),
        clock(CHIP, c={"var": "clk"}, fail=RETURN),
        PM_RUNTIME_ENABLE(CHIP),
    ))
    text = rendered(driver, base, tmp_path, {CHIP: "pdev"})

    assert told(text, base) == []
    assert held(driver, text, base) == []
    assert "\tif (irq < 0)\n\t\treturn irq;\n" in text
    assert held(driver, text.replace(f"{clock.name}(", "devm_clk_get_optional("), base) != []


@pytest.mark.kernel
def test_a_wrong_signature_does_not_compile(base: Base, tmp_path: Path) -> None:
    text = rendered(BELL, base, tmp_path)
    wrong = text.replace("bell_suspend(struct device *dev)", "bell_suspend(struct pci_dev *dev)")

    assert wrong != text
    assert any("incompatible" in one for one in told(wrong, base))


def test_an_entry_point_that_its_struct_does_not_have_is_told_at_the_driver() -> None:
    odd = Device("odd", "express", PORT)
    driver = Driver("odd", odd, probe=(), variable="odd_driver")

    with pytest.raises(ModelError, match=r"test_entrypoint\.py:\d+: odd: no struct is known"):
        Writing(design(driver), Names({})).function("odd_probe")
    memory = Device("memory", "cxl", PORT)
    cxl = Driver("memory", memory, probe=(), shutdown=(), variable="memory_driver")
    with pytest.raises(ModelError, match=r"py:\d+: memory: struct cxl_driver has no shutdown"):
        Writing(design(cxl), Names({})).function("memory_probe")
    with pytest.raises(ModelError, match="wants the driver none_driver"):
        Writing(design(cxl), Names({})).tables("none")


@pytest.mark.kernel
@pytest.mark.parametrize("entry", ["resume", "runtime_resume", "slot_reset", "shutdown"])
def test_a_callback_of_an_existing_function_is_changed_as_the_design_changes(
    entry: str, base: Base, tmp_path: Path
) -> None:
    text = rendered(BELL, base, tmp_path)
    more: Block = (*BELL.functions()[entry], PCI_SAVE_STATE(PORT))
    changed = replace(BELL, **{entry: more})  # type: ignore[arg-type]
    draft = Draft(base.tree, base, {PATH: text.encode()}, design(BELL), design(changed))

    after = Derived(PATH, PDEV).apply(draft)[PATH]

    assert after.count("pci_save_state(pdev);") == text.count("pci_save_state(pdev);") + 1
    assert "pci_save_state(pdev);" in _function(after, f"bell_{entry}")
    assert told(after, base) == []
    assert held(changed, after, base) == []


@pytest.mark.kernel
def test_what_fails_in_a_derived_handler_is_a_result_of_recovery(
    base: Base, tmp_path: Path
) -> None:
    """Not an errno: error_detected() returns a pci_ers_result_t."""
    text = rendered(BELL, base, tmp_path).replace(
        "bell_error_detected(struct pci_dev *pdev,\n"
        "\t\t\t\t\t    pci_channel_state_t state)\n{\n",
        "bell_error_detected(struct pci_dev *pdev,\n"
        "\t\t\t\t\t    pci_channel_state_t state)\n{\n\tint ret;\n\n", 1,
    )
    more: Block = (*STOP, PCI_ENABLE_DEVICE(PORT, fail=RETURN))
    changed = replace(BELL, error_detected=more)
    draft = Draft(base.tree, base, {PATH: text.encode()}, design(BELL), design(changed))

    after = Derived(PATH, PDEV).apply(draft)[PATH]

    assert "return PCI_ERS_RESULT_DISCONNECT;" in _function(after, "bell_error_detected")
    assert held(changed, after, base) == []


@pytest.mark.kernel
def test_one_function_for_two_callbacks_that_come_to_differ_is_refused(
    base: Base, tmp_path: Path
) -> None:
    before = replace(BELL, runtime_resume=BELL.resume)
    text = rendered(before, base, tmp_path)
    text = text.replace("RUNTIME_PM_OPS(bell_runtime_suspend, bell_runtime_resume, NULL)",
                        "RUNTIME_PM_OPS(bell_runtime_suspend, bell_resume, NULL)")
    changed = replace(before, resume=(PCI_SET_MASTER(PORT),))
    draft = Draft(base.tree, base, {PATH: text.encode()}, design(before), design(changed))

    with pytest.raises(ModelError, match=r"bell_resume\(\) is \w+ of bell and another entry point"):
        Derived(PATH, PDEV).apply(draft)


def _function(text: str, name: str) -> str:
    found = re.search(rf"\b{name}\([^;{{]*\)\n{{\n.*?\n}}\n", text, re.S)
    assert found is not None, name
    return found[0]


def _unchecked(driver: Driver) -> Design:
    """Return a design with one driver, of a service as well, which no design can explore."""
    made = object.__new__(Design)
    for name, value in vars(design(BELL)).items():
        object.__setattr__(made, name, value)
    object.__setattr__(made, "drivers", (driver,))
    return made
