"""What doctor says, for people and for programs."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from jupyter_qcred.cli.paper import Paper, count, printable

from .finding import Severity, Way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .finding import Check, Finding, Seen, Step

_MARKS: Final = {"fine": "ok", "absent": "-", "unknown": "?", "warning": "!", "error": "x"}


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one check, without what is ignored."""

    check: Check
    seen: Seen

    @property
    def verdict(self) -> str:
        """``fine``, ``warning``, ``error``; ``absent``: nothing to look at; ``unknown``: failed."""
        severities = {finding.problem.severity for finding in self.seen.findings}
        if severities:
            return str(Severity.ERROR if Severity.ERROR in severities else Severity.WARNING)
        if self.seen.failed:
            return "unknown"
        return "fine" if self.seen.looked else "absent"


def as_json(reports: Sequence[Report]) -> dict[str, Any]:
    """Return everything."""
    return {
        "checks": [
            {
                "check": report.check.id,
                "title": report.check.title,
                "verdict": report.verdict,
                "words": report.seen.words,
                "problems": [_problem(finding) for finding in report.seen.findings],
            }
            for report in reports
        ]
    }


def _problem(finding: Finding) -> dict[str, Any]:
    return {
        "problem": finding.problem.id,
        "severity": str(finding.problem.severity),
        "seen": finding.seen,
        "means": finding.problem.means,
        "by": finding.by,
        "fix": [
            {"way": str(step.way), "text": step.text, "file": step.file} for step in finding.fix
        ],
    }


def as_text(reports: Sequence[Report], stream: IO[str]) -> str:
    """Return a table of the checks, and below it what was found and how it is mended."""
    paper = Paper(stream)
    widest = max(len(report.check.id) for report in reports)
    for report in reports:
        paper.line(_line(paper, report, widest))
    findings = [finding for report in reports for finding in report.seen.findings]
    for finding in findings:
        paper.line()
        _tell(paper, finding)
    paper.line()
    paper.line(_sum(paper, reports, findings))
    return paper.text()


def _line(paper: Paper, report: Report, widest: int) -> str:
    verdict = report.verdict
    paint = {"fine": paper.good, "absent": paper.dim, "error": paper.bad}.get(
        verdict, paper.waiting
    )
    number = len(report.seen.findings)
    words = count(number, "problem") if number else report.seen.words
    mark = paint(f"{_MARKS[verdict]:>2}")
    told = paper.dim(printable(words)) if verdict == "absent" else printable(words)
    return f" {mark}  {report.check.id:<{widest}}  {told}"


def _tell(paper: Paper, finding: Finding) -> None:
    error = finding.problem.severity is Severity.ERROR
    paint = paper.bad if error else paper.waiting
    paper.line(f"{paint(finding.problem.severity)} {paper.bold(finding.problem.id)}")
    paper.line(f"  {printable(finding.seen)}")
    for line in textwrap.wrap(finding.problem.means, _width()):
        paper.line(f"  {paper.dim(line)}")
    if finding.by:
        paper.line(f"  For {finding.by}:")
    for step in finding.fix:
        for line in _step(step):
            paper.line(f"    {line}")


def _width() -> int:
    return max(40, min(100, shutil.get_terminal_size((100, 24)).columns) - 2)


def _step(step: Step) -> list[str]:
    if step.way is Way.COMMAND:
        return [f"$ {printable(step.text)}"]
    if step.way is Way.PASTE:
        return [f"write at the end of {printable(step.file)}:", f"  {printable(step.text)}"]
    return [f"{printable(step.text)}."]


def _sum(paper: Paper, reports: Sequence[Report], findings: Sequence[Finding]) -> str:
    if findings:
        errors = sum(finding.problem.severity is Severity.ERROR for finding in findings)
        told = f"{count(errors, 'error')}, {count(len(findings) - errors, 'warning')}."
        return paper.bold(told)
    if any(report.verdict == "unknown" for report in reports):
        return paper.waiting("Nothing was found, but not everything could be looked at.")
    return paper.good("Nothing is wrong.")
