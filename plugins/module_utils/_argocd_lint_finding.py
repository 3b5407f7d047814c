# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""One thing that Argo CD would refuse, or that is not what it looks like; and the comment by which it is meant."""

from __future__ import annotations

import dataclasses
import re
import typing as t

HEALTHY, INFO, WARNING, CRITICAL, ERROR = "healthy", "info", "warning", "critical", "error"
EXIT_CODES = {HEALTHY: 0, WARNING: 1, CRITICAL: 2, ERROR: 3}

# Stable names, for comments that allow one and for programs that read the report.
CODES: t.Mapping[str, str] = {
    "application_namespace_not_permitted": CRITICAL,
    "application_twice": CRITICAL,
    "applicationset_refused": CRITICAL,
    "chart_repository_not_permitted": CRITICAL,
    "deployed_twice": CRITICAL,
    "destination_not_permitted": CRITICAL,
    "image_not_permitted": CRITICAL,
    "invalid_destination": CRITICAL,
    "invalid_source": CRITICAL,
    "kind_not_permitted": CRITICAL,
    "manifest_malformed": CRITICAL,
    "manifest_unreadable": CRITICAL,
    "namespace_missing": CRITICAL,
    "namespace_not_permitted": CRITICAL,
    "oci_prefix": CRITICAL,
    "path_missing": CRITICAL,
    "project_missing": CRITICAL,
    "project_twice": CRITICAL,
    "source_not_permitted": CRITICAL,
    "default_project": WARNING,
    "project_invalid": WARNING,
    "repository_name_unknown": WARNING,
    "repository_unknown": WARNING,
    # Traps, as argocd_project_repo refuses them.
    "bad_glob": WARNING,
    "braces": WARNING,
    "deny_opens_rest": WARNING,
    "deny_without_effect": WARNING,
    "deny_without_server": WARNING,
    "no_cluster": WARNING,
    "server_or_name": WARNING,
    "space": WARNING,
    "trailing_slash": WARNING,
    "unparsable_url": WARNING,
    # Risks of patterns that can be got around, and what was not told.
    "unknown_cluster": INFO,
    "entry_unused": INFO,
    "fetched_unchecked": INFO,
    "kind_unknown": INFO,
    "not_evaluated": INFO,
    "repository_guessed": INFO,
}
_ALLOW = re.compile(rb"argocd-permissions: allow (?P<code>[a-z_]+)[^\w\n]+\w")


@dataclasses.dataclass(frozen=True)
class Finding:
    """C(entry) is the entry of the project that decides, with its place; C(remedy) what to do."""

    path: str
    line: int
    code: str
    what: str
    remedy: str
    application: str = ""
    project: str = ""
    entry: str = ""

    @property
    def severity(self) -> str:
        return CODES.get(self.code, WARNING)

    def answer(self) -> t.Dict[str, t.Any]:
        names = ("path", "line", "severity", "code", "application", "project", "what", "entry", "remedy")
        return {name: getattr(self, name) for name in names}


def allowed(finding: Finding, content: bytes) -> bool:
    """Whether a comment on the line, or on the line before, says so: C(argocd-permissions: allow CODE reason)."""
    if b"argocd-permissions" not in content:
        return False
    lines = content.split(b"\n")[max(0, finding.line - 2) : finding.line]
    found = (match.group("code") for line in lines for match in _ALLOW.finditer(line))
    return finding.code.encode("ascii") in found


def task(path: str, project: str, missing: t.Mapping[str, t.Sequence[t.Any]]) -> str:
    """What adds entries to a project, ready for a playbook."""
    lines = [
        f"- name: Permit in {project} what its applications need",
        "  homeops.cluster.argocd_project_repo:",
        f"    path: {quoted(path)}",
        f"    project: {quoted(project)}",
    ]
    for name in ("source_repos", "namespaces", "destinations"):
        if missing.get(name):
            lines.append(f"    {name}:")
        for entry in missing.get(name, ()):
            if isinstance(entry, str):
                lines.append(f"      - {quoted(entry)}")
            else:
                pairs = ", ".join(f"{key}: {quoted(value)}" for key, value in entry.items() if value)
                lines.append(f"      - {{{pairs}}}")
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """As a value in YAML."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_./@+-]*(?::[A-Za-z0-9_./@+-]+)*", text)
    words = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
    if plain and text.lower() not in words:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
