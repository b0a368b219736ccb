# SPDX-License-Identifier: GPL-2.0-only
"""Design files that are wrong, by kinds: a good one with one thing changed, or a text of its own.

Each must bring one error with file, line and mend. Tables for what people do, mutations of the
text for what nobody thought of.
"""

from __future__ import annotations

import re

from hypothesis import strategies as st
from malformed_own import own_files

GOOD = '''\
from generator.design import Design, Device, Driver, Waiver
from generator.expr import Over, all_of, any_of
from generator.facts import ADDED, CAN_DYN, CAP, COUNT, HAS, IRQ, LIFE, MODE, MODE_MSIX, MSG
from generator.operation import CONTINUE, IGNORE, RETURN, Guard
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD, AUXILIARY_DEVICE_DELETE, AUXILIARY_DEVICE_INIT, AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import IDA_ALLOC, IDA_FREE, KZALLOC
from generator.ops.irq import (
    DEVM_REQUEST_IRQ, MSI, MSIX, PCI_ALLOC_IRQ_VECTORS, PCI_FREE_IRQ_VECTORS, PCI_IRQ_VECTOR,
)
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.program import Each, Function, If, Return, both, call

PORT = Device("port", "pci")
BELL = Device("bell", "aux", PORT, answers=((MSG, ("0",)),))
OTHER = Device("other", "aux", PORT)

THERE = Guard("there is one", HAS(BELL).eq(1), ())
DYNAMIC = Guard("may add vectors", MODE(PORT).eq(MODE_MSIX) & CAN_DYN(PORT).eq(1), ())
DELETE = Function("delete", (
    AUXILIARY_DEVICE_DELETE(BELL), AUXILIARY_DEVICE_UNINIT(BELL), IDA_FREE(BELL),
))
CREATE = Function("create", (
    PCI_IRQ_VECTOR(PORT, BELL, nr=MSG(BELL), fail=RETURN),
    IDA_ALLOC(BELL),
    KZALLOC(BELL),
    AUXILIARY_DEVICE_INIT(BELL),
    AUXILIARY_DEVICE_ADD(BELL),
))
ADDED_IT = Guard("it was added", LIFE(BELL).eq(ADDED), ())
PORT_DRIVER = Driver(
    "port driver", PORT,
    probe=(
        PCI_ENABLE_DEVICE(PORT),
        PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=4, types=MSIX | MSI),
        PCI_SET_MASTER(PORT),
        If(THERE, (call(CREATE, fail=IGNORE),)),
    ),
    remove=(
        If(ADDED_IT, (call(DELETE),)),
        PCI_FREE_IRQ_VECTORS(PORT),
        PCI_DISABLE_DEVICE(PORT),
    ),
)
BELL_DRIVER = Driver("bell driver", BELL, probe=(DEVM_REQUEST_IRQ(BELL, BELL, shared=1),))
DESIGN = Design(
    "malformed", "a port creates a doorbell",
    devices=(PORT, BELL),
    drivers=(PORT_DRIVER, BELL_DRIVER),
    serves=((BELL, HAS(BELL).eq(1)),),
)
'''

