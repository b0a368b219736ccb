# SPDX-License-Identifier: GPL-2.0-only
"""A design by its shipped name, or from the user's own Python file."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

from generator.design import Design, Device, Driver, Waiver
from generator.drivers.in_tree import in_tree
from generator.errors import ModelError, PortwrightError, UsageError, Where
from generator.mistakes import mends
from generator.mistakes.frozen import look_again
from generator.operation import Operation
from generator.ops import shipped
from generator.system.confined import MEMORY, Forbidden, confined
from generator.system.stopping import asked

if TYPE_CHECKING:
    from generator.series.spec import SeriesSpec

DEFAULT: Mapping[str, str] = MappingProxyType({})  # the drivers as they are written down
SHIPPED = Path(__file__).parent / "designs"
_LET = "the file is run to read the design, and stopped here: let it only build DESIGN"


@dataclass(frozen=True)
class Loaded:
    """A design, the module it comes from, and the file that defines it."""

    design: Design
    module: ModuleType
    file: Path
    said: Mapping[str, str] = field(default_factory=dict)

    def series(self, why: str) -> SeriesSpec:
        """Return the series that the module defines; `why` says what is not to be had without.

        Errors: UsageError when it defines none.
        """
        from generator.series.spec import SeriesSpec

        spec = getattr(self.module, "SERIES", None)
        if not isinstance(spec, SeriesSpec):
            raise UsageError(f"{self.design.name}: {self.file} defines no SERIES, {why}")
        return series_in(spec, self.said)


def names() -> tuple[str, ...]:
    """Return the names of the shipped designs."""
    stems = (p.stem for p in SHIPPED.glob("*.py") if not p.stem.startswith("_"))
    return tuple(sorted(stem.replace("_", "-") for stem in stems))


def load(name: str, said: Mapping[str, str] = DEFAULT) -> Loaded:
    """Return a design by name, or by the path of a Python file that defines DESIGN.

    said: what a tree answers to facts, for the design as it is there.
    Errors: UsageError when there is no such name or file; ModelError when it is no design.

    >>> found = load("auxbus")
    >>> found.design.name, found.file.name
    ('auxbus', 'auxbus.py')
    >>> load("auxbuss")
    Traceback (most recent call last):
    generator.errors.UsageError: unknown design 'auxbuss': known are auxbus, core-prebind, ...
    """
    if name in names():
        stem = name.replace("-", "_")
        try:
            module = importlib.import_module(f"generator.designs.{stem}")
        except Exception as fault:  # whoever adds one makes the mistakes of any user
            if _is_of_the_machine(fault):
                raise
            raise _refusal(fault, name, SHIPPED / f"{stem}.py", SHIPPED) from fault
        return _in_tree(_checked(module, SHIPPED / f"{stem}.py"), said)
    path = Path(name)
    if path.suffix != ".py" and "/" not in name:
        raise UsageError(
            f"unknown design {name!r}: known are {', '.join(names())}, or give a file.py"
        )
    if path.is_dir():
        raise UsageError(f"{name}: is a directory: name a file in it that defines DESIGN")
    if path.exists() and not path.is_file():
        raise UsageError(f"{name}: no regular file: name one that defines DESIGN")
    if not path.is_file():
        raise UsageError(f"{name}: no such file")
    spec = importlib.util.spec_from_file_location(f"user_design_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{name}: not a Python file: a design has a name that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        with confined(path):
            spec.loader.exec_module(module)
    except BaseException as fault:  # a user's file can raise anything
        if not isinstance(fault, Exception) and asked():
            raise
        raise _refusal(fault, name, path) from fault
    try:
        loaded = _checked(module, path)
        look_again(loaded.design, Where(name, _line_of(path)))
    except Exception as fault:  # what it has defined can raise anything when it is asked
        raise _refusal(fault, name, path) from fault
    return _in_tree(loaded, said)


def _is_of_the_machine(fault: Exception) -> bool:
    """Return whether it is not what a shipped design says that is wrong, but what it needs."""
    if isinstance(fault, ImportError):
        return (fault.name or "").partition(".")[0] != "generator"
    return isinstance(fault, OSError | MemoryError) or (
        isinstance(fault, PortwrightError) and not isinstance(fault, ModelError))


def _refusal(
    fault: BaseException, name: str, path: Path, folder: Path | None = None
) -> PortwrightError:
    """Return what is wrong with a file that raised something, of which nothing need be sound.

    folder: where other files lie that are as likely to be wrong as this one.
    """
    try:
        return _refused(fault, name, path, folder)
    except Exception:  # noqa: BLE001 - an exception of theirs, of which even this is theirs
        where = _place(fault, name, path, folder) or Where(name, 1)
        return ModelError(where, f"{type(fault).__name__}: {_LET}")


def _refused(
    fault: BaseException, name: str, path: Path, folder: Path | None
) -> PortwrightError:
    place = _place(fault, name, path, folder)
    if isinstance(fault, ModelError):  # of ours, which has a line of the file
        if isinstance(fault.where, Where) and Path(fault.where.file).exists():
            return fault
        return ModelError(place or Where(name, 1), fault.text)
    if isinstance(fault, SyntaxError):
        own = fault.filename == str(path.absolute()) or (
            folder is not None and Path(fault.filename or "").is_relative_to(folder))
        read = (fault.text or "").strip()[:40] if own else ""
        mend = f": this is no Python: {read}" if read else ": this is no Python"
        if own and folder is not None:
            name = str(fault.filename)
        line = fault.lineno if read or place is None else place.line
        return ModelError(Where(name, line or 1), f"{fault.msg or fault}{mend}")
    if isinstance(fault, OSError):
        if place is None:  # the file itself cannot be read
            return UsageError(f"{name}: {_told(fault)}")
        return ModelError(place, _told(fault))
    return ModelError(place or Where(name, 1), _told(fault))


def _in_tree(loaded: Loaded, said: Mapping[str, str]) -> Loaded:
    return replace(loaded, design=in_tree(loaded.design, said), said=said) if said else loaded


def series_in(spec: SeriesSpec, said: Mapping[str, str]) -> SeriesSpec:
    """Return a series as it is in a tree that answers so to facts, without steps it has done."""
    if not said:
        return spec
    there = frozenset(said.items())
    steps = tuple(
        replace(step, design=in_tree(step.design, said))
        for step in spec.steps if not step.fulfilled or not there.issuperset(step.fulfilled)
    )
    left_out = tuple(
        (step.key, "; ".join(f"{fact}: {answer}" for fact, answer in step.fulfilled))
        for step in spec.steps if step.fulfilled and there.issuperset(step.fulfilled)
    )
    start = in_tree(spec.start, said)
    return replace(spec, start=start, steps=steps, said=said, left_out=left_out)


def base_of(design: Design) -> Design | None:
    """Return the design in which a design's devices are served as they must be everywhere.

    None when no device names one; the base of a base is itself.
    Errors: ModelError for a name that is none, and when devices name different ones.
    """
    named = {device.as_in: device for device in design.devices if device.as_in}
    if len(named) > 1:
        first, second, *_ = named.values()
        raise ModelError(
            second.where,
            f"{second.name} is to be served as_in={second.as_in!r}, and "
            f"{first.name} as_in={first.as_in!r}: a design can be held to one other"
        )
    for name, device in named.items():
        if name not in names():
            raise ModelError(
                device.where,
                f"{device.name}: as_in={name!r} is no shipped design: "
                f"known are {', '.join(names())}"
            )
        return load(name, dict(design.tree)).design
    return None


def _told(fault: BaseException) -> str:
    """Return what happened, with what would mend it where that is known."""
    if isinstance(fault, NameError | ImportError | AttributeError | TypeError | ValueError):
        return f"{fault}{_near(fault) or mends.mend(fault)}"
    if isinstance(fault, RecursionError):
        return ("this calls itself without end, or is nested thousands deep: a helper cannot "
                "contain itself, use Each for rounds")
    if isinstance(fault, Forbidden):
        return f"{fault}: a design is only read: let the file do nothing but build DESIGN"
    if isinstance(fault, MemoryError):
        return f"the file needs more than {MEMORY >> 30} GiB of memory: let it only build DESIGN"
    try:
        said = f": {fault}" if str(fault) else ""
    except Exception:  # noqa: BLE001 - an exception of theirs, of which even this is theirs
        said = ""
    what = f"{type(fault).__name__}{said}"
    return f"{what}: {_LET}"


def _place(fault: BaseException, name: str, path: Path, folder: Path | None) -> Where | None:
    """Return the last line of the user's file, or of the folder, that the fault passed through."""
    found = None
    for frame in traceback.extract_tb(fault.__traceback__):
        file = Path(frame.filename)
        if folder is not None and file.is_relative_to(folder):
            found = Where(frame.filename, frame.lineno or 1)
        elif file == path.absolute() or frame.filename == str(path):
            found = Where(name, frame.lineno or 1)
    return found


