# SPDX-License-Identifier: GPL-2.0-only
"""Parts that several designs of the discussion share, none of which has C."""
