# SPDX-License-Identifier: GPL-2.0-only
"""Kernel trees as objects: read blobs, write commits, write patch files.

pinned() -> Tree                         the tree of pin.toml, set up on demand (pin.py)
own(path, rev) -> Tree                   the user's clone, never written to
read(tree, commit, path) -> bytes | None
read_many(tree, [(commit, path), ...]) -> {(commit, path): bytes | None}
files(tree, commit, under) -> paths      tree_id(tree, commit), touched(tree, old, new)
commits(tree, base, steps) -> commit ids
format_patch(tree, base, tip, subject, body, out) -> paths, the cover letter first
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator import pin
from generator.errors import TreeError, UsageError
from generator.plumbing import git, rows, users_git
from generator.progress import say


@dataclass(frozen=True)
class Tree:
    """A base commit, the repository that holds it, and its one checkout (read only)."""

    git_dir: Path
    base: str
    version: str
    work: Path
    source: str


@dataclass(frozen=True)
class Change:
    """One commit to be made: `edits` maps a path to its new content, None deletes it.

    message: the whole log. author: "Name <mail>". date: seconds and zone, "1700000000 +0000".
    A new file gets mode 100644, an existing one keeps its mode.
    """

    message: str
    author: str
    date: str
    edits: Mapping[str, bytes | None]


def cache() -> Path:
    """The directory of everything that can be made again: $PORTWRIGHT_CACHE or .cache."""
    return pin.cache()


def pinned(allow_newer: bool = False) -> Tree:
    """The pinned tree, set up on first use; a second run at the same time waits.

    Errors: TreeError (hash, version no longer served), EnvironmentFault (disk, programs).
    """
    place = pin.place(allow_newer)
    return Tree(
        git_dir=place.git_dir,
        base=place.base,
        version=place.version,
        work=place.work,
        source=place.source,
    )


def own(path: Path, rev: str) -> Tree:
    """The tree of a revision of the user's clone, through a scratch repository over its objects.

    Errors: UsageError when there is no such repository or revision, TreeError otherwise.
    """
    objects, base = users_objects(path, rev)
    name = hashlib.sha256(str(objects).encode()).hexdigest()[:16]
    with pin.locked(f"own-{name}"):
        git_dir = cache() / "own" / f"{name}.git"
        scratch(git_dir, objects)
        tree = git(git_dir, "rev-parse", f"{base}^{{tree}}").decode().strip()
        shutil.copyfile(_attributes(git_dir, base), git_dir / "info" / "attributes")
        work = _checkout(git_dir, tree)
    return Tree(git_dir, base, _version(work / "Makefile"), work, f"{path}@{rev}")


def users_objects(path: Path, rev: str) -> tuple[Path, str]:
    """The object directory of the user's clone, and the commit id that a revision means there.

    Errors: UsageError when either does not exist.
    """
    try:
        told = users_git(path, "rev-parse", "--path-format=absolute", "--git-path", "objects")
    except TreeError as failed:
        raise UsageError(f"{path}: not a git repository that can be read\n{failed}") from failed
    try:
        base = users_git(
            path, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}"
        )
    except TreeError as failed:
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
    (git_dir / "objects" / "info" / "alternates").write_text(f"{objects}\n")
    # A shallow clone names its cut commits beside its objects.
    shallow = objects.parent / "shallow"
    if shallow.exists():
        shutil.copyfile(shallow, git_dir / "shallow")
    else:
        (git_dir / "shallow").unlink(missing_ok=True)


def _is_sha256(objects: Path) -> bool:
    config = objects.parent / "config"
    text = config.read_text(errors="replace") if config.exists() else ""
    return re.search(r"^\s*objectformat\s*=\s*sha256", text, re.I | re.M) is not None


def _attributes(git_dir: Path, base: str) -> Path:
    # Hunk headers depend on diff drivers, and a bare repository reads no .gitattributes.
    target = git_dir / "base-attributes"
    try:
        target.write_bytes(git(git_dir, "cat-file", "blob", f"{base}:.gitattributes"))
    except TreeError:
        target.write_bytes(b"")
    return target


def _checkout(git_dir: Path, tree: str) -> Path:
    shared = pin.work_of(tree)
    if shared is not None:
        return shared
    work = cache() / "own" / tree / "work"
    if work.is_dir():
        return work
    say(f"checking out {tree[:12]} for headers and kbuild")
    work.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=work.parent) as name:
        index = {"GIT_INDEX_FILE": f"{name}/index"}
        git(git_dir, "read-tree", tree, env=index)
        where = f"--prefix={name}/work/"
        git(git_dir, f"--work-tree={name}", "checkout-index", "-a", where, env=index, timeout=900)
        for wanted in ("Makefile", "Kconfig", "scripts/kconfig/Makefile"):
            if not Path(name, "work", wanted).is_file():
                raise TreeError(f"{wanted} is missing: this revision is no Linux tree")
        os.rename(f"{name}/work", work)
    return work


def _version(makefile: Path) -> str:
    text = makefile.read_text(errors="replace")
    said = {
        key: found.group(1) if (found := re.search(rf"^{key} = *(\S*)$", text, re.M)) else ""
        for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL", "EXTRAVERSION")
    }
    if not said["VERSION"]:
        raise TreeError(f"{makefile}:1: no VERSION line; this revision is no Linux tree")
    numbers = ".".join(said[k] for k in ("VERSION", "PATCHLEVEL", "SUBLEVEL") if said[k])
    return numbers + said["EXTRAVERSION"]


def read(tree: Tree, commit: str, path: str) -> bytes | None:
    """The content of a file in a commit, None when the commit has no such file.

    Errors: TreeError.
    """
    return read_many(tree, [(commit, path)])[commit, path]


def read_many(tree: Tree, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], bytes | None]:
    """Contents of many files of many commits through one git process.

    Errors: TreeError.
    """
    asked = list(dict.fromkeys(wanted))
    for _, path in asked:
        check_path(path)
    told = git(
        tree.git_dir,
        "cat-file",
        "--batch",
        stdin="".join(f"{commit}:{path}\n" for commit, path in asked).encode(),
    )
    contents: dict[tuple[str, str], bytes | None] = {}
    at = 0
    for key in asked:
        end = told.index(b"\n", at)
        head = told[at:end]
        at = end + 1
        if head.endswith((b" missing", b" ambiguous")):
            contents[key] = None
            continue
        _, kind, size = head.rsplit(b" ", 2)
        contents[key] = told[at : at + int(size)] if kind == b"blob" else None
        at += int(size) + 1
    lost = {commit for (commit, _), text in contents.items() if text is None}
    for commit in sorted(lost):
        git(tree.git_dir, "cat-file", "-e", f"{commit}^{{commit}}")
    return contents


def listing(tree: Tree, commit: str, under: str = "") -> dict[str, tuple[str, str]]:
    """Every file of a commit below a directory: path to (mode, blob id).

    Errors: TreeError.
    """
    limit = ["--", check_path(under)] if under else []
    told = git(tree.git_dir, "ls-tree", "-r", "-z", "--full-tree", commit, *limit)
    return rows(told)


def files(tree: Tree, commit: str, under: str = "") -> tuple[str, ...]:
    """Paths of every file of a commit below a directory, sorted.

    Errors: TreeError.
    """
    return tuple(sorted(listing(tree, commit, under)))


def tree_id(tree: Tree, commit: str) -> str:
    """The git tree id of a commit.

    Errors: TreeError.
    """
    return git(tree.git_dir, "rev-parse", "--verify", f"{commit}^{{tree}}").decode().strip()


def touched(tree: Tree, old: str, new: str) -> tuple[str, ...]:
    """Paths that differ between two commits, sorted; a rename is two of them.

    Errors: TreeError.
    """
    told = git(tree.git_dir, "diff-tree", "-r", "-z", "--no-renames", "--name-only", old, new)
    return tuple(sorted(path for path in os.fsdecode(told).split("\0") if path))


def check_path(path: str) -> str:
    """The path itself when it is a plain relative one inside the tree.

    Errors: TreeError naming it otherwise.
    """
    parts = path.split("/")
    if (
        not path
        or any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)
        or any(ord(letter) < 32 or letter in '"\\' for letter in path)
    ):
        raise TreeError(f"{path!r}: not a path inside the tree")
    return path


def commits(tree: Tree, base: str, steps: Sequence[Change]) -> tuple[str, ...]:
    """Make one commit per step on top of a base, without a checkout; their ids in order.

    The same steps give the same ids everywhere. Errors: TreeError, also for a step that
    changes nothing or deletes what is not there.
    """
    if not steps:
        return ()
    mode = {path: row[0] for path, row in _rows(tree, base, steps).items()}
    ref = f"refs/portwright/{os.getpid()}-{os.urandom(6).hex()}"
    script: list[bytes] = [b"feature done\n"]
    for number, step in enumerate(steps, 1):
        message = step.message.rstrip("\n").encode() + b"\n"
        who = f"{step.author} {step.date}".encode()
        script.append(
            b"commit %b\nmark :%d\nauthor %b\ncommitter %b\ndata %d\n%b\n"
            % (ref.encode(), number, who, who, len(message), message)
        )
        if number == 1:
            script.append(b"from %b\n" % base.encode())
        for path, text in sorted(step.edits.items()):
            check_path(path)
            if text is None:
                if mode.pop(path, None) is None:
                    raise TreeError(f"step {number} deletes {path}, which is not there")
                script.append(b"D %b\n" % path.encode())
                continue
            kept = mode.setdefault(path, "100644")
            if kept not in ("100644", "100755"):
                raise TreeError(f"step {number} writes {path}, which is no regular file")
            script.append(b"M %b inline %b\n" % (kept.encode(), path.encode()))
            script.append(b"data %d\n%b\n" % (len(text), text))
        script.append(b"\nget-mark :%d\n" % number)
    script.append(b"done\n")
    # Few objects stay loose, so that the same commits made again add nothing.
    told = git(
        tree.git_dir,
        *("-c", "fastimport.unpackLimit=10000"),
        *("fast-import", "--quiet", "--done", "--cat-blob-fd=1"),
        stdin=b"".join(script),
    )
    ids = tuple(told.decode().split())
    git(tree.git_dir, "update-ref", "-d", ref)
    _refuse_empty(tree, base, ids, steps)
    return ids


def _rows(tree: Tree, base: str, steps: Sequence[Change]) -> dict[str, tuple[str, str]]:
    paths = sorted({check_path(path) for step in steps for path in step.edits})
    if not paths:
        return {}
    told = git(tree.git_dir, "ls-tree", "-z", "--full-tree", base, "--", *paths)
    return rows(told)


def _refuse_empty(tree: Tree, base: str, ids: Sequence[str], steps: Sequence[Change]) -> None:
    told = git(
        tree.git_dir,
        *("cat-file", "--batch-check=%(objectname)"),
        stdin="".join(f"{commit}^{{tree}}\n" for commit in (base, *ids)).encode(),
    )
    trees = told.decode().split()
    for number, step in enumerate(steps, 1):
        if trees[number] == trees[number - 1]:
            subject = step.message.split("\n", 1)[0]
            raise TreeError(f"step {number}, {subject!r}, changes nothing")


def format_patch(
    tree: Tree,
    base: str,
    tip: str,
    cover_subject: str,
    cover_body: str,
    out: Path,
    prefix: str = "RFC PATCH",
) -> tuple[Path, ...]:
    """Write base..tip as git format-patch does, the cover letter first; other *.patch in out go.

    Byte-identical on every run for a given git. The cover carries subject, body, shortlog,
    diffstat and base-commit, the identity and the date of the tip.
    Errors: TreeError, UsageError for a cover that is not ASCII.
    """
    for what, text in (("subject", cover_subject), ("body", cover_body)):
        if not text.isascii() or not text.strip():
            raise UsageError(f"the cover letter's {what} must be ASCII and not empty: {text!r}")
    who = git(tree.git_dir, "log", "-1", "--format=%cn%n%ce%n%cd", "--date=raw", tip).decode()
    name, mail, date = who.splitlines()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tmp-", dir=out) as fresh:
        git(
            tree.git_dir,
            *("format-patch", "--quiet", f"--output-directory={fresh}", f"--base={base}"),
            *("--cover-letter", "--numbered", "--start-number=1", "--suffix=.patch"),
            *(f"--subject-prefix={prefix}", "--filename-max-length=64", "--zero-commit"),
            *("--no-signature", "--no-thread", "--no-attach", "--no-notes", "--no-color"),
            *("--diff-algorithm=histogram", "--indent-heuristic", "--unified=3"),
            *("--inter-hunk-context=0", "--find-renames=50%", "--abbrev=12", "--no-ext-diff"),
            *("--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short"),
            f"{base}..{tip}",
            env={
                "GIT_COMMITTER_NAME": name,
                "GIT_COMMITTER_EMAIL": mail,
                "GIT_COMMITTER_DATE": date,
            },
        )
        cover = Path(fresh, "0000-cover-letter.patch")
        text = cover.read_text()
        for blank, said in (
            ("*** SUBJECT HERE ***", cover_subject.strip()),
            ("*** BLURB HERE ***", cover_body.strip("\n")),
        ):
            if text.count(blank) != 1:
                raise TreeError(f"git wrote a cover letter without one {blank!r}")
            text = text.replace(blank, said)
        cover.write_text(text)
        for old in out.glob("*.patch"):
            old.unlink()
        names = sorted(os.listdir(fresh))
        for patch in names:
            os.rename(Path(fresh, patch), out / patch)
    return tuple(out / patch for patch in names)
