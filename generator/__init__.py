# SPDX-License-Identifier: GPL-2.0-only
"""Model, designs, series, rendering and the kernel tree."""
