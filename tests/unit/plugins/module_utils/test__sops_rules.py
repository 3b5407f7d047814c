# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _sops_rules as rules
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

ANN, BOB = "age1ann", "age1bob"


def of(*creation_rules, path="/repository/.sops.yaml", **rest):
    return rules.Rules.from_document({"creation_rules": list(creation_rules), **rest}, path)


@pytest.mark.parametrize(
    ("there", "found"),
    [
        (["/r/.sops.yaml"], "/r/.sops.yaml"),
        (["/r/.sops.yaml", "/r/a/b/.sops.yaml"], "/r/a/b/.sops.yaml"),
        (["/r/a/b/c/.sops.yaml", "/.sops.yaml"], "/.sops.yaml"),
        (["/r/.sops.yml"], None),
        ([], None),
    ],
)
def test_rules_are_those_nearest_to_the_file(there, found):
    assert rules.find("/r/a/b/file.yaml", lambda path: path in there) == found


@pytest.mark.parametrize(
    ("regex", "path", "matches"),
    [
        ("^secrets/", "/repository/secrets/a.yaml", True),
        ("^secrets/", "/repository/more/secrets/a.yaml", False),
        ("repository", "/repository/a.yaml", False),
        (r"\.yaml$", "/repository/a.yaml", True),
        (r"\.yaml$", "/repository/a.yaml.bak", False),
        ("", "/repository/a", True),
        # As sops has it: a file elsewhere is matched with all of its path.
        ("^/elsewhere/a$", "/elsewhere/a", True),
    ],
)
def test_path_is_matched_below_the_directory_of_the_rules(regex, path, matches):
    found = of({"path_regex": regex, "age": ANN}).rule_for(path)
    assert (found is not None) is matches
    assert found is None or found.path_regex == regex


def test_first_rule_that_matches_counts():
    chosen = of({"path_regex": "^a", "age": ANN}, {"age": BOB})
    assert chosen.rule_for("/repository/a").recipients == ("age:age1ann",)
    assert chosen.rule_for("/repository/b").recipients == ("age:age1bob",)


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(ClusterError) as caught:
        of(
            {"path_regex": "(?=a)", "age": ANN, "encrypted_regex": "[", "encrypted_suffix": "s"},
            {"path_regex": "a"},
            "text",
            {"age": {"a": "b"}},
            {"age": "AGE-SECRET-KEY-1X"},
            {"key_groups": ["x", {"age": "text"}]},
        )
    wheres = [problem.where.replace("/repository/.sops.yaml: creation_rules", "") for problem in caught.value.problems]
    assert wheres == [
        *("[0].path_regex", "[0]", "[0].encrypted_regex", "[1]", "[2]", "[3].age", "[4].age"),
        *("[5].key_groups[0]", "[5].key_groups[1].age"),
    ]
    assert "SECRET-KEY-1X" not in str(caught.value)


@pytest.mark.parametrize("document", [None, [], "text", {}, {"creation_rules": {}}, {"creation_rules": []}])
def test_what_holds_no_rules(document):
    with pytest.raises(ClusterError, match="has no creation_rules"):
        rules.Rules.from_document(document, "/.sops.yaml")


GCP = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
AZURE = "https://v.vault.azure.net/keys/name"
VAULT = "https://vault:8200/v1/sops/keys/first"
ARN = "arn:aws:kms:us-east-1:1:key/x"


@pytest.mark.parametrize(
    ("rule", "metadata"),
    [
        ({"age": f"{ANN}, {BOB},"}, {"age": [{"recipient": BOB, "enc": "x"}, {"recipient": ANN, "enc": "x"}]}),
        ({"age": [ANN, f"{ANN},{BOB}"]}, {"age": [{"recipient": ANN}, {"recipient": BOB}], "kms": []}),
        ({"pgp": "AB CD"}, {"pgp": [{"fp": "ABCD", "created_at": "x"}]}),
        ({"kms": f"{ARN}+role"}, {"kms": [{"arn": ARN, "role": "role", "aws_profile": ""}]}),
        ({"gcp_kms": GCP}, {"gcp_kms": [{"resource_id": GCP}]}),
        ({"hckms": ["region:uuid"]}, {"hckms": [{"key_id": "region:uuid"}]}),
        ({"azure_keyvault": AZURE}, {"azure_kv": [{"vault_url": AZURE[:25], "name": "name", "version": "1"}]}),
        (
            {"hc_vault_transit_uri": VAULT},
            {"hc_vault": [{"vault_address": VAULT[:18], "engine_path": "sops", "key_name": "first"}]},
        ),
        (
            {
                "key_groups": [
                    {"age": [ANN], "kms": [{"arn": ARN, "role": "role", "context": {"b": "2", "a": "1"}}]},
                    {"merge": [{"pgp": ["ABCD"]}], "hc_vault": [VAULT]},
                    {"azure_keyvault": [{"vaultUrl": AZURE[:25], "key": "name"}], "gcp_kms": [{"resource_id": GCP}]},
                ],
                "shamir_threshold": 2,
            },
            {
                "key_groups": [
                    {
                        "age": [{"recipient": ANN}],
                        "kms": [{"arn": ARN, "role": "role", "context": {"a": "1", "b": "2"}}],
                    },
                    {
                        "pgp": [{"fp": "ABCD"}],
                        "hc_vault": [{"vault_address": VAULT[:18], "engine_path": "sops", "key_name": "first"}],
                    },
                    {"azure_kv": [{"vault_url": AZURE[:25], "name": "name"}], "gcp_kms": [{"resource_id": GCP}]},
                ],
                "shamir_threshold": "2",
            },
        ),
    ],
)
def test_rule_and_what_sops_makes_of_it_are_equal(rule, metadata):
    metadata = {**metadata, "unencrypted_suffix": "_unencrypted", "mac": "x"}
    wanted = rules.Rule.from_document(rule, "rule")
    assert rules.Rule.from_metadata(metadata) == wanted
    assert len(wanted.recipients) == sum(len(group) for group in wanted.groups) > 0


