# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from types import SimpleNamespace
from unittest.mock import ANY

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _kubernetes
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import (
    ApiServer,
    ConflictError,
    Nowhere,
    Resource,
    UnreachableError,
    connect,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import MaxRetryError

CONFIG = Resource("example.com/v1", "Config", "configs")
SECRET = Resource("v1", "Secret", "secrets")


class FakeApiClient:
    """Answers one request, which must be the expected one."""

    configuration = SimpleNamespace(host="https://api")

    def __init__(self, method, path, answer, **expected):
        self.expected = {"method": method, "path": path, "query_params": [], "body": None, **expected}
        self.answer = answer

    def call_api(self, path, method, **arguments):
        actual = {"method": method, "path": path, **arguments}
        assert {key: actual[key] for key in self.expected} == self.expected
        if isinstance(self.answer, Exception):
            raise self.answer
        return SimpleNamespace(data=json.dumps(self.answer).encode())


def failure(status, message="why"):
    error = ApiException(status=status, reason="reason")
    error.body = json.dumps({"message": message})
    return error


@pytest.mark.parametrize(
    ("resource", "namespace", "name", "path"),
    [
        (SECRET, "", "", "/api/v1/secrets"),
        (SECRET, "ns", "s", "/api/v1/namespaces/ns/secrets/s"),
        (CONFIG, "", "", "/apis/example.com/v1/configs"),
        (CONFIG, "", "a", "/apis/example.com/v1/configs/a"),
    ],
)
def test_paths(resource, namespace, name, path):
    assert resource.path(namespace, name) == path


@pytest.mark.parametrize(("answer", "expected"), [("a text", b'"a text"'), (failure(404), None)])
def test_fetching_what_is_behind_the_proxy(answer, expected):
    """No JSON is asked for, and none is made of it."""
    path = "/api/v1/namespaces/ns/services/http:x:/proxy/v1/cert.pem"
    client = FakeApiClient("GET", path, answer, header_params={"Accept": "*/*"})
    assert ApiServer(client).fetch(path) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"resources": [{"name": "configs"}, {"name": "configs/status"}]}, {"configs", "configs/status"}),
        (failure(404), set()),
    ],
)
def test_served(answer, expected):
    assert ApiServer(FakeApiClient("GET", "/apis/example.com/v1", answer)).served("example.com/v1") == expected


@pytest.mark.parametrize(("version", "path"), [("v1", "/api/v1"), ("example.com/v1", "/apis/example.com/v1")])
def test_kinds(version, path):
    answer = {
        "resources": [
            {"name": "configs", "kind": "Config", "namespaced": True},
            {"name": "configs/status", "kind": "Config", "namespaced": True},
            {"name": "zones", "kind": "Zone", "namespaced": False},
        ]
    }
    assert ApiServer(FakeApiClient("GET", path, answer)).kinds(version) == {
        "Config": (Resource(version, "Config", "configs"), True),
        "Zone": (Resource(version, "Zone", "zones"), False),
    }
    assert ApiServer(FakeApiClient("GET", path, failure(404))).kinds(version) == {}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [({"items": [{"a": 1}]}, [{"apiVersion": "example.com/v1", "kind": "Config", "a": 1}]), (failure(404), [])],
)
def test_list(answer, expected):
    client = FakeApiClient("GET", "/apis/example.com/v1/configs", answer, query_params=[("labelSelector", "a=b")])
    assert ApiServer(client).list(CONFIG, "a=b") == expected


@pytest.mark.parametrize(("dry_run", "extra"), [(False, []), (True, [("dryRun", "All")])])
def test_apply(dry_run, extra):
    definition = {"metadata": {"name": "s", "namespace": "ns"}}
    query = [("fieldManager", "homeops.cluster"), ("force", "true"), ("fieldValidation", "Strict"), *extra]
    client = FakeApiClient(
        "PATCH", "/api/v1/namespaces/ns/secrets/s", {"stored": True}, query_params=query, body=definition
    )
    assert ApiServer(client).apply(SECRET, definition, force=True, dry_run=dry_run) == {"stored": True}


@pytest.mark.parametrize(("dry_run", "extra"), [(False, []), (True, [("dryRun", "All")])])
def test_merge(dry_run, extra):
    patch = {"metadata": {"resourceVersion": "7"}, "spec": {"list": []}}
    client = FakeApiClient(
        "PATCH",
        "/api/v1/namespaces/ns/secrets/s",
        {"stored": True},
        query_params=[("fieldManager", "somebody"), ("fieldValidation", "Strict"), *extra],
        header_params={"Accept": "application/json", "Content-Type": "application/merge-patch+json"},
        body=patch,
    )
    answer = ApiServer(client).merge(SECRET, "s", "ns", patch, dry_run=dry_run, manager="somebody")
    assert answer == {"stored": True}


