# SPDX-License-Identifier: GPL-2.0-only
"""Blocks and templates to C text."""
