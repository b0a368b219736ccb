# SPDX-License-Identifier: GPL-2.0-only
"""A guest under QEMU: its clock, its protocol, what it says."""
