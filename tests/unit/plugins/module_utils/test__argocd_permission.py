# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The surprises of Argo CD v3.5.3, one by one; tests/differential asks its own code many more."""

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_permission as permission
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_permission import Destination, Project, Verdict

IN_CLUSTER = "https://kubernetes.default.svc"


def project(**spec):
    return Project.of({"metadata": {"name": "apps"}, "spec": spec})


@pytest.mark.parametrize(
    ("entries", "url", "verdict"),
    [
        ([], "https://github.com/org/repo", Verdict(False)),
        (["*"], "https://github.com/org/repo", Verdict(True, 0)),
        (["x", "https://github.com/Org/Repo.git"], "https://GitHub.com/org/repo", Verdict(True, 1)),
        (["https://github.com/org/*"], "https://github.com/org/repo", Verdict(True, 0)),
        (["https://github.com/org/*"], "https://github.com/org/sub/repo", Verdict(False)),
        (["https://github.com/org/**"], "https://github.com/org/../evil/repo", Verdict(True, 0)),
        (["git@github.com:org/*"], "ssh://git@github.com/org/repo.git", Verdict(True, 0)),
        (["https://github.com/org/repo"], "https://github.com/org/repo/", Verdict(False)),
        (["https://github.com/org/repo"], "https://github.com:443/org/repo", Verdict(False)),
        (["https://github.com/{a,b}/*"], "https://github.com/a/repo", Verdict(False)),
        (["https://*.example.com/**"], "https://evil.test?.example.com/a", Verdict(True, 0)),
        # A deny permits everything else, whichever comes first, and one that matches wins.
        (["https://github.com/org/*", "!https://github.com/org/secret"], "https://evil.test/x", Verdict(True, 1)),
        (["!https://github.com/org/secret", "*"], "https://github.com/org/secret", Verdict(False, denied_by=0)),
        (["*", "!https://github.com/org/secret"], "https://github.com/org/secret/", Verdict(True, 0)),
        (["*", " !https://github.com/org/secret"], "https://github.com/org/secret", Verdict(True, 0)),
        (["*", "!https://github.com/org/[secret"], "https://github.com/org/[secret", Verdict(True, 0)),
        (["!*"], "https://github.com/org/repo", Verdict(True, 0)),
        # What cannot be parsed equals everything else that cannot.
        (["ssh://git@github.com:org/repo"], "ssh://git@evil.test:other/repo", Verdict(True, 0)),
        (["127.0.0.1:5000/*"], "", Verdict(True, 0)),
    ],
)
def test_a_source(entries, url, verdict):
    assert permission.source(project(sourceRepos=entries), url) == verdict


@pytest.mark.parametrize(
    ("entries", "wanted", "verdict"),
    [
        ([], Destination(IN_CLUSTER, "in-cluster", "a"), Verdict(False)),
        ([{"server": IN_CLUSTER, "namespace": "a"}], Destination(IN_CLUSTER, "in-cluster", "a"), Verdict(True, 0)),
        ([{"server": IN_CLUSTER + "/", "namespace": "*"}], Destination(IN_CLUSTER, "", "a"), Verdict(False)),
        ([{"server": IN_CLUSTER, "namespace": "A"}], Destination(IN_CLUSTER, "", "a"), Verdict(False)),
        ([{"server": "https://k*", "namespace": "*"}], Destination("https://k/path", "", "a"), Verdict(True, 0)),
        # One of the two names of a cluster is enough.
        ([{"server": IN_CLUSTER, "name": "prod", "namespace": "*"}], Destination("x", "prod", "a"), Verdict(True, 0)),
        ([{"namespace": "*"}], Destination(IN_CLUSTER, "in-cluster", "a"), Verdict(False)),
        # Denies: by server and by name, and of a namespace only together with a server.
        (
            [{"server": "*", "namespace": "*"}, {"server": IN_CLUSTER, "namespace": "!kube-system"}],
            Destination(IN_CLUSTER, "in-cluster", "kube-system"),
            Verdict(False, denied_by=1),
        ),
        (
            [{"name": "*", "namespace": "*"}, {"name": "in-cluster", "namespace": "!kube-system"}],
            Destination(IN_CLUSTER, "in-cluster", "kube-system"),
            Verdict(True, 0),
        ),
        ([{"server": IN_CLUSTER, "namespace": "!a"}], Destination(IN_CLUSTER, "", "b"), Verdict(True, 0)),
        ([{"name": "!x", "namespace": "*"}], Destination(IN_CLUSTER, "", "a"), Verdict(False, denied_by=0)),
        ([{"server": "!x", "namespace": "*"}], Destination("x", "", "a"), Verdict(False, denied_by=0)),
        ([{"server": "!x", "namespace": "b"}], Destination("x", "", "a"), Verdict(False)),
    ],
)
def test_a_destination(entries, wanted, verdict):
    assert permission.destination(project(destinations=entries), wanted) == verdict


