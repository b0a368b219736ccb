# SPDX-License-Identifier: GPL-2.0-only
"""Judges designs and patches; `tests/` judges us."""
