# SPDX-License-Identifier: GPL-2.0-only
"""Verdicts and traces as text, JSON and drawings."""
