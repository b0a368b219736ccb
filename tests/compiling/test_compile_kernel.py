# SPDX-License-Identifier: GPL-2.0-only
"""Errors planted in the pinned kernel are seen under the configurations that have them."""

from __future__ import annotations

import pytest

from checks.compiling import backend
from checks.compiling.compile import check
from checks.compiling.target import KernelTarget
from checks.finding import Severity
from generator.kernel import tree
from generator.kernel.configurations import CONFIGS
from generator.kernel.kbuild import prepare
from generator.parsing.job import resolved
from generator.series.commit import commits_of

PORTDRV = "drivers/pci/pcie/portdrv.c"
HEADER = "drivers/pci/pcie/portdrv.h"
MASTER = "\tpci_set_master(dev);\n"

pytestmark = pytest.mark.kernel


# name: (path, old, new, configurations, file and text of the finding)
PLANTED: dict[str, tuple[str, str, str, str, str, str]] = {
    "syntax": (PORTDRV, MASTER, "\tpci_set_master(dev)\n", "m no-aer i386", PORTDRV, "';'"),
    "type": (PORTDRV, MASTER, "\tpci_set_master(*dev);\n", "m no-aer i386", PORTDRV, "passing"),
    "stub missing under one configuration": (
        HEADER,
        "static inline int pcie_aer_init(void) { return 0; }\n",
        "",
        "no-aer",
        PORTDRV,
        "pcie_aer_init",
    ),
    "BUILD_BUG_ON": (
        PORTDRV,
        MASTER,
        f"\tBUILD_BUG_ON(sizeof(void *) != 8);\n{MASTER}",
        "i386",
        PORTDRV,
        "BUILD_BUG_ON failed",
    ),
    "readq where there is none": (
        PORTDRV,
        MASTER,
        f"\treadq((void __iomem *)dev);\n{MASTER}",
        "i386",
        PORTDRV,
        "readq",
    ),
    "a division that only a debug message makes": (
        PORTDRV,
        MASTER,
        f'\tpci_dbg(dev, "%llu\\n", 3ULL * jiffies / dev->device);\n{MASTER}',
        "i386",
        PORTDRV,
        "__udivdi3",
    ),
}


@pytest.fixture(scope="module")
def targets(pinned: tree.Tree) -> list[KernelTarget]:
    return [KernelTarget(prepare(pinned, CONFIGS[name])) for name in ("m", "no-aer", "i386")]


@pytest.mark.slow
@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_error_is_seen_where_it_is(
    pinned: tree.Tree, targets: list[KernelTarget], case: str
) -> None:
    path, old, new, configs, file, text = PLANTED[case]
    before = (pinned.work / path).read_text()
    assert before.count(old) == 1
    series = commits_of(["1/1"], [{path: before.replace(old, new).encode()}])

    found = check(series, targets, lambda said: None)
    assert found
    assert {one.config for one in found} == {configs}
    assert any(text in one.message and (one.path, one.commit) == (file, "1/1") for one in found)
    assert all(one.line for one in found)


@pytest.mark.slow
def test_built_in_code_cannot_use_what_cxl_has_in_a_module(
    pinned: tree.Tree, targets: list[KernelTarget]
) -> None:
    text = (pinned.work / PORTDRV).read_text()
    call = text.replace(MASTER, f"\tcxl_endpoint_decoder_reset_detected(dev);\n{MASTER}")
    head = '#include "portdrv.h"\n'
    edit = call.replace(
        head, f"{head}bool cxl_endpoint_decoder_reset_detected(struct pci_dev *port);\n"
    )
    found = check(commits_of(["1/1"], [{PORTDRV: edit.encode()}]), targets[:1], lambda said: None)

    assert [(one.rule, one.config) for one in found] == [("R22", "m")]
    assert "drivers/cxl/core/pci.c" in found[0].message


BOTTOM = """
int big(void);
int big(void)
{
	volatile char room[4000];

	BUILD_BUG_ON(sizeof(room) != 3999);
	room[1] = 0;
	return room[2];
}
"""


@pytest.mark.parametrize("more", ["", BOTTOM])
def test_an_object_made_through_a_pch_is_the_one_made_without(
    targets: list[KernelTarget], more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = targets[0]
    plain = target.job(PORTDRV, {})
    text = (plain.place.source / PORTDRV).read_bytes() + more.encode()
    view = resolved(target.job(PORTDRV, {PORTDRV: text}))
    backend._compile(view, target.compiler, "nm", {})
    through = backend._compile(view, target.compiler, "nm", {})
    assert list(plain.place.cache.glob("*.head.h"))
    monkeypatch.setattr("generator.parsing.pch.cuts", lambda *_: ())

    assert backend._compile(view, target.compiler, "nm", {}) == through
    assert bool(through["said"]) is bool(more)


def test_the_base_itself_has_no_finding(pinned: tree.Tree, targets: list[KernelTarget]) -> None:
    text = (pinned.work / PORTDRV).read_bytes()

    assert check(commits_of(["1/1"], [{PORTDRV: text}]), targets[:1], lambda said: None) == ()


@pytest.mark.slow
def test_a_driver_that_is_off_is_switched_on_with_what_it_needs(pinned: tree.Tree) -> None:
    path = "drivers/rtc/rtc-ds1307.c"
    old = tree.read(pinned, pinned.base, path)
    assert old is not None
    broken = old + b"\nint broken_rtc(void);\nint broken_rtc(void)\n{\n\treturn nothing;\n}\n"
    target = KernelTarget(prepare(pinned, CONFIGS["m"]))
    assert path not in target.units(("drivers/rtc",))
    said = check(commits_of(["1/1"], [{path: broken}]), [target], lambda _text: None)
    (found,) = [one for one in said if one.severity is not Severity.NOTE]
    assert (found.path, found.line) == (path, old.count(b"\n") + 5)
    assert found.config == "m+RTC_DRV_DS1307+RTC_LIB"
    assert "nothing" in found.message
