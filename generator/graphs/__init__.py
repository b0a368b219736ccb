# SPDX-License-Identifier: GPL-2.0-only
"""Blocks as control-flow graphs, and transition systems."""
