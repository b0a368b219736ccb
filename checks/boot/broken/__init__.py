# SPDX-License-Identifier: GPL-2.0-only
"""Broken C and broken rules, to see what a kernel shows of them."""
