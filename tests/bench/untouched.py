# SPDX-License-Identifier: GPL-2.0-only
"""What `portwright validate` says of commits that change no unit's meaning: false alarms, by rule.

    .venv/bin/python tests/bench/untouched.py [UNITS] [COMMIT ...]

UNITS .c files, 300 if not said, of drivers/, net/, fs/ and sound/ of the pinned tree: some
directories are drawn first, then files of these, with a fixed seed. Commits of 30 files each are
made in a clone; a file gets a comment, an empty line, or a local variable of another name. What
checkpatch says of such lines is right and is not counted; all else but notes is an alarm. COMMIT
are the numbers of those that are tried, all if not said. Notes are counted by rule.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from generator.kernel import pin
from generator.kernel.tree import Tree, files, read
from generator.system.house import ROOT

SEED = 13
TOPS = (("drivers", 12), ("net", 4), ("fs", 4), ("sound", 2))  # with how many directories of each
EACH = 30
_FUNCTION = re.compile(r"^\{\n(?:.*\n)*?\}\n", re.M)
_LOCAL = re.compile(r"^\tint (ret|err|rc|error)(?: = [\w-]+)?;\n", re.M)


def drawn(tree: Tree, number: int) -> list[str]:
    """Return some units of some directories, the same ones each time."""
    chance = random.Random(SEED)
    units = [path for path in files(tree, tree.base) if path.endswith(".c")]
    found: list[str] = []
    for top, most in TOPS:
        below: dict[str, list[str]] = {}
        for path in units:
            parts = path.split("/")
            if parts[0] == top and len(parts) > 2:
                below.setdefault("/".join(parts[:2]), []).append(path)
        large = sorted(one for one, paths in below.items() if len(paths) >= EACH // 2)
        for one in chance.sample(large, min(most, len(large))):
            found += below[one]
    return sorted(chance.sample(sorted(found), number))


def changed(text: str, number: int) -> str:
    """Return a unit of the same meaning: a comment, an empty line, or another name."""
    how = number % 3
    if how == 0:
        return f"{text}\n/* Nothing follows. */\n"
    for function in _FUNCTION.finditer(text) if how == 1 else ():
        body = function[0]
        local = _LOCAL.search(body)
        if local is None or "#" in body:
            continue
        name = re.compile(rf"(?<![\w.>\"%]){local[1]}(?![\w\"])")
        return text[: function.start()] + name.sub(f"{local[1]}val", body) + text[function.end() :]
    return re.sub(r"^(#include .*\n)", r"\1\n", text, count=1, flags=re.M)


def _git(clone: Path, *args: str, data: bytes | None = None) -> str:
    env = {**os.environ, "GIT_INDEX_FILE": str(clone / "index.of.bench")}
    done = subprocess.run(["git", "-C", str(clone), *args], input=data, capture_output=True,
                          env=env, check=True)
    return done.stdout.decode().strip()


def commit(clone: Path, tree: Tree, paths: list[str]) -> str:
    """Make a commit of changes without a meaning, on the base, and return its id."""
    _git(clone, "read-tree", tree.base)
    for number, path in enumerate(paths):
        text = (read(tree, tree.base, path) or b"").decode("utf-8", "surrogateescape")
        new = changed(text, number).encode("utf-8", "surrogateescape")
        blob = _git(clone, "hash-object", "-w", "--stdin", data=new)
        mode = _git(clone, "ls-tree", tree.base, path).split()[0]
        _git(clone, "update-index", "--cacheinfo", f"{mode},{blob},{path}")
    said = b"drivers: Say the same\n\nNothing changes but words.\n\nSigned-off-by: A B <a@b.cd>\n"
    who = ["-c", "user.name=A B", "-c", "user.email=a@b.cd"]
    return _git(clone, *who, "commit-tree", _git(clone, "write-tree"), "-p", tree.base, data=said)


def main() -> None:
    """Print what is said of each commit, and how often each rule says something."""
    number = int(sys.argv[1]) if sys.argv[1:] else 300
    wanted = set(map(int, sys.argv[2:]))
    tree = pin.pinned()
    units = drawn(tree, number)
    alarms: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    tried = 0
    with tempfile.TemporaryDirectory() as name:
        clone = Path(name, "clone")
        subprocess.run(["git", "clone", "-q", "--shared", "--no-checkout", tree.git_dir, clone],
                       check=True)
        for at, first in enumerate(range(0, len(units), EACH), 1):
            paths = units[first : first + EACH]
            if wanted and at not in wanted:
                continue
            made = commit(clone, tree, paths)
            began = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-m", "generator", "validate", made, "--tree", str(clone),
                 "--json"],
                env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
                check=False,
            )
            if done.returncode not in (0, 1):
                print(f"commit {at}: ended with {done.returncode}: {done.stderr}", flush=True)
                continue
            tried += len(paths)
            for one in json.loads(done.stdout)["findings"]:
                if one["severity"] == "note":
                    notes[one["rule"]] += 1
                elif not one["rule"].startswith("checkpatch:"):
                    alarms[one["rule"]] += 1
                    print(f"  {one['path']}:{one['line']}: {one['message']} [{one['rule']}, "
                          f"{one['config']}]", flush=True)
            print(f"commit {at}: {len(paths)} units, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{tried} units: {sum(alarms.values())} alarms {dict(alarms)}; notes {dict(notes)}")


if __name__ == "__main__":
    main()
