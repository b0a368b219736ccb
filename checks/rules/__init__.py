# SPDX-License-Identifier: GPL-2.0-only
"""The rules that designs are held to."""
