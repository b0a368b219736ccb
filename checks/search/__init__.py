# SPDX-License-Identifier: GPL-2.0-only
"""Searches of a machine: the explorer, its reductions, the oracle, SPIN."""
