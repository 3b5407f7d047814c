# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._sealed_secret_manifest import (
    from_manifest,
    from_options,
    scope_of,
    sealed_path,
)

WIDE = {"cluster": "sealedsecrets.bitnami.com/cluster-wide", "namespace": "sealedsecrets.bitnami.com/namespace-wide"}


def manifest(**parts):
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "db", "namespace": "media"},
        "stringData": {"a": "planted"},
        **parts,
    }


def test_a_manifest():
    metadata = {
        "name": "db",
        "namespace": "media",
        "labels": {"x": "y"},
        "annotations": {
            "note": "1",
            WIDE["namespace"]: "true",
            "kubectl.kubernetes.io/last-applied-configuration": '{"stringData":{"a":"planted"}}',
        },
        "uid": "what kubectl get shows",
        "managedFields": [],
    }
    data = {"a": "b3ZlcnJpZGRlbg==", "b": "cGxh\nbnRlZA==\n"}
    secret = from_manifest(manifest(metadata=metadata, data=data, type="t/t", immutable=False), "x")
    assert (secret.identity, secret.scope, secret.type, secret.immutable) == (
        ("media", "db"),
        "namespace",
        "t/t",
        False,
    )
    assert (secret.labels, secret.annotations) == ({"x": "y"}, {"note": "1"})
    assert secret.values == {"a": b"planted", "b": b"planted"}
    assert "planted" not in repr(secret)


@pytest.mark.parametrize(
    ("annotations", "scope"),
    [
        ({}, "strict"),
        (None, "strict"),
        ({WIDE["namespace"]: "true"}, "namespace"),
        ({WIDE["cluster"]: "true"}, "cluster"),
        ({WIDE["cluster"]: "true", WIDE["namespace"]: "true"}, "cluster"),
        ({WIDE["cluster"]: "false"}, "strict"),
    ],
)
def test_the_scope_that_annotations_say(annotations, scope):
    assert scope_of(annotations) == scope


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        ("planted", ["x: is not a Secret"]),
        ({"kind": "ConfigMap", "data": {"a": "planted"}}, ["x: is not a Secret"]),
        (manifest(apiVersion="v2"), ["x: is not a Secret"]),
        (manifest(kind="List"), ["x: is not a Secret"]),
        (manifest(metadata=None), ["x.name: None is not the name", "x.namespace: is missing"]),
        (manifest(metadata={"name": "db"}), ["x.namespace: is missing"]),
        (manifest(metadata={"name": "D_b", "namespace": "media"}), ["x.name: 'D_b' is not the name"]),
        (manifest(metadata={"name": 5, "namespace": 6}), ["x.name: 5 is not", "x.namespace: 6 is not"]),
        (manifest(metadata={"name": "a" * 254, "namespace": "b" * 64}), ["x.name: 'aaa", "x.namespace: 'bbb"]),
        (manifest(metadata={"name": "db\n", "namespace": "media"}), ["x.name: 'db\\n' is not the name"]),
        (manifest(stringData=["planted"]), ["x.string_data: is a list, not a mapping"]),
        (manifest(data="planted"), ["x.data: is str, not a mapping"]),
        (manifest(stringData={"port": 5432}), ["x.string_data.port: is a number, not text. Quote it"]),
        (manifest(stringData={"on": True}), ["x.string_data.on: is a boolean"]),
        (manifest(stringData={"a": None}), ["x.string_data.a: is empty, not text"]),
        (manifest(stringData={"a": {"planted": 1}}), ["x.string_data.a: is a mapping"]),
        (manifest(stringData={5: "planted"}), ["x.string_data: has a key that is a number"]),
        (manifest(stringData={"a/b": "planted"}), ["x: 'a/b' is not a key"]),
        (manifest(stringData={"..": "planted"}), ["x: '..' is not a key"]),
        (manifest(stringData={"": "planted"}), ["x: '' is not a key"]),
        # {password:planted}, without a space
        (manifest(stringData={"a:planted": None}), ["x.string_data.a:…: is empty", "x: 'a:…' is not a key"]),
        (manifest(data={"a": "planted!"}), ["x.data.a: is not base64"]),
        (manifest(data={"a": "cGxhbnRl!ZA=="}), ["x.data.a: is not base64"]),
        (manifest(data={"a": "cGxhbnRlZA"}), ["x.data.a: is not base64"]),
        (manifest(stringData={"a": "planted" * 200_000}), ["x: has more than 1 MiB"]),
        (manifest(type=5, immutable="yes"), ["x.type: is a number", "x.immutable: is str"]),
        (
            manifest(metadata={"name": "db", "namespace": "m", "labels": {"a": 1}, "annotations": {"b": True}}),
            ["x.labels.a: is a number", "x.annotations.b: is a boolean"],
        ),
    ],
)
def test_all_that_is_wrong_is_said_and_no_value(document, problems):
    with pytest.raises(ClusterError) as caught:
        from_manifest(document, "x")
    assert [str(problem)[: len(start)] for problem, start in zip(caught.value.problems, problems)] == problems
    assert len(caught.value.problems) == len(problems)
    assert "planted" not in str(caught.value)


def options(**given):
    return {"name": "db", "namespace": "media", "string_data": {"a": "1"}, "state": "present", **given}


def test_options():
    assert from_options(options(scope="cluster", namespace=None), "x").identity == ("", "db")
    assert from_options(options(state="absent", string_data={}), "x").absent is True
    assert from_options(options(removed_keys=["b"]), "x").removed_keys == {"b"}
    assert from_options(options(string_data={"a": "pässwörd"}), "x").values == {"a": "pässwörd".encode()}
    with pytest.raises(ClusterError, match=r"x\.removed_keys: a is given as a value, too"):
        from_options(options(removed_keys=["a"]), "x")


def test_the_convention():
    assert sealed_path("apps/db.secret.yaml") == "apps/db.sealed.yaml"
    for wrong in ("db.yaml", "db.secret.yml", "db.sealed.yaml", "db.secret.yaml.j2"):
        with pytest.raises(ClusterError, match=r"does not end with \.secret\.yaml"):
            sealed_path(wrong)
