# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's tree: which one it is, where it lies, and how it is configured."""
