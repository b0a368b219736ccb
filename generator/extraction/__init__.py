# SPDX-License-Identifier: GPL-2.0-only
"""From a driver's C to a design: model extraction."""
