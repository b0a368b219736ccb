# SPDX-License-Identifier: GPL-2.0-only
"""What a user can write wrongly: types, blocks, an undo."""
