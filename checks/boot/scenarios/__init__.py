# SPDX-License-Identifier: GPL-2.0-only
"""What is done to a guest, scenario by scenario."""
