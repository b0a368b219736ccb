# SPDX-License-Identifier: GPL-2.0-only
"""Functions of the kernel's drivers as blocks, a file for each C file or group of them."""