@pytest.mark.parametrize(
    "other",
    [
        {"age": BOB},
        {"age": [ANN, BOB]},
        {"age": ANN, "encrypted_regex": "a"},
        {"age": ANN, "unencrypted_suffix": "_clear"},
        {"age": ANN, "mac_only_encrypted": True},
        {"key_groups": [{"age": [ANN]}, {"age": [ANN]}]},
    ],
)
def test_rules_that_differ(other):
    assert rules.Rule.from_document({"age": ANN}, "rule") != rules.Rule.from_document(other, "rule")


def test_binary_file_has_no_selection():
    rule = rules.Rule.from_document({"age": ANN, "encrypted_regex": "a", "mac_only_encrypted": True}, "rule")
    assert rule.of_format("yaml") == rule
    assert rule.of_format("binary") == rules.Rule.from_metadata({"age": [{"recipient": ANN}]})


@pytest.mark.parametrize(
    ("selector", "path", "encrypted"),
    [
        (None, ["a"], True),
        (None, ["a_unencrypted", "b"], False),
        (("unencrypted_suffix", "_x"), ["a_unencrypted"], True),
        (("encrypted_suffix", "_x"), ["a_x", "b"], True),
        (("encrypted_suffix", "_x"), ["a"], False),
        (("encrypted_regex", "^data$"), ["data", "b"], True),
        (("encrypted_regex", "^data$"), ["metadata"], False),
        (("unencrypted_regex", "^kind$"), ["kind"], False),
        (("unencrypted_regex", "^kind$"), ["data"], True),
        (("encrypted_comment_regex", "x"), ["a"], True),
    ],
)
def test_which_values_are_encrypted(selector, path, encrypted):
    rule = rules.Rule.from_document({"age": ANN, **(dict([selector]) if selector else {})}, "rule")
    assert rule.encrypts(path) is encrypted


def test_what_a_user_gives_replaces_that_of_the_rule():
    rule = of({"path_regex": "a", "age": ANN, "encrypted_regex": "x"}, stores={"yaml": {"indent": 2}}).rule_for(
        "/repository/a"
    )
    assert rule.document == {
        "creation_rules": [{"age": ANN, "encrypted_regex": "x"}],
        "stores": {"yaml": {"indent": 2}},
    }
    changed = rule.changed([BOB], None, None)
    assert (changed.recipients, changed.selector) == (("age:age1bob",), ("encrypted_regex", "x"))
    assert changed.document["stores"] == {"yaml": {"indent": 2}}
    changed = rule.changed([], ("encrypted_suffix", "y"), True)
    assert (changed.recipients, changed.selector) == (("age:age1ann",), ("encrypted_suffix", "y"))
    assert changed.mac_only_encrypted is True
    assert rules.Rule(()).changed([BOB], None, None).recipients == ("age:age1bob",)


@pytest.mark.parametrize(
    ("recipient", "kind"),
    [
        ("age1abc", "age"),
        ("ssh-ed25519 AAAA me", "age"),
        ("A" * 40, "pgp"),
        (ARN, "kms"),
        (GCP, "gcp_kms"),
        (AZURE, "azure_keyvault"),
        (VAULT, "hc_vault"),
    ],
)
def test_kind_of_a_recipient_is_told_by_how_it_is_written(recipient, kind):
    assert rules.Rule(()).changed([recipient], None, None).recipients[0].startswith(f"{kind}:")


def test_recipients_that_are_none():
    with pytest.raises(ClusterError) as caught:
        rules.Rule(()).changed(["who", "AGE-SECRET-KEY-1X", "-----BEGIN OPENSSH PRIVATE KEY-----"], None, None)
    assert [problem.where for problem in caught.value.problems] == ["recipients[0]", "recipients[1]", "recipients[2]"]
    assert "1X" not in str(caught.value)
