# SPDX-License-Identifier: GPL-2.0-only
"""One DESIGN per file."""
