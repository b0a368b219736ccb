# SPDX-License-Identifier: GPL-2.0-only
"""Interrupt vectors and handlers (drivers/pci/msi/api.c, kernel/irq/manage.c)."""

from __future__ import annotations

from dataclasses import replace

from generator.context import HANDLER_RUNS, IN_FLIGHT, IRQ_THREAD_RUNS, awaited
from generator.context import IRQ as AWAITED_IRQ
from generator.expr import (
    EACH,
    Expr,
    Over,
    ParentOf,
    Role,
    UsersOf,
    all_of,
    any_of,
    minimum,
    num,
    pick,
)
from generator.facts import (
    CAN_DYN,
    CAP,
    CAP_MSI,
    CAP_MSIX,
    D3,
    DESC_MUTEX,
    DYN,
    EXCLUSIVE,
    FILLED,
    HANDLER,
    IRQ,
    KNOWN,
    LINE,
    LINE_ROUTED,
    MASKED,
    MODE,
    MODE_INTX,
    MODE_MSI,
    MODE_MSIX,
    MODE_OFF,
    MOST,
    MSIDATA,
    NO_SUSPEND,
    NVEC,
    ROOT_MUTEX,
    SOURCE,
    STALE,
    UNHEARD,
    UNPROGRAMMED,
    WAKE,
    allocated,
    entries,
    msi_on,
    on_vector,
)
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, ME, Operation, Outcome, Param, Set, fail, fault, ok, sets

USER = Role("user")
OWNER = Role("owner")
NR = Param("nr")
MIN, MAX = Param("min"), Param("max")
INTX, MSI, MSIX = 1, 2, 4  # bits of the parameter `types`, as PCI_IRQ_* in include/linux/pci.h
TYPES = Param("types")


def _drop_vectors() -> tuple[Set, ...]:
    """Return what happens to everyone who still names a vector of the device."""
    users = UsersOf(DEV)
    return (
        sets(IRQ(EACH), pick(on_vector(IRQ, EACH), STALE, IRQ(EACH)), users),
        sets(HANDLER(EACH), pick(on_vector(HANDLER, EACH), STALE, HANDLER(EACH)), users),
        # MSI is off and INTx is on: what raises its interrupt now is not heard.
        sets(UNHEARD(EACH), pick(SOURCE(EACH).eq(1), 1, UNHEARD(EACH)), users),
        _MOVED,
    )


# What they take inside: msi_lock_descs() and, in irqdomain.c, the mutex of the root domain.
_LOCKS = ((DESC_MUTEX, "dev"), (ROOT_MUTEX, "dev"))
# With MSI, hardware may change message numbers when the number of vectors does.
_MOVED = sets(KNOWN(EACH), 0, UsersOf(DEV))


PCI_FREE_IRQ_VECTORS = Operation(
    "pci_free_irq_vectors",
    ("dev",),
    (
        ok(
            *_drop_vectors(), sets(MODE(DEV), MODE_OFF), sets(NVEC(DEV), 0), sets(DYN(DEV), 0),
            when=msi_on(DEV),
        ),
        ok(sets(MODE(DEV), MODE_OFF), when=~msi_on(DEV)),
    ),
    source="drivers/pci/msi/api.c pci_free_irq_vectors(): frees dynamic entries too",
    fingerprint=Fingerprint(("pci_free_irq_vectors",), on=0),
    locks=_LOCKS,
    kinds=(("dev", ("pci",)),),
    idempotent=True,
)


def _granted(cap: int, bit: int) -> Expr:
    return all_of(
        ~msi_on(DEV),
        CAP(DEV).eq(cap),
        TYPES.has(bit),
        D3(DEV).eq(0),
        (MIN if cap == CAP_MSI else MAX).ge(1),  # pci_msi_supported()
        MIN.le(minimum(MAX, entries(DEV))),
    )


_MSIX, _MSI = _granted(CAP_MSIX, 2), _granted(CAP_MSI, 1)
_TRIED = CAP(DEV).ne(0) & (TYPES.has(2) | TYPES.has(1))
_INTX = all_of(~msi_on(DEV), TYPES.has(0), MIN.le(1), LINE_ROUTED(DEV).eq(1))
_KEEP = sets(MSIDATA(DEV), pick(_TRIED, 1, MSIDATA(DEV)))
# What the kernel refuses before it looks for vectors.
_WRONG = (TYPES.has(2) | TYPES.has(1)) & any_of(
    msi_on(DEV), D3(DEV).eq(1), MIN.lt(1) & TYPES.has(1), MAX.lt(1)
)

