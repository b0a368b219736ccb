# SPDX-License-Identifier: GPL-2.0-only
"""The hardware of a boot, as programs beside QEMU."""
