# SPDX-License-Identifier: GPL-2.0-only
"""Every rule of a series that is no program of the kernel's: of its mails, and of its files.

A rule says what the kernel's own documents say, or what only the series of this project promise:
those are held to the second kind as well.
"""

from __future__ import annotations

from checks.finding import Finding
from checks.patches import doc_rules, file_rules, mail_rules, word_rules
from checks.patches.configsymbols import unknown_symbols
from checks.patches.context import Context, SeriesRule
from checks.patches.kerneldoc import kernel_doc
from checks.patches.whitespace import whitespace

# Commits that nobody has sent have no number, and no tags in brackets.
MAILS: tuple[SeriesRule, ...] = (
    mail_rules.numbering,
    mail_rules.placeholders,
    mail_rules.own_link,
)
# What nobody has written a log for yet has none to be read.
LOGS: tuple[SeriesRule, ...] = (
    mail_rules.subject_form,
    mail_rules.subject_length,
    mail_rules.subjects_unique,
    mail_rules.log_clean,
    mail_rules.change_id,
    mail_rules.fixes_resolved,
)
FILES: tuple[SeriesRule, ...] = (
    file_rules.hidden,
    file_rules.binary,
    file_rules.spdx,
    file_rules.dropped_maintainers,
    file_rules.not_run,
    file_rules.kconfig,
    file_rules.namespace_idiom,
    kernel_doc,
    whitespace,
    unknown_symbols,
)
OURS: tuple[SeriesRule, ...] = (
    mail_rules.subject_style,
    mail_rules.subject_prefix,
    mail_rules.series_size,
    mail_rules.log_present,
    mail_rules.log_wrapped,
    mail_rules.cover_letter,
    mail_rules.rfc,
    mail_rules.base_commit,
    mail_rules.tags_given,
    file_rules.maintainers,
    file_rules.no_dead_code,
    file_rules.kconfig_read,
    file_rules.documented_in_place,
    word_rules.base_found,
    word_rules.elsewhere,
    word_rules.bounds,
    word_rules.booted,
    word_rules.selected,
    word_rules.fix_alone,
    word_rules.cited,
    word_rules.named,
    doc_rules.documented_names,
    doc_rules.documented_functions,
    doc_rules.doc_follows,
)


def check(what: Context) -> tuple[Finding, ...]:
    """Apply every rule that a series of this form, and of this origin, is held to."""
    form = what.series.form
    rules = (
        mail_rules.as_read,
        *(MAILS if form == "mails" else ()),
        *(LOGS if form != "draft" else ()),
        *FILES,
        *(OURS if what.ours and form == "mails" else ()),
    )
    return tuple(finding for rule in rules for finding in rule(what))
