# SPDX-License-Identifier: GPL-2.0-only
"""What is asked of a directory of patches."""
