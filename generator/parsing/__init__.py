# SPDX-License-Identifier: GPL-2.0-only
"""From C text to libclang: units, overlays, precompiled headers, cursors."""
