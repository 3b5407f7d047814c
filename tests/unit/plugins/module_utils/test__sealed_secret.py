# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._keyed_digest import Key
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._sealed_secret import (
    RECORDS,
    Sealer,
    checked,
    plan,
    read_records,
)
from ansible_collections.homeops.cluster.plugins.module_utils._sealed_secret_manifest import Secret

KEY = Key.from_text("k" * 32, "test")
PATH = "db.sealed.yaml"


class Sealing:
    """Counts, so that every sealing gives another ciphertext, as the real one does."""

    def __init__(self):
        self.calls = []

    def __call__(self, label, value):
        self.calls.append((label, value))
        return f"sealed-{len(self.calls)}"


@pytest.fixture
def seal():
    return Sealing()


def sealer(seal, certificate="cert1", key=KEY):
    return Sealer(certificate, seal, key)


def secret(values=None, **options):
    return Secret("db", "media", values=values or {}, **options)


def stored(seal, values, **options):
    """The documents of a file that holds these values."""
    return list(plan(PATH, [], [secret(values, **options)], sealer(seal), merge=False).documents)


def again(seal, current, *wanted, merge=False, **options):
    seal.calls.clear()
    return plan(PATH, current, wanted, sealer(seal, **options), merge)


def test_what_is_written(seal):
    (document,) = stored(seal, {"b": b"2", "a": b"1"}, labels={"x": "y"}, type="example.com/t", immutable=True)
    records = document["metadata"]["annotations"].pop(RECORDS)
    assert document == {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": "db", "namespace": "media", "annotations": {}},
        "spec": {
            "encryptedData": {"a": "sealed-2", "b": "sealed-1"},
            "template": {
                "metadata": {"name": "db", "namespace": "media", "labels": {"x": "y"}},
                "type": "example.com/t",
                "immutable": True,
            },
        },
    }
    assert [line.split()[:3] for line in records.splitlines()] == [["a", "cert1", KEY.id], ["b", "cert1", KEY.id]]


@pytest.mark.parametrize(
    ("scope", "label", "annotation"),
    [
        (None, b"media/db", {}),
        ("strict", b"media/db", {}),
        ("namespace", b"media", {"sealedsecrets.bitnami.com/namespace-wide": "true"}),
        ("cluster", b"", {"sealedsecrets.bitnami.com/cluster-wide": "true"}),
    ],
)
def test_what_the_values_are_bound_to(seal, scope, label, annotation):
    (document,) = stored(seal, {"a": b"1"}, scope=scope)
    assert seal.calls == [(label, b"1")]
    assert document["metadata"]["annotations"].items() >= annotation.items()
    assert document["spec"]["template"]["metadata"].get("annotations", {}) == annotation


def test_nothing_changed_means_nothing_sealed(seal):
    current = stored(seal, {"a": b"1", "b": b""})
    result = again(seal, current, secret({"a": b"1", "b": b""}))
    assert (result.action, result.documents, seal.calls) == ("unchanged", current, [])
    assert not result.change().needed


@pytest.mark.parametrize(
    ("wanted", "options", "sealed", "kept"),
    [
        (secret({"a": b"1", "b": b"new"}), {}, {"b": "value"}, ("a",)),
        (secret({"a": b"1", "b": b"2", "c": b"3"}), {}, {"c": "new"}, ("a", "b")),
        (secret({"a": b"1"}), {}, {}, ("a",)),
        (secret({"a": b"1", "b": b"2"}, scope="namespace"), {}, {"a": "scope", "b": "scope"}, ()),
        (secret({"a": b"1", "b": b"2"}), {"certificate": "cert2"}, {"a": "certificate", "b": "certificate"}, ()),
        (secret({"a": b"1", "b": b"new"}), {"certificate": "cert2"}, {"a": "certificate", "b": "value"}, ()),
        (secret({"a": b"1", "b": b"2"}), {"key": Key.ephemeral()}, {"a": "digest key", "b": "digest key"}, ()),
        (secret({"a": b"1", "b": b"2"}), {"certificate": None}, {}, ("a", "b")),
    ],
)
def test_what_is_sealed_and_why(seal, wanted, options, sealed, kept):
    current = stored(seal, {"a": b"1", "b": b"2"})
    result = again(seal, current, wanted, **options)
    (outcome,) = result.outcomes
    assert (outcome.sealed, outcome.kept) == (sealed, kept)
    assert outcome.removed == tuple(sorted({"a", "b"} - set(wanted.values)))
    assert len(seal.calls) == len(sealed)
    for key in kept:
        assert result.documents[0]["spec"]["encryptedData"][key] == current[0]["spec"]["encryptedData"][key]


