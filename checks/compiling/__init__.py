# SPDX-License-Identifier: GPL-2.0-only
"""Every commit compiled under every configuration."""
