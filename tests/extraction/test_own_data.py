# SPDX-License-Identifier: GPL-2.0-only
"""The driver's own data that kzalloc() allocates: who frees it, and what asking for it costs."""

from __future__ import annotations

import pytest
from as_read import HEAD, TAIL, read_c, rules_of

from generator.extraction import own_data
from generator.kernel.tree import Tree
from generator.parsing.cursors import Cursor, Unit

pytestmark = pytest.mark.kernel
KREF = HEAD.replace("<linux/clk.h>", "<linux/clk.h>\n#include <linux/dmaengine.h>").replace(
    "struct card {", "struct card { struct dma_device dma;") + """
static void card_release(struct dma_device *dma)
{
	kfree(container_of(dma, struct card, dma));
}
static struct card *card_alloc(void)
{
	struct card *card = kzalloc(sizeof(*card), GFP_KERNEL);

	if (!card)
		return NULL;
	card->dma.device_release = card_release;
	return card;
}
static int card_start(struct card *card, struct pci_dev *pdev)
{
	return dma_async_device_register(&card->dma);
}
static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct card *card = card_alloc();
	int ret;

	if (!card)
		return -ENOMEM;
	pci_set_drvdata(pdev, card);
	ret = card_start(card, pdev);
	if (ret) {
		kfree(card);
		return ret;
	}
	return 0;
}
static void card_remove(struct pci_dev *pdev)
{
	struct card *card = pci_get_drvdata(pdev);

	dma_async_device_unregister(&card->dma);
}
"""


def test_a_callback_frees_it_where_what_has_it_is_unregistered(pinned: Tree) -> None:
    """A helper that no entry point calls by name frees it, and the driver says when."""
    assert rules_of(read_c(pinned, KREF + TAIL)) == set()
    left = KREF.replace("		kfree(card);\n", "")
    assert rules_of(read_c(pinned, left + TAIL)) == {"R36"}
    used = KREF.replace("er(&card->dma);\n}", "er(&card->dma);\n	kfree(card);\n}")
    assert "N20" in rules_of(read_c(pinned, used + TAIL))


def test_what_others_free_by_themselves_is_nobodys(pinned: Tree) -> None:
    managed = KREF.replace("	dma_async_device_unregister(&card->dma);\n", "").replace(
        "dma_async_device_register(", "dmaenginem_async_device_register(")
    assert rules_of(read_c(pinned, managed.replace("		kfree(card);\n", "") + TAIL)) == set()


def test_a_function_is_asked_once_what_it_allocates(
    pinned: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at each of its calls: who sets a chip up has hundreds."""
    asked = []
    plain = own_data.text_of

    def counted(unit: Unit, cursor: Cursor) -> str:
        asked.append(cursor.spelling)
        return plain(unit, cursor)

    monkeypatch.setattr(own_data, "text_of", counted)
    calls = "".join(f"	card_write{at % 2}(card);\n" for at in range(20))
    helpers = "".join(
        f"static void card_write{at}(struct card *card)\n{{\n	clk_disable(card->clk);\n}}\n"
        for at in range(2))
    text = KREF.replace("static int card_start", helpers + "static int card_start").replace(
        "	return dma_async", calls + "	return dma_async")
    by_hand = text.replace("	kfree(container_of(dma, struct card, dma));\n", "").replace(
        "er(&card->dma);\n}", "er(&card->dma);\n	kfree(card);\n}")
    read_c(pinned, by_hand + TAIL)
    assert asked.count("card_start") == 1