def swap(document):
    data = document["spec"]["encryptedData"]
    data["a"], data["b"] = data["b"], data["a"]


def swap_records(document):
    a, b = document["metadata"]["annotations"][RECORDS].splitlines()
    document["metadata"]["annotations"][RECORDS] = f"a {b[2:]}\nb {a[2:]}\n"


@pytest.mark.parametrize(
    ("damage", "sealed"),
    [
        (lambda d: d["spec"]["encryptedData"].update(a="by hand"), {"a": "value"}),
        (lambda d: d["spec"]["encryptedData"].pop("a"), {"a": "new"}),
        (lambda d: d["metadata"].pop("annotations"), {"a": "no digest", "b": "no digest"}),
        (lambda d: d["metadata"]["annotations"].update({RECORDS: 5}), {"a": "no digest", "b": "no digest"}),
        (
            lambda d: d["metadata"]["annotations"].update({RECORDS: "\n\na\nx y z\na b c d e\n"}),
            {"a": "no digest", "b": "no digest"},
        ),
        (swap, {"a": "value", "b": "value"}),
        (swap_records, {"a": "value", "b": "value"}),
    ],
)
def test_a_file_that_somebody_changed(seal, damage, sealed):
    current = stored(seal, {"a": b"1", "b": b"2"})
    damage(current[0])
    assert again(seal, current, secret({"a": b"1", "b": b"2"})).outcomes[0].sealed == sealed


def test_a_value_that_moved_to_another_key_is_sealed_for_it(seal):
    current = stored(seal, {"a": b"1"})
    data, annotations = current[0]["spec"]["encryptedData"], current[0]["metadata"]["annotations"]
    data["b"] = data.pop("a")
    annotations[RECORDS] = "b" + annotations[RECORDS][1:]
    assert again(seal, current, secret({"b": b"1"})).outcomes[0].sealed == {"b": "value"}


def test_what_only_a_cluster_knows_goes(seal):
    """As in the output of kubeseal and of kubectl get."""
    current = stored(seal, {"a": b"1"})
    clean = copy.deepcopy(current)
    current[0]["metadata"]["creationTimestamp"] = None
    current[0]["status"] = {"observedGeneration": 1}
    result = again(seal, current, secret({"a": b"1"}))
    assert (result.documents, seal.calls) == (clean, [])


@pytest.mark.parametrize("scope", ["strict", "namespace", "cluster"])
def test_a_digest_says_nothing_without_its_key(seal, scope):
    """Equal values give different digests; only the key tells which."""
    (document,) = stored(seal, {"a": b"same", "b": b"same"}, scope=scope)
    records = read_records(document)
    assert records["a"].digest != records["b"].digest
    assert "same" not in json.dumps(document)


