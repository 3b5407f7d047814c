# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files are secret. What SOPS itself does is tested with the real one, in tests/integration/secrets."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._keyed_digest import Key
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files
from ansible_collections.homeops.cluster.plugins.module_utils._sops_engine import Engine
from ansible_collections.homeops.cluster.plugins.module_utils._sops_program import Sops
from ansible_collections.homeops.cluster.plugins.module_utils._sops_step import Settings
from ansible_collections.homeops.cluster.plugins.module_utils._tree_vault import SopsVault

AGE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


def vault(folder, *rules, answer=(0, b"", b"")):
    if rules:
        text = yaml.safe_dump({"creation_rules": [{"age": AGE, **rule} for rule in rules]})
        (folder / ".sops.yaml").write_text(text)
    sops = Sops(lambda _arguments, _content: answer, str(folder))
    return SopsVault(str(folder), Engine(Key(b"test"), sops, Files(), Settings()))


@pytest.mark.parametrize(
    ("rules", "path", "secret"),
    [
        ((), "a.yaml", False),
        (({},), "a.yaml", False),  # a rule for everything does not make a secret of every manifest
        (({},), "a.sops.yaml", True),
        (({"path_regex": r"\.sops\."},), "b/a.sops.yaml", True),
        (({"path_regex": "^talos/"},), "talos/machine.yaml", True),
        (({"path_regex": "^talos/"}, {}), "kubernetes/a.yaml", False),
        (({"path_regex": "^talos/"}, {}), "kubernetes/a.sops.yaml", True),
    ],
)
def test_encrypts(tmp_path, rules, path, secret):
    assert vault(tmp_path, *rules).encrypts(path) is secret


@pytest.mark.parametrize("rules", [(), ({"path_regex": "^talos/"},)])
def test_a_secret_without_a_rule_is_refused(tmp_path, rules):
    with pytest.raises(ClusterError, match="has the name of a secret, but no creation rule"):
        vault(tmp_path, *rules).encrypts("a.sops.yaml")


def test_wrong_rules_are_told_by_their_place_in_the_repository(tmp_path):
    with pytest.raises(ClusterError) as error:
        vault(tmp_path, {"path_regex": "("})
    assert error.value.problems[0].where == ".sops.yaml: creation_rules[0].path_regex"


@pytest.mark.parametrize(
    ("status", "said"), [(128, "no private key at hand opens it"), (51, "was not written by sops as it is now")]
)
def test_decrypt(tmp_path, status, said):
    assert vault(tmp_path, answer=(0, b"plain", b"")).decrypt("a.sops.yaml", b"x") == b"plain"
    with pytest.raises(ClusterError, match=said):
        vault(tmp_path, answer=(status, b"", b"planted")).decrypt("a.sops.yaml", b"x")
