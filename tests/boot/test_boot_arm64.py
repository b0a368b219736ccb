# SPDX-License-Identifier: GPL-2.0-only
"""arm64 with a GICv3 ITS: MSI-X vectors cannot be added, as x86 cannot show by itself."""

from __future__ import annotations

import json

import pytest

from checks.boot.build.arch import ARM64
from checks.boot.build.kernel import fragment, fragments, kernel
from checks.boot.build.kind import PLAIN
from checks.boot.model.guest_object import with_port_model
from generator.__main__ import main
from generator.kernel.tree import Tree

pytestmark = [pytest.mark.boot, pytest.mark.kernel, pytest.mark.slow, pytest.mark.others]


@pytest.mark.parametrize("design", ["today", "auxbus"])
def test_an_arm64_kernel_does_what_its_design_predicts(
    design: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["boot", design, "--board", "virt", "--json"])

    (told,) = json.loads(capsys.readouterr().out)
    wrong = [f"{line['scenario']}: {line['subject']}: {line['what']}: {line['predicted']}, "
             f"seen {line['observed']}" for line in told["lines"] if not line["holds"]]
    assert wrong == []
    assert told["verdict"] == "as predicted"
    assert code == 0
    if design == "auxbus":
        # Nobody has message 1: on x86, which adds vectors, the port has 0 and 2.
        wanted = ("load", "rp-cpmu", "messages with a vector")
        (vectors,) = {line["observed"] for line in told["lines"]
                      if (line["scenario"], line["subject"], line["what"]) == wanted}
        assert vectors == "0, 1, 2"


def test_every_symbol_of_a_fragment_is_as_asked_for(pinned: Tree) -> None:
    told = kernel(pinned, with_port_model(pinned, {}), PLAIN, ARM64).config().splitlines()
    known = {line.split("=")[0] for line in told if not line.startswith("#")}

    for line in fragment(fragments(PLAIN, ARM64)):
        if line.startswith("#"):
            assert line.split()[1] not in known
        else:
            assert line in told
