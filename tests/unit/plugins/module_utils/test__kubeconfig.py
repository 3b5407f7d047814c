# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _kubeconfig as kubeconfig
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

ADMIN = {
    "clusters": [
        {"name": "default", "cluster": {"server": "https://127.0.0.1:6443", "certificate-authority-data": "Y2E="}}
    ],
    "users": [{"name": "default", "user": {"client-certificate-data": "Y3J0", "client-key-data": "a2V5"}}],
}
ACCESS = kubeconfig.Access.from_admin(ADMIN, "https://192.0.2.11:6443")
HOME = kubeconfig.present(kubeconfig.EMPTY, "home", ACCESS, None)
WORK = {
    "apiVersion": "v1",
    "kind": "Config",
    "preferences": {"colors": True},
    "clusters": [{"name": "work", "cluster": {"server": "https://work", "tls-server-name": "x"}}],
    "users": [{"name": "work", "user": {"exec": {"command": "login", "args": ["a"]}}}],
    "contexts": [{"name": "work", "context": {"cluster": "work", "user": "work"}}],
    "current-context": "work",
}


def names(document):
    return {section: [entry["name"] for entry in document[section]] for section in kubeconfig.SECTIONS}


def test_access_points_to_the_endpoint_with_the_authority_of_the_cluster():
    assert ACCESS.cluster == {"server": "https://192.0.2.11:6443", "certificate-authority-data": "Y2E="}
    assert ACCESS.user == ADMIN["users"][0]["user"]


@pytest.mark.parametrize("content", [None, "", [], {}, {"clusters": []}, {"clusters": None, "users": None}])
def test_content_that_gives_no_access(content):
    with pytest.raises(ClusterError, match="content: has no cluster and no user"):
        kubeconfig.Access.from_admin(content, "https://x")


def test_first_cluster_of_a_new_file_is_current():
    assert names(HOME) == {"clusters": ["home"], "users": ["home"], "contexts": ["home"]}
    assert HOME["current-context"] == "home"
    assert kubeconfig.EMPTY["clusters"] == []


def test_merging_keeps_everything_else_in_its_place():
    before = copy.deepcopy(WORK)
    after = kubeconfig.present(WORK, "home", ACCESS, None)
    assert before == WORK
    assert names(after) == {"clusters": ["work", "home"], "users": ["work", "home"], "contexts": ["work", "home"]}
    assert after["current-context"] == "work"
    assert {**after, **{section: after[section][:1] for section in kubeconfig.SECTIONS}} == WORK
    assert kubeconfig.present(after, "home", ACCESS, None) == after
    assert kubeconfig.absent(after, "home") == WORK


@pytest.mark.parametrize(("set_current", "current"), [(None, "work"), (False, "work"), (True, "home")])
def test_current_context(set_current, current):
    assert kubeconfig.present(WORK, "home", ACCESS, set_current)["current-context"] == current


def test_new_certificates_replace_the_old_ones_and_a_chosen_namespace_stays():
    old = copy.deepcopy(HOME)
    old["users"][0]["user"]["client-key-data"] = "b2xk"
    old["contexts"][0]["context"]["namespace"] = "media"
    new = kubeconfig.present(old, "home", ACCESS, None)
    assert new["users"] == HOME["users"]
    assert new["contexts"][0]["context"] == {"cluster": "home", "user": "home", "namespace": "media"}


@pytest.mark.parametrize("document", [WORK, kubeconfig.EMPTY, {}, {"clusters": None, "users": None}])
def test_absent_from_a_file_that_does_not_have_it(document):
    assert kubeconfig.absent(document, "home") == document


def test_absent_leaves_no_current_context_that_is_gone():
    assert kubeconfig.absent(HOME, "home") == {**kubeconfig.EMPTY, "current-context": ""}


@pytest.mark.parametrize("document", [None, {}, WORK, {"clusters": None}])
def test_what_is_a_kubeconfig(document):
    assert kubeconfig.checked(document, "/f") == (document if document is not None else kubeconfig.EMPTY)


@pytest.mark.parametrize(
    "document",
    [
        "text",
        [1],
        {"kind": "Pod"},
        {"clusters": {"a": 1}},
        {"users": ["a"]},
        {"contexts": [{"name": "a", "context": 1}]},
    ],
)
def test_what_is_none_is_not_touched(document):
    with pytest.raises(ClusterError, match="/f: is not a kubeconfig file"):
        kubeconfig.checked(document, "/f")


@pytest.mark.parametrize(
    "user",
    [
        {"auth-provider": {"config": {"refresh-token": "planted"}}},
        {"exec": {"command": "login", "env": [{"name": "A", "value": "planted"}]}},
        {"tokenFile": "planted"},
    ],
)
def test_of_a_user_that_is_replaced_nothing_is_shown(user):
    document = {"users": [{"name": "home", "user": user}]}
    assert set(kubeconfig.view(document, "home")["user"].values()) == {"(hidden)"}


def test_what_is_shown_holds_no_secret_and_nothing_of_others():
    shown = kubeconfig.view(kubeconfig.present(WORK, "home", ACCESS, True), "home")
    assert shown == {
        "cluster": {"server": "https://192.0.2.11:6443", "certificate-authority-data": "(hidden)"},
        "user": {"client-certificate-data": "(hidden)", "client-key-data": "(hidden)"},
        "context": {"cluster": "home", "user": "home"},
        "current-context": "home",
    }
    assert kubeconfig.view(WORK, "home") == {}