# kind -> (what stands in GOOD, what is written instead), one file for each
EDITS: dict[str, list[tuple[str, str]]] = {
    "condition in the words of Python": [
        (" & CAN_DYN", " and CAN_DYN"), (" & CAN_DYN", " or CAN_DYN"),
        ("HAS(BELL).eq(1), ()", "not HAS(BELL).eq(1), ()"),
        ("HAS(BELL).eq(1), ()", "HAS(BELL) in (0, 1), ()"),
        ("HAS(BELL).eq(1), ()", "1 in HAS(BELL), ()"),
        ("HAS(BELL).eq(1), ()", "0 < HAS(BELL) < 2, ()"),
        ("HAS(BELL).eq(1), ()", "HAS(BELL) >= 1, ()"),
        ("HAS(BELL).eq(1), ()", "HAS(BELL) == 1, ()"),
        ("HAS(BELL).eq(1), ()", "HAS(BELL) != 1, ()"),
        ("HAS(BELL).eq(1), ()", "HAS(BELL).eq(1) if HAS(BELL).eq(1) else None, ()"),
        ("HAS(BELL).eq(1), ()", "any([HAS(BELL).eq(1)]), ()"),
        ("If(THERE,", "If(THERE and DYNAMIC,"), ("If(THERE,", "If(THERE or DYNAMIC,"),
        ("If(THERE,", "If(not THERE,"), ("If(THERE,", "If(both(THERE, DYNAMIC) and THERE,"),
        ("If(THERE,", "If(THERE & DYNAMIC,"), ("If(THERE,", "If(~THERE,"),
        ("If(THERE,", "If(True,"), ("If(THERE,", "If('there',"), ("If(THERE,", "If(HAS(BELL),"),
        ("If(THERE,", "If(None,"),
    ],
    "condition that means nothing": [
        ("HAS(BELL).eq(1), ()", "HAS(BELL).eq(7), ()"), ("HAS(BELL).eq(1), ()", "HAS.eq(1), ()"),
        ("HAS(BELL).eq(1), ()", "HAS(BELL).equals(1), ()"),
        ("HAS(BELL).eq(1), ()", "HAS('bell').eq(1), ()"),
        ("HAS(BELL).eq(1), ()", "HAS(BELL).eq('yes'), ()"),
        ("HAS(BELL).eq(1), ()", "HAS(OTHER).eq(1), ()"), ("HAS(BELL).eq(1), ()", "1, ()"),
        ("HAS(BELL).eq(1), ()", "HAS().eq(1), ()"),
        ("HAS(BELL).eq(1), ()", "HAS(BELL) + 'x', ()"),
        ("HAS(BELL).eq(1), ()", "HAS(BELL) * 2, ()"),
        ("HAS(BELL).eq(1), ()", "HAS(None).eq(1), ()"),
        ("HAS(BELL).eq(1), ()", "HAS(THERE).eq(1), ()"),
        ("HAS(BELL).eq(1), ()", "HAS(BELL).eq(1)"),
        ("HAS(BELL).eq(1), ()", "HAS(BELL).eq(1), 'bell'"),
        ("HAS(BELL).eq(1), ()", "all_of(True), ()"), ("HAS(BELL).eq(1), ()", "any_of(1, 2), ()"),
        ("HAS(BELL).eq(1), ()", "HAS(BELL).among('a'), ()"),
    ],
    "parameter out of range": [
        ("shared=1", "shared=7"), ("shared=1", "shared=-1"), ("types=MSIX | MSI", "types=99"),
        ("types=MSIX | MSI", "types=0"), ("min=1", "min=-1"), ("max=4", "max=1000000"),
        ("nr=MSG(BELL)", "nr=99"), ("nr=MSG(BELL)", "nr=-1"),
    ],
    "parameter that is none": [
        ("shared=1", "shared='yes'"), ("shared=1", "share=1"), ("min=1, ", ""),
        ("max=4", "max=4.5"), ("types=MSIX | MSI", "types=None"),
        ("types=MSIX | MSI", "types='MSI'"),
        ("types=MSIX | MSI", "types=MSIX | 'MSI'"), ("nr=MSG(BELL)", "nr=BELL"),
        ("nr=MSG(BELL)", "nr=MSG"), ("nr=MSG(BELL), fail=RETURN", "nr=MSG(BELL), fial=IGNORE"),
        ("nr=MSG(BELL), fail=RETURN", "nr=MSG(BELL), fail='ignore'"),
        ("nr=MSG(BELL), fail=RETURN", "nr=MSG(BELL), fail=CONTINUE"),
        ("PCI_SET_MASTER(PORT)", "PCI_SET_MASTER(PORT, fail=RETURN)"),
        ("nr=MSG(BELL), fail=RETURN", "nr=MSG(BELL), fail=None"),
        ("nr=MSG(BELL)", "nr=MSG(OTHER)"), ("min=1, max=4", "min=4, max=1"),
        ("call(CREATE, fail=IGNORE)", "call(CREATE, fail=None)"),
        ("call(CREATE, fail=IGNORE)", "Return(ok='no')"),
        ('"bell", "aux", PORT', r'"bell\x1b[31m", "aux", PORT'),
        ('"bell", "aux", PORT', r'"bell\n", "aux", PORT'),
        ('"bell", "aux", PORT', '"bell", "aux", PORT, count=True'),
    ],
    "device of another kind": [
        ("PCI_ENABLE_DEVICE(PORT)", "PCI_ENABLE_DEVICE(BELL)"),
        ("PCI_SET_MASTER(PORT)", "PCI_SET_MASTER(BELL)"),
        ("AUXILIARY_DEVICE_INIT(BELL)", "AUXILIARY_DEVICE_INIT(PORT)"),
        ("AUXILIARY_DEVICE_DELETE(BELL)", "AUXILIARY_DEVICE_DELETE(PORT)"),
        ("PCI_IRQ_VECTOR(PORT, BELL,", "PCI_IRQ_VECTOR(BELL, PORT,"),
        ('"bell", "aux", PORT', '"bell", "platform", PORT'),
        ('"bell", "aux", PORT', '"bell", "cxl", PORT'), ('"port", "pci"', '"port", "core"'),
    ],
    "device that is none": [
        ("PCI_ENABLE_DEVICE(PORT)", "PCI_ENABLE_DEVICE('port')"),
        ("PCI_ENABLE_DEVICE(PORT)", "PCI_ENABLE_DEVICE()"),
        ("PCI_ENABLE_DEVICE(PORT)", "PCI_ENABLE_DEVICE(PORT, PORT)"),
        ("PCI_ENABLE_DEVICE(PORT)", "PCI_ENABLE_DEVICE(None)"),
        ("PCI_ENABLE_DEVICE(PORT)", "PCI_ENABLE_DEVICE(HAS)"),
        ("PCI_ENABLE_DEVICE(PORT)", "PCI_ENABLE_DEVICE(THERE)"),
        ("PCI_ENABLE_DEVICE(PORT)", "PCI_ENABLE_DEVICE(DELETE)"),
        ("PCI_ENABLE_DEVICE(PORT)", "PCI_ENABLE_DEVICE(PCI_SET_MASTER)"),
        ("PCI_ENABLE_DEVICE(PORT)", "PCI_ENABLE_DEVICE(PCI_SET_MASTER(PORT))"),
        ("PCI_ENABLE_DEVICE(PORT)", "PCI_ENABLE_DEVICE(Device)"),
        ('"port", "pci"', '"port", "usb"'), ('"port", "pci"', '"port"'), ('"port", "pci"', "7, 8"),
        ('"bell", "aux", PORT', '"bell", "aux"'), ('"bell", "aux", PORT', '"bell", "aux", "port"'),
        ('"port", "pci"', '"port", "pci", count=0'), ('"port", "pci"', '"port", "pci", count=99'),
        ('"port", "pci"', '"port", "pci", answers=CAP'),
        ('"port", "pci"', '"port", "pci", answers=((CAP, ("MSY",)),)'),
    ],
    "device of another design": [
        ("devices=(PORT, BELL)", "devices=(PORT,)"), ("devices=(PORT, BELL)", "devices=(BELL,)"),
        ("devices=(PORT, BELL)", "devices=(Device('port', 'pci', bridge=True), BELL)"),
        ("devices=(PORT, BELL)", "devices=(PORT, OTHER)"),
        ("IDA_ALLOC(BELL)", "IDA_ALLOC(OTHER)"), ('"bell driver", BELL', '"bell driver", OTHER'),
        ("serves=((BELL, HAS", "serves=((OTHER, HAS"),
        ("serves=((BELL, HAS(BELL)", "serves=((BELL, HAS(OTHER)"),
        ("devices=(PORT, BELL)", "devices=(PORT, BELL), given={(HAS, OTHER): 'yes'}"),
        ("call(CREATE, fail=IGNORE)", "Each(OTHER, (KZALLOC(BELL),))"),
        ("devices=(PORT, BELL)", "devices=(PORT, BELL, PORT)"),
    ],
    "nothing at all": [
        ("devices=(PORT, BELL)", "devices=()"),
        ("drivers=(PORT_DRIVER, BELL_DRIVER)", "drivers=()"),
        ("devices=(PORT, BELL),\n", ""), ("drivers=(PORT_DRIVER, BELL_DRIVER),\n", ""),
        ("DESIGN = Design(", "design = Design("), ('"malformed", "a port', '"malformed a port'),
        ("DESIGN = Design(", "DESIGN = dict("), ("DESIGN = Design(", "DESIGN = Device("),
    ],
    "comma, tuple or list": [
        ("devices=(PORT, BELL)", "devices=[PORT, BELL]"), ("devices=(PORT, BELL)", "devices=PORT"),
        ("drivers=(PORT_DRIVER, BELL_DRIVER)", "drivers=(PORT_DRIVER)"),
        ("drivers=(PORT_DRIVER, BELL_DRIVER)", "drivers=(PORT_DRIVER, BELL)"),
        ("(call(DELETE),)", "(call(DELETE))"), ("(call(DELETE),)", "[call(DELETE)]"),
        ("(call(DELETE),)", "((call(DELETE),),)"), ("(call(DELETE),)", "(DELETE,)"),
        ("(call(DELETE),)", "(call,)"), ("(call(DELETE),)", "(call(PCI_SET_MASTER),)"),
        ("(call(DELETE),)", "(Return,)"), ("(call(DELETE),)", "None"),
        ("serves=((BELL, HAS(BELL).eq(1)),)", "serves=(BELL, HAS(BELL).eq(1))"),
        ("serves=((BELL, HAS(BELL).eq(1)),)", "serves=((BELL, True),)"),
        ("PCI_SET_MASTER(PORT),\n", "PCI_SET_MASTER,\n"),
        ("PCI_SET_MASTER(PORT),\n", "PCI_SET_MASTER(PORT)\n"),
        ("PCI_SET_MASTER(PORT),\n", "'pci_set_master',\n"),
        ("    probe=(\n", "    probe=lambda: (\n"),
        ("(DEVM_REQUEST_IRQ(BELL, BELL, shared=1),)", "(DEVM_REQUEST_IRQ(BELL, BELL, shared=1))"),
    ],
    "name misspelt": [
        ("PCI_SET_MASTER(PORT)", "PCI_SET_MASTR(PORT)"), ("MSG(BELL)", "MESG(BELL)"),
        ("import IDA_ALLOC, IDA_FREE", "import IDA_ALOC, IDA_FREE"),
        ("generator.ops.pci import", "generator.ops.pcie import"),
        ("from generator.program", "from generator.programs"),
        ("from generator.design", "from generators.design"),
        ("    remove=(\n", "    removes=(\n"), ("serves=((", "serve=(("),
        ('"bell", "aux", PORT', '"bell", "auxiliary", PORT'),
        ('"bell", "aux", PORT', '"bell", "aux", parnet=PORT'),
    ],
    "given, waivers, drivers": [
        ("devices=(PORT, BELL)", "devices=(PORT, BELL), given={CAP: 'MSIX'}"),
        ("devices=(PORT, BELL)", "devices=(PORT, BELL), given={'CAP': 'MSI-X'}"),
        ("devices=(PORT, BELL)", "devices=(PORT, BELL), given={MODE: 'MSI'}"),
        ("devices=(PORT, BELL)", "devices=(PORT, BELL), given={COUNT: 1}"),
        ("devices=(PORT, BELL)", "devices=(PORT, BELL), given=CAP"),
        ("devices=(PORT, BELL)", "devices=(PORT, BELL), waivers=(Waiver('R99', 'why'),)"),
        ("devices=(PORT, BELL)", "devices=(PORT, BELL), waivers=(Waiver('R14', ''),)"),
        ("devices=(PORT, BELL)", "devices=(PORT, BELL), waivers=Waiver('R14', 'why')"),
        ("devices=(PORT, BELL)", "devices=(PORT, BELL), waivers=(Waiver('R14'),)"),
        ('"bell driver", BELL', '"bell driver", PORT'), ('"bell driver", BELL', "BELL"),
        ('"bell driver", BELL', '"bell driver", BELL, instead_of="nobody"'),
        ('"bell driver", BELL', '"bell driver", BELL, error_detected=()'),
        ('"bell driver", BELL', '"bell driver", BELL, resume=PCI_SET_MASTER(PORT)'),
        ('"bell driver", BELL', '"bell driver", "bell"'),
    ],
    "text that is no Python": [
        ("DESIGN = Design(", "DESIGN = Design(("), ("PORT = Device(", "PORT = = Device("),
        ("    probe=(\n", "    probe=\n"), ("PORT = Device", "  PORT = Device"),
        ("BELL = Device", "BELL := Device"), ('"a port creates', '"a port creates\n'),
        ("from generator.expr import Over", "import from generator.expr"),
        ("PORT = Device", "PORT = Device" + "(" * 300), ("PORT = Device", "\x00PORT = Device"),
        ("PORT = Device", "return Device"), ("DELETE = Function", "class = Function"),
        ("PORT = Device", "PØRT = 1\nPORT = €Device"),
    ],
}
# kind -> whole files
TEXTS: dict[str, list[str]] = {
    "file that does something else": [
        "raise Exception\n", "raise SystemExit(0)\n", "raise KeyboardInterrupt\n",
        "raise ValueError('a\\nb\\nc')\n", "assert False, 'no'\n", "import sys; sys.exit()\n",
        "1 / 0\n", "open('/no/such/file')\n", "{}['x']\n", "[].pop()\n", "quit()\n",
        "class E(BaseException): pass\nraise E('mine')\n",
        "class E(Exception):\n    def __str__(self): raise ValueError\nraise E\n",
        "def f(): return f()\nf()\n", "raise RecursionError\n", "raise MemoryError\n",
        "from generator.errors import UsageError\nraise UsageError('mine')\n",
        "import this_is_not_there\n", "from . import design\n", "import generator.nothing\n",
        "class E(TypeError):\n    def __str__(self): raise TypeError\nraise E\n",
        "class E(NameError):\n    name = property(lambda _: 1 / 0)\nraise E('x')\n",
        "e = SyntaxError('mine'); e.text = 7; e.filename = __file__\nraise e\n",
        "class E(OSError):\n    def __str__(self): raise TypeError\nraise E\n",
        "from generator.errors import ModelError, Where\n"
        "raise ModelError(Where('x', 1), 'mine, of no line here')\n",
        "from generator.errors import ModelError\nraise ModelError('x', 'mine, and no place')\n",
        "raise ExceptionGroup('mine', [TypeError('a')])\n", "raise StopIteration\n",
        "raise TypeError(None)\n", "raise BrokenPipeError\n", "next(iter(()))\n",
        "def f(a, *, b): pass\nf(1, 2)\n",
    ],
    "no design": [
        "", "\n\n", "x = 1\n", "DESIGN = None\n", "DESIGN = 7\n", "DESIGN = 'auxbus'\n",
        "#!/bin/sh\necho DESIGN\n", "<html>DESIGN</html>\n", "\ufeff", '"""DESIGN"""\n',
        "from generator.design import Design\nDESIGN = Design\n",
        "from generator.design import Design\nDESIGN = Design()\n",
        "from generator.design import Design\nDESIGN = Design('a', 'b', 1, 2)\n",
        "from generator.designs.auxbus import auxbus\nDESIGN = auxbus\n",
        "def DESIGN(): pass\n", "DESIGN: int\n", "async def f(): pass\nDESIGN = f\n",
        "DESIGN = (x for x in ())\n", "class DESIGN: pass\n",
        "# -*- coding: nothing -*-\nDESIGN = 1\n",
        "from generator.designs.auxbus import DESIGN\nDESIGN = [DESIGN]\n",
    ],
}


