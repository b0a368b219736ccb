# SPDX-License-Identifier: GPL-2.0-only
"""What designs say of the hardware of boots, before there is a guest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.boot.predict.board import BOARDS, PLAIN, REMAPPED, STATIC, Cpmu, Port
from checks.boot.predict.predict import (
    LINE_IRQ,
    Predicted,
    after_unbind,
    at_rest,
    child_module,
    leaves_under_event,
    predict,
)
from generator.designs import auxbus, today
from generator.errors import ModelError

PORTS = {port.name: port for port in BOARDS["dynamic"].ports}


# What a design says of hardware. By hand: pcie_port_enable_irq_vec() asks for as many vectors as
# there can be, reads the numbers, and frees all to allocate the highest number plus one.


def test_one_vector_serves_all_services() -> None:
    said = predict(today.DESIGN, PORTS["rp-msix"], PLAIN)

    assert (said.mode, said.messages, said.master) == ("MSI-X", (0,), True)
    assert said.handlers() == {0: ("PCIe PME", "aerdrv", "pciehp")}


def test_several_messages_need_a_platform_that_grants_them() -> None:
    one = predict(today.DESIGN, PORTS["rp-msi"], PLAIN)
    two = predict(today.DESIGN, PORTS["rp-msi"], REMAPPED)

    assert one.handlers() == {0: ("PCIe PME", "aerdrv", "pciehp")}
    assert two.handlers() == {0: ("PCIe PME", "pciehp"), 1: ("aerdrv",)}


def test_a_port_without_msi_is_on_its_line() -> None:
    said = predict(today.DESIGN, PORTS["rp-intx"], PLAIN)

    assert (said.mode, said.messages) == ("INTx", ())
    assert said.handlers() == {LINE_IRQ: ("PCIe PME", "aerdrv", "pciehp")}


def test_a_port_without_services_has_no_vector_and_no_mastering() -> None:
    said = predict(today.DESIGN, PORTS["sw-up"], PLAIN)

    assert (said.bound, said.messages, said.master, said.services) == (True, (), False, {})


def test_nothing_is_left_after_unbind() -> None:
    said = after_unbind(today.DESIGN, PORTS["rp-msix"], PLAIN)

    assert (said.bound, said.messages, said.handlers()) == (False, (), {})
    assert not any(given.there for given in said.services.values())


BUSY = Port("busy", "model", "00:0a.0", "root", "MSI-X", 4, ("PME", "AER", "HP"),
            (("hp", 0), ("aer", 1)), cpmus=(Cpmu(2),))


@pytest.mark.parametrize("dynamic", [True, False])
def test_a_cpmu_gets_its_own_message(dynamic: bool) -> None:
    # Statically it is counted in; dynamically it is added: message 2 has a vector either way.
    said = predict(auxbus.DESIGN, BUSY, replace(PLAIN, dynamic=dynamic))

    assert said.messages == (0, 1, 2)
    assert [(one.there, one.bound, one.message, one.pmu) for one in said.cpmus] == [
        (True, True, 2, True)]


def test_a_cpmu_waits_for_its_driver() -> None:
    said = predict(auxbus.DESIGN, BUSY, PLAIN, loaded=False)

    assert [(one.there, one.bound, one.message) for one in said.cpmus] == [(True, False, None)]


def test_a_cpmu_beyond_the_table_gets_no_device() -> None:
    small = replace(BUSY, entries=2)

    said = predict(auxbus.DESIGN, small, PLAIN)

    assert said.messages == (0, 1)
    assert [one.there for one in said.cpmus] == [False]


def test_a_question_that_the_lab_does_not_answer_is_an_error() -> None:
    class Silent(type(PLAIN)):  # type: ignore[misc]  # a platform that forgets one answer
        def answers(self, port: Port, cpmus: int = 0) -> dict[tuple[str, str], str]:
            found = super().answers(port, cpmus)
            return {key: value for key, value in found.items() if key[1] != "line"}

    with pytest.raises(ModelError, match="does not say line of port"):
        predict(today.DESIGN, PORTS["rp-msix"], Silent("x", multi=False, dynamic=True))


# By hand: cxl_pmu_aux_probe() quiesces before it requests its interrupt, an event pins the module.


def test_what_firmware_left_on_is_on_until_the_driver_binds() -> None:
    port = replace(BUSY, cpmus=(Cpmu(2, left_on=True), Cpmu(1)))

    def sources(said: Predicted) -> list[bool]:
        return [one.source for one in said.cpmus]

    assert sources(predict(auxbus.DESIGN, port, PLAIN, loaded=False)) == [True, False]
    assert sources(predict(auxbus.DESIGN, port, PLAIN)) == [False, False]
    assert sources(at_rest(auxbus.DESIGN, port, PLAIN)) == [False, False]
    # Nobody loaded it: not even powering off, or unbinding the port, switches anything off.
    assert sources(at_rest(auxbus.DESIGN, port, PLAIN, loaded=False)) == [True, False]
    assert sources(after_unbind(auxbus.DESIGN, port, PLAIN)) == [False, False]
    assert sources(after_unbind(auxbus.DESIGN, port, PLAIN, loaded=False)) == [True, False]


def test_what_firmware_left_on_stays_on_where_no_driver_is_for_it() -> None:
    port = replace(BUSY, cpmus=(Cpmu(2, left_on=True), Cpmu(1)))
    others = tuple(one for one in auxbus.DESIGN.drivers if one.device.kind != "aux")
    design = replace(auxbus.DESIGN, drivers=others)  # as after the step that creates the devices

    assert child_module(design) == ""
    for said in (predict(design, port, PLAIN), at_rest(design, port, PLAIN)):
        assert [one.source for one in said.cpmus] == [True, False]


def test_a_bound_cpmu_has_claimed_its_registers_and_holds_its_port() -> None:
    before = predict(auxbus.DESIGN, BUSY, PLAIN, loaded=False)
    after = predict(auxbus.DESIGN, BUSY, PLAIN)

    assert [(one.claimed, one.power) for one in before.cpmus] == [(False, False)]
    assert [(one.claimed, one.power) for one in after.cpmus] == [(True, True)]


def test_an_open_event_pins_the_module_of_the_driver() -> None:
    assert child_module(auxbus.DESIGN) == "cxl_pmu"
    assert child_module(today.DESIGN) == ""
    assert not leaves_under_event(auxbus.DESIGN, BUSY, PLAIN)


def test_a_port_without_services_has_vectors_for_its_cpmus() -> None:
    port = next(one for one in BOARDS["switch"].ports if one.cpmus)

    ours = predict(auxbus.DESIGN, port, STATIC)
    theirs = predict(today.DESIGN, port, STATIC)

    assert (ours.messages, ours.handled(), ours.master) == ((0, 1, 2), (1, 2), True)
    assert (theirs.messages, theirs.handled(), theirs.master) == ((), (), False)
