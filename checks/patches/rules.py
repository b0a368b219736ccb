# SPDX-License-Identifier: GPL-2.0-only
"""Every rule of a series that is no program of the kernel's: of its mails, and of its files."""

from __future__ import annotations

from checks import series, seriescode
from checks.finding import Finding
from checks.patches.context import Context, Rule

MAILS: tuple[Rule, ...] = (
    series.subject_form,
    series.subject_length,
    series.subject_prefix,
    series.subjects_unique,
    series.numbering,
    series.series_size,
    series.log_present,
    series.log_wrapped,
    series.log_clean,
    series.change_id,
    series.cover_letter,
    series.rfc,
    series.base_commit,
    series.fixes_resolved,
    series.tags_given,
)
FILES: tuple[Rule, ...] = (
    seriescode.spdx,
    seriescode.maintainers,
    seriescode.dropped_maintainers,
    seriescode.no_dead_code,
    seriescode.kconfig,
    seriescode.documented_in_place,
    seriescode.namespace_idiom,
    seriescode.kernel_doc,
)


def check(what: Context) -> tuple[Finding, ...]:
    """Apply every rule."""
    return tuple(finding for rule in (*MAILS, *FILES) for finding in rule(what))
