# SPDX-License-Identifier: GPL-2.0-only
"""One module per verb: reads the arguments, calls, prints."""
