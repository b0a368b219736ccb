# SPDX-License-Identifier: GPL-2.0-only
"""A target of a few files of C, and series over them compiled without kbuild."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from checks.compiling.compile import check
from checks.finding import Finding
from generator.kernel.unbuildable import Complaint
from generator.parsing.job import Directories, Job
from generator.series.commit import commits_of

CLANG = shutil.which("clang-19") or shutil.which("clang") or ""

SERVICE_H = """#ifndef SERVICE_H
#define SERVICE_H
#ifdef CONFIG_SERVICE
int service_start(int port);
#else
static inline int service_start(int port) { return port - port; }
#endif
#endif
"""
FILES = {
    "drivers/pci/service.h": SERVICE_H,
    "drivers/pci/port.c": '#include "service.h"\nint probe(int port);\n'
    "int probe(int port)\n{\n\treturn service_start(port);\n}\n",
    "drivers/pci/service.c": '#include "service.h"\nint service_start(int port)\n'
    "{\n\treturn port;\n}\n",
    "drivers/pci/noisy.c": '#include "service.h"\nstatic int old_noise(void)\n{\n\treturn 0;\n}\n',
    "drivers/cxl/core.c": "int cxl_find(int port);\nint cxl_find(int port)\n"
    "{\n\treturn port;\n}\nEXPORT_SYMBOL_NS_GPL(cxl_find, CXL);\n",
    "drivers/perf/pmu.c": "int pmu_probe(int port);\nint pmu_probe(int port)\n"
    "{\n\treturn port;\n}\n",
}
MACROS = ("-DEXPORT_SYMBOL_NS_GPL(x,n)=struct s", "-DMODULE_IMPORT_NS(n)=struct s")


@dataclass(frozen=True)
class Snippet:
    """A target of a few files: what kbuild would answer, said by the test."""

    root: Path
    name: str = "y"
    symbols: tuple[str, ...] = ("SERVICE",)
    unbuilt: tuple[str, ...] = ()
    modules: tuple[str, ...] = ("drivers/cxl/core.c", "drivers/perf/pmu.c")
    more: tuple[str, ...] = ()
    compiler: str = CLANG

    extra: tuple[str, ...] = ()
    wrong: tuple[Complaint, ...] = ()
    other: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()
    never: tuple[str, ...] = ()  # not built, whatever is switched on
    apart: tuple[str, ...] = ()  # built, and only looked at by who asks for their directory

    @property
    def identity(self) -> str:
        return repr(self)

    @property
    def autoconf(self) -> str:
        return "".join(f"#define CONFIG_{name} 1\n" for name in self.symbols)

    @property
    def made(self) -> Mapping[str, tuple[bytes, bytes]]:
        return {}

    def at(self, overlay: Mapping[str, bytes | None]) -> Snippet:
        """A Makefile of a commit is a list of further units."""
        texts = [text.decode() for path, text in overlay.items() if "Makefile" in path and text]
        return replace(self, extra=tuple(" ".join(texts).split()))

    def units(self, dirs: Sequence[str]) -> tuple[str, ...]:
        found = {str(p.relative_to(self.root / "src")) for p in self.root.glob("src/**/*.c")}
        found -= {path for path in self.apart if str(Path(path).parent) not in dirs}
        return tuple(sorted((found | set(self.extra)) - set(self.unbuilt)))

    def switched(self, symbols: Sequence[str]) -> Snippet:
        """What is switched on is built, but what never is."""
        return replace(self, name="+".join((self.name, *symbols)), unbuilt=self.never)

    @property
    def source(self) -> Path:
        return self.root / "src"

    def everywhere(self) -> tuple[str, ...]:
        return self.wide

    def far(self, path: str, overlay: Mapping[str, bytes | None]) -> Job:
        return self.job(path, overlay)

    def complaints(self, dirs: Sequence[str]) -> tuple[Complaint, ...]:
        return self.wrong

    def ungranted(self) -> tuple[str, ...]:
        return self.other

    def job(self, path: str, overlay: Mapping[str, bytes | None]) -> Job:
        place = Directories(self.root / "src", self.root / "build", self.root / "cache")
        flags = ["-Wall", "-Wmissing-prototypes", "-O2", *MACROS, *self.more]
        flags += ["-DMODULE"] if path in self.modules else []
        flags += [f'-DKBUILD_MODNAME="{Path(path).stem}"']
        flags += ["-include", str(self.root / "build/include/generated/autoconf.h")]
        text = self.autoconf.encode()
        return Job(place, tuple(flags), path, overlay, {"include/generated/autoconf.h": text})


def laid(root: Path, files: Mapping[str, str] = FILES) -> Path:
    """Write the files of a tree, and an empty autoconf.h."""
    for name, text in files.items():
        file = root / "src" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    generated = root / "build/include/generated"
    generated.mkdir(parents=True)
    (generated / "autoconf.h").write_text("\n")
    return root


def run(targets: list[Snippet], *edits: Mapping[str, str | None]) -> tuple[Finding, ...]:
    """Compile a series of edits of files under some targets."""
    texts = [{p: None if t is None else t.encode() for p, t in edit.items()} for edit in edits]
    names = [f"{n}/{len(edits)}" for n in range(1, len(edits) + 1)]
    return check(commits_of(names, texts), targets, progress=lambda text: None)


def where(finding: Finding) -> tuple[str, int, str, str]:
    """Return where a finding is, and under which configurations."""
    return finding.path, finding.line, finding.commit, finding.config
