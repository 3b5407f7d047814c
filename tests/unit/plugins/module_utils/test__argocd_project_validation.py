# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project_validation import project_problems

POLICY = "p, proj:apps:r, applications, get, apps/*, allow"
WINDOW = {"kind": "allow", "schedule": "* * * * *", "duration": "1h", "clusters": ["*"]}


def problems(**spec):
    found = project_problems({"metadata": {"name": "apps"}, "spec": spec})
    assert all(problem.remedy for problem in found)
    return [(problem.where, problem.what) for problem in found]


def test_a_usual_project_is_taken():
    assert not problems(
        sourceRepos=["*", "https://a/x"],
        destinations=[{"server": "a", "namespace": "x"}, {"name": "a", "namespace": "y"}],
        sourceNamespaces=["a", "b"],
        syncWindows=[WINDOW, {**WINDOW, "duration": "2h"}, None],
        roles=[{"name": "r", "policies": [POLICY], "groups": ["admins", '"a,b"']}],
        destinationServiceAccounts=[{"server": "*", "namespace": "*", "defaultServiceAccount": "default"}],
    )
    assert not project_problems({})


@pytest.mark.parametrize(
    ("spec", "where", "what"),
    [
        ({"sourceRepos": ["!*"]}, "spec.sourceRepos[0]", "source repository has an invalid format, '!*'"),
        ({"sourceRepos": ["a", "a"]}, "spec.sourceRepos[1]", "source repository 'a' already added"),
        ({"sourceNamespaces": ["a", "a"]}, "spec.sourceNamespaces[1]", "source namespace 'a' already added"),
        (
            {"destinations": [{"server": "a", "namespace": "!*"}]},
            "spec.destinations[0].namespace",
            "namespace has an invalid format, '!*'",
        ),
        (
            {"destinations": [{"server": "a", "namespace": "x"}, {"name": "a", "namespace": "x"}]},
            "spec.destinations[1]",
            "destination 'a/x' already added",
        ),
        ({"roles": [{"name": "r"}, {"name": "r"}]}, "spec.roles[1]", "role 'r' already exists"),
        (
            {"roles": [{"name": "r", "policies": [POLICY, POLICY]}]},
            "spec.roles[0].policies[1]",
            f"policy '{POLICY}' already exists for role 'r'",
        ),
        (
            {"roles": [{"name": "r", "policies": ["p, x"]}]},
            "spec.roles[0].policies[0]",
            "invalid policy rule 'p, x': must be of the form: 'p, sub, res, act, obj, eft'",
        ),
        (
            {"roles": [{"name": "r", "groups": ["a,b"]}]},
            "spec.roles[0].groups[0]",
            "group 'a,b' must be quoted",
        ),
        (
            {"syncWindows": [WINDOW, {**WINDOW, "manualSync": True}]},
            "spec.syncWindows[1]",
            "sync window with kind 'allow', schedule '* * * * *', and duration '1h' already exists",
        ),
        (
            {"syncWindows": [{**WINDOW, "clusters": []}]},
            "spec.syncWindows[0]",
            "window 'allow':'* * * * *':'1h' requires one of application, cluster or namespace",
        ),
        (
            {"syncWindows": [{**WINDOW, "kind": "never"}]},
            "spec.syncWindows[0].kind",
            "kind 'never' mismatch: can only be allow or deny",
        ),
        (
            {"destinationServiceAccounts": [{"server": "!a", "defaultServiceAccount": "x"}]},
            "spec.destinationServiceAccounts[0].server",
            "server has an invalid format, '!a'",
        ),
        (
            {"destinationServiceAccounts": [{"server": "a", "defaultServiceAccount": "a/b"}]},
            "spec.destinationServiceAccounts[0].defaultServiceAccount",
            "defaultServiceAccount has an invalid format, 'a/b'",
        ),
        (
            {"destinationServiceAccounts": [{"server": "[", "defaultServiceAccount": "a"}]},
            "spec.destinationServiceAccounts[0].server",
            "server has an invalid format, '['",
        ),
    ],
)
def test_what_argo_cds_server_refuses(spec, where, what):
    assert problems(**spec) == [(where, what)]


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("p, proj:other:r, applications, get, apps/*, allow", "policy subject must be: 'proj:apps:r'"),
        ("p, proj:apps:r, projects, get, apps/*, allow", "project resource must be:"),
        ("p, proj:apps:r, applications, look, apps/*, allow", "invalid action 'look'"),
        ("p, proj:apps:r, applications, get, other/*, allow", "object must be of form 'apps/*'"),
        ("p, proj:apps:r, applications, get, apps/*, maybe", "effect must be: 'allow' or 'deny'"),
    ],
)
def test_a_policy_that_is_refused(policy, reason):
    [(_where, what)] = problems(roles=[{"name": "r", "policies": [policy]}])
    assert what.startswith(f"invalid policy rule '{policy}': {reason}")


def test_all_problems_are_told_at_once():
    assert len(problems(sourceRepos=["!*", "a", "a"], sourceNamespaces=["x", "x"], roles=[{"name": "-"}])) == 4
