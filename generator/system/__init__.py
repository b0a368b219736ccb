# SPDX-License-Identifier: GPL-2.0-only
"""What we have of the machine: programs, the cache and its locks, progress."""
