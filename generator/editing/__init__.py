# SPDX-License-Identifier: GPL-2.0-only
"""Edits of a kernel tree, written by hand or derived from two designs."""
