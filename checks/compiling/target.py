# SPDX-License-Identifier: GPL-2.0-only
"""What is compiled in: one configuration of one tree, as kbuild knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from generator.parsing.job import Job

if TYPE_CHECKING:
    from generator.kernel.kbuild import Base
    from generator.kernel.unbuildable import Complaint


_NAMED = 6  # symbols that the name of a configuration names


class Target(Protocol):
    """One configuration of one tree, as kbuild knows it."""

    @property
    def name(self) -> str:
        """Return the name of the configuration."""

    @property
    def identity(self) -> str:
        """Return what tells this tree, compiler and configuration from every other."""

    @property
    def source(self) -> Path:
        """Return where the files of the base are."""

    @property
    def compiler(self) -> str:
        """Return the compiler that kbuild calls."""

    @property
    def autoconf(self) -> str:
        """Return the text of autoconf.h."""

    @property
    def made(self) -> Mapping[str, tuple[bytes, bytes]]:
        """Return the headers that are made otherwise of this commit: how they were, and are."""

    def at(self, overlay: Mapping[str, bytes | None]) -> Target:
        """Return the target under a commit whose Kconfig files and Makefiles count."""

    def switched(self, symbols: Sequence[str]) -> Target:
        """Return the target with symbols switched on, as far as kconfig lets them be."""

    def units(self, dirs: Sequence[str]) -> tuple[str, ...]:
        """Return the .c files built from the directories."""

    def job(self, path: str, overlay: Mapping[str, bytes | None]) -> Job:
        """Return how to parse one unit."""

    def everywhere(self) -> tuple[str, ...]:
        """Return the .c files that the base builds, of the whole tree."""

    def far(self, path: str, overlay: Mapping[str, bytes | None]) -> Job:
        """Return how to parse one of those, which the commit's own Makefiles do not concern."""

    def complaints(self, dirs: Sequence[str]) -> tuple[Complaint, ...]:
        """Return what a commit's Makefiles below the directories ask for and make cannot do."""

    def ungranted(self) -> tuple[str, ...]:
        """Return what the configuration asks for and a commit's Kconfig does not give."""


@dataclass(frozen=True)
class KernelTarget:
    """A prepared base of the kernel tree as a target; `on` are symbols that are asked for."""

    base: Base
    on: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the name of the configuration."""
        more = [f"{len(self.on) - _NAMED}-more"] if len(self.on) > _NAMED else []
        return "+".join((self.base.config.name, *self.on[:_NAMED], *more))

    @property
    def identity(self) -> str:
        """Return what tells this tree, compiler and configuration from every other."""
        # the name of the build directory has base commit, configuration and compiler in it
        return f"{self.base.tree.base} {self.base.build} {' '.join(self.on)}".rstrip()

    @property
    def source(self) -> Path:
        """Return where the files of the base are."""
        return self.base.tree.work

    @property
    def compiler(self) -> str:
        """Return the compiler that kbuild calls."""
        from generator.kernel import kbuild

        return kbuild.compiler(self.base)

    @property
    def autoconf(self) -> str:
        """Return the text of autoconf.h."""
        return self.base.autoconf

    @property
    def made(self) -> Mapping[str, tuple[bytes, bytes]]:
        """Return the headers that are made otherwise of this commit: how they were, and are."""
        return {path: ((self.base.build / path).read_bytes(), text)
                for path, text in self.base.made}

    def at(self, overlay: Mapping[str, bytes | None]) -> KernelTarget:
        """Return the target under a commit whose Kconfig files and Makefiles count."""
        from generator.kernel import variant

        if not self.on:
            return replace(self, base=variant.at(self.base, overlay))
        plain = replace(self.base, variant=None)
        lines = [f"CONFIG_{one}=y" for one in self.on]  # a module, if that is the most it can be
        return replace(self, base=variant.at(plain, overlay, lines, strict=False))

    def switched(self, symbols: Sequence[str]) -> KernelTarget:
        """Return the target with symbols switched on, as far as kconfig lets them be."""
        return replace(self, on=tuple(symbols)).at({})

    def units(self, dirs: Sequence[str]) -> tuple[str, ...]:
        """Return the .c files built from the directories."""
        from generator.kernel import kbuild

        return kbuild.units(self.base, dirs)

    def everywhere(self) -> tuple[str, ...]:
        """Return the .c files that the base builds, of the whole tree."""
        from generator.kernel import kbuild

        return kbuild.everywhere(self.base)

    def far(self, path: str, overlay: Mapping[str, bytes | None]) -> Job:
        """Return how to parse one of those, which the commit's own Makefiles do not concern."""
        from generator.kernel import kbuild
        from generator.parsing import unit

        return unit.job_of(self.base, path, overlay, kbuild.far_flags(self.base, path).args)

    def complaints(self, dirs: Sequence[str]) -> tuple[Complaint, ...]:
        """Return what a commit's Makefiles below the directories ask for and make cannot do."""
        from generator.kernel import kbuild

        return kbuild.complaints(self.base, dirs)

    def ungranted(self) -> tuple[str, ...]:
        """Return what the configuration asks for and a commit's Kconfig does not give."""
        from generator.kernel import variant

        return variant.ungranted(self.base)

    def job(self, path: str, overlay: Mapping[str, bytes | None]) -> Job:
        """Return how to parse one unit."""
        from generator.parsing import unit

        return unit.job(self.base, path, overlay)


def text_at(overlay: Mapping[str, bytes | None], source: Path, path: str) -> bytes | None:
    """Return a file as a commit has it."""
    if path in overlay:
        return overlay[path]
    file = source / path
    return file.read_bytes() if file.is_file() else None
