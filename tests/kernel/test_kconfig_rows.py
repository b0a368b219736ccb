# SPDX-License-Identifier: GPL-2.0-only
"""Help texts of Kconfig files end where kconfig ends them, so nothing in them is a statement."""

from __future__ import annotations

import pytest

from generator.kernel.kconfig_rows import outside_help


@pytest.mark.parametrize(("text", "kept"), [
    ("config A\n\tbool\n\thelp\n\t  text\n\nconfig B", "config A|\tbool|config B"),
    ("\thelp\n\ttext at the depth of the word\n\tmore\nconfig B", "config B"),
    ("\thelp\n\n\t  first\n\n\t    deeper\n\t  config C\n\tdefault y", "\tdefault y"),
    ("\thelp # why\n\t  text\nendmenu", "endmenu"),
    ("\thelp\nconfig B", "config B"),  # there is no text
    ("\thelp\n\t  text\n        \tselect D\nif E", "if E"),  # as deep, by other characters
    ("config HELP\n\tprompt \"help\"", "config HELP|\tprompt \"help\""),
])
def test_what_is_outside_of_help_texts(text: str, kept: str) -> None:
    assert "|".join(row for _, row in outside_help(text.split("\n"))) == kept


def test_lines_keep_their_numbers() -> None:
    assert [at for at, _ in outside_help(["help", "  text", "config A"])] == [3]
