# SPDX-License-Identifier: GPL-2.0-only
"""From libclang's cursors to transition systems."""
