# SPDX-License-Identifier: GPL-2.0-only
"""A design as a machine: variables and transitions, as data."""
