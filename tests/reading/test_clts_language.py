# SPDX-License-Identifier: GPL-2.0-only
"""What the reader makes of control flow and device arguments, as languages."""

from __future__ import annotations

import pytest
from smallc import probe, same, w
from words import choice, seq, star

LANGUAGES = {
    "a status decides": (
        "int ret = enable(dev); if (ret) return ret; master(dev); return 0;",
        ["enable+ master return:0", "enable- return:error"],
    ),
    "a failure that is not looked at": (
        "enable(dev); master(dev); return 0;",
        ["enable+ master return:0", "enable- master return:0"],
    ),
    "unwinding by goto": (
        """
        int ret = enable(dev);
        if (ret < 0)
            goto out;
        ret = map(dev);
        if (ret)
            goto off;
        return 0;
        off:
        disable(dev);
        out:
        return ret;
        """,
        ["enable- return:error", "enable+ map- disable return:error", "enable+ map+ return:0"],
    ),
    "a call as a condition": (
        "if (enable(dev) || map(dev)) return -ENOMEM; return 0;",
        ["enable- return:error", "enable+ map- return:error", "enable+ map+ return:0"],
    ),
    "an assignment in a condition": (
        "int ret; if ((ret = enable(dev)) < 0) return ret; return ret;",
        ["enable- return:error", "enable+ return:0"],
    ),
    "a pointer that may be NULL": (
        "void *p = kzalloc(8); if (!p) return -ENOMEM; return 0;",
        ["kzalloc+ return:0", "kzalloc- return:error"],
    ),
    "a pointer compared with NULL": (
        "void *p = kzalloc(8); if (NULL == p) return -ENOMEM; return 0;",
        ["kzalloc+ return:0", "kzalloc- return:error"],
    ),
    "a member that may be NULL": (
        "dev->dev.bus = kzalloc(8); if (!dev->dev.bus) return -ENOMEM; return 0;",
        ["kzalloc+ return:0", "kzalloc- return:error"],
    ),
    "a member that anybody may have changed": (
        "dev->dev.bus = kzalloc(8); print(NULL); if (!dev->dev.bus) return -ENOMEM; return 0;",
        [
            "kzalloc+ return:0",
            "kzalloc- return:0",
            "kzalloc+ return:error",
            "kzalloc- return:error",
        ],
    ),
    "guards, short circuit and polarity": (
        "if (!flag && other > 3) master(dev); return 0;",
        ["flag?y return:0", "flag?n wide?n return:0", "flag?n wide?y master return:0"],
    ),
    "a guard over a whole condition": (
        "if (!(third && !other)) return 0; master(dev); return 0;",
        ["both?n return:0", "both?y master return:0"],
    ),
    "an unnamed condition is free": (
        "if (third) master(dev); return 0;",
        ["master return:0", "return:0"],
    ),
    "a free condition asked of one variable": (
        "int a = asks(1); if (a) master(dev); if (a) disable(dev); return 0;",
        ["master disable return:0", "return:0"],
    ),
    "a variable that is filled through its address": (
        "int a = 0; fill(&a); if (a) master(dev); return 0;",
        ["master return:0", "return:0"],
    ),
    "a while loop": (
        "while (flag) master(dev); return 0;",
        [seq(star(w("flag?y master")), w("flag?n return:0"))],
    ),
    "a counted loop runs at least once": (
        "for (int i = 0; i < 4; i++) master(dev); return 0;",
        [seq(w("master"), star(w("master")), w("return:0"))],
    ),
    "break and continue": (
        """
        for (;;) {
            if (flag)
                continue;
            if (other > 3)
                break;
            master(dev);
        }
        return 0;
        """,
        [seq(star(choice(w("flag?y"), w("flag?n wide?n master"))), w("flag?n wide?y return:0"))],
    ),
    "a do loop": (
        "do { master(dev); } while (flag); return 0;",
        [seq(w("master"), star(w("flag?y master")), w("flag?n return:0"))],
    ),
    "a loop that drops bits": (
        """
        int left = 6;
        for (int i = 0; i < 4; i++)
            if (enable(dev))
                left &= ~i;
        if (!left)
            disable(dev);
        return 0;
        """,
        [
            seq(w("enable+"), star(w("enable+")), w("return:0")),
            seq(
                star(w("enable+")),
                w("enable-"),
                star(choice(w("enable+"), w("enable-"))),
                choice(w("return:0"), w("disable return:0")),
            ),
        ],
    ),
    "switch with fall through and default": (
        """
        switch (dev->cap) {
        case 1:
            master(dev);
            /* falls */
        case 2:
            disable(dev);
            break;
        default:
            return -ENOMEM;
        }
        return 0;
        """,
        ["master disable return:0", "disable return:0", "return:error"],
    ),
    "a switch that has no case for it": (
        "switch (dev->cap) { case 1: master(dev); } return 0;",
        ["master return:0", "return:0"],
    ),
    "the conditional operator": (
        "int ret = flag ? enable(dev) : 0; return ret;",
        ["flag?y enable+ return:0", "flag?y enable- return:error", "flag?n return:0"],
    ),
    "macros that hold no operation": (
        """
        int n = max(dev->irq, dev->cap);
        dev_dbg(&dev->dev, NULL);
        if (likely(flag))
            n++;
        return 0;
        """,
        ["flag?y return:0", "flag?n return:0"],
    ),
    "ERR_PTR": (
        """
        struct adev *a = make(&dev->dev);
        if (IS_ERR(a))
            return PTR_ERR(a);
        put(&a->dev);
        return 0;
        """,
        ["make@pci_dev.dev- return:error", "make@pci_dev.dev+ put@adev.dev return:0"],
    ),
    "struct msi_map": (
        "struct msi_map m = alloc_at(dev); if (m.index < 0) return m.index; return 0;",
        ["alloc_at- return:error", "alloc_at+ return:0"],
    ),
    "a constant condition": (
        "if (0) master(dev); if (1 && !0) disable(dev); return 0;",
        ["disable return:0"],
    ),
    "code behind a return is not run": (
        "return 0; master(dev); back: disable(dev); return 0;",
        ["return:0"],
    ),
    "an unknown result is no verdict": ("return asks(3);", ["return:unknown"]),
}


