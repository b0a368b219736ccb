# SPDX-License-Identifier: GPL-2.0-only
"""CXL PMUs of ports: their devices, made, served and taken away.

Every function here is one of drivers/pci/pcie/cxlpmu.c as the series leaves it, under its name
there.
"""

from __future__ import annotations

from generator.ctext import Written, code, helper, leave
from generator.drivers.pcie_cxlpmu import (
    CPMU,
    NOTE,
    SET,
    SET_NOTE,
    guard,
    listed,
    pcie_cxlpmu_assign_irq,
    pcie_cxlpmu_count_vectors,
    store,
)
from generator.drivers.portdrv_irqs import BEST
from generator.drivers.portdrv_services import PORT
from generator.facts import (
    ADDED,
    IRQ,
    LIFE,
    LOCAL,
    NVEC,
    TOTAL,
    msi_on,
    on_vector,
)
from generator.operation import IGNORE, RETURN, Do, Guard, sets
from generator.ops.assign import assign, note
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import (
    IDA_ALLOC,
    IDA_FREE,
    KFREE_NOTE,
    KZALLOC,
    LIST_DEL,
)
from generator.ops.irq import (
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
)
from generator.ops.pci import (
    PCI_CLEAR_DRVDATA,
    PCI_SET_MASTER,
)
from generator.program import Function, If, Not

_CHILD = {"dev": "&child->auxdev"}
PMU_CHILD = {"dev": "&pmu->child->auxdev", "on": "pcie_cxlpmu.child.auxdev"}
_SET_ARGS = "dev, set"


def _given(member: str, text: str, value: str = "") -> Do:
    """Return the setting of a member of the new device; `value` is how the AST shows `text`."""
    return store(f"cxl_pmu_auxdev.{member}", value or text, f"child->{member} = {text}")


def pcie_cxlpmu_init_child() -> Function:
    """Return the making of the struct device of a CPMU."""
    return Written(
        "pcie_cxlpmu_init_child",
        (
            KZALLOC(CPMU, c={"var": "child", "on": "cxl_pmu_auxdev"}),
            _given("auxdev.name", '"cxl_pmu"'),
            _given("auxdev.id", "id", "ida_alloc()"),
            _given("auxdev.dev.parent", "&dev->dev", "pci_dev.dev"),
            _given("auxdev.dev.release", "pcie_cxlpmu_release"),
            _given("resource", "pmu->resource", "pcie_cxlpmu.resource"),
            _given("irq", "pmu->irq", "pcie_cxlpmu.irq"),
            _given("segment", "pci_domain_nr(dev->bus)", "pci_domain_nr()"),
            _given("devid", "pci_dev_id(dev)", "pci_dev_id()"),
            _given("index", "pmu->index", "pcie_cxlpmu.index"),
            code(""),
            AUXILIARY_DEVICE_INIT(CPMU, c=_CHILD),
            leave("child"),
        ),
        undo=Function("pcie_cxlpmu_init_child", (AUXILIARY_DEVICE_UNINIT(CPMU, c=_CHILD),)),
        gives="pointer",
    )


def pcie_cxlpmu_add_device() -> Function:
    """Return the adding of one CPMU to the auxiliary bus."""
    return Written(
        "pcie_cxlpmu_add_device",
        (
            IDA_ALLOC(CPMU, c={"var": "id", "ida": "pcie_cxlpmu_ida"}),
            helper(pcie_cxlpmu_init_child(), into="child", args="dev, pmu, id"),
            AUXILIARY_DEVICE_ADD(CPMU, c=_CHILD),
            assign("pcie_cxlpmu.id", "ida_alloc()")(c={"text": "pmu->id = id"}),
            assign("pcie_cxlpmu.child", "cxl_pmu_auxdev")(c={"text": "pmu->child = child"}),
        ),
    )


HAS_IRQ = guard("pmu->irq", on_vector(IRQ, CPMU))
_HAS_CHILD = guard("pmu->child", LIFE(CPMU).eq(ADDED))
_NO_DEVICE = 'pci_warn(dev, "CPMU %u: no device (%d)\\n", pmu->index, ret);'


def pcie_cxlpmu_assign_irqs(dynamic: bool) -> Function:
    """Return the first loop: every CPMU gets its irq before any gets its device."""
    return Written(
        "pcie_cxlpmu_assign_irqs",
        (listed(helper(pcie_cxlpmu_assign_irq(dynamic), fail=IGNORE, args="dev, pmu")),),
        gives="void",
    )


def pcie_cxlpmu_add_all() -> Function:
    """Return the second loop: every CPMU with an irq gets its device."""
    add = helper(pcie_cxlpmu_add_device(), fail=(code(_NO_DEVICE),), args="dev, pmu")
    return Written(
        "pcie_cxlpmu_add_all",
        (listed(If(HAS_IRQ, (add,))),),
        gives="void",
    )


