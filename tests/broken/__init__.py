# SPDX-License-Identifier: GPL-2.0-only
"""Per rule: a smallest design that breaks it, the mended one, the trace that the source gives."""
