# SPDX-License-Identifier: GPL-2.0-only
"""What a search's findings say of a design."""
