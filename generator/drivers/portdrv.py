# SPDX-License-Identifier: GPL-2.0-only
"""The port driver of the pinned kernel, in pieces that a design can put together.

Every function here is one of drivers/pci/pcie/portdrv.c, under its name there, and the test
of `today` holds it against the AST. A design that adds to portdrv passes blocks to be done
at named places of `portdrv()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from generator.ctext import leave
from generator.design import Device, Driver
from generator.drivers.portdrv_pm import OF_BUS, SETS, callbacks
from generator.expr import EACH, TRUE, Nth, Over, Role, maximum
from generator.facts import (
    ADDED,
    BEGUN,
    D3_POSSIBLE,
    DPC,
    FILLED,
    HAS,
    IRQ,
    LIFE,
    LOCAL,
    MSG,
    NO_MSI,
    NVEC,
    SECOND,
    SEEN,
)
from generator.operation import IGNORE, RETURN, Guard, sets
from generator.ops.assign import assign
from generator.ops.device import (
    DEV_SET_NAME,
    DEVICE_ENABLE_ASYNC_SUSPEND,
    DEVICE_FOR_EACH_CHILD,
    DEVICE_REGISTER,
    DEVICE_UNREGISTER,
    KZALLOC,
    PM_RUNTIME_NO_CALLBACKS,
    PUT_DEVICE,
)
from generator.ops.irq import (
    INTX,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
)
from generator.ops.pci import (
    PCI_CLEAR_MASTER,
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_READ_CONFIG_DWORD,
    PCI_READ_CONFIG_WORD,
    PCI_SAVE_STATE,
    PCI_SET_MASTER,
    PCIE_CAPABILITY_READ_DWORD,
    PCIE_CAPABILITY_READ_WORD,
    PCIE_LINK_RCEC,
    PCIE_PME_INTERRUPT_ENABLE,
)
from generator.ops.pm import (
    DEV_PM_SET_SMART_SUSPEND,
    PM_RUNTIME_ALLOW,
    PM_RUNTIME_DONT_USE_AUTOSUSPEND,
    PM_RUNTIME_FORBID,
    PM_RUNTIME_GET_NORESUME,
    PM_RUNTIME_MARK_LAST_BUSY,
    PM_RUNTIME_PUT_AUTOSUSPEND,
    PM_RUNTIME_SET_AUTOSUSPEND_DELAY,
    PM_RUNTIME_USE_AUTOSUSPEND,
)
from generator.program import (
    Block,
    Each,
    Function,
    If,
    Ifdef,
    Not,
    Return,
    both,
    call,
    either,
)

PORT = Device("port", "pci", bridge=True)
# PME, hotplug and bandwidth notification share a message number, so they are one here; DPC has
# one of its own, but without AER it exists only where the command line asks for it.
SERVICE = Device("service", "service", PORT, count=2, names=("hp", "aer"),
                 answers=((MSG, ("0", "1")),), as_in="today")
HP, AER = Nth(SERVICE, 0), Nth(SERVICE, 1)

SOURCES = ("drivers/pci/pcie/portdrv.c",)
C = {PORT: "pci_dev", SERVICE: "pcie_device.device"}


def free(name: str, *texts: str, function: str = "") -> Guard:
    """Return a condition that the model leaves open."""
    return Guard(name, None, texts or (name,), function)


def port_type(name: str) -> Guard:
    """Return the question for a port type, as both functions ask it."""
    return free(
        f"type is {name}",
        f"pci_pcie_type(dev) == PCI_EXP_TYPE_{name}",
        f"type == PCI_EXP_TYPE_{name}",
    )


ROOT, UPSTREAM, DOWNSTREAM, RCEC = map(port_type, ("ROOT_PORT", "UPSTREAM", "DOWNSTREAM", "RC_EC"))
NATIVE = free("pcie_ports_native")
_NVEC = "pcie_message_numbers:nvec"
_WITH_HP = (sets(LOCAL(PORT), MSG(HP) + 1), sets(BEGUN(PORT), 1))
WITH_AER = replace(  # and so with DPC
    assign(
        _NVEC, "max(nvec, *aer + 1)", sets(LOCAL(PORT), maximum(LOCAL(PORT), MSG(AER) + 1)),
        roles=("dev",),
    ),
    needs=(BEGUN,),
)


def get_port_device_capability() -> Function:
    """Return the discovery of services; what it finds are the questions HAS of the services."""
    services = "get_port_device_capability:services"
    return Function(
        "get_port_device_capability",
        (
            assign(services, "0")(),
            If(
                both(
                    free("dev->is_pciehp"),
                    either(ROOT, DOWNSTREAM),
                    either(NATIVE, free("host->native_pcie_hotplug")),
                ),
                (assign(services, "|= PCIE_PORT_SERVICE_HP")(),),
            ),
            Ifdef(
                "CONFIG_PCIEAER",
                (
                    If(
                        both(
                            either(ROOT, RCEC),
                            free("dev->aer_cap"),
                            free("pci_aer_available()"),
                            either(NATIVE, free("host->native_aer")),
                        ),
                        (assign(services, "|= PCIE_PORT_SERVICE_AER")(),),
                    ),
                ),
            ),
            If(
                both(either(ROOT, RCEC), either(NATIVE, free("host->native_pme"))),
                (
                    assign(services, "|= PCIE_PORT_SERVICE_PME")(),
                    PCIE_PME_INTERRUPT_ENABLE(PORT, c={"arg": "false"}),
                ),
            ),
            If(
                both(
                    free("pci_find_ext_capability(dev, PCI_EXT_CAP_ID_DPC)"),
                    free("pci_aer_available()"),
                    either(
                        free("pcie_ports_dpc_native"), free("services & PCIE_PORT_SERVICE_AER")
                    ),
                ),
                (assign(services, "|= PCIE_PORT_SERVICE_DPC")(),),
            ),
            If(
                either(DOWNSTREAM, ROOT),
                (
                    PCIE_CAPABILITY_READ_DWORD(PORT),
                    If(
                        free("linkcap & PCI_EXP_LNKCAP_LBNC"),
                        (assign(services, "|= PCIE_PORT_SERVICE_BWNOTIF")(),),
                    ),
                ),
            ),
        ),
    )


def _has(service: Nth, text: str) -> Guard:
    return Guard(text, SEEN(service).eq(1), (text,))


_PME_TEXT = "mask & (PCIE_PORT_SERVICE_PME | PCIE_PORT_SERVICE_HP | PCIE_PORT_SERVICE_BWNOTIF)"
HAS_PME_HP = _has(HP, _PME_TEXT)
HAS_AER = _has(AER, "mask & PCIE_PORT_SERVICE_AER")
HAS_DPC = Guard(
    "mask & PCIE_PORT_SERVICE_DPC", DPC(PORT).eq(1), ("mask & PCIE_PORT_SERVICE_DPC",)
)
# Without its capability a port would not have the service: get_port_device_capability().
POS = Guard("pos", TRUE, ("pos",))
# DPC is folded into AER, but it has a number and a place among the irqs of its own.
_SECOND = SECOND(Role("service"))
READ_DPC = assign(
    "&dpc", "FIELD_GET(PCI_EXP_DPC_IRQ, reg16)", sets(_SECOND, 1), roles=("service",)
)
LOOK_UP_DPC = replace(
    PCI_IRQ_VECTOR,
    needs=(SECOND,),
    needs_of="user",
    outcomes=tuple(
        replace(one, gives=(sets(SECOND(Role("user")), 2),)) for one in PCI_IRQ_VECTOR.outcomes
    ),
)


def pcie_message_numbers() -> Function:
    """Return the reading of message numbers: how many vectors the services want."""
    return Function(
        "pcie_message_numbers",
        (
            assign(_NVEC, "0", sets(LOCAL(PORT), 0), sets(BEGUN(PORT), 1))(),
            If(
                HAS_PME_HP,
                (
                    PCIE_CAPABILITY_READ_WORD(PORT),
                    assign("&pme", "FIELD_GET(PCI_EXP_FLAGS_IRQ, reg16)")(),
                    assign(_NVEC, "", *_WITH_HP)(),
                ),
            ),
            Ifdef(
                "CONFIG_PCIEAER",
                (
                    If(
                        HAS_AER,
                        (
                            If(
                                POS,
                                (
                                    PCI_READ_CONFIG_DWORD(PORT),
                                    assign("&aer", "FIELD_GET(PCI_ERR_ROOT_AER_IRQ, reg32)")(),
                                    WITH_AER(PORT),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
            If(
                HAS_DPC,
                (
                    If(
                        POS,
                        (
                            PCI_READ_CONFIG_WORD(PORT),
                            READ_DPC(AER),
                            assign(_NVEC, "max(nvec, *dpc + 1)")(),
                        ),
                    ),
                ),
            ),
        ),
    )


TOO_MANY = Guard("nvec > nr_entries", LOCAL(PORT).gt(NVEC(PORT)), ("nvec > nr_entries",))
UNEQUAL = Guard("nvec != nr_entries", LOCAL(PORT).ne(NVEC(PORT)), ("nvec != nr_entries",))
BEST = MSIX | MSI
MOST_ENTRIES = 32


def allocate(counted_in: Block = ()) -> Block:
    """Return the vector dance: the most, read the numbers, exactly as many.

    `counted_in` is done once it is known that the services have their vectors.
    """
    return (
        PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=MOST_ENTRIES, types=BEST, fail=RETURN),
        call(pcie_message_numbers()),
        If(TOO_MANY, (PCI_FREE_IRQ_VECTORS(PORT), Return(ok=False))),
        *counted_in,
        If(
            UNEQUAL,
            (
                PCI_FREE_IRQ_VECTORS(PORT),
                PCI_ALLOC_IRQ_VECTORS(
                    PORT, min=LOCAL(PORT), max=LOCAL(PORT), types=BEST, fail=RETURN
                ),
            ),
        ),
    )


def _give(index: str, value: str = "pci_irq_vector()") -> Block:
    return (assign(f"int[{index}]", value)(),)


def assign_irqs() -> Block:
    """Return the mapping of message numbers to irqs; a failure is not looked at."""
    return (
        If(
            HAS_PME_HP,
            (
                PCI_IRQ_VECTOR(PORT, HP, nr=MSG(HP), fail=IGNORE),
                *_give("PCIE_PORT_SERVICE_PME_SHIFT"),
                *_give("PCIE_PORT_SERVICE_HP_SHIFT"),
                *_give("PCIE_PORT_SERVICE_BWNOTIF_SHIFT"),
            ),
        ),
        If(
            HAS_AER,
            (
                PCI_IRQ_VECTOR(PORT, AER, nr=MSG(AER), fail=IGNORE),
                *_give("PCIE_PORT_SERVICE_AER_SHIFT"),
            ),
        ),
        If(
            HAS_DPC,
            (
                LOOK_UP_DPC(PORT, AER, nr=MSG(AER), fail=IGNORE),
                *_give("PCIE_PORT_SERVICE_DPC_SHIFT"),
            ),
        ),
    )


def pcie_port_enable_irq_vec(counted_in: Block = ()) -> Function:
    """Return the attempt to run the port on MSI-X or MSI."""
    allocation = Function("pcie_port_alloc_irq_vec", allocate(counted_in))
    assignment = Function("pcie_port_assign_irqs", assign_irqs())
    return Function("pcie_port_enable_irq_vec", (call(allocation), call(assignment)))


MORE = free("i < PCIE_PORT_DEVICE_MAXSERVICES")


def pcie_init_service_irqs(counted_in: Block = ()) -> Function:
    """Return the choice of the interrupt mode: MSI-X, MSI, or INTx for the whole port."""
    wants_line = both(
        Guard("mask & PCIE_PORT_SERVICE_PME", SEEN(HP).eq(1), ("mask & PCIE_PORT_SERVICE_PME",)),
        Guard("pcie_pme_no_msi()", NO_MSI(PORT).eq(1), ("pcie_pme_no_msi()",)),
    )
    service = Role("service")
    none = assign(
        "int[*]", "-1", sets(IRQ(service), 0), sets(FILLED(service), 1),
        sets(SECOND(service), 0), roles=("service",),
    )
    return Function(
        "pcie_init_service_irqs",
        (
            Each(SERVICE, (none(SERVICE),), again=MORE, first=True),
            If(
                wants_line,
                (),
                (call(pcie_port_enable_irq_vec(counted_in), fail=IGNORE, then=(Return(),)),),
            ),
            PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=INTX, fail=RETURN),
            Each(
                SERVICE,
                (PCI_IRQ_VECTOR(PORT, SERVICE, nr=0, fail=IGNORE), *_give("*")),
                again=MORE, first=True,
            ),
        ),
    )


TAKES_IRQ = replace(assign("pcie_device.irq", "int[*]", roles=("service",)), needs=(FILLED,))


def pcie_device_init() -> Function:
    """Return the creation of one service device."""
    return Function(
        "pcie_device_init",
        (
            KZALLOC(SERVICE, fail=RETURN),
            assign("pcie_device.port", "pci_dev")(),
            TAKES_IRQ(SERVICE),
            assign("pcie_device.service")(),
            assign("pcie_device.device.bus", "pcie_port_bus_type")(),
            assign("pcie_device.device.release", "release_pcie_device")(),
            DEV_SET_NAME(SERVICE),
            assign("pcie_device.device.parent", "pci_dev.dev")(),
            DEVICE_ENABLE_ASYNC_SUSPEND(SERVICE),
            DEVICE_REGISTER(SERVICE, fail=(PUT_DEVICE(SERVICE), Return(ok=False))),
            PM_RUNTIME_NO_CALLBACKS(SERVICE),
        ),
    )


def unregister_services() -> Block:
    """Return the removal of the service devices, as pcie_port_device_remove() does it."""
    unregister = DEVICE_UNREGISTER(SERVICE, c={"on": "pci_dev.dev.child"})
    there = Guard("the service has a device", LIFE(SERVICE).eq(ADDED), ())
    return (
        DEVICE_FOR_EACH_CHILD(PORT, c={"callback": "remove_iter"}),
        Each(SERVICE, (If(there, (If(OF_BUS, (unregister,)),)),)),
    )


@dataclass(frozen=True)
class Services:
    """How one service comes to run, and how all of them stop."""

    start: Function
    stop: Block


PCI_EXPRESS = Services(pcie_device_init(), unregister_services())

_CAPS = "pcie_port_device_register:capabilities"
_ANY = Over("any", SERVICE, SEEN(EACH).eq(1))
CAPABLE = Guard("capabilities", _ANY, ("capabilities",))


def pcie_port_device_register(
    with_: Services = PCI_EXPRESS, *, counted_in: Block = (), found: Block = (),
    no_service: Block = (), with_services: Block = (), served: Block = (),
) -> Function:
    """Return the registration of a port: enable, discover, vectors, service devices.

    `found` is done after discovery, `no_service` on a port without services, `with_services`
    before a port with services gets vectors, `served` once the services have their devices.
    """
    service = Role("service")
    keep = [sets(SEEN(one), HAS(one)) for one in (HP, AER)]
    drop = assign(_CAPS, "&=", sets(SEEN(service), 0), roles=("service",))
    services = Function(
        "pcie_port_device_register",
        (
            call(
                pcie_init_service_irqs(counted_in),
                fail=(
                    assign(_CAPS, "&= PCIE_PORT_SERVICE_HP", sets(SEEN(AER), 0))(),
                    If(CAPABLE, (), (Return(),)),
                ),
            ),
            Each(
                SERVICE,
                (
                    If(
                        Guard(
                            "capabilities & service", SEEN(SERVICE).eq(1),
                            ("capabilities & service",),
                        ),
                        (call(with_.start, fail=(drop(SERVICE),)),),
                    ),
                ),
                again=MORE, first=True,
            ),
        ),
    )
    return Function(
        "pcie_port_device_register",
        (
            PCI_ENABLE_DEVICE(PORT, fail=RETURN),
            call(get_port_device_capability()),
            assign(_CAPS, "", *keep)(),
            *found,
            If(Not(CAPABLE), (*no_service, Return())),
            *with_services,
            PCI_SET_MASTER(PORT),
            call(services),
            If(
                Not(CAPABLE),
                (
                    PCI_FREE_IRQ_VECTORS(PORT),
                    PCI_CLEAR_MASTER(PORT),
                    *((leave("0"),) if served else ()),
                ),
            ),
            *served,
        ),
    )


BRIDGE_D3 = Guard(
    "pci_bridge_d3_possible(dev)", D3_POSSIBLE(PORT).eq(1), ("pci_bridge_d3_possible(dev)",)
)


def probe(services: Services = PCI_EXPRESS, **places: Block) -> Block:
    """Return pcie_portdrv_probe(); `places` are those of pcie_port_device_register()."""
    return (
        If(
            either(
                Not(free("pci_is_pcie(dev)")),
                both(Not(ROOT), Not(UPSTREAM), Not(DOWNSTREAM), Not(RCEC)),
            ),
            (Return(ok=False),),
        ),
        If(RCEC, (PCIE_LINK_RCEC(PORT),)),
        call(pcie_port_device_register(services, **places), fail=RETURN),
        PCI_SAVE_STATE(PORT),
        DEV_PM_SET_SMART_SUSPEND(PORT),
        If(
            BRIDGE_D3,
            (
                PM_RUNTIME_SET_AUTOSUSPEND_DELAY(PORT),
                PM_RUNTIME_USE_AUTOSUSPEND(PORT),
                PM_RUNTIME_MARK_LAST_BUSY(PORT),
                PM_RUNTIME_PUT_AUTOSUSPEND(PORT),
                PM_RUNTIME_ALLOW(PORT),
            ),
        ),
    )


def _awake() -> Block:
    return (
        If(
            BRIDGE_D3,
            (
                PM_RUNTIME_FORBID(PORT),
                PM_RUNTIME_GET_NORESUME(PORT),
                PM_RUNTIME_DONT_USE_AUTOSUSPEND(PORT),
            ),
        ),
    )


def pcie_port_device_remove(
    before: Block = (), after: Block = (), services: Services = PCI_EXPRESS
) -> Function:
    """Return the removal of services and vectors, with what stands around it."""
    return Function(
        "pcie_port_device_remove",
        (*before, *services.stop, PCI_FREE_IRQ_VECTORS(PORT), *after),
    )


def remove(
    before: Block = (), after: Block = (), services: Services = PCI_EXPRESS,
    first: Block = (), last: Block = (),
) -> Block:
    """Return pcie_portdrv_remove()."""
    return (
        *_awake(),
        *first,
        call(pcie_port_device_remove(before, after, services)),
        *last,
        PCI_DISABLE_DEVICE(PORT),
    )


def shutdown(
    before: Block = (), after: Block = (), services: Services = PCI_EXPRESS
) -> Block:
    """Return pcie_portdrv_shutdown()."""
    return (*_awake(), call(pcie_port_device_remove(before, after, services)))


def portdrv(
    *, services: Services = PCI_EXPRESS, before_remove: Block = (), after_remove: Block = (),
    remove_first: Block = (), remove_last: Block = (),
    sources: tuple[str, ...] = SOURCES, c: Mapping[Device, str] = C,
    also_set: tuple[str, ...] = (), **places: Block,
) -> Driver:
    """Return the port driver, with blocks put in at the places that its functions name.

    `services` says how they run: with a device each on pci_express, as today, or without.
    `before_remove` and `after_remove` are done at shutdown as well, `remove_first` and
    `remove_last` are not.
    """
    return Driver(
        "pcieport",
        PORT,
        probe=probe(services, **places),
        remove=remove(before_remove, after_remove, services, remove_first, remove_last),
        shutdown=shutdown(before_remove, after_remove, services),
        builtin=True,
        c=c,
        sources=sources,
        variable="pcie_portdriver",
        sets=(
            "pcie_device.*", "int[*", "get_port_device_capability:services", _NVEC, "&pme", "&aer",
            "&dpc", _CAPS, *SETS, *also_set,
        ),
        **callbacks(PORT, SERVICE),
    )
