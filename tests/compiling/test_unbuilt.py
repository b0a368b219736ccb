# SPDX-License-Identifier: GPL-2.0-only
"""Why no configuration builds a file, as Makefiles and Kconfig files say."""

from __future__ import annotations

import pytest

from checks.compiling.unbuilt import Why, why

FILES = {
    "drivers/Makefile": "obj-y += x/\nobj-$(CONFIG_ZED)\t+= z/ # z/\n",
    "drivers/x/Makefile": "obj-$(CONFIG_ONE) += one.o far/near/deep.o\n"
                          "obj-$(CONFIG_MANY) += many.o\n"
                          "many-y := a.o \\\n  b.o\nmany-$(CONFIG_MORE) += c.o\n"
                          "# obj-y += no.o\nifdef CONFIG_E\nobj-y += e.o\nendif\n",
    "drivers/x/Kconfig": 'config ONE\n\tbool "x"\n\tdepends on ARM && \\\n\t\tOF\n\n'
                         "\tdepends on PCI\n\nconfig MANY\n\ttristate\n",
    "drivers/z/Makefile": "obj-y += one.o\n",
    "drivers/Kconfig": "config ZED\n\tbool\n\tdepends on X86_32\n",
}


@pytest.mark.parametrize(("path", "text", "symbols"), [
    ("drivers/x/one.c", "it takes CONFIG_ONE, which no configuration has together; ONE depends on "
     "ARM && OF && PCI", ("ONE",)),
    ("drivers/x/far/near/deep.c", "it takes CONFIG_ONE, which no configuration has together; ONE "
     "depends on ARM && OF && PCI", ("ONE",)),
    ("drivers/x/far/deep.c", "drivers/x/far has no Makefile", ()),
    ("drivers/x/a.c", "it takes CONFIG_MANY, which no configuration has together", ("MANY",)),
    ("drivers/x/c.c", "it takes CONFIG_MORE and CONFIG_MANY, which no configuration has together",
     ("MORE", "MANY")),
    ("drivers/z/one.c", "it takes CONFIG_ZED, which no configuration has together; ZED depends on "
     "X86_32", ("ZED",)),
    ("drivers/x/e.c", "drivers/x/Makefile builds it under conditions that no configuration has",
     ()),
    ("drivers/x/no.c", "no line of drivers/x/Makefile names no.o", ()),
    ("drivers/y/a.c", "drivers/y has no Makefile", ()),
    ("tools/a.c", "no kernel is made of it", ()),
    ("drivers/x/a.S", "assembler is not compiled here", ()),
])
def test_why_a_file_is_not_built(path: str, text: str, symbols: tuple[str, ...]) -> None:
    files = {name: content.encode() for name, content in FILES.items()}
    found = why(path, files.get)
    assert (found.text, found.symbols) == (text, symbols)
    assert found.named == ("takes" in text or "conditions" in text)


def test_what_has_to_be_on_is_what_it_depends_on_as_well() -> None:
    found = Why("", ("ONE",), ("(PCI || OF) && !ARM && X86 = y", "NET!=n && B4"))
    assert found.wanted == ("ONE", "PCI", "OF", "B4")
