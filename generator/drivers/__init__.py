# SPDX-License-Identifier: GPL-2.0-only
"""Functions of the kernel's drivers as blocks, each file under the name of its C file."""
