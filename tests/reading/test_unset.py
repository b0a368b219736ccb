# SPDX-License-Identifier: GPL-2.0-only
"""Locals that are read before they are given a value, on the runs where that is so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from smallc import probe

from checks.patches.conformance import hold, sources
from generator.designs.today import DESIGN

BEFORE = """
#define FIELD(m, x) ({ typeof(x) _x = (x); _x & (m); })
#define say(d, v) ({ if (debugging(d)) print(v ? "yes" : "no"); })
#define SET(x, v) ({ x = (v); })
#define get(x) ({ asm("" : "=r" (x)); })
enum kind { ONE, TWO };
extern enum kind kind;
int read_word(struct pci_dev *, int *);
struct pair { int *first, second; };
struct item *make_item(unsigned long);
int helper(int n) { return n; }
int gives(int *n) { if (flag) return -1; *n = 3; return 0; }
int hands_on(int *n) { return gives(n); }
void makes(struct item **one) { *one = make_item(1); }
void passes(int *n) { fill(n); }
void keeps(struct pair *p, int *n) { p->first = n; }
"""

UNSET = {
    "the call stands behind its test": ("int ret; if (ret) return 1; ret = asks(1);", "ret"),
    "only one way sets it": ("int n; if (flag) n = 1; asks(n);", "n"),
    "a macro reads it": ("int n, m; m = FIELD(3, n); asks(m);", "n"),
    "a message reads it": ("int n; if (dev->irq) say(&dev->dev, dev->cap + n); asks(n);", "n"),
    "an argument of a helper": ("int n; helper(n);", "n"),
    "an index": ("int at, of[2] = {0}; asks(of[at]);", "at"),
    "what is pointed to": ("struct pci_dev *one; asks(one->irq);", "one"),
    "an initialiser reads it": ("int n; struct pair p = { .second = n }; asks(p.second);", "n"),
    "a compound assignment": ("int n; n += 1; asks(n);", "n"),
    "in the first round of a loop": (
        "int ret; for (int i = 0; i < 3; i++) { if (ret) asks(ret); ret = asks(i); }",
        "ret",
    ),
    "again in each round": (
        "for (int i = 0; i < 3; i++) { int n; if (i > 0) asks(n); n = i; }",
        "n",
    ),
    "one of a switch's ways": (
        "int n; switch (other) { case 1: n = 1; break; case 2: n = 2; break; } asks(n);",
        "n",
    ),
    "the end": ("int ret; if (flag) ret = 0; return ret;", "ret"),
    "a helper that sets it on one way only": ("int n; gives(&n); asks(n);", "n"),
    "a helper's helper": ("int n; hands_on(&n); asks(n);", "n"),
    "its own beginning": ("int n; n = n + 1;", "n"),
}
SET = {
    "a call gets its address": "int n; fill(&n); asks(n);",
    "a helper sets it": "int n; int ret = gives(&n); if (ret == 0) asks(n);",
    "a helper's helper sets it": "int n; if (!hands_on(&n)) asks(n);",
    "a helper gives the address away": "int n; passes(&n); asks(n);",
    "a helper keeps the address": "int n; struct pair p; keeps(&p, &n); fill(p.first); asks(n);",
    "a helper sets it, or its round is left": (
        "int n; for (int i = 0; i < 3; i++) { if (gives(&n) < 0) continue; asks(n); }"
    ),
    "a pointer that a helper makes": "struct item *one; makes(&one); asks(one->n);",
    "its address is kept": "int n; struct pair p = { .first = &n }; fill(p.first); asks(n);",
    "a macro sets it": "int n; SET(n, 3); asks(n);",
    "assembler sets it": "int n; get(n); asks(n);",
    "only its size is asked": "struct item *one; one = make_item(sizeof(*one)); asks(one->n);",
    "a global": "extern int third; asks(third);",
    "a static one": "static int n; asks(n);",
    "a struct, member by member": "struct item one; one.n = 1; asks(one.n);",
    "both ways set it": "int n; if (flag) n = 1; else n = 2; asks(n);",
    "only set where it is read": "int n, ok = asks(1); if (ok > 0) n = 1; if (ok > 0) asks(n);",
    "left where it is not set": "int n; if (flag) n = 1; else return 0; asks(n);",
    "the second of two conditions": "int n; if (flag && (n = asks(1)) && n) asks(n);",
    "a macro that may not read it": "int n; if (0) say(&dev->dev, n); n = 1;",
    "a switch over all that there is": (
        "int n; switch (kind) { case ONE: n = 1; break; case TWO: n = 2; break; } asks(n);"
    ),
}


def unset(body: str) -> tuple[str, ...]:
    got = probe(body + "\nreturn 0;", BEFORE)
    return tuple(one.text for one in got.unset)


@pytest.mark.parametrize("name", UNSET)
def test_what_has_no_value_is_told_where_it_is_read(name: str):
    body, variable = UNSET[name]
    assert f"{variable} is used before it is computed" in unset(body)


@pytest.mark.parametrize("name", SET)
def test_what_has_a_value_on_every_run_is_not_told(name: str):
    assert unset(SET[name]) == ()


@pytest.mark.kernel
def test_a_position_that_is_used_before_it_is_found_is_an_error(base: Any, pinned: Any):
    path = "drivers/pci/pcie/portdrv.c"
    text = (pinned.work / path).read_bytes()
    find = b"\t\tpos = pci_find_ext_capability(dev, PCI_EXT_CAP_ID_DPC);\n"
    at = text.index(find)
    end = text.index(b"\n\t\t}\n", at) + 5
    moved = text[:at] + text[at + len(find) : end] + find + text[end:]
    (driver,) = DESIGN.drivers
    (found,) = hold(replace(driver, name="port"), sources(base, {path: moved}, [path]))
    # a mask with DPC and without AER: nothing has set pos by then
    assert found.message == "port: pos is used before it is computed"
    assert (found.line, found.column) == (text[:at].count(b"\n") + 1, 7)
