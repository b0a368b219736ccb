# SPDX-License-Identifier: GPL-2.0-only
"""What reviewers found wrong with auxbus is refused, each by itself, under a rule about it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from checks.machine.episode import PLAIN
from checks.verdict.judge import judge
from generator import rewrite
from generator.design import Design, Waiver
from generator.designs.auxbus import DESIGN
from generator.drivers import pcie_cxlpmu_devices as child
from generator.drivers.pcie_cxlpmu import CPMU
from generator.drivers.portdrv_services import PORT
from generator.expr import ParentOf, pick
from generator.facts import CAPS, GONE
from generator.operation import IGNORE, Do, OnFail, fault, ok, sets
from generator.ops.handling import (
    CLAIM_IRQ,
    IRQ_SET_AFFINITY,
    LOCAL64_ADD,
    READ_STATUS,
    WARN_ON,
    all_ones,
)
from generator.ops.lock import SPIN_LOCK, SPIN_UNLOCK
from generator.ops.pci import PCI_CLEAR_MASTER
from generator.ops.perf import PARSE_CAPS, QUIESCE, START_EVENTS, STOP_EVENTS, USER
from generator.program import Block, Call, If, Node, Return


def _perf(**entries: Block | None) -> Design:
    port, perf = DESIGN.drivers
    return replace(DESIGN, name="varied", drivers=(port, replace(perf, **entries)))


def _asleep() -> Design:
    """The driver has no callbacks for sleep."""
    return _perf(suspend=None, resume=None)


def _on_over_sleep() -> Design:
    """It programs its counters again, but leaves them on while the system sleeps."""
    return _perf(suspend=())


def _stopped_only() -> Design:
    """It stops its counters before sleep, and starts nothing after it."""
    return _perf(resume=())


def _enabled_only() -> Design:
    """It enables its counters again, and takes what it read of them last for their value."""
    (ok_,) = START_EVENTS.outcomes
    kept = tuple(one for one in ok_.gives if one.target.fact.name != "stale count")
    return _perf(resume=(replace(START_EVENTS, outcomes=(replace(ok_, gives=kept),))(CPMU),))


def _deleted_at_shutdown() -> Design:
    """The port driver deletes the devices at shutdown, as it does when it is removed."""
    port, perf = DESIGN.drivers
    first = Call(child.pcie_cxlpmu_delete_devices())
    assert port.shutdown is not None
    return replace(DESIGN, name="varied", drivers=(
        replace(port, shutdown=(first, *port.shutdown)),
        replace(perf, shutdown=(QUIESCE(CPMU),)),
    ))


def _irq_kept_at_shutdown() -> Design:
    """The driver keeps its irq at shutdown, when the port driver frees the vectors."""
    return _perf(shutdown=(STOP_EVENTS(CPMU),))


def _all_ones() -> Design:
    """It takes all ones for capabilities."""
    blind = replace(PARSE_CAPS, outcomes=(
        ok(sets(CAPS(USER), pick(GONE(ParentOf(USER)).eq(1), 0, 1))), fault("-ENODEV"),
    ))

    def change(node: object) -> Block | None:
        if isinstance(node, Do) and node.op == PARSE_CAPS:
            return (replace(node, op=blind),)
        return None

    return replace(rewrite.rewritten(DESIGN, change), name="varied")


def _cleared() -> Design:
    """Bus mastering of a port for which there was nothing is cleared again."""
    def body(nodes: Block) -> Block:
        *rest, last = nodes
        assert isinstance(last, Call)
        assert isinstance(last.on_fail, tuple)
        clear: tuple[Node, ...] = (PCI_CLEAR_MASTER(PORT), *last.on_fail)
        return (*rest, replace(last, on_fail=clear))

    return replace(rewrite.functions(DESIGN, "pcie_cxlpmu_serve_port", body), name="varied")


def _probed(*nodes: Node) -> Design:
    probe = DESIGN.drivers[1].probe
    return _perf(probe=(*probe, *nodes))


def _affinity(fail: OnFail | Block) -> Design:
    return _probed(IRQ_SET_AFFINITY(CPMU, fail=fail))


def _warns_of_hosts() -> Design:
    """It warns where it cannot have its interrupt on the CPU of the events."""
    return _affinity((WARN_ON(CPMU),))


def _counts_on_one_cpu() -> Design:
    """Its handler updates counts as if nobody on another CPU did."""
    return _perf(atomic=(LOCAL64_ADD(CPMU),))


def _claims_all_ones() -> Design:
    """Its handler takes all ones for overflows."""
    return _perf(atomic=(READ_STATUS(CPMU), CLAIM_IRQ(CPMU)))


@pytest.mark.parametrize(("make", "episode", "rule"), [
    (_asleep, "sleep", "N43"),
    (_on_over_sleep, "sleep", "N43"),
    (_stopped_only, "sleep", "N14"),
    (_enabled_only, "sleep", "N46"),
    (_deleted_at_shutdown, PLAIN, "N47"),
    (_irq_kept_at_shutdown, PLAIN, "R14"),
    (_warns_of_hosts, PLAIN, "N49"),
    (_counts_on_one_cpu, PLAIN, "N50"),
    (_all_ones, "surprise", "N12"),
    (_claims_all_ones, "surprise", "N51"),
    (_cleared, PLAIN, "R09"),
])
def test_a_defect_is_refused(make: Callable[[], Design], episode: str, rule: str) -> None:
    found = judge(make(), episode=episode)

    assert rule in [one.rule for one in found.counterexamples]


@pytest.mark.parametrize(("made", "episode"), [
    (_affinity(IGNORE), PLAIN),
    (_perf(atomic=(SPIN_LOCK(CPMU), LOCAL64_ADD(CPMU), SPIN_UNLOCK(CPMU))), PLAIN),
    (_perf(atomic=(
        READ_STATUS(CPMU), If(all_ones(CPMU), (Return(),)), CLAIM_IRQ(CPMU),
    )), "surprise"),
])
def test_and_is_not_when_it_is_mended(made: Design, episode: str) -> None:
    """What the second and the third patch of the series say, as far as designs have it."""
    assert judge(made, episode=episode).counterexamples == ()


def test_no_waiver_of_sleep_is_left() -> None:
    """What a reset of the link takes is all that auxbus lives with beside open events."""
    ours = [one for one in DESIGN.waivers if one.rule not in ("R09", "N1")]

    assert ours == [Waiver("N14", ours[0].reason, episode="recovery")]


def test_a_waiver_of_one_episode_does_not_count_in_another() -> None:
    lost = replace(_stopped_only(), waivers=(*DESIGN.waivers, Waiver("N13", "for this test")))

    def rules(design: Design) -> list[str]:
        return [one.rule for one in judge(design, episode="sleep").counterexamples]

    assert rules(lost) == ["N14"]
    everywhere = tuple(replace(one, episode="") for one in lost.waivers)
    assert rules(replace(lost, waivers=everywhere)) == []