PCI_ALLOC_IRQ_VECTORS = Operation(
    "pci_alloc_irq_vectors",
    ("dev",),
    (
        ok(
            sets(MODE(DEV), MODE_MSIX),
            sets(NVEC(DEV), minimum(MAX, entries(DEV))),
            sets(DYN(DEV), 0),
            sets(MSIDATA(DEV), 1),
            _MOVED,
            when=_MSIX,
        ),
        ok(
            sets(MODE(DEV), MODE_MSI),
            sets(NVEC(DEV), minimum(MAX, entries(DEV))),
            sets(DYN(DEV), 0),
            sets(MSIDATA(DEV), 1),
            _MOVED,
            when=_MSI,
        ),
        # A device with both: MSI-X could not be had, MSI gave one vector.
        Outcome(
            "ok",
            all_of(_MSIX, TYPES.has(1), MIN.eq(1)),
            (
                sets(MODE(DEV), MODE_MSI),
                sets(NVEC(DEV), 1),
                sets(DYN(DEV), 0),
                sets(MSIDATA(DEV), 1),
                _MOVED,
            ),
            fault=True,
        ),
        ok(sets(MODE(DEV), MODE_INTX), _KEEP, when=_INTX & ~(_MSIX | _MSI)),
        # A false success: the line is on and reported, but MSI or MSI-X stays.
        ok(when=all_of(msi_on(DEV), TYPES.has(0), MIN.eq(1), LINE_ROUTED(DEV).eq(1))),
        fault("-ENOSPC", _KEEP, when=(_MSIX | _MSI) & ~_INTX),
        fail("-EINVAL", _WRONG & ~_INTX & ~all_of(TYPES.has(0), LINE_ROUTED(DEV).eq(1))),
        fail("-ENOSPC", ~(_MSIX | _MSI) & ~_INTX & ~_WRONG, _KEEP),
    ),
    source="drivers/pci/msi/api.c pci_alloc_irq_vectors_affinity(); the data that an attempt "
    "leaves on the device: kernel/irq/msi.c msi_setup_device_data()",
    fingerprint=Fingerprint(
        ("pci_alloc_irq_vectors", "pci_alloc_irq_vectors_affinity"),
        on=0,
        fails=Fails.POSITIVE,
        args=(3,),
    ),
    params=("min", "max", "types"),
    ranges=(("min", 0, 2048), ("max", 0, 2048), ("types", 1, INTX | MSI | MSIX)),
    ordered=(("min", "max"),),
    shown=("types",),
    words=(
        (MSIX | MSI, "PCI_IRQ_MSIX | PCI_IRQ_MSI"),
        (MSIX, "PCI_IRQ_MSIX"),
        (MSI, "PCI_IRQ_MSI"),
        (INTX, "PCI_IRQ_INTX"),
    ),
    undo=PCI_FREE_IRQ_VECTORS,
    leaves=(MSIDATA,),
    locks=_LOCKS,
    kinds=(("dev", ("pci",)),),
    managed_by="pcim_enable_device",
)

_FILLED = sets(FILLED(USER), 1)  # with an irq or with an error
# drivers/pci/msi/msi.c pcim_setup_msi_release(): after pcim_enable_device(), and only then, the
# first enable puts pcim_msi_release() on the devres list. For drivers that rely on it, by this
# name; by the plain one it is as true.
PCIM_ALLOC_IRQ_VECTORS = replace(PCI_ALLOC_IRQ_VECTORS, managed=True, on_devres="dev")

PCI_IRQ_VECTOR = Operation(
    "pci_irq_vector",
    ("dev", "user"),
    (
        ok(sets(IRQ(USER), NR + 1), _FILLED, when=allocated(DEV, NR)),
        ok(sets(IRQ(USER), LINE), _FILLED, when=~msi_on(DEV) & NR.eq(0)),
        fail(
            "-EINVAL",
            ~allocated(DEV, NR) & ~(~msi_on(DEV) & NR.eq(0)),
            sets(IRQ(USER), 0),
            _FILLED,
        ),
    ),
    source="drivers/pci/msi/api.c pci_irq_vector()",
    fingerprint=Fingerprint(("pci_irq_vector",), on=0, fails=Fails.POSITIVE),
    params=("nr",),
    ranges=(("nr", 0, MOST - 1),),
    kinds=(("dev", ("pci",)),),
)

