# SPDX-License-Identifier: GPL-2.0-only
"""The user's clone of the kernel as a tree of ours, without a byte written into it.

own(path, rev) -> Tree                    a revision of it, checked out in our cache
whole(tree) -> Tree                       the same with every file in a checkout of its own
users_objects(path, rev)                  where its objects are, and the commit
scratch(git_dir, objects)                 a repository of ours over its objects
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from generator.errors import ProgramFailed, TreeError, UsageError, Where
from generator.kernel import pin
from generator.kernel.linked import linked, thinned, unlinked
from generator.kernel.nearest import nearest
from generator.kernel.tree import Tree, blobs
from generator.system.cache import cache, keep, locked
from generator.system.holding import hold
from generator.system.plumbing import git, users_git
from generator.system.progress import say

MOST_DIFFERING = 40000  # files; with more, links would save nothing
_MOST_THIN = 2000  # files that a thin checkout may have otherwise
# Programs of the tree that look for what belongs to them beside where they really are: where one
# of these differs, all of them have to lie in one checkout.
_TOGETHER = ("scripts/", "tools/")
# What checkpatch searches without following links; the first of these always.
_SEARCHED = ("include", "Documentation/devicetree")


def own(path: Path, rev: str, *, thin: bool = False) -> Tree:
    """Return a revision of the user's clone as a tree: a scratch repository over its objects.

    thin: where few files differ from a tree that is here, the checkout may be links to its
    directories, which costs nothing. That is enough for programs of the tree that open files by
    their paths; what builds takes whole() of it first, and so does who searches directories.
    Errors: UsageError when there is no such repository or revision, TreeError otherwise.
    """
    objects, base = users_objects(path, rev)
    name = hashlib.sha256(str(objects).encode()).hexdigest()[:16]
    with locked(f"own-{name}"):
        git_dir = cache() / "own" / f"{name}.git"
        hold(git_dir)
        scratch(git_dir, objects)
        tree = git(git_dir, "rev-parse", f"{base}^{{tree}}").decode().strip()
        shutil.copyfile(_attributes(git_dir, base), git_dir / "info" / "attributes")
        work = (_thin(git_dir, tree) if thin else None) or _checkout(git_dir, tree)
    return Tree(git_dir, base, _version(work / "Makefile"), work, f"{path}@{rev}")


def whole(tree: Tree) -> Tree:
    """Return a tree with a checkout that has directories of its own, itself if it has.

    Errors: TreeError.
    """
    if tree.work.name != _THIN:
        return tree
    with locked(f"own-{tree.git_dir.stem}"):
        return replace(tree, work=_checkout(tree.git_dir, tree.work.parent.name))


def users_objects(path: Path, rev: str) -> tuple[Path, str]:
    """Return the object directory of a user's clone, and the commit that a revision means there.

    Errors: UsageError when either does not exist.
    """
    try:
        told = users_git(path, "rev-parse", "--path-format=absolute", "--git-path", "objects")
    except ProgramFailed as failed:
        said = failed.stderr.strip().splitlines()[:1] or ["no word"]
        why = said[0].removeprefix("fatal: ")
        raise UsageError(f"{path}: not a git repository that can be read ({why}); name a clone of "
                         "the kernel") from failed
    try:
        base = users_git(
            path, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}"
        )
    except ProgramFailed as failed:
        raise UsageError(f"{path}: no commit {rev!r}; name one that it has") from failed
    return Path(os.fsdecode(told.rstrip(b"\n"))), base.decode().strip()


def scratch(git_dir: Path, objects: Path) -> None:
    """Make (or refresh) a bare repository of ours that reads another one's objects.

    Errors: TreeError.
    """
    if "\n" in str(objects) or str(objects).startswith('"'):
        raise TreeError(f"{objects}: git's alternates cannot name this path; move the clone")
    if not (git_dir / "HEAD").exists():
        git_dir.mkdir(parents=True, exist_ok=True)
        # The hash of object names is the clone's; 64 digits mean sha256.
        kind = "sha256" if _is_sha256(objects) else "sha1"
        git(git_dir, "init", "--quiet", "--bare", "--template=", f"--object-format={kind}")
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "objects" / "info").mkdir(parents=True, exist_ok=True)
    (git_dir / "objects" / "info" / "alternates").write_text(f"{objects}\n", encoding="utf-8")
    # A shallow clone names its cut commits beside its objects.
    shallow = objects.parent / "shallow"
    if shallow.exists():
        shutil.copyfile(shallow, git_dir / "shallow")
    else:
        (git_dir / "shallow").unlink(missing_ok=True)


def _is_sha256(objects: Path) -> bool:
    config = objects.parent / "config"
    text = config.read_text(errors="replace", encoding="utf-8") if config.exists() else ""
    return re.search(r"^\s*objectformat\s*=\s*sha256", text, re.I | re.M) is not None


def _attributes(git_dir: Path, base: str) -> Path:
    # Hunk headers depend on diff drivers, and a bare repository reads no .gitattributes.
    target = git_dir / "base-attributes"
    try:
        target.write_bytes(git(git_dir, "cat-file", "blob", f"{base}:.gitattributes"))
    except ProgramFailed:
        target.write_bytes(b"")
    return target


def _checkout(git_dir: Path, tree: str) -> Path:
    shared = pin.work_of(tree)
    if shared is not None:
        return shared
    work = cache() / "own" / tree / "work"
    hold(work.parent)
    if work.is_dir():
        return work
    say(f"checking out {tree[:12]} for headers and kbuild")
    work.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=work.parent) as name:
        index = {"GIT_INDEX_FILE": f"{name}/index"}
        git(git_dir, "read-tree", tree, env=index)
        asked = _linked(git_dir, tree, Path(name, "tree"))
        git(git_dir, f"--work-tree={name}", "checkout-index", f"--prefix={name}/tree/",
            *(("-a",) if asked is None else ("-z", "--stdin")),
            stdin=b"" if asked is None else b"".join(os.fsencode(f"{one}\0") for one in asked),
            env=index, timeout=900)
        for wanted in ("Makefile", "Kconfig", "scripts/kconfig/Makefile"):
            if not Path(name, "tree", wanted).is_file():
                raise TreeError(f"{wanted} is missing: this revision is no Linux tree")
        os.rename(f"{name}/tree", work)
    return work


_THIN = "thin"


def _thin(git_dir: Path, tree: str) -> Path | None:
    """Return a checkout that is links to another one; None where one of its own is better.

    The record beside it says whose directories it links to: they may have been pruned since.
    """
    home = cache() / "own" / tree
    hold(home)
    if pin.work_of(tree) is not None or (home / "work").is_dir():
        return None
    record = home / "thin.json"
    if record.is_file():
        other = Path(json.loads(record.read_text(encoding="utf-8")))
        hold(other.parent)
        if other.is_dir() and (home / _THIN).is_dir():
            return home / _THIN
    near = nearest(git_dir, tree)
    if near is None or len(near.differing) > _MOST_THIN or any(
        path.startswith(_TOGETHER) for path in near.differing
    ):
        return None
    hold(near.tree.work.parent)
    walked = [one for one in _SEARCHED if one == _SEARCHED[0]
              or any(path.startswith(f"{one}/") for path in near.differing)]
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=home) as name:
        index = {"GIT_INDEX_FILE": f"{name}/index"}  # of the differing files alone
        try:
            thinned(near.tree.work, Path(name, _THIN), near.differing, walked)
        except OSError:  # no hard links here
            return None
        unlinked(Path(name, _THIN), near.differing)
        told = git(git_dir, "ls-tree", "-z", "--full-tree", tree, "--", *sorted(near.differing))
        files = [row for row in told.split(b"\0") if row and not row.startswith(b"040000")]
        git(git_dir, "update-index", "-z", "--index-info",
            stdin=b"".join(row + b"\0" for row in files), env=index)
        git(git_dir, f"--work-tree={name}", "checkout-index", f"--prefix={name}/{_THIN}/", "-a",
            env=index)
        shutil.rmtree(home / _THIN, ignore_errors=True)
        os.rename(Path(name, _THIN), home / _THIN)
    keep(record, json.dumps(str(near.tree.work)))
    return home / _THIN


def _linked(git_dir: Path, tree: str, place: Path) -> Iterable[str] | None:
    """Make a checkout of what the nearest pinned tree has as well; the paths that are missing.

    None, and nothing made, where none is near: then all are.
    """
    near = nearest(git_dir, tree)
    if near is None or len(near.differing) > MOST_DIFFERING:
        return None
    try:
        linked(near.tree.work, place)
    except OSError:  # no hard links here
        shutil.rmtree(place, ignore_errors=True)
        return None
    unlinked(place, near.differing)
    return sorted(near.differing & blobs(git_dir, tree).keys())


def _version(makefile: Path) -> str:
    text = makefile.read_text(errors="replace", encoding="utf-8")
    said = {
        key: found.group(1) if (found := re.search(rf"^{key} = *(\S*)$", text, re.M)) else ""
        for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL", "EXTRAVERSION")
    }
    if not said["VERSION"]:
        raise TreeError("no VERSION line; this revision is no Linux tree", Where(str(makefile), 1))
    numbers = ".".join(said[k] for k in ("VERSION", "PATCHLEVEL", "SUBLEVEL") if said[k])
    return numbers + said["EXTRAVERSION"]
