# SPDX-License-Identifier: GPL-2.0-only
"""Every rule of a series that is no program of the kernel's: of its mails, and of its files."""

from __future__ import annotations

from checks.finding import Finding
from checks.patches import file_rules, mail_rules
from checks.patches.context import Context, SeriesRule

MAILS: tuple[SeriesRule, ...] = (
    mail_rules.subject_form,
    mail_rules.subject_length,
    mail_rules.subject_prefix,
    mail_rules.subjects_unique,
    mail_rules.numbering,
    mail_rules.series_size,
    mail_rules.log_present,
    mail_rules.log_wrapped,
    mail_rules.log_clean,
    mail_rules.change_id,
    mail_rules.cover_letter,
    mail_rules.rfc,
    mail_rules.base_commit,
    mail_rules.fixes_resolved,
    mail_rules.tags_given,
)
FILES: tuple[SeriesRule, ...] = (
    file_rules.spdx,
    file_rules.maintainers,
    file_rules.dropped_maintainers,
    file_rules.no_dead_code,
    file_rules.kconfig,
    file_rules.documented_in_place,
    file_rules.namespace_idiom,
    file_rules.kernel_doc,
)


def check(what: Context) -> tuple[Finding, ...]:
    """Apply every rule."""
    return tuple(finding for rule in (*MAILS, *FILES) for finding in rule(what))
