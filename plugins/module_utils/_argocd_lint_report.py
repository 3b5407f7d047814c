# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What was found in a repository, for programs and for people."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_application import Check, Missing
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_finding import (
    CRITICAL,
    ERROR,
    EXIT_CODES,
    HEALTHY,
    INFO,
    WARNING,
    Finding,
    task,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem


@dataclasses.dataclass(frozen=True)
class Report:
    findings: t.Tuple[Finding, ...] = ()
    allowed: t.Tuple[Finding, ...] = ()
    applications: t.Tuple[Check, ...] = ()
    projects: int = 0
    missing: Missing = dataclasses.field(default_factory=dict)
    problems: t.Tuple[Problem, ...] = ()
    unseen: int = 0

    @property
    def status(self) -> str:
        """Not to have seen everything is worse than to have found something."""
        if self.problems:
            return ERROR
        severities = {finding.severity for finding in self.findings}
        return next((severity for severity in (CRITICAL, WARNING) if severity in severities), HEALTHY)

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.status]

    @property
    def tasks(self) -> str:
        """All that projects lack, one task for each; empty if they lack nothing that the module can add."""
        return "\n".join(task(path, name, lists) for (path, name), lists in sorted(self.missing.items()))

    @property
    def summary(self) -> t.Dict[str, int]:
        counts = [finding.severity for finding in self.findings]
        return {
            "applications": len(self.applications),
            "projects": self.projects,
            "critical": counts.count(CRITICAL),
            "warnings": counts.count(WARNING),
            "infos": counts.count(INFO),
            "allowed": len(self.allowed),
            "unseen_sources": self.unseen,
        }

    def answer(self) -> t.Dict[str, t.Any]:
        return {
            "status": self.status,
            "exit_code": self.exit_code,
            "summary": self.summary,
            "findings": [finding.answer() for finding in self.findings],
            "allowed": [finding.answer() for finding in self.allowed],
            "applications": [_application(check) for check in self.applications],
            "tasks": self.tasks,
            "problems": [dataclasses.asdict(problem) for problem in self.problems],
            "table": self.text(),
        }

    def text(self) -> str:
        summary = self.summary
        lines = [
            f"Permissions of Argo CD are {self.status}: {summary['applications']} applications in "
            f"{summary['projects']} projects, {summary['critical']} critical, {summary['warnings']} warnings, "
            f"{summary['infos']} infos" + (f", {summary['allowed']} allowed by a comment" if self.allowed else "")
        ]
        if self.unseen:
            lines.append(f"Not looked at: the objects of {self.unseen} sources that are charts or other repositories")
        lines += [f"error: {problem}" for problem in self.problems]
        for finding in self.findings:
            where = f"{finding.path}:{finding.line}"
            whose = f"{finding.application}: " if finding.application else ""
            lines += ["", f"{finding.severity} {finding.code} {where}", f"  {whose}{finding.what}"]
            lines += [f"  entry: {finding.entry}"] if finding.entry else []
            if finding.remedy and not finding.remedy.startswith("- name:"):
                lines.append(f"  do: {finding.remedy}")
        if self.tasks:
            lines += ["", "This adds to the projects what is missing:", "", self.tasks.rstrip("\n")]
        # The name of a file may hold anything, also what a terminal obeys or cannot show.
        return "\n".join(map(_printable, "\n".join(lines).split("\n"))) + "\n"


def _application(check: Check) -> t.Dict[str, t.Any]:
    application = check.application
    return {
        "name": application.name,
        "namespace": application.namespace,
        "project": application.project,
        "applicationset": application.applicationset,
        "path": application.document.path,
        "line": application.line(),
        "permitted": all(one["permitted"] for one in check.checks),
        "checks": check.checks,
    }


def _printable(line: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)
