# SPDX-License-Identifier: GPL-2.0-only
"""A report as JUnit's XML, which build servers read: a suite per check, a case per patch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from checks.report.record import Item, Report
from generator.system.visible import visible

# what XML 1.0 has no way to write
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def render(report: Report) -> str:
    """Return the report as XML; what was not checked is a case that was skipped."""
    top = ElementTree.Element("testsuites", name=_plain(f"portwright {report.verb}"))
    for check in report.checks:
        suite = ElementTree.SubElement(top, "testsuite", name=check)
        _properties(suite, report)
        cases = [(row.name, report.of(check, row)) for row in report.rows]
        cases.append(("the series as a whole", report.elsewhere(check)))
        for name, items in cases:
            case = _case(suite, check, name, items)
            if check in report.unfinished and case.find("failure") is None:
                ElementTree.SubElement(case, "skipped", message="ended before it had seen all")
        _count(suite)
    if report.gaps:
        suite = ElementTree.SubElement(top, "testsuite", name="not checked")
        for gap in report.gaps:
            case = ElementTree.SubElement(suite, "testcase", classname="not checked",
                                          name=_plain(gap.what))
            text = gap.why + (f": {', '.join(gap.where)}" if gap.where else "")
            ElementTree.SubElement(case, "skipped", message=_plain(text))
        _count(suite)
    _count(top)
    ElementTree.indent(top)
    return ElementTree.tostring(top, encoding="unicode", xml_declaration=True)


def _plain(text: str) -> str:
    return _NOT_XML.sub("?", visible(text))


def _properties(suite: ElementTree.Element, report: Report) -> None:
    scope = report.scope
    both = [("about", report.about), ("kernel", scope.kernel), ("source", scope.source),
            ("base", scope.base), ("configurations", ", ".join(scope.configurations)),
            *((f"tool {name}", version) for name, version in scope.tools),
            *(("chosen", text) for text in report.chosen),
            *(("assumed", text) for text in report.assumed),
            *(("compared", text) for text in report.compared)]
    under = ElementTree.SubElement(suite, "properties")
    for name, value in both:
        ElementTree.SubElement(under, "property", name=name, value=_plain(value))


def _case(
    suite: ElementTree.Element, check: str, name: str, items: Sequence[Item]
) -> ElementTree.Element:
    case = ElementTree.SubElement(suite, "testcase", classname=check, name=_plain(name))
    for item in items:
        if item.fails:
            one = item.finding
            failed = ElementTree.SubElement(
                case, "failure", type=one.rule, message=_plain(one.message)
            )
            more = [str(one), *([item.text] if item.text else []),
                    *(f"{word}: {text}" for word, text in
                      (("sent as", item.sent), ("fix", item.fix), ("again", item.again)) if text)]
            failed.text = _plain("\n".join(more))
    rest = [str(item.finding) for item in items if not item.fails]
    if rest:
        ElementTree.SubElement(case, "system-out").text = _plain("\n".join(rest))
    return case


def _count(suite: ElementTree.Element) -> None:
    cases = list(suite.iter("testcase"))
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(sum(one.find("failure") is not None for one in cases)))
    suite.set("errors", "0")
    suite.set("skipped", str(sum(one.find("skipped") is not None for one in cases)))
