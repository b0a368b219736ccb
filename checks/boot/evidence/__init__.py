# SPDX-License-Identifier: GPL-2.0-only
"""What booted kernels have shown of broken rules, and how it is kept."""
