# SPDX-License-Identifier: GPL-2.0-only
"""The words that designs are written in, to be looked up."""
