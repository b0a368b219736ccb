# SPDX-License-Identifier: GPL-2.0-only
"""Which folder may import which: the map of the house that test_layout.py holds it to."""

from __future__ import annotations

LANG = "generator"  # generator/ itself: the language that a design file imports
MODEL = (LANG, "generator/ops", "generator/graphs")
LAB = ("build", "model", "guest", "predict", "scenarios", "broken")


def _lab(*rooms: str) -> tuple[str, ...]:
    return tuple(f"checks/boot/{room}" for room in rooms)


# What stands behind a folder it may import, and itself; imports inside of functions count.
# A file that has a row of its own is a door: it may import that instead of what its folder may.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    LANG: (),
    "generator/design.py": (LANG, "generator/mistakes"),
    "generator/load.py": (
        LANG, "generator/ops", "generator/mistakes", "generator/system",
        "generator/series/spec.py", "generator/drivers",
    ),
    "generator/__main__.py": (LANG, "generator/cli", "generator/system"),
    # what a subsystem does of its own is locks that it takes, around what a driver says
    "generator/netdev.py": (LANG, "generator/ops/lock.py"),
    "generator/ops": (LANG,),
    "generator/mistakes": (LANG, "generator/parsing/conditions.py"),
    "generator/graphs": (LANG, "generator/ops"),
    "generator/system": ("generator/errors.py",),
    "generator/kernel": ("generator/errors.py", "generator/system"),
    "generator/tree_facts": ("generator/errors.py", "generator/kernel"),
    "generator/parsing": ("generator/errors.py", "generator/kernel", "generator/system"),
    "generator/reading": (LANG, "generator/parsing", "generator/graphs"),
    "generator/rendering": (
        LANG, "generator/graphs/undo.py", "generator/system/house.py",
        "generator/parsing/conditions.py",
    ),
    "generator/extraction": (
        LANG, "generator/ops", "generator/graphs", "generator/parsing", "generator/reading",
        "generator/kernel", "generator/system/stopping.py",
    ),
    "generator/editing": (
        LANG, "generator/graphs/undo.py", "generator/rendering", "generator/parsing",
        "generator/reading", "generator/kernel", "generator/tree_facts",
    ),
    "generator/series/spec.py": (LANG, "generator/editing", "generator/mistakes"),
    "generator/series": (
        LANG, "generator/editing", "generator/rendering", "generator/kernel", "generator/system",
    ),
    "generator/intake": (
        "generator/errors.py", "generator/series", "generator/kernel", "generator/system",
    ),
    "generator/drivers": (LANG, "generator/ops"),
    "generator/designs/parts": (LANG, "generator/ops", "generator/drivers"),
    "generator/designs/series": (
        LANG, "generator/drivers", "generator/editing", "generator/rendering", "generator/series",
    ),
    "generator/designs": (
        LANG, "generator/ops", "generator/drivers", "generator/designs/parts",
        "generator/designs/series",
    ),
    "generator/designs/refused": (
        LANG, "generator/ops", "generator/drivers", "generator/designs",
        "generator/designs/series", "generator/series",
    ),
    "generator/vocabulary": (LANG, "generator/ops", "generator/rendering/templates.py"),
    "generator/cli": ("generator/*", "checks/*"),
    "checks": (),
    "checks/planted.py": ("generator/errors.py", "generator/system"),
    "checks/machine": MODEL,
    "checks/rules": (*MODEL, "checks/machine"),
    "checks/search": (
        LANG, "checks", "checks/machine", "checks/rules/rule.py", "generator/rendering",
        "generator/system", "generator/kernel/configurations.py",
    ),
    "checks/verdict": (
        *MODEL, "checks", "checks/machine", "checks/rules", "checks/search", "generator/series",
        "generator/kernel", "generator/system",
    ),
    "checks/show": (
        LANG, "checks", "checks/machine", "checks/rules/rule.py", "checks/search",
        "checks/verdict", "generator/rendering",
    ),
    "checks/compiling": (
        LANG, "checks", "generator/parsing", "generator/kernel", "generator/system",
        "generator/series/commit.py",
    ),
    "checks/report": ("checks", "generator/system"),
    "checks/patches": (
        *MODEL, "checks", "checks/compiling", "checks/report", "checks/search", "checks/verdict",
        "checks/show", "generator/parsing", "generator/extraction", "generator/reading",
        "generator/intake", "generator/series", "generator/kernel",
        "generator/system", "generator/rendering/templates.py", "generator/tree_facts",
        "generator/drivers/in_tree.py",
    ),
    "checks/boot/build": (LANG, "generator/kernel", "generator/system"),
    "checks/boot/model": (
        LANG, *_lab("build"), "generator/kernel", "generator/system", "generator/tree_facts",
    ),
    "checks/boot/guest": (LANG, *_lab("build")),
    "checks/boot/predict": (
        LANG, *_lab("build", "model", "guest"), "checks/machine",
    ),
    "checks/boot/scenarios": (LANG, *_lab("build", "model", "guest", "predict")),
    "checks/boot/broken": (
        LANG, *_lab("guest", "model", "predict", "scenarios"), "generator/kernel",
    ),
    "checks/boot": (
        LANG, *_lab(*LAB), "generator/kernel", "generator/system", "generator/series/identity.py",
    ),
    "checks/boot/evidence": (
        LANG, "checks/boot", *_lab(*LAB), "generator/designs", "generator/designs/refused",
        "generator/kernel", "generator/series",
    ),
}

# Who imports modules, or runs text, by a name that is computed: how each begins, and why it must.
COMPUTED: dict[str, tuple[tuple[str, ...], str]] = {
    "generator/__main__.py": (("",), "the module of a verb, out of VERBS"),
    "generator/load.py": (
        ("generator.designs.", "user_design_", ""), "a design by its name, or a user's file",
    ),
    "generator/ops/__init__.py": (("",), "every file beside it"),
    "checks/rules/all.py": (("checks.rules.",), "every file beside it"),
    "checks/rules/undo.py": (("generator.ops.",), "every operation"),
    "checks/search/oracle.py": (("",), "what it has written itself, of a model"),
}
