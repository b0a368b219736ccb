# SPDX-License-Identifier: GPL-2.0-only
"""What the reader makes of C: small drivers with a known language, and the pinned portdrv."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import clang.cindex as ci
import pytest

from generator.clts import CLts, Reader, entry_points, read
from generator.csource import Unit
from generator.errors import TreeError
from generator.fingerprint import CGuard, Fails, Fingerprint
from generator.lts import Label, Lts, choice, difference, seq, star, word

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


def test_a_list_walk_names_its_elements_by_type():
    unit = parsed(
        """
        static struct list head;
        void walk(void)
        {
            struct item *i;

            for (i = container_of(head.next, struct item, node); &i->node != &head;
                 i = container_of(i->node.next, struct item, node))
                forget(i);
        }
        """
    )
    got = read([unit], "walk", [Fingerprint(("forget",), 0)])
    assert {label.on for label in got.lts.labels() if label.name == "forget"} == {"item"}


def test_helpers_are_entered_and_give_their_status_back():
    got = probe(
        "if (setup(dev, flag)) return -1; return 0;",
        """
        static int setup(struct pci_dev *one, int want)
        {
            int ret;

            if (!want)
                return 0;
            ret = enable(one);
            if (ret)
                return ret;
            return map(one);
        }
        """,
    )
    # `flag` is a value here and not a condition, so it is free, under the helper's name
    same(
        got,
        "return:0",
        "enable- return:error",
        "enable+ map- return:error",
        "enable+ map+ return:0",
    )
    assert [one.text for one in got.free] == ["want"]


def test_a_helper_of_another_file_is_entered():
    one = parsed("int setup(struct pci_dev *d); int probe(struct pci_dev *d) { return setup(d); }")
    two = parsed("int setup(struct pci_dev *d) { return enable(d); }", "two.c")
    same(read([one, two], "probe", PRINTS), "enable+ return:0", "enable- return:error")
    alone = read([one], "probe", PRINTS)
    same(alone, "return:unknown")
    assert [one.text for one in alone.unknown] == ["setup()"]


def test_an_iterator_calls_its_callback_until_it_fails():
    got = probe(
        "each(&dev->dev, NULL, one); master(dev); return 0;",
        """
        static int one(struct device *d, void *data)
        {
            if (!flag)
                return 0;
            put(d);
            return enable(to_pci_dev(d));
        }
        """,
    )
    child = "pci_dev.dev.child"
    fails = seq(w(f"flag?y put@{child} enable@{child}-"), w("master return:0"))
    goes = star(choice(w("flag?n"), w(f"flag?y put@{child} enable@{child}+")))
    same(got, seq(w("each@pci_dev.dev"), goes, choice(fails, w("master return:0"))))


def test_arguments_tell_uses_apart():
    got = probe(
        """
        int n = 0;
        vectors(dev, 1, ENOMEM | 32);
        vectors(dev, n, 4);
        action(&dev->dev, forget, dev);
        return 0;
        """
    )
    assert {label.args for label in got.lts.labels()} == {"1, ENOMEM | 32", "*, 4", "forget", ""}


def test_stored_members_are_seen_when_asked_for():
    zero = (Label("return", "", "0"),)
    body = """
    struct adev *a = kzalloc(8);
    int irq = vectors(dev, 1, 1);
    if (!a)
        return 0;
    a->id = irq;
    a->dev.parent = &dev->dev;
    a->dev.bus = NULL;
    return 0;
    """
    assert not [label for label in probe(body).lts.labels() if label.name == "set"]
    got = probe(body, sets=("adev.*",))
    assert {(label.on, label.outcome) for label in got.lts.labels() if label.name == "set"} == {
        ("adev.id", "vectors()"),
        ("adev.dev.parent", "pci_dev.dev"),
        ("adev.dev.bus", "NULL"),
    }
    local = probe("int n; n = 3; n |= dev->cap; fill(&n); return 0;", sets=("probe:n",))
    same(local, word(*(Label("set", "probe:n", text) for text in ("3", "|= pci_dev.cap")), *zero))
    only = probe(body, sets=("adev.id",))
    assert {label.on for label in only.lts.labels() if label.name == "set"} == {"adev.id"}


def test_a_question_has_two_answers_and_no_failure():
    got = probe("if (can(dev)) master(dev); return 0;")
    yes, no = Label("can", "pci_dev", "true"), Label("can", "pci_dev", "false")
    same(got, seq(word(yes), w("master return:0")), seq(word(no), w("return:0")))


def test_a_stable_guard_does_not_change_its_answer():
    code = """
    int probe(struct pci_dev *dev)
    {
        if (flag)
            master(dev);
        if (flag)
            disable(dev);
        return other > 3;
    }
    """
    guards = (
        CGuard("flag", ("flag",), stable=True, excludes=("wide",)),
        CGuard("wide", ("other > 3",), stable=True),
    )
    got = read([parsed(code)], "probe", PRINTS, guards)
    same(got, "flag?y master flag?y disable return:unknown", "flag?n flag?n return:unknown")


def test_a_guard_of_one_function_is_free_elsewhere():
    guards = (CGuard("flag", ("flag",), function="helper"),)
    code = "int probe(struct pci_dev *dev) { if (flag) master(dev); return 0; }"
    got = read([parsed(code)], "probe", PRINTS, guards)
    same(got, "master return:0", "return:0")
    assert next(str(one) for one in got.free).endswith(": flag")


def test_what_is_not_named_is_listed_with_its_place():
    got = probe("if (asks(1) && third)\n\tforget(dev);\nreturn 0;")
    assert {one.text for one in got.free} == {"asks(1)", "third"}
    assert {one.text for one in got.unknown} == {"asks()", "forget()"}
    lines = PRELUDE.count("\n")
    assert {one.place.line - lines for one in got.free} == {3}


def test_calls_inside_a_named_condition_are_known():
    guards = (CGuard("asked", ("asks(1)",)),)
    code = "int probe(struct pci_dev *dev) { if (!asks(1)) master(dev); return 0; }"
    got = read([parsed(code)], "probe", PRINTS, guards)
    same(got, "asked?y return:0", "asked?n master return:0")
    assert got.unknown == ()


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("int probe(struct pci_dev *d) { return probe(d->up); }", "probe calls itself"),
        (
            "int probe(struct pci_dev *d) { int x __attribute__((cleanup(fill))) = 0; return x; }",
            "cleanup",
        ),
        (
            "int probe(struct pci_dev *d) { void *p = &&on; goto *p; on: return 0; }",
            "INDIRECT_GOTO",
        ),
        (
            "int probe(struct pci_dev *d, int (*f)(struct device *, void *))"
            "{ return each(&d->dev, NULL, f); }",
            "callback",
        ),
    ],
)
def test_what_is_not_followed_is_said(code: str, what: str):
    got = read([parsed(code)], "probe", PRINTS)
    assert any(what in one.text for one in got.unread), got.unread


def test_a_label_knows_its_statement():
    got = probe("int ret;\nret = enable(dev);\nif (ret)\n\treturn ret;\nmaster(dev);\nreturn 0;")
    (site,) = got.sites[Label("enable", "pci_dev", "ok")]
    first = PRELUDE.count("\n") + 3
    assert (site.place.function, site.place.line, site.place.column) == ("probe", first + 1, 7)
    assert (site.statement.line, site.statement.column) == (first + 1, 1)
    assert (site.statement.end_line, site.statement.end_column) == (first + 1, 18)


def test_entry_points_come_from_the_initialiser():
    unit = parsed(
        """
        struct pm { int (*suspend)(struct device *); };
        struct device_driver { const struct pm *pm; int (*probe)(struct device *); };
        struct pci_driver {
            const char *name; int (*probe)(struct pci_dev *); void (*remove)(struct pci_dev *);
            struct device_driver driver;
        };
        static int anything(struct pci_dev *d) { return enable(d); }
        static int deep(struct device *d) { return 0; }
        static struct pci_driver it = {
            .name = "it", .probe = anything, .remove = disable, .driver.probe = deep,
        };
        struct pci_driver *user(void) { return &it; }
        """
    )
    (driver,) = entry_points(unit)
    assert (driver.kind, driver.name) == ("pci_driver", "it")
    assert driver.members == {"probe": "anything", "remove": "disable", "driver.probe": "deep"}


def test_a_function_that_is_not_there_is_named_with_its_neighbours():
    unit = parsed("int probe_one(struct pci_dev *dev) { return 0; }")
    with pytest.raises(TreeError, match=r"unit\.c: no function probe_two; there is probe_one"):
        read([unit], "probe_two", PRINTS)


def test_two_drivers_that_do_the_same_are_equal_however_they_are_written():
    one = probe("int ret = enable(dev); if (ret) return ret; master(dev); return 0;")
    two = probe(
        "if (!on(dev)) { master(dev); return 0; } return -ENOMEM;",
        "static int on(struct pci_dev *p) { struct pci_dev *q = p; return enable(q); }",
    )
    assert one.lts == two.lts


# -- the pinned tree

PORTDRV = "drivers/pci/pcie/portdrv.c"


@pytest.fixture(scope="module")
def portdrv(base: Any) -> Any:
    from generator import csource

    return csource.parse(base, PORTDRV)


def _members(unit: Any) -> dict[str, str]:
    (driver,) = entry_points(unit)
    assert (driver.kind, driver.name) == ("pci_driver", "pcie_portdriver")
    return dict(driver.members)


@pytest.mark.kernel
def test_remove_of_the_pinned_portdrv(portdrv: Any):
    from portdrv_today import GUARDS, PRINTS

    got = read([portdrv], _members(portdrv)["remove"], PRINTS, GUARDS)
    # by hand from drivers/pci/pcie/portdrv.c: pcie_portdrv_remove, pcie_port_device_remove,
    # remove_iter; device_for_each_child() in drivers/base/core.c goes on while it gets 0
    dev, child = "pci_dev.dev", "pci_dev.dev.child"
    calls = ("pm_runtime_forbid", "pm_runtime_get_noresume", "pm_runtime_dont_use_autosuspend")
    quiet = w(" ".join(f"{call}@{dev}" for call in calls))
    each = choice(w("pci_express_child?n"), w(f"pci_express_child?y device_unregister@{child}"))
    want = seq(
        choice(w("d3_possible?n"), seq(w("d3_possible?y"), quiet)),
        w(f"device_for_each_child@{dev}"),
        star(each),
        w("pci_free_irq_vectors pci_disable_device return:void"),
    )
    found = difference(want, got.lts)
    assert found is None, f"\n{found}"
    assert not got.free
    assert not got.unknown
    assert not got.unread


@pytest.mark.kernel
def test_probe_of_the_pinned_portdrv_has_every_operation(portdrv: Any):
    from portdrv_today import GUARDS, PRINTS, SETS

    got = Reader([portdrv], PRINTS, GUARDS, sets=SETS).read(_members(portdrv)["probe"])
    names = {label.name for label in got.lts.labels()}
    # the calls of domain B1: what a port driver must not lose
    assert names >= {
        *("pcie_link_rcec", "pci_enable_device", "pci_set_master", "pci_alloc_irq_vectors"),
        *("pci_free_irq_vectors", "pci_irq_vector", "kzalloc", "device_register", "put_device"),
        *("pci_clear_master", "pci_save_state", "dev_pm_set_driver_flags", "pm_runtime_allow"),
        *("pcie_pme_interrupt_enable", "pm_runtime_put_autosuspend", "set", "return"),
    }
    assert not got.unread
    assert {one.text for one in got.free} == {"i < PCIE_PORT_DEVICE_MAXSERVICES"}
    # nothing fails probe but the type check and pci_enable_device()
    errors = {source for source, label, _ in got.lts.edges if label == Label("return", "", "error")}
    into = {label for _, label, target in got.lts.edges if target in errors}
    assert into == {Label("no_port", "", "true"), Label("pci_enable_device", "pci_dev", "fail")}


@pytest.mark.kernel
@pytest.mark.slow
def test_nine_of_ten_small_wrongs_in_portdrv_are_seen(base: Any, portdrv: Any):
    from mutate import mutants, mutated
    from portdrv_today import FUNCTIONS, GUARDS, PRINTS, SETS, UNSEEN

    entries = [_members(portdrv)[name] for name in ("probe", "remove", "shutdown")]

    def behaviour(unit: Any) -> list[Lts]:
        reader = Reader([unit], PRINTS, GUARDS, sets=SETS)
        return [reader.read(entry).lts for entry in entries]

    want = behaviour(portdrv)
    compiling, unseen = 0, []
    for mutant in mutants(portdrv, FUNCTIONS):
        unit = mutated(base, {}, mutant, portdrv)
        if unit is None:
            continue
        compiling += 1
        if behaviour(unit) == want:
            unseen.append(f"{mutant.function}: {mutant.kind}: {mutant.what}")
    assert compiling > 300
    assert len(unseen) <= compiling / 10, "\n".join(unseen)
    reasons = [key for line in unseen for key in UNSEEN if line.startswith(key)]
    assert len(reasons) == len(unseen), "not in UNSEEN:\n" + "\n".join(unseen)


def test_the_reader_needs_no_header_walk(tmp_path: Path):
    """Functions of headers are not entered, whatever they call."""
    header = tmp_path / "h.h"
    header.write_text("static inline int deep(struct pci_dev *d) { return enable(d); }\n")
    code = f'#include "{header}"\nint probe(struct pci_dev *dev) {{ return deep(dev); }}\n'
    got = read([parsed(code)], "probe", PRINTS)
    same(got, "return:unknown")
    assert [one.text for one in got.unknown] == ["deep()"]
