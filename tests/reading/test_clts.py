# SPDX-License-Identifier: GPL-2.0-only
"""What the reader makes of C: small drivers with a known language."""

from __future__ import annotations

import pytest
from smallc import PRELUDE, PRINTS, parsed, probe, same, w
from words import choice, seq, star

from generator.errors import TreeError
from generator.fingerprint import CGuard, Fingerprint
from generator.graphs.lts import Label, word
from generator.reading.initialisers import entry_points
from generator.reading.reader import read


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


def test_what_stands_beside_a_nested_member_is_no_part_of_its_path():
    unit = parsed(
        """
        struct dev_pm_ops { int (*suspend)(struct pci_dev *); };
        struct device_driver { int quiet; const struct dev_pm_ops *pm; const char *name; };
        struct pci_driver {
            int (*probe)(struct pci_dev *); struct device_driver driver;
            void (*remove)(struct pci_dev *);
        };
        static int anything(struct pci_dev *d) { return enable(d); }
        static int asleep(struct pci_dev *d) { return 0; }
        static const struct dev_pm_ops ops = { .suspend = asleep };
        static struct pci_driver it = {
            .probe = anything, .driver = { .quiet = 1, .pm = &ops, .name = "it" },
            .remove = disable,
        };
        struct pci_driver *user(void) { return &it; }
        """
    )
    (driver,) = entry_points(unit)
    assert driver.members == {
        "probe": "anything", "driver.pm.suspend": "asleep", "remove": "disable"
    }


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