def test_what_others_wrote_stays(seal):
    current = stored(seal, {"a": b"1"})
    metadata = current[0]["metadata"]
    metadata["labels"] = {"team": "x"}
    metadata["annotations"]["argocd.argoproj.io/sync-wave"] = "-3"
    current[0]["spec"]["template"]["data"] = {"url": "{{ .a }}"}
    result = again(seal, current, secret({"a": b"2"}))
    (document,) = result.documents
    assert document["metadata"]["labels"] == {"team": "x"}
    assert document["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] == "-3"
    assert document["spec"]["template"]["data"] == {"url": "{{ .a }}"}


def test_without_merging_what_is_not_said_goes(seal):
    current = stored(seal, {"a": b"1"}, labels={"x": "y"}, annotations={"x": "y"}, type="t/t", immutable=True)
    assert again(seal, current, secret({"a": b"1"})).documents == stored(seal, {"a": b"1"})


@pytest.mark.parametrize("merge", [True, False])
def test_a_copy_that_kubectl_left_is_neither_shown_nor_kept(seal, merge):
    current = stored(seal, {"a": b"1"})
    copy_of_all = {"kubectl.kubernetes.io/last-applied-configuration": '{"stringData": {"a": "planted"}}'}
    current[0]["spec"]["template"]["metadata"]["annotations"] = copy_of_all
    result = again(seal, current, secret({"a": b"1"}), merge=merge)
    assert result.action == "updated"
    assert "planted" not in str(result.change().diff())
    assert "planted" not in str(result.documents)


def test_merging_keeps_what_is_not_mentioned(seal):
    current = stored(seal, {"a": b"1", "b": b"2"}, scope="namespace", labels={"x": "y"}, type="t/t", immutable=True)
    other = copy.deepcopy(current[0])
    other["metadata"]["name"] = "other"
    result = again(seal, [*current, other], secret({"a": b"new"}, labels={"z": "1"}), merge=True)
    document, untouched = result.documents
    assert untouched == other
    assert document["spec"]["encryptedData"]["b"] == current[0]["spec"]["encryptedData"]["b"]
    assert document["spec"]["template"]["type"] == "t/t"
    assert document["spec"]["template"]["immutable"] is True
    assert document["spec"]["template"]["metadata"]["labels"] == {"x": "y", "z": "1"}
    assert [(outcome.name, outcome.scope) for outcome in result.outcomes] == [("db", "namespace")]
    assert seal.calls == [(b"media", b"new")]


def test_merging_with_a_new_certificate_seals_only_what_is_given(seal):
    current = stored(seal, {"a": b"1", "b": b"2"})
    result = again(seal, current, secret({"a": b"1"}), merge=True, certificate="cert2")
    assert result.outcomes[0].sealed == {"a": "certificate"}
    assert [record.certificate for record in read_records(result.documents[0]).values()] == ["cert2", "cert1"]


def test_merging_removes_what_it_is_told_to(seal):
    current = stored(seal, {"a": b"1", "b": b"2"})
    result = again(seal, current, secret(removed_keys=frozenset(("b", "never there"))), merge=True)
    assert (result.outcomes[0].removed, seal.calls) == (("b",), [])
    current[0]["spec"]["encryptedData"]["theirs"] = "by kubeseal"
    result = again(seal, current, secret(removed_keys=frozenset("ab")), merge=True)
    assert RECORDS not in str(result.documents)


@pytest.mark.parametrize(
    ("wanted", "merge", "message"),
    [
        (secret({}), False, "media/db: has no data"),
        (secret(removed_keys=frozenset("ab")), True, "media/db: has no data"),
        (secret({"a": b"1"}, scope="cluster"), True, "media/db: changes its scope, and the values of b are not given"),
    ],
)
def test_what_is_refused(seal, wanted, merge, message):
    current = stored(seal, {"a": b"1", "b": b"2"})
    with pytest.raises(ClusterError, match=message):
        again(seal, current, wanted, merge=merge)


def test_a_file_without_any_is_removed(seal):
    current = stored(seal, {"a": b"1"})
    result = again(seal, current, secret(absent=True))
    assert (result.action, result.documents, result.outcomes[0].removed) == ("removed", [], ("a",))
    nothing = again(seal, [], secret(absent=True))
    assert (nothing.action, nothing.outcomes) == ("unchanged", [])


def test_the_diff_shows_names_and_reasons_only(seal):
    current = stored(seal, {"a": b"1", "b": b"planted"})
    diff = again(seal, current, secret({"a": b"1", "b": b"planted2", "c": b"planted3"})).change().diff()
    assert diff["before"]["media/db"]["keys"] == {"a": "sealed", "b": "sealed"}
    assert diff["after"]["media/db"]["keys"] == {"a": "sealed", "b": "sealed anew (value)", "c": "sealed anew (new)"}
    assert "planted" not in str(diff)
    assert "sealed-" not in str(diff)
    assert KEY.id not in str(diff)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"kind": "Secret", "stringData": {"a": "planted"}}, "holds Secret, which is not a SealedSecret"),
        ({"a": "planted"}, "holds something, which is not a SealedSecret"),
        (["planted"], "holds something, which is not a SealedSecret"),
        ({"kind": "SealedSecret", "spec": ["planted"]}, "is not a well-formed SealedSecret"),
        ({"kind": "SealedSecret", "metadata": "planted"}, "is not a well-formed SealedSecret"),
        ({"kind": "SealedSecret", "metadata": {"annotations": ["planted"]}}, "is not a well-formed SealedSecret"),
        ({"kind": "SealedSecret", "spec": {"template": {"metadata": "planted"}}}, "is not a well-formed SealedSecret"),
        (
            {"kind": "SealedSecret", "spec": {"template": {"metadata": {"labels": "planted"}}}},
            "is not a well-formed SealedSecret",
        ),
        ({"kind": "SealedSecret", "spec": {"encryptedData": ["planted"]}}, "is not a well-formed SealedSecret"),
        ({"kind": "SealedSecret", "spec": {"template": "planted"}}, "is not a well-formed SealedSecret"),
    ],
)
def test_a_file_with_anything_else_is_never_overwritten(document, message):
    with pytest.raises(ClusterError, match=message) as caught:
        checked([None, document], PATH)
    assert "planted" not in str(caught.value)
