# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of findings: values in YAML, tasks, and comments that allow."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_finding import (
    CODES,
    Finding,
    allowed,
    quoted,
    task,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_lint_kinds import namespaced, scope
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project_rules import CODES as TRAPS


@pytest.mark.parametrize(
    "text",
    ["apps", "https://x.example.com/a", "*", "yes", "a: b", 'a"b\\c', "1.0", "git@x:y/z.git", "~", "a:", "", "!x", "é"],
)
def test_a_value_in_yaml_is_what_was_meant(text):
    assert yaml.safe_load(f"key: {quoted(text)}") == {"key": text}
    assert yaml.safe_load(f"- {{key: {quoted(text)}, other: 1}}") == [{"key": text, "other": 1}]


def test_a_task():
    missing = {"namespaces": ["media"], "destinations": [{"server": "https://x:6443", "name": "", "namespace": "*"}]}
    (found,) = yaml.safe_load(task("kubernetes/projects/apps.yaml", "apps", missing))
    assert found == {
        "name": "Permit in apps what its applications need",
        "homeops.cluster.argocd_project_repo": {
            "path": "kubernetes/projects/apps.yaml",
            "project": "apps",
            "namespaces": ["media"],
            "destinations": [{"server": "https://x:6443", "namespace": "*"}],
        },
    }


@pytest.mark.parametrize(("line", "is_allowed"), [(1, False), (2, True), (3, True), (4, False)])
def test_a_comment_counts_for_its_line_and_the_next(line, is_allowed):
    content = b"a\n# argocd-permissions: allow space it is meant\nb\nc\n"
    assert allowed(Finding("x", line, "space", "", ""), content) == is_allowed
    assert not allowed(Finding("x", line, "braces", "", ""), content)


def test_every_trap_that_the_module_refuses_has_a_severity():
    assert set(TRAPS) <= set(CODES)


@pytest.mark.parametrize(
    ("group", "kind", "expected"),
    [
        ("", "Namespace", False),
        ("", "Secret", True),
        ("rbac.authorization.k8s.io", "ClusterRole", False),
        ("rbac.authorization.k8s.io", "Role", True),
        ("cilium.io", "CiliumLoadBalancerIPPool", False),
        ("cilium.io", "CiliumNetworkPolicy", True),
        ("cert-manager.io", "ClusterIssuer", False),
        ("example.com", "Thing", None),
        ("example.com", "Defined", False),
    ],
)
def test_which_kinds_are_in_a_namespace(group, kind, expected):
    definition = {"spec": {"group": "example.com", "scope": "Cluster", "names": {"kind": "Defined"}}}
    assert namespaced(group, kind, dict([scope(definition)])) is expected