@pytest.mark.parametrize(
    ("clusters", "permitted"),
    [
        ((), False),
        ((Destination("https://other", "other"),), False),
        ((Destination(IN_CLUSTER, "renamed"),), True),
        ((Destination("https://other", "in-cluster"),), True),
    ],
)
def test_only_a_projects_own_clusters(clusters, permitted):
    own = project(destinations=[{"server": "*", "namespace": "*"}], permitOnlyProjectScopedClusters=True)
    assert permission.destination(own, Destination(IN_CLUSTER, "in-cluster", "a"), clusters).permitted is permitted


@pytest.mark.parametrize(
    ("spec", "asked", "verdict"),
    [
        ({}, ("apps", "Deployment", "x", True), Verdict(True)),
        ({}, ("", "Namespace", "x", False), Verdict(False)),
        ({"namespaceResourceWhitelist": []}, ("", "Pod", "x", True), Verdict(False)),
        ({"namespaceResourceWhitelist": None}, ("", "Pod", "x", True), Verdict(True)),
        ({"namespaceResourceWhitelist": [{"group": "", "kind": "P*"}]}, ("", "Pod", "x", True), Verdict(True, 0)),
        ({"namespaceResourceWhitelist": [{"group": "", "kind": "pod"}]}, ("", "Pod", "x", True), Verdict(False)),
        ({"namespaceResourceWhitelist": [{"group": "", "kind": "!Pod"}]}, ("", "Job", "x", True), Verdict(False)),
        (
            {"namespaceResourceBlacklist": [{"group": "*", "kind": "Secret"}]},
            ("", "Secret", "x", True),
            Verdict(False, denied_by=0),
        ),
        ({"namespaceResourceBlacklist": [{"group": "[", "kind": "Secret"}]}, ("", "Secret", "x", True), Verdict(True)),
        ({"clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}, ("", "Namespace", "x", False), Verdict(True, 0)),
        (
            {"clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "team-*"}]},
            ("", "Namespace", "kube-system", False),
            Verdict(False),
        ),
        (
            {
                "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
                "clusterResourceBlacklist": [{"group": "", "kind": "Namespace", "name": "kube-*"}],
            },
            ("", "Namespace", "kube-system", False),
            Verdict(False, denied_by=0),
        ),
    ],
)
def test_a_kind(spec, asked, verdict):
    assert permission.kind(project(**spec), *asked) == verdict


def test_a_resource_needs_its_kind_and_its_destination():
    own = project(
        destinations=[{"server": "*", "namespace": "a"}], namespaceResourceBlacklist=[{"group": "", "kind": "Secret"}]
    )

    def permitted(kind, namespace):
        return permission.resource(own, "", kind, "x", Destination("s", "n", namespace)).permitted

    assert permitted("Pod", "a")
    assert not permitted("Pod", "b")
    assert not permitted("Secret", "a")
    assert not permitted("Pod", "")  # of the cluster, then


@pytest.mark.parametrize(
    ("entries", "namespace", "verdict"),
    [
        ([], "", Verdict(True)),
        ([], "argocd", Verdict(True)),
        ([], "team", Verdict(False)),
        (["x", "team-*"], "team-a", Verdict(True, 1)),
        (["/eam/"], "my-team-a", Verdict(True, 0)),
        (["/^team$/"], "my-team-a", Verdict(False)),
        (["/(/"], "team", Verdict(False)),
        (["/te*m/"], "/team/", Verdict(True, 0)),  # a pattern, too
        (["/"], "team", Verdict(False, failure="slice bounds out of range [1:0]")),
    ],
)
def test_the_namespace_of_an_application(entries, namespace, verdict):
    assert permission.app_namespace(project(sourceNamespaces=entries), namespace) == verdict


def test_where_argo_cd_itself_fails_nothing_is_permitted():
    failing = [{"server": "*", "namespace": "a{,}"}]
    verdict = permission.destination(project(destinations=failing), Destination("s", "n", "a"))
    assert verdict == Verdict(False, failure="slice bounds out of range [:2] with length 1")


def test_an_entry_as_it_is_compared():
    assert permission.normalized_entry("!https://H/{a}/*.git") == "!https://h/%7Ba%7D/%2A"
    assert permission.normalized_entry("!!x") == "!!x"
