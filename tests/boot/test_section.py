# SPDX-License-Identifier: GPL-2.0-only
"""What of a guest object its evidence is of: no more than what runs for one rule, and no less."""

from __future__ import annotations

from dataclasses import replace

from checks.boot.broken.section import section
from checks.boot.evidence import case as cases_of
from checks.boot.evidence.case import cases, chosen, decided
from checks.boot.predict.board import BOARDS

OBJECT = """\
#include <linux/pci.h>

#define LIMIT	4
#define OTHER	5

/* What both need */
struct on {
	int irq;
};

static int count;

static int helper(struct on *on)
{
	return on->irq + LIMIT;
}

static int first(struct on *on)
{
	return helper(on);
}

static int second(struct on *on)
{
	return OTHER + count;
}

static const struct {
	const char *rule;
	int (*probe)(struct on *on);
} sequences[] = {
	{ "R1", first },
	{ "R2", second },
};

static int probe(struct on *on)
{
	return sequences[0].probe(on);
}

static struct driver driver = {
	.probe	= probe,
};
builtin_driver(driver);
"""


def test_a_section_has_what_its_name_makes_run_and_what_that_uses() -> None:
    first, second = section(OBJECT, {"R1"}), section(OBJECT, {"R2"})

    assert "return helper(on);" in first
    assert "#define LIMIT" in first
    assert "OTHER" not in first
    assert "second" not in first
    assert "static int count;" in second
    assert "helper" not in second
    for part in ("static int probe(", "builtin_driver(driver);", "struct on {", "sequences[] = {"):
        assert part in first, part
        assert part in second, part


def test_only_what_runs_makes_evidence_stale() -> None:
    kept = section(OBJECT, {"R1"})
    more = OBJECT.replace('{ "R2"', '{ "R3", second },\n\t{ "R2"').replace("OTHER + count", "7")

    assert section(more, {"R1"}) == kept
    assert section(OBJECT.replace("What both need", "Shared\n * by all"), {"R1"}) == kept
    assert section(OBJECT.replace("irq + LIMIT", "irq - LIMIT"), {"R1"}) != kept
    assert section(OBJECT.replace("LIMIT	4", "LIMIT	3"), {"R1"}) != kept
    assert section(OBJECT.replace("sequences[0]", "sequences[1]"), {"R1"}) != kept


def test_what_a_boot_depends_on_has_orders_machine_and_configuration() -> None:
    (case,) = chosen("n4-object", cases())
    (other,) = chosen("r08-object", cases())
    now = decided(case)

    def differ(changed: cases_of.Case) -> set[str]:
        return {name for name, digest in decided(changed).items() if digest != now[name]}

    assert differ(other) == {"orders"}
    assert differ(replace(case, board="static")) == {"machine"}
    assert differ(replace(case, args=("debug",))) == {"machine"}
    assert differ(replace(case, fragments=(*case.fragments, "kasan"))) == {"configuration"}
    assert differ(replace(case, what="something else")) == set()


def test_a_board_is_the_same_when_it_learns_what_this_one_does_not_use() -> None:
    setup = BOARDS["pair"].setup()

    assert setup.slower == 1.0
    assert "slower" not in repr(cases_of._said(setup))
    assert "slower" in repr(cases_of._said(replace(setup, slower=2.0)))
