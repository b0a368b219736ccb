# SPDX-License-Identifier: GPL-2.0-only
"""What a design predicts of a boot, walked off its machine."""
