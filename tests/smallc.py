# SPDX-License-Identifier: GPL-2.0-only
"""A small C to write drivers in, with the operations that the reader finds in them."""

from __future__ import annotations

import textwrap
from typing import Any

import clang.cindex as ci
from words import choice

from generator.fingerprint import CGuard, Fails, Fingerprint
from generator.graphs.lts import Label, Lts, difference, word
from generator.parsing.unit import Unit
from generator.reading.reader import CLts, read

PRELUDE = """
#define NULL ((void *)0)
#define ENOMEM 12
#define likely(x) __builtin_expect(!!(x), 1)
#define container_of(ptr, type, member) ({ \\
	void *__mptr = (void *)(ptr); \\
	((type *)(__mptr - __builtin_offsetof(type, member))); })
#define kzalloc(n) ({ typeof(kzalloc_noprof(n)) _res; _res = kzalloc_noprof(n); _res; })
#define max(a, b) ({ typeof(a) _a = (a); typeof(b) _b = (b); _a > _b ? _a : _b; })
#define dev_dbg(d, s) do { if (debugging(d)) print(s); } while (0)
struct device { struct device *parent; void *bus; };
struct pci_dev { struct device dev; int irq, cap; struct pci_dev *up; };
struct adev { struct device dev; int id; };
struct list { struct list *next; };
struct item { int n; struct list node; };
struct msi_map { int index, virq; };
#define to_pci_dev(d) container_of(d, struct pci_dev, dev)
void *kzalloc_noprof(unsigned long n);
int enable(struct pci_dev *), map(struct pci_dev *), vectors(struct pci_dev *, int, int);
void disable(struct pci_dev *), unmap(struct pci_dev *), master(struct pci_dev *);
void put(struct device *), forget(void *);
int debugging(struct device *), print(const char *), asks(int), can(struct pci_dev *);
struct adev *make(struct device *);
struct msi_map alloc_at(struct pci_dev *);
_Bool IS_ERR(const void *);
long PTR_ERR(const void *);
int each(struct device *, void *, int (*)(struct device *, void *));
int action(struct device *, void (*)(void *), void *);
void fill(int *);
extern int flag, other, third;
"""
PRINTS = (
    Fingerprint(("enable",), 0, Fails.NEGATIVE),
    Fingerprint(("map",), 0, Fails.NEGATIVE),
    Fingerprint(("vectors",), 0, Fails.POSITIVE, args=(1, 2)),
    Fingerprint(("disable",), 0),
    Fingerprint(("unmap",), 0),
    Fingerprint(("master",), 0),
    Fingerprint(("put",), 0),
    Fingerprint(("kzalloc", "kzalloc_noprof"), fails=Fails.NULL),
    Fingerprint(("make",), 0, Fails.ERRPTR),
    Fingerprint(("alloc_at",), 0, Fails.INDEX),
    Fingerprint(("each",), 0, callback=2),
    Fingerprint(("action",), 0, Fails.NEGATIVE, args=(1,)),
    Fingerprint(("can",), 0, Fails.BOOL),
)
GUARDS = (
    CGuard("flag", ("flag",)),
    CGuard("wide", ("other > 3",)),
    CGuard("both", ("third && !other",)),
)


def parsed(text: str, name: str = "unit.c") -> Unit:
    """A file that includes nothing."""
    text = PRELUDE + textwrap.dedent(text)
    tu = ci.Index.create().parse(name, ["-std=gnu11"], [(name, text)])
    assert not list(tu.diagnostics), [str(d) for d in tu.diagnostics]
    return Unit(name, (), frozenset(), tu, text.encode(), 0)


def probe(body: str, before: str = "", **options: Any) -> CLts:
    """Reads `int probe(struct pci_dev *dev)`."""
    code = (
        f"{textwrap.dedent(before)}\nint probe(struct pci_dev *dev)\n{{{textwrap.dedent(body)}}}\n"
    )
    return read([parsed(code)], "probe", PRINTS, GUARDS, **options)


def w(text: str) -> Lts:
    """Words as "enable+ master return:0": + ok, - fail, ?y or ?n a guard, on pci_dev."""
    labels = []
    for part in text.split():
        if part.startswith("return:"):
            labels.append(Label("return", "", part[7:]))
        elif part.endswith(("?y", "?n")):
            labels.append(Label(part[:-2], "", "true" if part[-1] == "y" else "false"))
        else:
            name, _, on = part.rstrip("+-").partition("@")
            on = "" if name == "kzalloc" else on or "pci_dev"
            labels.append(Label(name, on, "fail" if part.endswith("-") else "ok"))
    return word(*labels)


def same(got: CLts, *runs: str | Lts) -> None:
    parts = [w(run) if isinstance(run, str) else run for run in runs]
    found = difference(choice(*parts), got.lts)
    assert found is None, f"\n{found}"