def files() -> dict[str, str]:
    """Return every malformed file of the tables: a name for the test, and the text."""
    found = own_files()
    for kind, edits in EDITS.items():
        for number, (old, new) in enumerate(edits):
            assert old in GOOD, (kind, old)
            found[f"{kind} {number}: {new.strip()[:40]!a}"] = GOOD.replace(old, new, 1)
    for kind, texts in TEXTS.items():
        found |= {f"{kind} {number}: {text[:40]!a}": text for number, text in enumerate(texts)}
    return found


_TOKENS = re.findall(r"\w+|\s+|.", GOOD)
_WORDS = sorted({one for one in _TOKENS if one.strip()})
_ODD = ["", " ", "\n", "(", ")", ",", "=", ".", "None", "True", "0", "-1", "99", "''", "()", "[]",
        "{}", "and", "not", "lambda:", "*", "==", "é", "\x00", "\t", "'"]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return GOOD with some of its words taken out, doubled, exchanged, or replaced by others."""
    words = list(_TOKENS)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(words) - 1))
        match draw(st.sampled_from(("out", "twice", "other", "odd", "swap"))):
            case "out":
                words[at] = ""
            case "twice":
                words[at] *= 2
            case "other":
                words[at] = draw(st.sampled_from(_WORDS))
            case "odd":
                words[at] = draw(st.sampled_from(_ODD))
            case "swap":
                other = draw(st.integers(0, len(words) - 1))
                words[at], words[other] = words[other], words[at]
    return "".join(words)