PCI_MSIX_FREE_IRQ = Operation(
    "pci_msix_free_irq",
    ("dev", "user"),
    (
        ok(
            sets(
                HANDLER(EACH),
                pick(HANDLER(EACH).eq(IRQ(USER)) & on_vector(HANDLER, EACH), STALE, HANDLER(EACH)),
                UsersOf(DEV),
            ),
            sets(
                DYN(DEV),
                pick(on_vector(IRQ, USER), DYN(DEV).without_bit(IRQ(USER) - 1), DYN(DEV)),
            ),
            sets(IRQ(USER), 0),
        ),
    ),
    source="drivers/pci/msi/api.c pci_msix_free_irq(): frees one entry, never disables MSI-X",
    fingerprint=Fingerprint(("pci_msix_free_irq",), on=0),
    locks=_LOCKS,
    kinds=(("dev", ("pci",)),),
)

_CAN = MODE(DEV).eq(MODE_MSIX) & CAN_DYN(DEV).eq(1)
_AT = all_of(_CAN, NR.lt(entries(DEV)), ~allocated(DEV, NR))
PCI_MSIX_ALLOC_IRQ_AT = Operation(
    "pci_msix_alloc_irq_at",
    ("dev", "user"),
    (
        ok(sets(DYN(DEV), DYN(DEV).with_bit(NR)), sets(IRQ(USER), NR + 1), when=_AT),
        fault("-ENOSPC", when=_AT),
        fail("-ENOTSUPP", ~_CAN),
        fail("-EBUSY", _CAN & allocated(DEV, NR)),
        fail("-ERANGE", _CAN & NR.ge(entries(DEV))),
    ),
    source="drivers/pci/msi/api.c pci_msix_alloc_irq_at(); kernel/irq/msi.c msi_insert_desc()",
    fingerprint=Fingerprint(("pci_msix_alloc_irq_at",), on=0, fails=Fails.INDEX),
    params=("nr",),
    ranges=(("nr", 0, MOST - 1),),
    undo=PCI_MSIX_FREE_IRQ,
    locks=_LOCKS,
    kinds=(("dev", ("pci",)),),
)

_VALID = IRQ(USER).ge(1) & IRQ(USER).le(LINE)
_SHARED = Param("shared")
# A line that nobody else is on, where firmware describes it; PCI's INTx is shared by all.
_OWN_LINE = (("shared", ("platform", "i2c", "spi", "usb", "hid", "sdio", "pnp"), 0),)
# Whoever is on an irq and whoever comes must both have said IRQF_SHARED.
_MISMATCH = Over(
    "any",
    UsersOf(ParentOf(USER)),
    HANDLER(EACH).eq(IRQ(USER)) & (EXCLUSIVE(EACH).eq(1) | _SHARED.eq(0)),
)
FREE_IRQ = Operation(
    "free_irq",
    ("user",),
    (ok(sets(HANDLER(USER), 0), sets(EXCLUSIVE(USER), 0)),),
    source="kernel/irq/manage.c free_irq(); DEBUG_SHIRQ calls the handler once more in it",
    fingerprint=Fingerprint(("free_irq",), on=1),
    needs_d0="user",
)

REQUEST_IRQ = Operation(
    "request_irq",
    ("user",),
    (
        ok(
            sets(HANDLER(USER), IRQ(USER)),
            sets(EXCLUSIVE(USER), num(1) - _SHARED),
            sets(UNPROGRAMMED(USER), 0),  # irq_activate() writes the message
            when=_VALID & ~_MISMATCH,
        ),
        fault("-ENOSPC", when=_VALID & ~_MISMATCH),
        fail("-EBUSY", _VALID & _MISMATCH),
        fail("-EINVAL", ~_VALID),
    ),
    source="kernel/irq/manage.c request_threaded_irq(), __setup_irq(), irq_activate()",
    fingerprint=Fingerprint(("request_irq", "request_threaded_irq"), fails=Fails.NEGATIVE),
    params=("shared",),
    ranges=(("shared", 0, 1),),
    defaults=(("shared", 1),),
    defaults_below=_OWN_LINE,
    undo=FREE_IRQ,
    needs_d0="user",
)

