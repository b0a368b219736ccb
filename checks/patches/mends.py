# SPDX-License-Identifier: GPL-2.0-only
"""What would mend a finding, where one sentence can say it whatever the finding says."""

from __future__ import annotations

from collections.abc import Mapping

from checks.finding import Finding

# rule -> what to do; of a rule that has none here, the message says what is to be done
_MENDS: Mapping[str, str] = {
    "checkpatch:MISSING_SIGN_OFF": "git commit --amend -s, or git rebase --signoff",
    "checkpatch:NO_AUTHOR_SIGN_OFF": "let the author sign, or git commit --amend --reset-author -s",
    "checkpatch:TRAILING_WHITESPACE": "git rebase --whitespace=fix BASE",
    "checkpatch:CODE_INDENT": "indent with tabs: git rebase --whitespace=fix BASE",
    "checkpatch:DOS_LINE_ENDINGS": "dos2unix the file, and git commit --amend",
    "checkpatch:LONG_LINE": "break the line where the file breaks others",
    "checkpatch:COMMIT_LOG_LONG_LINE": "wrap the log at 75 columns",
    "checkpatch:COMMIT_MESSAGE": "say in the log why the change is wanted",
    "checkpatch:FILE_PATH_CHANGES": "name who looks after the new file in MAINTAINERS",
    "checkpatch:SPDX_LICENSE_TAG": "begin the file with its SPDX-License-Identifier",
    "checkpatch:GIT_COMMIT_ID": "cite it as: commit <12 digits> (\"title\")",
    "checkpatch:BAD_FIXES_TAG": "git log -1 --format='Fixes: %h (\"%s\")' --abbrev=12 COMMIT",
    "checkpatch:TYPO_SPELLING": "correct the word, or --expect the rule when it is a name",
    "checkpatch:LEADING_SPACE": "indent with tabs",
    "checkpatch:EXECUTE_PERMISSIONS": "git update-index --chmod=-x FILE",
    "series:numbering": "write the mails of the whole series with git format-patch",
    "series:subject-form": "git log --oneline -- FILE shows how its subjects begin",
    "series:subject-prefix": "git log --oneline -- FILE shows how its subjects begin",
    "series:subject-length": "shorten the summary; the log has room for the rest",
    "series:fixes-resolved": "git log -1 --format='Fixes: %h (\"%s\")' --abbrev=12 COMMIT",
    "link:export": "EXPORT_SYMBOL_GPL() beside the definition, or MODULE_IMPORT_NS() in the module",
    "link:undefined": "a stub in the header where it is not built, or `depends on` in Kconfig",
    "link:section": "__init for what is only called while booting, or none for what it refers to",
    "series:hidden": "write it as an escape of C, or remove it",
    "series:spdx": "begin the file with its licence: see Documentation/process/license-rules.rst",
    "series:kernel-doc": "see Documentation/doc-guide/kernel-doc.rst",
    "series:binary": "remove the byte",
    "series:own-link": "remove the line",
    "series:maintainers": "change MAINTAINERS in this patch",
    "series:change-id": "move the line below the ---",
    "series:subjects-unique": "say in each subject what only this patch does",
}
_CHECKPATCH = "Documentation/dev-tools/checkpatch.rst explains "


def mend(one: Finding) -> str:
    """Return what would mend a finding, empty when its message says so itself."""
    told = _MENDS.get(one.rule, "")
    kind, _, name = one.rule.partition(":")
    return told or (_CHECKPATCH + name if kind == "checkpatch" else "")
