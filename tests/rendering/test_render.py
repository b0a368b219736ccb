# SPDX-License-Identifier: GPL-2.0-only
"""Blocks become C: order, conditions, failures, and unwinding derived from the operations."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from generator.ctext import Loop, Written, code, helper, leave
from generator.drivers.pcie_cxlpmu import CAN_ADD, CPMU, pcie_cxlpmu_count_vectors
from generator.drivers.portdrv_services import PORT
from generator.errors import ModelError, UsageError
from generator.expr import num
from generator.operation import CONTINUE, IGNORE, RETURN, Guard, OnFail, Operation, ok
from generator.ops.aux import AUXILIARY_DEVICE_ADD, AUXILIARY_DEVICE_INIT, AUXILIARY_DEVICE_UNINIT
from generator.ops.device import IDA_ALLOC, KZALLOC
from generator.ops.irq import PCI_FREE_IRQ_VECTORS
from generator.ops.pci import PCI_CLEAR_MASTER, PCI_SET_MASTER
from generator.ops.perf import DEVM_IOREMAP, DEVM_REQUEST_MEM_REGION
from generator.program import Block, Function, If, Ifdef, Not, Return, both, either
from generator.rendering.layout import negated, width, wrap
from generator.rendering.render import body, function_text
from generator.rendering.templates import Names, condition, text_of
from generator.rendering.unused_locals import declared

NAMES = Names({PORT: "dev", CPMU: "pmu"})
ROOM = replace(NAMES, room="auxbus")  # with the templates of that series
CHILD = {"dev": "&child->auxdev"}
REGISTERS = {"address": "start", "size": "SIZE"}
ID = IDA_ALLOC(CPMU, c={"var": "id", "ida": "ids"})
MEMORY = KZALLOC(CPMU, c={"var": "child"})
INIT = AUXILIARY_DEVICE_INIT(CPMU, c=CHILD)
ADD = AUXILIARY_DEVICE_ADD(CPMU, c=CHILD)
CLAIM = DEVM_REQUEST_MEM_REGION(CPMU, CPMU, c={"var": "res", **REGISTERS})
MAP = DEVM_IOREMAP(CPMU, CPMU, c={"var": "base", **REGISTERS})
MAKE = Written(
    "make_child", (MEMORY, INIT, leave("child")),
    undo=Function("make_child", (AUXILIARY_DEVICE_UNINIT(CPMU, c=CHILD),)), gives="pointer",
)


def guard(text: str) -> Guard:
    return Guard(text, None, (text,))


def calls(text: str) -> list[str]:
    return [name for name in re.findall(r"(\w+)\(", text) if name not in ("if", "sizeof")]


def test_unwinding_is_in_reverse_and_every_failure_enters_it_where_it_must() -> None:
    text = body((ID, helper(MAKE, into="child"), ADD), NAMES)

    way_out = text[text.index("\nerr_") :]
    assert calls(way_out) == ["auxiliary_device_uninit", "ida_free"]
    assert "id = ida_alloc(&ids, GFP_KERNEL);\n\tif (id < 0)\n\t\treturn id;\n" in text
    assert "if (IS_ERR(child)) {\n\t\tret = PTR_ERR(child);\n\t\tgoto err_free_id;" in text
    assert "ret = auxiliary_device_add(&child->auxdev);\n\tif (ret < 0)\n\t\tgoto err_uninit_child;"
    assert text.endswith("\treturn ret;\n")


def test_a_label_that_a_design_spells_is_that_of_the_way_out() -> None:
    named = replace(ID, c=tuple({**dict(ID.c), "label": "err_mine"}.items()))
    text = body((named, helper(MAKE, into="child"), ADD), NAMES)

    assert "goto err_mine;" in text
    assert "\nerr_mine:\n" in text
    assert "err_free_id" not in text


def test_what_has_taken_memory_over_is_undone_without_freeing_it_again() -> None:
    text = body((MEMORY, INIT), NAMES, "pointer")

    assert "return ERR_PTR(-ENOMEM);" in text
    assert calls(text[text.index("\nerr_") :]) == ["kfree", "ERR_PTR"]


def test_ways_out_that_do_not_share_an_order_are_refused() -> None:
    # after init, kfree() is no longer the undo of kzalloc(): the two ways are no chain of labels
    with pytest.raises(ModelError, match="a helper of its own"):
        body((ID, MEMORY, INIT, ADD), NAMES)


def test_managed_operations_are_undone_by_nobody_here() -> None:
    text = body((CLAIM, MAP), NAMES)

    assert "err_" not in text
    assert "if (!res)\n\t\treturn -EBUSY;" in text


def test_an_operation_moved_in_the_block_is_moved_in_c() -> None:
    assert calls(body((CLAIM, MAP), NAMES))[0] == "devm_request_mem_region"
    assert calls(body((MAP, CLAIM), NAMES))[0] == "devm_ioremap"


def test_ways_out_that_a_block_spells_out_become_labels_that_share_their_end() -> None:
    free = (PCI_FREE_IRQ_VECTORS(PORT), leave())
    clear = PCI_CLEAR_MASTER(PORT)
    ask = Written("any_irq", (If(guard("irq"), (Return(),)), leave(ok=False)), gives="bool")
    more = Written("any_child", ask.body, gives="bool")
    block = (helper(ask, fail=free), PCI_SET_MASTER(PORT), helper(more, fail=(clear, *free)))

    text = body(block, NAMES, "void")

    assert text.count("pci_free_irq_vectors(dev);") == 1
    assert text.endswith(
        "\treturn;\n\nerr_clear_master:\n\tpci_clear_master(dev);\n"
        "err_free_irq_vectors:\n\tpci_free_irq_vectors(dev);\n"
    )


@pytest.mark.parametrize(
    ("on_fail", "wanted"),
    [
        (RETURN, "\t\tif (id < 0)\n\t\t\treturn id;\n"),
        (CONTINUE, "\t\tif (id < 0)\n\t\t\tcontinue;\n"),
        (IGNORE, "\tid = ida_alloc(&ids, GFP_KERNEL);\n\n"),
        ((code("warn();"),), "\t\tif (id < 0)\n\t\t\twarn();\n"),
    ],
)
def test_a_failure_in_a_loop_is_handled_as_the_design_says(
    on_fail: OnFail | Block, wanted: str
) -> None:
    one = IDA_ALLOC(CPMU, c={"var": "id", "ida": "ids"}, fail=on_fail)

    assert wanted in body((Loop(CPMU, (one,), head="for_each(pmu)"),), NAMES)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (guard("a == b"), "a == b"),
        (Not(guard("a == b")), "a != b"),
        (Not(guard("flags & MEM")), "!(flags & MEM)"),
        (Not(guard("pmu->irq")), "!pmu->irq"),
        (Not(guard("f(a, b)")), "!f(a, b)"),
        (Not(guard("f(a) && g(b)")), "!(f(a) && g(b))"),
        (Not(both(guard("a"), guard("b"))), "!a || !b"),
        (both(guard("a"), either(guard("b"), guard("c"))), "a && (b || c)"),
        (Guard("the model only", None, ()), ""),
    ],
)
def test_a_condition_is_written_as_one_would(asked: Guard, wanted: str) -> None:
    assert condition(asked) == wanted


@pytest.mark.parametrize(
    "line",
    [
        "\tregloc = pci_find_dvsec_capability(dev, PCI_VENDOR_ID_CXL, CXL_DVSEC_REG_LOCATOR);",
        "\tif (FIELD_GET(CXL_DVSEC_REG_LOCATOR_BLOCK_ID_MASK, reg_lo) != CXL_REGLOC_RBI_PMU)",
        '\t\tpci_info(dev, "CPMU %u: a rather long text, never broken\\n", index, number, more);',
    ],
)
def test_long_lines_are_broken_at_the_open_parenthesis(line: str) -> None:
    parts = wrap(line).split("\n")

    assert len(parts) > 1
    assert all(width(part) <= 80 for part in parts)
    assert "".join(part.strip() for part in parts).replace(" ", "") == line.replace(" ", "").strip()


def test_a_string_is_never_broken() -> None:
    text = f'\tpci_info(dev, "{"word " * 20}", one, two);'

    assert f'"{"word " * 20}"' in wrap(text)


def test_the_opposite_of_an_opposite_is_plain() -> None:
    assert negated(negated("set->pmus")) == "set->pmus"


def test_an_operation_without_template_names_the_file_it_wants() -> None:
    strange = Operation(
        "strange_call", ("dev",), (ok(),), source="nowhere", fingerprint=MEMORY.op.fingerprint
    )

    with pytest.raises(UsageError, match=r"templates/ops/strange_call\.c\.j2"):
        body((strange(PORT),), NAMES)


def test_what_a_series_has_in_its_own_room_goes_before_what_all_share(tmp_path: Path) -> None:
    own = tmp_path / "ops"
    own.mkdir()
    mine = "{% macro do(c) %}\nmine({{ c.dev }});\n{% endmacro %}"
    (own / "pci_set_master.c.j2").write_text(mine)
    block = (PCI_SET_MASTER(PORT), PCI_CLEAR_MASTER(PORT))

    assert calls(body(block, Names({PORT: "dev"}))) == ["pci_set_master", "pci_clear_master"]
    assert calls(body(block, Names({PORT: "dev"}, room=str(tmp_path)))) == [
        "mine", "pci_clear_master"
    ]


def test_a_template_that_is_nowhere_is_missed_in_the_room_and_among_the_shared() -> None:
    with pytest.raises(UsageError, match=re.escape(
        "templates/auxbus/files/none.j2 (or templates/files/none.j2): there is no such template"
    )):
        text_of("files/none.j2", "auxbus")


def test_a_mistake_in_a_template_is_told_with_the_room_that_it_is_in(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.j2"
    wrong.write_text("one\n{{ nothing }}\n")

    with pytest.raises(UsageError, match=re.escape(f"{wrong}:2: 'nothing' is undefined")):
        text_of("wrong.j2", str(tmp_path))
    wrong.write_text("one\n{% if %}\n")
    with pytest.raises(UsageError, match=re.escape(f"{wrong}:2: ")):
        text_of("wrong.j2", str(tmp_path / "."))


def test_a_detail_that_the_template_wants_is_asked_for_at_the_designs_line() -> None:
    with pytest.raises(ModelError, match=r"test_render\.py:\d+: ida_alloc\(cpmu\).*'ida'"):
        body((IDA_ALLOC(CPMU, c={"var": "id"}),), NAMES)


def test_a_return_whose_value_nothing_says_is_refused() -> None:
    with pytest.raises(ModelError, match=r"use leave\(\)"):
        body((If(guard("a"), (Return(ok=False),)),), NAMES)


def test_a_local_that_a_changed_design_does_not_use_is_not_declared() -> None:
    text = "int f(int a)\n{\n\tstruct on *one, *two;\n\tunsigned int n;\n\tint ret = 0;\n\n%s\n}\n"

    assert declared(text % "\tg(one, two, n);") == text % "\tg(one, two, n);"
    assert declared(text % "\tg(two);") == (
        "int f(int a)\n{\n\tstruct on *two;\n\tint ret = 0;\n\n\tg(two);\n}\n"
    )
    assert declared("int f(void)\n{\n\tint n;\n\n\treturn 0;\n}\n") == (
        "int f(void)\n{\n\treturn 0;\n}\n"
    )


@pytest.mark.parametrize("block", [
    (If(CAN_ADD, (leave("nvec"),)),),
    (Ifdef("CONFIG_CXL_BUS", (If(CAN_ADD, (leave("nvec"),)),)),),
    (KZALLOC(CPMU, fail=(If(CAN_ADD, (leave("nvec"),)),), c={"var": "pmu"}),),
    (helper(Written("f", ()), then=(If(CAN_ADD, (leave("nvec"),)),), works="f()"),),
], ids=["alone", "in an Ifdef", "behind a failure", "behind a helper"])
def test_a_template_is_told_of_a_condition_wherever_the_function_asks_it(block: Block) -> None:
    function = replace(pcie_cxlpmu_count_vectors(False, num(0)), body=block)

    assert "Nothing is counted in if vectors" in function_text(function, ROOM)


def test_a_template_is_not_told_of_what_a_helper_asks() -> None:
    asking = Written("f", (If(CAN_ADD, (leave("0"),)), leave("1")))
    function = replace(pcie_cxlpmu_count_vectors(False, num(0)), body=(helper(asking),))

    assert "Nothing is counted in" not in function_text(function, ROOM)


UNSAID = Guard("it may", None, ())
SAID = Guard("it does", None, ("dev->it",))


@pytest.mark.parametrize("block", [
    (If(UNSAID, (PCI_SET_MASTER(PORT),)),),
    (If(Not(UNSAID), (PCI_SET_MASTER(PORT),)),),
    (If(both(SAID, UNSAID), (PCI_SET_MASTER(PORT),)),),
    (If(SAID, (If(UNSAID, (PCI_SET_MASTER(PORT),)),)),),
    (Loop(CPMU, (If(UNSAID, (), (PCI_SET_MASTER(PORT),)),), head="for_each(pmu)"),),
    (Loop(CPMU, (If(either(SAID, UNSAID), (PCI_SET_MASTER(PORT),)),), head="for_each(pmu)"),),
])
def test_a_condition_without_c_is_refused_where_c_would_ask_nothing(block: Block) -> None:
    with pytest.raises(ModelError, match=r"test_render\.py:\d+: the condition 'it may' has \(\)"):
        body(block, NAMES)


def test_a_loop_may_come_to_no_others_than_the_condition_means() -> None:
    only = Loop(CPMU, (If(UNSAID, (PCI_SET_MASTER(PORT),)),), head="for_each(pmu)")

    assert body((only,), NAMES) == "\tfor_each(pmu)\n\t\tpci_set_master(dev);\n\n\treturn 0;\n"
