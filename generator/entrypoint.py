# SPDX-License-Identifier: GPL-2.0-only
"""The entry points of drivers as C has them: who calls them, with what, and what they return.

STRUCTS is the one list of structs that a driver registers. A design's driver of a new kind of
bus is one more of it; reading C, rendering it and holding it to a design all look here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.ctext import RETURNS, Returns
from generator.design import RUNTIME, SLEEP, Driver
from generator.errors import ModelError

INT, VOID = RETURNS["int"], RETURNS["void"]
DEVICE = "struct device *dev"  # what the PM core calls its callbacks with, whatever the bus
TABLES = ("dev_pm_ops", "pci_error_handlers")  # of functions, that an initialiser points to


@dataclass(frozen=True)
class EntryPoint:
    """One of them: the member of the driver's struct, what it takes and what it returns.

    Without the configuration `symbol` a driver need not have it.
    """

    member: str
    takes: str
    returns: Returns = INT
    symbol: str = ""


@dataclass(frozen=True)
class DriverStruct:
    """A struct that a driver registers, for devices of a kind; entry point -> how C has it.

    `local` declares the bus's own device in a function that gets a plain struct device.
    """

    name: str
    kind: str
    entries: Mapping[str, EntryPoint]
    local: str = ""

    @property
    def device(self) -> str:
        """Return what the functions call the bus's own device."""
        return self.local.partition(" = ")[0].rpartition("*")[2]

    @property
    def record(self) -> str:
        """Return the struct that this is."""
        return self.local.removeprefix("struct ").partition(" ")[0]


def _pm(member: str) -> dict[str, EntryPoint]:
    """Return the callbacks that a driver's struct dev_pm_ops names."""
    symbols = {**dict.fromkeys(SLEEP, "CONFIG_PM_SLEEP"), **dict.fromkeys(RUNTIME, "CONFIG_PM")}
    return {
        name: EntryPoint(f"{member}.{name}", DEVICE, symbol=symbol)
        for name, symbol in symbols.items()
    }


def _bus(takes: str, probe: str = "", *, shutdown: bool = True) -> dict[str, EntryPoint]:
    """Return probe, remove and shutdown of a bus's own driver struct."""
    found = {
        "probe": EntryPoint("probe", probe or takes),
        "remove": EntryPoint("remove", takes, VOID),
    }
    return {**found, "shutdown": EntryPoint("shutdown", takes, VOID)} if shutdown else found


# To go on, recovery wants to hear of a reset from the first and that all is well from the second.
_RESET = Returns(
    "pci_ers_result_t", "PCI_ERS_RESULT_NEED_RESET", "PCI_ERS_RESULT_DISCONNECT"
)
_RECOVERED = Returns(
    "pci_ers_result_t", "PCI_ERS_RESULT_RECOVERED", "PCI_ERS_RESULT_DISCONNECT"
)
_PCI, _AUX, _PLATFORM = (
    "struct pci_dev *pdev", "struct auxiliary_device *auxdev", "struct platform_device *pdev"
)
_I2C, _SPI, _USB = (
    "struct i2c_client *client", "struct spi_device *spi", "struct usb_interface *intf"
)
_SERVICE = "struct pcie_device *dev"

