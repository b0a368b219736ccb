# SPDX-License-Identifier: GPL-2.0-only
"""A template that says something else than its operation was given is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.drivers.pcie_cxlpmu import CPMU
from generator.drivers.portdrv_services import PORT
from generator.errors import ModelError
from generator.operation import IGNORE, Do
from generator.ops.device import IDA_FREE, KZALLOC, LIST_ADD_TAIL
from generator.ops.irq import PCI_ALLOC_IRQ_VECTORS, PCI_IRQ_VECTOR
from generator.ops.pci import PCI_READ_CONFIG_WORD
from generator.ops.perf import DEVM_IOREMAP, READQ
from generator.rendering.render import body
from generator.rendering.templates import TEMPLATES, Names, file_of

NAMES = {PORT: "dev", CPMU: "pmu"}
VECTORS = PCI_ALLOC_IRQ_VECTORS(
    PORT, min=1, max=16, types=3, fail=IGNORE, c={"var": "n", "max": "MOST"})
IRQ = PCI_IRQ_VECTOR(PORT, CPMU, nr=0, fail=IGNORE, c={"var": "irq", "nr": "msg"})
FREE = IDA_FREE(CPMU, c={"var": "pmu->id", "ida": "ids"})
ALLOC = KZALLOC(CPMU, fail=IGNORE, c={"var": "child"})
MAP = DEVM_IOREMAP(CPMU, CPMU, fail=IGNORE, c={"var": "base", "address": "start", "size": "SIZE"})
LIST = LIST_ADD_TAIL(CPMU, c={"entry": "pmu->node", "list": "set->pmus", "arg": "set.pmus"})
READ = READQ(CPMU, c={"var": "cap", "address": "base + CXL_PMU_CAP_REG"})
WORD = PCI_READ_CONFIG_WORD(PORT, c={"where": "PCI_COMMAND", "into": "command"})

DAMAGE = (
    (IRQ, "{{ c.nr }}", "{{ c.nr }} + 1", "nr is `msg`"),
    (IRQ, "{{ c.var }} = ", "irqs = ", "var is `irq`"),
    (VECTORS, "{{ c.min }}", "{{ c.max }}", "min is `1`"),
    (VECTORS, "{{ c.max }}", "{{ c.min }}", "max is `MOST`"),
    (FREE, "{{ c.var }}", "0", "var is `pmu->id`"),
    (ALLOC, "sizeof(*{{ c.var }})", "sizeof({{ c.var }})", "the size of a pointer"),
    (MAP, "{{ c.size }}", "2 * {{ c.size }}", "size is `SIZE`"),
    (MAP, "{{ c.address }}", "{{ c.address }} + 8", "address is `start`"),
    (LIST, "{{ c.entry }}", "{{ c.list }}", "entry is `pmu->node`"),
    (READ, "{{ c.address }}", "{{ c.address }} + 8", "address is `base + CXL_PMU_CAP_REG`"),
    (WORD, "{{ c.where }}", "{{ c.where }} + 2", "where is `PCI_COMMAND`"),
)


@pytest.mark.parametrize("do", [one[0] for one in DAMAGE], ids=[str(one[0]) for one in DAMAGE])
def test_shipped_templates_say_what_they_are_given(do: Do) -> None:
    assert body((do,), Names(NAMES))


@pytest.mark.parametrize(("do", "old", "new", "said"), DAMAGE, ids=[one[3] for one in DAMAGE])
def test_a_damaged_template_is_named(
    tmp_path: Path, do: Do, old: str, new: str, said: str
) -> None:
    name = file_of(do.op)
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "ops").mkdir()
    (tmp_path / name).write_text(text.replace(old, new), encoding="utf-8")

    with pytest.raises(ModelError, match=f"templates/{name}") as refused:
        body((do,), Names(NAMES, room=str(tmp_path)))

    assert said in str(refused.value)
    assert refused.value.where is not None
    assert str(refused.value.where).startswith(__file__)
