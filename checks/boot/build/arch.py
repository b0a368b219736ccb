# SPDX-License-Identifier: GPL-2.0-only
"""Architectures of guests: what kbuild, the compiler and QEMU call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Arch:
    """An architecture; `name` is kbuild's, and that of its fragment of a configuration.

    `orders` are QEMU's words for the serial line of orders, `console` and `line` what the
    guest's kernel calls the two. `slower` is by how much more time everything may take.
    """

    name: str
    target: str  # what the image is called as a target of make
    image: str  # where it is then
    triple: str
    debian: str
    qemu: str
    console: str
    line: str
    orders: tuple[str, ...]
    slower: float = 1.0
    kernel_args: tuple[str, ...] = ()


X86 = Arch(
    "x86_64", "bzImage", "arch/x86/boot/bzImage", "x86_64-linux-gnu", "amd64",
    "qemu-system-x86_64", "ttyS0", "ttyS1", ("-serial", "chardev:orders"),
    kernel_args=("no_timer_check",),
)
ARM64 = Arch(
    "arm64", "Image", "arch/arm64/boot/Image", "aarch64-linux-gnu", "arm64",
    "qemu-system-aarch64", "ttyAMA0", "ttyS0",
    ("-device", "pci-serial,chardev=orders,bus=pcie.0,addr=2"), slower=2.0,
)
ARCHES: Mapping[str, Arch] = {one.name: one for one in (X86, ARM64)}
