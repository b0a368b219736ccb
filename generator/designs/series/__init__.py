# SPDX-License-Identifier: GPL-2.0-only
"""The steps of each series that is rendered, one file per design that has C."""
