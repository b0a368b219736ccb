# SPDX-License-Identifier: GPL-2.0-only
"""Further configurations, as a user names them: ARCH, ARCH:KIND, ARCH:KIND+FRAGMENT.

    configurations("arm64,i386:allmodconfig+debug", tree) -> what kbuild is asked to prepare
"""

from __future__ import annotations

from pathlib import Path

from generator.errors import UsageError
from generator.kernel.configurations import DEFCONFIG, KINDS, SOURCES, Config


def configurations(named: str, work: Path) -> tuple[Config, ...]:
    """Return what a list of names stands for, each once.

    A fragment is a file, or the name of one in kernel/configs/ or the architecture's configs/.
    Errors: UsageError for what is not understood.
    """
    found = [_one(name.strip(), work) for name in named.split(",") if name.strip()]
    if not found:
        raise UsageError("--matrix names no configuration: write ARCH or ARCH:KIND, with commas")
    return tuple({config.name: config for config in found}.values())


def _one(name: str, work: Path) -> Config:
    arch, _, rest = name.partition(":")
    kind, *fragments = (rest or KINDS[0]).split("+")
    if arch not in DEFCONFIG:
        raise UsageError(f"--matrix {name}: no architecture {arch}; there are "
                         f"{', '.join(DEFCONFIG)}")
    if kind not in KINDS:
        raise UsageError(f"--matrix {name}: no configuration {kind}; there are "
                         f"{', '.join(KINDS)}, each with +FRAGMENT")
    lines = tuple(line for one in fragments for line in _fragment(name, arch, one, work))
    stems = [Path(one).name.removesuffix(".config") for one in fragments]
    return Config(f"{arch}:{'+'.join([kind, *stems])}", arch, lines, kind=kind)


def _fragment(name: str, arch: str, fragment: str, work: Path) -> list[str]:
    stem = f"{fragment.removesuffix('.config')}.config"
    places = [work / "kernel/configs" / stem,
              work / "arch" / SOURCES.get(arch, arch) / "configs" / stem]
    if "/" in fragment:
        places = [Path(fragment)]
    file = next((one for one in places if one.is_file()), None)
    if file is None:
        raise UsageError(f"--matrix {name}: no fragment {' or '.join(map(str, places))}")
    rows = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return [row for row in rows if row.startswith(("CONFIG_", "# CONFIG_"))]