DEVM_REQUEST_IRQ = Operation(
    "devm_request_irq",
    ("user", "owner"),
    REQUEST_IRQ.outcomes,
    source="kernel/irq/devres.c devm_request_threaded_irq()",
    fingerprint=Fingerprint(
        ("devm_request_irq", "devm_request_threaded_irq"), on=0, fails=Fails.NEGATIVE
    ),
    acts_on="owner",
    params=("shared",),
    ranges=(("shared", 0, 1),),
    defaults=(("shared", 1),),
    defaults_below=_OWN_LINE,
    undo=FREE_IRQ,
    managed=True,
    on_devres="owner",
    needs_d0="user",
)

_AWAITED = awaited(AWAITED_IRQ)(USER)
_NO_HANDLER = HANDLER_RUNS(USER).eq(0) & IRQ_THREAD_RUNS(USER).eq(0)

# Takes off the devres list what devm_request_irq() put there, and frees it.
DEVM_FREE_IRQ = replace(
    FREE_IRQ,
    name="devm_free_irq",
    roles=("user", "owner"),
    source="kernel/irq/devres.c devm_free_irq(); kernel/irq/manage.c free_irq()",
    fingerprint=Fingerprint(("devm_free_irq",), on=0),
    acts_on="owner",
    on_devres="owner",
    off_devres=FREE_IRQ,
)

# Of a handler that runs in the noirq phases too. Who requests it so, always does.
REQUEST_IRQ_NO_SUSPEND = replace(
    REQUEST_IRQ,
    outcomes=tuple(
        replace(way, gives=(*way.gives, sets(NO_SUSPEND(USER), 1))) if way.label == "ok" else way
        for way in REQUEST_IRQ.outcomes
    ),
    leaves=(NO_SUSPEND,),
)

DISABLE_IRQ_WAKE = Operation(
    "disable_irq_wake",
    ("user",),
    (ok(sets(WAKE(USER), pick(WAKE(USER).ge(1), WAKE(USER) - 1, 0))),),
    source="include/linux/interrupt.h disable_irq_wake()",
    fingerprint=Fingerprint(("disable_irq_wake",)),
    sleeps=False,
)
ENABLE_IRQ_WAKE = Operation(
    "enable_irq_wake",
    ("user",),
    (ok(sets(WAKE(USER), minimum(WAKE(USER) + 1, WAKE.top))), fault("-ENXIO")),
    source="include/linux/interrupt.h enable_irq_wake()",
    fingerprint=Fingerprint(("enable_irq_wake",), fails=Fails.NEGATIVE),
    undo=DISABLE_IRQ_WAKE,
)

SYNCHRONIZE_IRQ = Operation(
    "synchronize_irq",
    ("user",),
    (ok(sets(IN_FLIGHT(USER), 0), sets(_AWAITED, 0)),),
    source="kernel/irq/manage.c synchronize_irq()",
    fingerprint=Fingerprint(("synchronize_irq",)),
    begins=(sets(_AWAITED, ME),),
    waits=_NO_HANDLER,
)
ENABLE_IRQ = Operation(
    "enable_irq",
    ("user",),
    (ok(sets(MASKED(USER), 0)),),
    source="kernel/irq/manage.c enable_irq()",
    fingerprint=Fingerprint(("enable_irq",)),
    sleeps=False,
)
DISABLE_IRQ = Operation(
    "disable_irq",
    ("user",),
    (ok(sets(IN_FLIGHT(USER), 0), sets(_AWAITED, 0)),),
    source="kernel/irq/manage.c disable_irq(): nobody's handler is called on it, and none runs",
    fingerprint=Fingerprint(("disable_irq",)),
    begins=(sets(MASKED(USER), 1), sets(_AWAITED, ME)),
    waits=_NO_HANDLER,
    undo=ENABLE_IRQ,
)
DISABLE_IRQ_NOSYNC = Operation(
    "disable_irq_nosync",
    ("user",),
    (ok(sets(MASKED(USER), 1)),),
    source="kernel/irq/manage.c disable_irq_nosync(): a handler may run still",
    fingerprint=Fingerprint(("disable_irq_nosync",)),
    undo=ENABLE_IRQ,
    sleeps=False,
)