@pytest.mark.parametrize("name", LANGUAGES)
def test_control_flow_and_status(name: str):
    body, runs = LANGUAGES[name]
    same(probe(body), *runs)


PATHS = {
    "the parameter": ("master(dev);", "pci_dev"),
    "a member's address": ("put(&dev->dev);", "pci_dev.dev"),
    "a local alias": ("struct device *d = &dev->dev; put(d);", "pci_dev.dev"),
    "the last assignment": (
        "struct adev *a = kzalloc(8); struct device *d = &dev->dev; d = &a->dev; put(d);",
        "adev.dev",
    ),
    "a member of a member": ("put(dev->up->dev.parent);", "pci_dev.up.dev.parent"),
    "container_of": (
        "struct pci_dev *p = to_pci_dev(dev->dev.parent); master(p);",
        "pci_dev.dev.parent",
    ),
    "container_of taken back": ("master(to_pci_dev(&dev->dev));", "pci_dev"),
    "a member of a container": ("put(&to_pci_dev(dev->dev.parent)->dev);", "pci_dev.dev.parent"),
    "container_of without a variable for the pointer": (
        "\n#define newer(ptr) ({ _Static_assert(1, \"\"); (struct pci_dev *)((void *)(ptr) - "
        "__builtin_offsetof(struct pci_dev, dev)); })\n"
        "struct pci_dev *p = newer(dev->dev.parent); master(p);",
        "pci_dev.dev.parent",
    ),
    "a number that is no offset taken from a pointer": (
        "\n#define odd(ptr) ({ (struct pci_dev *)((void *)(ptr) - 8); })\nmaster(odd(dev));", "?",
    ),
    "a helper's parameter": ("helper(&dev->dev);", "pci_dev.dev"),
    "a walk over a list": ("for (struct pci_dev *p = dev->up; p; p = p->up) put(&p->dev);", None),
    "what cannot be found": ("master((struct pci_dev *)(long)asks(2));", "?"),
}


@pytest.mark.parametrize("name", PATHS)
def test_device_argument(name: str):
    body, path = PATHS[name]
    before = "static void helper(struct device *one) { struct device *two = one; put(two); }"
    got = probe(f"{body} return 0;", before if "helper" in body else "")
    on = {label.on for label in got.lts.labels() if label.name in ("master", "put")}
    if path is None:  # a walk must end: paths do not grow for ever
        assert {"pci_dev.up.dev", "pci_dev.dev"} <= on
        assert len(on) < 12
    else:
        assert on == {path}
