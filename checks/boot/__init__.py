# SPDX-License-Identifier: GPL-2.0-only
"""The lab: kernels of designs, booted in QEMU and held to what the designs predict."""
