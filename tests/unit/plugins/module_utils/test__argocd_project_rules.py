# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_project_rules as rules

IN_CLUSTER = "https://kubernetes.default.svc"


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ("https://github.com/org/*", []),
        ("https://github.com/org/**", []),
        ("*", []),
        ("git@github.com:org/repo.git", []),
        ("registry-1.docker.io/bitnamicharts", []),
        ("https://charts.jetstack.io/", []),
        ("ghcr.io/org/*", []),
        ("oci://ghcr.io/org/chart", []),
        ("!https://github.com/org/secret", ["deny_opens_rest"]),
        ("!*", ["deny_without_effect", "deny_opens_rest"]),
        ("!!https://github.com/org/x", ["unparsable_url", "deny_without_effect", "deny_opens_rest"]),
        (" !https://github.com/org/x", ["space", "unparsable_url", "deny_without_effect"]),
        ("! https://github.com/org/x", ["space", "deny_without_effect", "deny_opens_rest"]),
        ("https://github.com/org/x ", ["space"]),
        ("https://github.com/my org/*", ["space"]),
        ("https://github.com/{a,b}/*", ["braces"]),
        ("!https://github.com/{a,b}/*", ["braces", "deny_without_effect", "deny_opens_rest"]),
        ("ssh://git@github.com:org/repo.git", ["unparsable_url"]),
        ("127.0.0.1:5000/*", ["unparsable_url"]),
        ("", ["unparsable_url"]),
        ("https://github.com/[org/*", ["bad_glob"]),
        ("!https://github.com/[org/*", ["bad_glob", "deny_without_effect", "deny_opens_rest"]),
    ],
)
def test_the_traps_of_a_repository(entry, codes):
    assert [trap.code for trap in rules.source_traps([entry])] == codes


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ("https://github.com/org/*", []),
        ("*", []),
        ("https://*.example.com/org/x", ["wildcard_host"]),
        ("https://github.com/org/**", ["wildcard_parent"]),
        ("https://*.example.com/**", ["wildcard_host", "wildcard_parent"]),
    ],
)
def test_what_a_pattern_for_repositories_leaves_open(entry, codes):
    assert [risk.code for risk in rules.source_risks([entry])] == codes


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ({"server": IN_CLUSTER, "namespace": "team-*"}, []),
        ({"server": IN_CLUSTER, "name": "in-cluster", "namespace": "a"}, []),
        ({"server": "*", "namespace": "{a,b}"}, []),
        ({"name": "in-cluster", "namespace": "a"}, []),
        ({"server": IN_CLUSTER + "/", "namespace": "a"}, ["trailing_slash"]),
        ({"server": IN_CLUSTER, "namespace": "a "}, ["space"]),
        ({"server": IN_CLUSTER, "namespace": "[a"}, ["bad_glob"]),
        ({"server": IN_CLUSTER, "namespace": "!kube-system"}, ["deny_opens_rest"]),
        ({"name": "in-cluster", "namespace": "!kube-system"}, ["deny_opens_rest", "deny_without_server"]),
        ({"server": "!https://other", "namespace": "*"}, ["deny_opens_rest"]),
        ({"server": IN_CLUSTER, "namespace": "!*"}, ["deny_without_effect", "deny_opens_rest"]),
        ({"namespace": "a"}, ["no_cluster"]),
        ({"server": IN_CLUSTER, "name": "*", "namespace": "a"}, ["server_or_name"]),
    ],
)
def test_the_traps_of_a_destination(entry, codes):
    assert [trap.code for trap in rules.destination_traps([entry])] == codes


def test_a_trap_tells_which_entry_what_and_the_way_out():
    [trap] = rules.source_traps(["https://a/x", "https://a/{x}"])
    assert (trap.entry, trap.where) == (1, "sourceRepos[1]")
    assert str(trap) == (
        "sourceRepos[1]: 'https://a/{x}' has braces: Argo CD escapes them, and every * of the path with them, so they"
        " match nothing. Write one entry for each alternative."
    )
    [trap] = rules.destination_traps([{"server": "a", "namespace": "a"}, {"server": "https://a/", "namespace": "a"}])
    assert (trap.entry, trap.where) == (1, "destinations[1].server")
    assert trap.remedy == "Write 'https://a'."


def test_every_code_is_published():
    found = [
        *rules.source_traps(["!! {[", "1.2.3.4:1/x"]),
        *rules.destination_traps(
            [
                {"namespace": "!* "},
                {"server": "a/", "name": "*", "namespace": "["},
                {"server": "x", "namespace": "!*"},
            ]
        ),
    ]
    assert {trap.code for trap in found} == set(rules.CODES)