# A test compiles a driver of each against the headers of the pinned tree.
STRUCTS: tuple[DriverStruct, ...] = (
    DriverStruct(
        "pci_driver", "pci",
        {
            **_bus(_PCI, f"{_PCI}, const struct pci_device_id *id"),
            **_pm("driver.pm"),
            "error_detected": EntryPoint(
                "err_handler.error_detected", f"{_PCI}, pci_channel_state_t state", _RESET
            ),
            "slot_reset": EntryPoint("err_handler.slot_reset", _PCI, _RECOVERED),
        },
        f"{_PCI} = to_pci_dev(dev);",
    ),
    DriverStruct(
        "auxiliary_driver", "aux",
        {
            **_bus(_AUX, f"{_AUX}, const struct auxiliary_device_id *id"),
            **_pm("driver.pm"),
        },
        f"{_AUX} = to_auxiliary_dev(dev);",
    ),
    DriverStruct("cxl_driver", "cxl", {**_bus(DEVICE, shutdown=False), **_pm("drv.pm")}),
    DriverStruct(
        "pcie_port_service_driver", "service",
        {
            **_bus(_SERVICE, shutdown=False),
            # the port's driver calls these of its services: they are members of their own
            **{
                name: EntryPoint(name, _SERVICE, symbol=one.symbol)
                for name, one in _pm("").items() if name != "suspend_noirq"
            },
            "slot_reset": EntryPoint("slot_reset", _SERVICE),
        },
    ),
    DriverStruct(
        "platform_driver", "platform", {**_bus(_PLATFORM), **_pm("driver.pm")},
        f"{_PLATFORM} = to_platform_device(dev);",
    ),
    DriverStruct(
        "i2c_driver", "i2c", {**_bus(_I2C), **_pm("driver.pm")}, f"{_I2C} = to_i2c_client(dev);",
    ),
    DriverStruct(
        "spi_driver", "spi", {**_bus(_SPI), **_pm("driver.pm")}, f"{_SPI} = to_spi_device(dev);",
    ),
    DriverStruct(
        "usb_driver", "usb",
        {
            "probe": EntryPoint("probe", f"{_USB}, const struct usb_device_id *id"),
            "remove": EntryPoint("disconnect", _USB, VOID),
            "shutdown": EntryPoint("shutdown", _USB, VOID),
            "suspend": EntryPoint("suspend", f"{_USB}, pm_message_t message"),
            "resume": EntryPoint("resume", _USB),
        },
    ),
)


def struct_of(kind: str) -> DriverStruct | None:
    """Return the struct that a driver of a kind of device registers; None when none is known."""
    return next((one for one in STRUCTS if one.kind == kind), None)


def struct_named(name: str) -> DriverStruct | None:
    """Return a struct by its name in C."""
    return next((one for one in STRUCTS if one.name == name), None)


def returned(driver: Driver, entry: str) -> Returns:
    """Return what an entry point of a driver returns in C."""
    struct = struct_of(driver.device.kind)
    found = struct.entries.get(entry) if struct is not None else None
    return found.returns if found is not None else VOID if entry in ("remove", "shutdown") else INT


def function_of(driver: Driver, entry: str) -> str:
    """Return what a rendered entry point is called: STEM_ENTRY of the variable STEM_driver."""
    return f"{driver.variable.removesuffix('_driver')}_{entry}"


def struct(driver: Driver) -> DriverStruct:
    """Return the struct that a driver registers.

    Errors: ModelError when none is known for its kind of device.
    """
    found = struct_of(driver.device.kind)
    if found is None:
        raise ModelError(
            driver.where,
            f"{driver.name}: no struct is known that a driver of kind "
            f"{driver.device.kind} registers: add it to STRUCTS in generator/entrypoint.py"
        )
    return found


@dataclass(frozen=True)
class Head:
    """What stands before the body of an entry point: all of it that its caller decides.

    `local` declares the bus's own device, under the name `device`, where it is not an argument.
    """

    signature: str
    returns: Returns
    device: str = ""
    local: str = ""


def head(driver: Driver, entry: str) -> Head:
    """Return the head of the function that a driver's entry point is rendered as.

    Errors: ModelError when the driver's struct has no such entry point.
    """
    of = struct(driver)
    point = of.entries.get(entry)
    if point is None:
        raise ModelError(
            driver.where,
            f"{driver.name}: struct {of.name} has no {entry}: only "
            + ", ".join(of.entries)
        )
    return Head(
        f"static {point.returns.type} {function_of(driver, entry)}({point.takes})",
        point.returns, of.device, of.local if point.takes == DEVICE else "",
    )
