# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils import _k3s_files as files
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_files import ManagedFile
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"b": 1, "a": True, "c": None, "d": "yes", "e": [], "f": {}},
        {"list": ["a: b", "- c", "#", 'q"uote', "ünïcode", "*"], "nested": {"*": {"docker.io": ["x"]}}},
        {"deep": [{"a": [1, 2, {"b": "c"}]}, ["x", ["y"]]], "true": 1, "on": 2, "1": 3},
    ],
)
def test_rendered_yaml_means_what_it_was_rendered_from(data):
    assert (yaml.safe_load(files.yaml_file(data)) or {}) == data


def test_rendered_yaml_is_sorted_readable_and_says_whose_it_is():
    assert files.yaml_file({"tls-san": ["b", "a"], "disable": True}) == (
        files.HEADER + 'disable: true\ntls-san:\n  - "b"\n  - "a"\n'
    )


@pytest.mark.parametrize(
    ("role", "config", "words"),
    [
        ("server", {"token": "x"}, ["config.token", "decided by the module"]),
        ("server", {"server": "x", "cluster-init": True}, ["config.server", "config.cluster-init"]),
        ("server", {"agent-token": "x"}, ["config.agent-token", "secret", "K3S_AGENT_TOKEN"]),
        (
            "server",
            {"datastore-endpoint": "x", "etcd-s3-secret-key": "x"},
            ["datastore-endpoint", "etcd-s3-secret-key"],
        ),
        ("agent", {}, ["config.server", "missing"]),
    ],
)
def test_settings_that_are_refused(role, config, words):
    with pytest.raises(ClusterError) as error:
        files.config_file(config, role)
    for word in words:
        assert word in str(error.value)


def test_settings_that_only_sound_secret_are_not_refused():
    config = {
        "etcd-s3-config-secret": "s3",
        "etcd-s3-endpoint": "e",
        "agent-token-file": "/a",
        "secrets-encryption": True,
    }
    rendered = yaml.safe_load(files.config_file(config, "server"))
    assert rendered == {**config, "token-file": files.TOKEN}


def test_environment_is_one_quoted_line_per_variable():
    assert files.environment_file({"B": 'a "b" \\', "A": 1}) == files.HEADER + 'A="1"\nB="a \\"b\\" \\\\"\n'


@pytest.mark.parametrize("environment", [{"A B": "x"}, {"A": "x\ny"}, {"1A": "x"}])
def test_environment_that_cannot_be_one_line_is_refused(environment):
    with pytest.raises(ClusterError, match="environment"):
        files.environment_file(environment)


REGISTRIES = {
    "mirrors": {"docker.io": {"endpoint": ["https://user:hunter2@mirror.example.com"]}},
    "configs": {"ghcr.io": {"auth": {"username": "k3s", "password": "s3cret", "auth": "dTpw"}}},
}


def test_secrets_inside_registries_and_environment_are_found_and_nothing_else():
    environment = {
        "HTTP_PROXY": "http://proxy:3128",
        "AWS_SECRET_ACCESS_KEY": "abc",
        "K3S_DATASTORE_ENDPOINT": "mysql://x",
    }
    assert files.secrets([REGISTRIES, environment]) == {
        "https://user:hunter2@mirror.example.com",
        "s3cret",
        "dTpw",
        "abc",
        "mysql://x",
    }


@pytest.mark.parametrize(
    ("text", "gone", "kept"),
    [
        (files.yaml_file(REGISTRIES), ["hunter2", "s3cret", "dTpw"], ["mirror.example.com", '"k3s"', "ghcr.io"]),
        (files.environment_file({"K3S_AGENT_TOKEN": "abc1", "NO_PROXY": "10.0.0.0/8"}), ["abc1"], ["10.0.0.0/8"]),
    ],
)
def test_what_is_shown_of_a_file_of_ours(text, gone, kept):
    shown = ManagedFile("/x", text).change(None, None).after
    assert not [word for word in gone if word in shown]
    assert not [word for word in kept if word not in shown]


OURS = files.HEADER + "a: 1\n"


@pytest.mark.parametrize(
    ("file", "content", "mode", "expected"),
    [
        pytest.param(ManagedFile("/x", OURS), None, None, (True, "", OURS), id="new"),
        pytest.param(ManagedFile("/x", OURS), OURS, 0o600, (False, OURS, OURS), id="the same"),
        pytest.param(ManagedFile("/x", OURS), OURS, 0o644, (True, OURS, OURS), id="other permissions"),
        pytest.param(ManagedFile("/x", OURS), "token: abc\n", 0o600, (True, files.FOREIGN, OURS), id="foreign"),
        pytest.param(ManagedFile("/x", None), OURS, 0o600, (True, OURS, ""), id="ours goes away"),
        pytest.param(ManagedFile("/x", None), "foreign", 0o600, (False, "", ""), id="a foreign one stays"),
        pytest.param(ManagedFile("/x", None), None, None, (False, "", ""), id="nothing stays nothing"),
        pytest.param(
            ManagedFile("/x", "new", secret=True),
            "old",
            0o600,
            (True, "(hidden)\n", "(hidden)\n"),
            id="a secret is not shown",
        ),
    ],
)
def test_change_of_a_file(file, content, mode, expected):
    change = file.change(content, mode)
    assert (change.needed, change.before, change.after) == expected


@pytest.mark.parametrize("role", ["server", "agent"])
def test_unit_restarts_k3s_and_keeps_its_pods(role):
    unit = files.unit_file(role).splitlines()
    for line in ("Type=notify", "KillMode=process", "Restart=always", f"ExecStart=/usr/local/bin/k3s {role}"):
        assert line in unit


@pytest.mark.parametrize(
    ("token", "password"),
    [("short", "short"), ("K10abc::server:pw", "pw"), ("K10abc::pw", "pw"), (" short\n", "short")],
)
def test_password_of_a_token(token, password):
    assert files.token_password(token) == password


def test_values_of_the_environment_are_not_shown_whatever_their_names():
    managed = {file.path: file for file in files.managed_files("server", {}, "pw", {}, {"MY_KEY": "planted"})}
    change = managed[files.environment_path("server")].change(None, None)
    assert change.needed
    assert "planted" not in change.after


def test_a_new_cluster_wants_the_short_form_of_a_token():
    files.check_founding_token("pw")
    with pytest.raises(ClusterError, match="token: has the long form") as error:
        files.check_founding_token("K10abc::server:planted")
    assert "planted" not in str(error.value)


def test_another_token_than_the_data_is_encrypted_with_is_refused():
    files.check_token("pw", None)
    files.check_token("pw", "K10abc::server:pw\n")
    with pytest.raises(ClusterError, match="token rotate") as error:
        files.check_token("newpassword", "K10abc::server:oldpassword\n")
    assert "newpassword" not in str(error.value)
    assert "oldpassword" not in str(error.value)
