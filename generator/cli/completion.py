# SPDX-License-Identifier: GPL-2.0-only
"""`portwright completion SHELL`: what a shell completes, made of the parser itself."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from generator.cli.options import verbs_of
from generator.load import names

_DIRECTORIES = ("DIR", "PATH")
_FILES = ("FILE", "DIFF", "SERIES", "OLD")


@dataclass(frozen=True)
class _Verb:
    """A verb: its options with their help, what follows each, and what else it takes."""

    name: str
    text: str
    options: tuple[tuple[tuple[str, ...], str], ...]
    values: dict[str, tuple[str, ...]]  # option -> words, or one of the two below
    words: tuple[str, ...]  # of its first argument
    files: bool


_ANY_FILE: tuple[str, ...] = ("<file>",)
_ANY_DIRECTORY: tuple[str, ...] = ("<directory>",)


def run(args: argparse.Namespace) -> int:
    """Print the completion of a shell."""
    verbs = tuple(_verbs(args.parser()))
    print({"bash": _bash, "zsh": _zsh, "fish": _fish}[args.shell](verbs), end="")
    return 0


def _verbs(top: argparse.ArgumentParser) -> Iterator[_Verb]:
    """Yield every verb of a parser."""
    for name, verb in verbs_of(top).items():
        options, values = [], {}
        words: tuple[str, ...] = ()
        files = False
        for action in verb.parser._actions:
            takes = action.nargs != 0
            if action.option_strings:
                options.append((tuple(action.option_strings), action.help or ""))
                for option in action.option_strings if takes else ():
                    values[option] = _values(action)
            elif not words and not files:
                words = _values(action)
                files = action.dest in ("design", "series")
                words = () if words in (_ANY_FILE, _ANY_DIRECTORY) else words
        yield _Verb(name, verb.text, tuple(options), values, words, files)


def _values(action: argparse.Action) -> tuple[str, ...]:
    if action.choices is not None:
        return tuple(map(str, action.choices))
    if action.dest in ("design", "against") and action.metavar != "OLD":
        return names()
    if action.metavar in _FILES:
        return _ANY_FILE
    return _ANY_DIRECTORY if action.metavar in _DIRECTORIES else ()


def _quoted(words: tuple[str, ...]) -> str:
    return shlex.quote(" ".join(words))


def _bash(verbs: tuple[_Verb, ...]) -> str:
    reply = "COMPREPLY=($(compgen {} -- \"$cur\")); return"
    rows = [
        "# bash completion of portwright, made by `portwright completion bash`",
        "_portwright() {",
        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb= word",
        "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do",
        "        [[ $word == -* ]] || { verb=$word; break; }",
        "    done",
        "    COMPREPLY=()",
        "    case $verb,$prev in",
    ]
    for verb in verbs:
        for option, words in verb.values.items():
            how = {_ANY_FILE: "-f", _ANY_DIRECTORY: "-d"}.get(words, f"-W {_quoted(words)}")
            rows.append(f"        {verb.name},{option}) {reply.format(how)} ;;")
    rows += ["    esac", "    case $verb,$cur in"]
    rows.append(f"        ,-*) {reply.format('-W ' + _quoted(('--help', '--version')))} ;;")
    rows.append(f"        ,*) {reply.format('-W ' + _quoted(tuple(v.name for v in verbs)))} ;;")
    for verb in verbs:
        flags = tuple(one for strings, _ in verb.options for one in strings)
        rows.append(f"        {verb.name},-*) {reply.format('-W ' + _quoted(flags))} ;;")
        how = f"-W {_quoted(verb.words)}{' -f' if verb.files else ''}"
        rows.append(f"        {verb.name},*) {reply.format(how)} ;;")
    rows += ["    esac", "}", "complete -o filenames -F _portwright portwright", ""]
    return "\n".join(rows)


def _zsh(verbs: tuple[_Verb, ...]) -> str:
    def words_of(words: tuple[str, ...]) -> str:
        return " ".join(map(shlex.quote, words))

    rows = [
        "#compdef portwright",
        "# made by `portwright completion zsh`",
        "_portwright() {",
        f"    if (( CURRENT == 2 )); then compadd -- {words_of(tuple(v.name for v in verbs))} "
        "--help --version; return; fi",
        "    case \"${words[2]},${words[CURRENT-1]}\" in",
    ]
    for verb in verbs:
        for option, words in verb.values.items():
            how = {_ANY_FILE: "_files", _ANY_DIRECTORY: "_files -/", (): ":"}.get(
                words, f"compadd -- {words_of(words)}")
            rows.append(f"        {verb.name},{option}) {how}; return ;;")
    rows += ["    esac", "    case \"${words[2]},${words[CURRENT]}\" in"]
    for verb in verbs:
        flags = tuple(one for strings, _ in verb.options for one in strings)
        rows.append(f"        {verb.name},-*) compadd -- {words_of(flags)} ;;")
        both = [*([f"compadd -- {words_of(verb.words)}"] if verb.words else []),
                *(["_files"] if verb.files else [])] or [":"]
        rows.append(f"        {verb.name},*) {'; '.join(both)} ;;")
    rows += ["    esac", "}", "compdef _portwright portwright", ""]
    return "\n".join(rows)


def _fish(verbs: tuple[_Verb, ...]) -> str:
    rows = ["# fish completion of portwright, made by `portwright completion fish`",
            "complete -c portwright -f"]
    for verb in verbs:
        rows.append(f"complete -c portwright -n __fish_use_subcommand -a {verb.name} "
                    f"-d {_text(verb.text)}")
        here = f"complete -c portwright -n '__fish_seen_subcommand_from {verb.name}'"
        if verb.words:
            rows.append(f"{here} -a {_quoted(verb.words)}")
        if verb.files:
            rows.append(f"{here} -F")
        for strings, text in verb.options:
            flags = " ".join(f"-l {one[2:]}" if one.startswith("--") else f"-s {one[1:]}"
                             for one in strings)
            words = verb.values.get(strings[-1])
            how = "" if words is None else " -r" if not words else " -r -F" if words in (
                _ANY_FILE, _ANY_DIRECTORY) else f" -x -a {_quoted(words)}"
            rows.append(f"{here} {flags}{how} -d {_text(text)}")
    return "\n".join([*rows, ""])


def _text(text: str) -> str:
    """Return a text as fish quotes it."""
    return "'" + " ".join(text.split()).replace("\\", "\\\\").replace("'", "\\'") + "'"
