# SPDX-License-Identifier: GPL-2.0-only
"""A design by its shipped name, or from the user's own Python file."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from generator.design import Design
from generator.errors import ModelError, UsageError

SHIPPED = Path(__file__).parent / "designs"


@dataclass(frozen=True)
class Loaded:
    """A design, the module it comes from, and the file that defines it."""

    design: Design
    module: ModuleType
    file: Path

    @property
    def digest(self) -> str:
        """Return the sha256 of the file, and of every module of ours that can change it."""
        text = hashlib.sha256(self.file.read_bytes())
        for path in sorted(Path(__file__).parent.rglob("*.py")):
            text.update(path.read_bytes())
        return text.hexdigest()


def names() -> tuple[str, ...]:
    """Return the names of the shipped designs."""
    stems = (p.stem for p in SHIPPED.glob("*.py") if not p.stem.startswith("_"))
    return tuple(sorted(stem.replace("_", "-") for stem in stems))


def load(name: str) -> Loaded:
    """Return a design by name, or by the path of a Python file that defines DESIGN.

    Errors: UsageError when there is no such name or file; ModelError when it is no design.
    """
    if name in names():
        stem = name.replace("-", "_")
        module = importlib.import_module(f"generator.designs.{stem}")
        return _checked(module, SHIPPED / f"{stem}.py")
    path = Path(name)
    if path.suffix != ".py" and "/" not in name:
        raise UsageError(
            f"unknown design {name!r}: known are {', '.join(names())}, or give a file.py"
        )
    if not path.is_file():
        raise UsageError(f"{name}: no such file")
    spec = importlib.util.spec_from_file_location(f"user_design_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{name}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (ModelError, UsageError):
        raise
    except SyntaxError as fault:
        raise ModelError(f"{name}:{fault.lineno}: {fault.msg}") from fault
    except (NameError, ImportError, AttributeError, TypeError, ValueError, KeyError) as fault:
        raise ModelError(f"{name}:{_line_in(fault, path)}: {fault}{_near(fault)}") from fault
    return _checked(module, path)


def _line_in(fault: BaseException, path: Path) -> int:
    """Return the last line of the user's file that the fault passed through."""
    frames = traceback.extract_tb(fault.__traceback__)
    lines = [frame.lineno or 0 for frame in frames if Path(frame.filename) == path.absolute()
             or frame.filename == str(path)]
    return lines[-1] if lines else 0


def _near(fault: BaseException) -> str:
    """Return a hint at the name that may have been meant."""
    import difflib
    import pkgutil

    import generator.ops as ops

    name = getattr(fault, "name", None)
    if not name or not isinstance(name, str):
        return ""
    known: dict[str, str] = {}
    for module in pkgutil.iter_modules(ops.__path__):
        space = vars(importlib.import_module(f"generator.ops.{module.name}"))
        known.update({key: module.name for key in space if key.isupper()})
    wanted = name
    if isinstance(fault, ImportError) and " name " in str(fault):
        wanted = str(fault).split("'")[1]
    close = difflib.get_close_matches(wanted, known, 1)
    return f": did you mean {close[0]} (generator.ops.{known[close[0]]})?" if close else ""


def _checked(module: ModuleType, path: Path) -> Loaded:
    design = getattr(module, "DESIGN", None)
    if not isinstance(design, Design):
        raise ModelError(f"{path}:1: defines no DESIGN: add DESIGN = Design(...)")
    return Loaded(design, module, path)