@pytest.mark.parametrize(("status", "error"), [(409, ConflictError), (404, ClusterError), (422, ClusterError)])
def test_a_conflict_can_be_told_from_what_else_goes_wrong(status, error):
    client = FakeApiClient("PATCH", "/api/v1/namespaces/ns/secrets/s", failure(status), body={}, query_params=ANY)
    with pytest.raises(ClusterError) as caught:
        ApiServer(client).merge(SECRET, "s", "ns", {}, dry_run=False)
    assert isinstance(caught.value, error)
    assert isinstance(caught.value, ConflictError) == (error is ConflictError)


@pytest.mark.parametrize("answer", [{}, failure(404)])
def test_delete_is_content_if_the_object_is_gone(answer):
    ApiServer(FakeApiClient("DELETE", "/apis/example.com/v1/configs/a", answer)).delete(CONFIG, "a", "")


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, "valid credentials"), (403, "may do this"), (409, "Someone else manages"), (422, "Correct what")],
)
def test_an_error_says_what_to_do(status, remedy):
    client = FakeApiClient("GET", "/apis/example.com/v1/configs", failure(status))
    with pytest.raises(ClusterError, match=rf"https://api/apis/.*answered {status} \(why\).*{remedy}"):
        ApiServer(client).list(CONFIG)


def test_an_error_that_is_no_json_is_told_as_it_is():
    error = ApiException(status=502, reason="Bad Gateway")
    error.body = "<html>"
    with pytest.raises(ClusterError, match="Bad Gateway"):
        ApiServer(FakeApiClient("GET", "/apis/example.com/v1/configs", error)).list(CONFIG)


def test_a_path_that_does_not_exist_cannot_be_applied():
    client = FakeApiClient("PATCH", "/apis/example.com/v1/configs/a", failure(404))
    del client.expected["query_params"], client.expected["body"]
    with pytest.raises(ClusterError, match=r"knows no /apis/example.com/v1/configs/a"):
        ApiServer(client).apply(CONFIG, {"metadata": {"name": "a"}}, force=False, dry_run=True)


def test_silence_is_told_apart():
    client = FakeApiClient("GET", "/apis/example.com/v1/configs", MaxRetryError(None, "/", "refused"))
    with pytest.raises(UnreachableError, match=r"https://api.*no Kubernetes API server answers"):
        ApiServer(client).list(CONFIG)


@pytest.mark.parametrize("options", [{"kubeconfig": "/nonexistent"}, {"kubeconfig": {}, "context": "home"}])
def test_no_way_to_a_server_is_silence_too(options):
    with pytest.raises(UnreachableError, match="Check that the kubeconfig holds this context"):
        connect(options)


def test_connecting_asks_for_nothing():
    """The port is closed: whatever asks fails, and says where."""
    context = {"name": "home", "context": {"cluster": "home", "user": "me"}}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "home",
        "contexts": [context],
        "clusters": [{"name": "home", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "me", "user": {}}],
    }
    server = connect({"kubeconfig": kubeconfig})
    with pytest.raises(UnreachableError, match=r"http://127.0.0.1:1.*no Kubernetes API server answers"):
        server.list(CONFIG)


def test_nowhere_is_nothing():
    nowhere = Nowhere()
    assert nowhere.served("v1") == frozenset()
    assert nowhere.kinds("v1") == {}
    assert nowhere.list(SECRET) == []
    assert nowhere.apply(SECRET, {"metadata": {}}, force=False, dry_run=True) == {"metadata": {}}
    assert nowhere.merge(SECRET, "a", "", {"spec": {}}, dry_run=True) == {"spec": {}}
    assert nowhere.delete(SECRET, "a", "") is None


@pytest.mark.parametrize(
    ("library", "collection", "expected"),
    [(True, True, ""), (False, False, "kubernetes"), (True, False, "the collection kubernetes.core")],
)
def test_what_is_missing_is_named(monkeypatch, library, collection, expected):
    monkeypatch.setattr(_kubernetes, "HAS_KUBERNETES", library)
    monkeypatch.setattr(_kubernetes, "HAS_KUBERNETES_CORE", collection)
    assert _kubernetes.missing_library() == expected
