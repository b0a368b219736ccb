# SPDX-License-Identifier: GPL-2.0-only
"""What has to be on for a symbol of Kconfig: across files, with what stands around it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from snippet import Snippet

from checks.compiling.needs import needed
from checks.compiling.switched import Wish, switched, together
from checks.compiling.unbuilt import Why
from generator.series.commit import Commit

FILES = {
    "Kconfig": 'source "arch/$(SRCARCH)/Kconfig"\nsource "drivers/Kconfig"\n'
               'source "none/Kconfig"\n',
    "arch/x86/Kconfig": "config X86\n\tdef_bool y\n",
    "drivers/Kconfig": 'menu "drivers"\n\tdepends on IO # of any kind\n\nif INPUT\n\n'
                       'source "drivers/keys/Kconfig"\nsource "drivers/misc/Kconfig"\n\nendif\n'
                       "endmenu\n\nconfig LATER\n\tbool\n",
    "drivers/keys/Kconfig": "config KEYS\n\ttristate\n\tdepends on LINES || \\\n\t\tTRIED\n\thelp\n"
                            "\t  depends on NOTHING, if ever.\n\n\t  if NEVER\n\nif KEYS\nendif\n",
    "drivers/misc/Kconfig": 'comment "none"\n\tdepends on !INPUT\n\nmenuconfig ARRAY\n'
                            "\ttristate\n\tdepends on KEYS && !OLD && X86\n",
}


def text(path: str) -> bytes | None:
    return FILES[path].encode() if path in FILES else None


@pytest.mark.parametrize(("symbol", "also"), [
    ("ARRAY", ("IO", "INPUT", "KEYS", "LINES", "TRIED")),
    ("KEYS", ("IO", "INPUT", "LINES", "TRIED")),
    ("LATER", ()),
    ("NOBODY", ()),
])
def test_what_a_symbol_needs_is_found_in_any_file(symbol: str, also: tuple[str, ...]) -> None:
    assert needed((symbol,), text, "#define CONFIG_X86 1\n") == (symbol, *also)


def test_what_is_on_is_not_asked_for() -> None:
    on = "#define CONFIG_X86 1\n#define CONFIG_IO 1\n#define CONFIG_KEYS_MODULE 1\n"
    assert needed(("ARRAY",), text, on) == ("ARRAY", "INPUT")


def test_a_symbol_without_a_prompt_needs_one_that_selects_it() -> None:
    files = {"Kconfig": b"""config CODEC
\ttristate
\tdepends on BUS

config BOARD
\tbool "a board"
\tdepends on ONE && TWO && THREE
\tselect CODEC

config HIDDEN
\tbool
\tselect CODEC

config EVERY
\ttristate "all codecs"
\tdepends on TRIED
\timply CODEC if BUS

config ALSO
\tbool
\tprompt "as well"
\tdepends on ONE && TWO
\tselect CODEC
"""}
    assert needed(("CODEC",), files.get, "") == (
        "CODEC", "BUS", "EVERY", "ALSO", "TRIED", "ONE", "TWO")
    assert needed(("EVERY",), files.get, "") == ("EVERY", "TRIED")


def test_files_that_read_each_other_end() -> None:
    turns = {"Kconfig": b'source "b"\n',
             "b": b'endmenu\nsource "Kconfig"\nconfig A\n depends on B\n'}
    assert needed(("A",), turns.get, "") == ("A", "B")


@dataclass(frozen=True)
class _Asked(Snippet):
    """A target that gives what is asked for when all that is needed is asked for."""

    on: tuple[str, ...] = ()

    def switched(self, symbols: object) -> Snippet:
        return replace(self, on=tuple(symbols))  # type: ignore[arg-type]

    def at(self, _overlay: object) -> Snippet:
        return self

    @property
    def autoconf(self) -> str:
        given = self.on if "INPUT" in self.on else set(self.on) - {"ARRAY", "OTHER"}
        return "".join(f"#define CONFIG_{one} 1\n" for one in given)


@pytest.mark.parametrize(("symbol", "on"), [
    ("ARRAY", ("ARRAY", "INPUT", "IO", "KEYS", "LINES", "TRIED", "X86")),
    ("KEYS", ("KEYS", "OTHER")),
])
def test_more_is_asked_for_where_a_symbol_was_asked_for_in_vain(
    tmp_path: Path, symbol: str, on: tuple[str, ...]
) -> None:
    changed: dict[str, bytes | None] = {name: data.encode() for name, data in FILES.items()}
    commit = Commit("one", changed, changed)

    depends = ("KEYS && X86",) if symbol == "ARRAY" else ("OTHER",)
    reasons = [Why("", (symbol,), depends)]

    found = switched(_Asked(tmp_path), Wish(commit, tuple(reasons)))
    assert found.on == on  # type: ignore[attr-defined]


@dataclass(frozen=True)
class _Choosing(_Asked):
    """A target that gives RED only without BLUE."""

    @property
    def autoconf(self) -> str:
        given = set(self.on) - ({"RED"} if "BLUE" in self.on else set())
        return "".join(f"#define CONFIG_{one} 1\n" for one in sorted(given))


def _wish(symbol: str) -> Wish:
    return Wish(Commit(symbol, {}, {}), (Why("", (symbol,)),), frozenset({f"{symbol}_DEBUG"}))


def test_commits_that_want_different_symbols_get_one_configuration(tmp_path: Path) -> None:
    one, other = together(_Asked(tmp_path), [_wish("KEYS"), _wish("LINES")])

    assert one == other
    assert one.on == (  # type: ignore[attr-defined]
        "KEYS", "KEYS_DEBUG", "LINES", "LINES_DEBUG")


def test_a_commit_whose_symbols_do_not_go_with_those_of_others_has_its_own(tmp_path: Path) -> None:
    red, blue, keys = together(_Choosing(tmp_path), [_wish("RED"), _wish("BLUE"), _wish("KEYS")])

    assert red.on == ("RED", "RED_DEBUG")  # type: ignore[attr-defined]
    assert blue == keys


def test_a_commit_that_would_get_no_more_alone_has_that_of_the_others(tmp_path: Path) -> None:
    never, keys = together(_Asked(tmp_path), [_wish("ARRAY"), _wish("KEYS")])

    assert never == keys
