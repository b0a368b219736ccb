# SPDX-License-Identifier: GPL-2.0-only
"""What checks said as one record, and a renderer of it for each form that somebody reads."""
