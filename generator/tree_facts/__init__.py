# SPDX-License-Identifier: GPL-2.0-only
"""What kernels differ in, read off the tree at hand and never off its version."""
