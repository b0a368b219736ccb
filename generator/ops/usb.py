# SPDX-License-Identifier: GPL-2.0-only
"""What an interface's driver has of its USB device: references, URBs, buffers."""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Place
from generator.facts import PHASE, UNBOUND, URB, USB_BUFFER, USB_HELD, USB_INTERFACE
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, Guard, Operation, ok, sets
from generator.ops.counted import gets, gives_back, takes
from generator.ops.work import Of
from generator.program import Call, Function, If, call

USB_PUT_DEV = gives_back("usb_put_dev", sets(USB_HELD(DEV), 0),
                         source="drivers/usb/core/usb.c usb_put_dev()", takes_null=True)
USB_GET_DEV = Operation(
    "usb_get_dev",
    ("dev",),
    (ok(sets(USB_HELD(DEV), 1)),),
    source="drivers/usb/core/usb.c usb_get_dev()",
    fingerprint=Fingerprint(("usb_get_dev",)),
    undo=USB_PUT_DEV,
    sleeps=False,
)

# The interface is there while its driver is bound, or somebody holds a reference.
USB_PUT_INTF = replace(
    gives_back("usb_put_intf", sets(USB_INTERFACE(DEV), 0), takes_null=True,
               source="drivers/usb/core/usb.c usb_put_intf()"), fingerprint=None)
USB_GET_INTF = Operation(
    "usb_get_intf", ("dev",), (ok(sets(USB_INTERFACE(DEV), 1)),), undo=USB_PUT_INTF, sleeps=False,
    source="drivers/usb/core/usb.c usb_get_intf()")
_LOOK = Operation("interface->", ("dev",), (ok(),), needs=(USB_INTERFACE,), sleeps=False,
                  source="include/linux/usb.h struct usb_interface")


def use_interface(device: Place) -> Call:
    """Return that C looks into the interface: while it is bound, or with USB_GET_INTF held."""
    bound = Guard(f"{device.name} is bound", PHASE(device).ne(UNBOUND), ())
    return call(Function("use_interface", (If(bound, (), (_LOOK(device),)),)))


# An URB's completion runs when the transfer has ended, and may submit it again; who kills it waits
# for that, and nobody submits it meanwhile.
USB_KILL_URB = Of("usb_kill_urb", "cancel and wait", "urb", "urb",
                  "drivers/usb/core/urb.c usb_kill_urb()")
USB_FILL_INT_URB = Of("usb_fill_int_urb", "initialise", "urb", "urb",
                      "include/linux/usb.h usb_fill_int_urb()", undo=USB_KILL_URB)
USB_FILL_BULK_URB = replace(USB_FILL_INT_URB, callee="usb_fill_bulk_urb",
                            source="include/linux/usb.h usb_fill_bulk_urb()")
# It goes to endpoint 0, which is of the device and not of the interface.
USB_FILL_CONTROL_URB = replace(USB_FILL_INT_URB, callee="usb_fill_control_urb",
                               source="include/linux/usb.h usb_fill_control_urb()")
USB_SUBMIT_URB = Of("usb_submit_urb", "queue", "urb", "urb",
                    "drivers/usb/core/urb.c usb_submit_urb()", error="-EIO")
USB_UNLINK_URB = Of("usb_unlink_urb", "cancel", "urb", "urb",
                    "drivers/usb/core/urb.c usb_unlink_urb(): its completion may run still")
USB_POISON_URB = Of("usb_poison_urb", "shut down", "urb", "urb",
                    "drivers/usb/core/urb.c usb_poison_urb()")
# On its anchor an URB is found by who has given it back: usb_free_urb() drops a reference of his,
# the anchor holds one, and usbcore takes it off when its completion runs, hcd.c
# __usb_hcd_giveback_urb(). What that submits again it anchors again, or nobody kills it.
USB_ANCHOR_URB = Of("usb_anchor_urb", "anchor", "urb", "urb",
                    "drivers/usb/core/urb.c usb_anchor_urb()", read=False)
USB_UNANCHOR_URB = Of("usb_unanchor_urb", "take off its anchor", "urb", "urb",
                      "drivers/usb/core/urb.c usb_unanchor_urb()", read=False)
USB_KILL_ANCHORED_URBS = Of(
    "usb_kill_anchored_urbs", "cancel and wait", "urb", "urb",
    "drivers/usb/core/urb.c usb_kill_anchored_urbs()", anchored=True, idempotent=True,
    read=False)  # C names an anchor there, of any URBs
USB_FREE_COHERENT = gives_back("usb_free_coherent", sets(USB_BUFFER(DEV), 0),
                               source="drivers/usb/core/usb.c usb_free_coherent()",
                               takes_null=True)
USB_ALLOC_COHERENT = gets("usb_alloc_coherent", sets(USB_BUFFER(DEV), 1), error="-ENOMEM",
                          undo=USB_FREE_COHERENT, fails=Fails.NULL,
                          source="drivers/usb/core/usb.c usb_alloc_coherent()")
USB_FREE_URB = gives_back("usb_free_urb", sets(URB(DEV), 0), sleeps=False, takes_null=True,
                          source="drivers/usb/core/urb.c usb_free_urb()")
USB_ALLOC_URB = takes("usb_alloc_urb", sets(URB(DEV), 1), error="-ENOMEM", undo=USB_FREE_URB,
                      source="drivers/usb/core/urb.c usb_alloc_urb()")
