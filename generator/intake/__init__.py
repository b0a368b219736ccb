# SPDX-License-Identifier: GPL-2.0-only
"""Mails, ranges and work trees of others as commits of a repository of ours."""
