# SPDX-License-Identifier: GPL-2.0-only
"""Designs that the checker refuses: see the README beside this file."""