def pcie_cxlpmu_add_devices(dynamic: bool) -> Function:
    """Return the serving of the CPMUs of a port that has services."""
    unused = 'pci_info(dev, "CPMUs not used, they need MSI or MSI-X\\n");'
    return Written(
        "pcie_cxlpmu_add_devices",
        (
            If(Not(SET), (leave(),)),
            code("/* CPMUs do not use INTx */"),
            If(Not(guard("pci_dev_msi_enabled(dev)", msi_on(PORT))), (code(unused), leave())),
            helper(pcie_cxlpmu_assign_irqs(dynamic), args=_SET_ARGS),
            helper(pcie_cxlpmu_add_all(), args=_SET_ARGS),
        ),
        gives="void",
    )


def any_of_them(name: str, what: Guard) -> Function:
    """Return the question whether one CPMU of the list has something."""
    return Written(
        name, (listed(If(what, (leave("true"),))), leave("false", ok=False)), gives="bool"
    )


def pcie_cxlpmu_alloc_vectors(dynamic: bool) -> Function:
    """Return the vector dance on a port that has no service to do it."""
    name = "pcie_cxlpmu_alloc_vectors"
    begin = note("nvec = 1", sets(LOCAL(PORT), 1))
    exact = guard("nvec == nr_entries", TOTAL(PORT).eq(NVEC(PORT)), function=name)
    most = {"max": "PCIE_CXLPMU_MAX_MSI_ENTRIES", "var": "nr_entries"}
    fitting = {"min": "nvec", "max": "nvec", "var": "nr_entries"}
    return Written(
        name,
        (
            begin(),
            PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=16, types=BEST, fail=RETURN, c=most),
            helper(
                pcie_cxlpmu_count_vectors(dynamic, LOCAL(PORT)), into="nvec",
                args="dev, 1, nr_entries",
            ),
            If(exact, (leave("0"),)),
            PCI_FREE_IRQ_VECTORS(PORT),
            code(""),
            PCI_ALLOC_IRQ_VECTORS(
                PORT, min=TOTAL(PORT), max=TOTAL(PORT), types=BEST, fail=RETURN, c=fitting
            ),
        ),
    )


def pcie_cxlpmu_serve_port(dynamic: bool) -> Function:
    """Return the serving of the CPMUs of a port without services."""
    give_up = (PCI_FREE_IRQ_VECTORS(PORT), leave())
    no_vectors = 'pci_info(dev, "CPMUs not used, no MSI or MSI-X (%d)\\n", ret);'
    return Written(
        "pcie_cxlpmu_serve_port",
        (
            If(Not(SET), (leave(),)),
            helper(
                pcie_cxlpmu_alloc_vectors(dynamic), fail=(code(no_vectors), leave())
            ),
            helper(pcie_cxlpmu_assign_irqs(dynamic), args=_SET_ARGS),
            helper(any_of_them("pcie_cxlpmu_any_irq", HAS_IRQ), fail=give_up, args="set"),
            PCI_SET_MASTER(PORT),
            helper(pcie_cxlpmu_add_all(), args=_SET_ARGS),
            helper(
                any_of_them("pcie_cxlpmu_any_child", _HAS_CHILD), fail=give_up, args="set",
            ),
        ),
        gives="void",
    )


def pcie_cxlpmu_delete_device() -> Function:
    """Return the deletion of one CPMU's device."""
    return Written(
        "pcie_cxlpmu_delete_device",
        (
            AUXILIARY_DEVICE_DELETE(CPMU, c=PMU_CHILD),
            AUXILIARY_DEVICE_UNINIT(CPMU, c=PMU_CHILD),
            IDA_FREE(CPMU, c={"var": "pmu->id", "ida": "pcie_cxlpmu_ida"}),
            assign("pcie_cxlpmu.child", "NULL")(c={"text": "pmu->child = NULL"}),
        ),
        gives="void",
    )


def pcie_cxlpmu_delete_devices() -> Function:
    """Return the deletion of every CPMU's device: its driver is unbound when this returns."""
    return Written(
        "pcie_cxlpmu_delete_devices",
        (
            If(Not(SET), (leave(),)),
            listed(
                If(_HAS_CHILD, (helper(pcie_cxlpmu_delete_device(), args="pmu"),)),
                how="list_for_each_entry_reverse(pmu, &set->pmus, node)",
            ),
        ),
        gives="void",
    )


def pcie_cxlpmu_forget() -> Function:
    """Return the freeing of what discovery noted."""
    return Written(
        "pcie_cxlpmu_forget",
        (
            If(Not(SET), (leave(),)),
            PCI_CLEAR_DRVDATA(PORT, c={"data": "NULL"}),
            listed(
                LIST_DEL(CPMU, c={"entry": "&pmu->node", "on": "pcie_cxlpmu.node"}),
                KFREE_NOTE(CPMU, c=NOTE),
                how="list_for_each_entry_safe(pmu, next, &set->pmus, node)",
            ),
            KFREE_NOTE(PORT, c=SET_NOTE),
        ),
        gives="void",
    )