def _near(fault: BaseException) -> str:
    """Return a hint at the name that may have been meant."""
    import difflib

    argument = re.search(r"(\w+)\.__init__\(\) .* keyword argument '(\w+)'", str(fault))
    if argument is not None:
        kinds = {kind.__name__: kind for kind in (Design, Device, Driver, Operation, Waiver)}
        fields = getattr(kinds.get(argument[1]), "__dataclass_fields__", ())
        found = difflib.get_close_matches(argument[2], fields, 1)
        return f": did you mean {found[0]}=?" if found else f": it takes {', '.join(fields)}"
    name = getattr(fault, "name", None)
    if not name or not isinstance(name, str):
        return ""
    known: dict[str, str] = {}
    for facility, space in shipped().items():
        known.update({key: f"generator.ops.{facility}" for key in space if key.isupper()})
        known[f"generator.ops.{facility}"] = ""
    known |= mends.names(fault)
    wanted = name
    if isinstance(fault, ImportError) and " name " in str(fault):
        wanted = str(fault).split("'")[1]
    close = difflib.get_close_matches(wanted, known, 1)
    if not close:
        return ""
    place = f" ({known[close[0]]})" if known[close[0]] else ""
    return f": did you mean {close[0]}{place}?"


def _line_of(path: Path) -> int:
    """Return the first line of a file that speaks of DESIGN."""
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((n for n, text in enumerate(lines, 1) if re.search(r"\bDESIGN\b", text)), 1)


def _checked(module: ModuleType, path: Path) -> Loaded:
    design = getattr(module, "DESIGN", None)
    if issubclass(type(design), Design):  # whatever it says of itself
        assert isinstance(design, Design)
        # as what a series begins with may be, but it is no design to check
        if not getattr(design, "drivers", True):
            raise ModelError(design.where, f"{design.name}: drivers=() has none in it, so nothing "
                             "would happen that could be explored: add a Driver")
        return Loaded(design, module, path)
    if design is not None:
        raise ModelError(
            Where(str(path), _line_of(path)),
            f"DESIGN is a {type(design).__name__}: write DESIGN = Design(...)",
        )
    for name, thing in vars(module).items():
        if issubclass(type(thing), Design) and thing.where.file == str(path.absolute()):
            raise ModelError(
                thing.where,
                f"the design has the name {name}: call it DESIGN"
            )
    raise ModelError(Where(str(path), 1), "defines no DESIGN: add DESIGN = Design(...)")
