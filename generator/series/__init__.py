# SPDX-License-Identifier: GPL-2.0-only
"""Steps to commits to patches, and patches to a branch."""
