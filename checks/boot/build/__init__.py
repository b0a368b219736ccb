# SPDX-License-Identifier: GPL-2.0-only
"""Kernels, configurations and initial file systems of the lab."""
