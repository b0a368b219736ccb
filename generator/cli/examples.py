# SPDX-License-Identifier: GPL-2.0-only
"""What `--help` and the manual show first: how each verb is typed, and what that does."""

from __future__ import annotations


def _series(verb: str, more: str) -> tuple[tuple[str, str], ...]:
    return (
        (f"portwright {verb} outgoing/{more}", "files of git format-patch, or mails of any name"),
        (f"portwright {verb} v2-*.patch{more}", "patch files one by one"),
        (f"portwright {verb} thread.mbox{more}", "a thread of lore: replies, old versions out"),
        (f"portwright {verb} ~/Maildir/review{more}", "a maildir"),
        (f"git format-patch --stdout v6.12.. | portwright {verb} -{more}", ""),
        (f"portwright {verb} v6.12..topic{more}", "commits of your clone, or one: HEAD"),
        (f"portwright {verb} --uncommitted{more}", "what is changed and not committed yet"),
        (f"portwright {verb} --b4{more}", "the branch that b4 prep looks after"),
    )


EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "": (
        ("portwright check auxbus", "explore a design: a verdict, or counterexamples"),
        ("portwright generate auxbus", "render its series, check it, write it"),
        ("portwright validate thread.mbox", "every check of anybody's series"),
        ("portwright apply patches/6.12/auxbus --repo ~/linux --branch auxbus", ""),
    ),
    "tree": (
        ("portwright tree show", "path, base and version of the pinned tree"),
        ("portwright tree setup", "fetch it and build what is needed, once"),
        ("portwright tree list", "every tree that there is a pin for"),
        ("portwright tree pin 7.3 linux-source-7.3", "move it to the newest version there is"),
        ("cd $(portwright tree path)", "go there"),
    ),
    "designs": (("portwright designs", "the shipped designs, a line each"),),
    "rules": (
        ("portwright rules", "all of them, and which a kernel has shown"),
        ("portwright rules R14", "what one says, its evidence and its symptom"),
    ),
    "operations": (
        ("portwright operations", "all that a driver can do"),
        ("portwright operations request_irq", "what one means, and how it is written"),
    ),
    "facts": (
        ("portwright facts", "all that is known of a device"),
        ("portwright facts MODE", "what one can be, and what changes it"),
    ),
    "read": (
        ("portwright read i6300esb", "a driver, by the name of its file"),
        ("portwright read drivers/watchdog/i6300esb.c >mine.py", "to go on from there"),
        ("portwright read i6300esb --against mine.py", "where does C do otherwise?"),
        ("portwright read i6300esb --kernel 7.3", "as the newer pinned tree has it"),
    ),
    "check": (
        ("portwright check auxbus", "a shipped design"),
        ("portwright check my_design.py", "one of yours"),
        ("portwright check drivers/watchdog/i6300esb.c", "a driver of the tree, by its C"),
        ("portwright check my.py --svg my.svg", "the first counterexample as a diagram, too"),
        ("portwright check my.py --seconds 60", "say UNFINISHED after a minute"),
        ("portwright check --all", "every shipped design on every interrupt"),
        ("portwright check --why auxbus:INTx", "why a cell of that table says what it says"),
    ),
    "generate": (
        ("portwright generate auxbus", "check every step, render, check, write"),
        ("portwright generate auxbus -n", "all of that, but write nothing"),
        ("portwright generate my.py --out outgoing", "the series of a design of yours"),
        ("portwright generate auxbus --signoff", "signed by you, to be sent"),
    ),
    "validate": _series("validate", ""),
    "boot": (
        ("portwright boot auxbus", "boot it in QEMU: does it do what it predicts?"),
        ("portwright boot today --every", "with what was as predicted, too"),
        ("portwright boot auxbus --with break.diff", "the C changed: what turns red?"),
        ("portwright boot --refused R14", "break a rule: does a kernel show it?"),
    ),
    "apply": (
        *_series("apply", " --branch topic"),
        ("portwright apply v2.mbox --resolve --branch t", "then finish by hand"),
        ("portwright apply --continue --branch t", "when it is staged there"),
    ),
    "undo": (
        ("portwright undo --branch topic", "in the clone that you stand in"),
        ("portwright undo --repo ~/linux --branch topic -n", "say what would be deleted"),
    ),
    "cache": (
        ("portwright cache", "what is kept, by kind: entries, bytes, last use"),
        ("portwright cache prune -n", "what would go to come below the limit"),
        ("portwright cache prune --cache-limit 5G", "and let it go"),
        ("portwright cache prune --kind own", "every checkout of a clone that no program holds"),
    ),
    "completion": (
        ("portwright completion bash >~/.local/share/bash-completion/completions/portwright", ""),
        ("portwright completion zsh >~/.zfunc/_portwright", ""),
        ("portwright completion fish >~/.config/fish/completions/portwright.fish", ""),
    ),
    "man": (
        ("portwright man | man -l -", "read the manual"),
        ("portwright man >~/.local/share/man/man1/portwright.1", "and keep it"),
    ),
}


def shown(verb: str) -> str:
    """Return the examples of a verb as lines, those of the program for ""."""
    rows = EXAMPLES[verb]
    width = max((len(typed) for typed, what in rows if what), default=0)
    lines = [f"  {typed:<{width}}  {what}".rstrip() for typed, what in rows]
    return "\n".join(["examples:", *lines, "", ""])
