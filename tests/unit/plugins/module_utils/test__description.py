# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""tests/fixtures/descriptions/wrong: each file is a change to valid.yml and the complete list of what is reported."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._description import (
    advice,
    check,
    concealed,
    inline,
    summary,
)
from ansible_collections.homeops.cluster.plugins.module_utils._description_schema import SCHEMA
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

ROOT = Path(__file__).parents[4]
FIXTURES = ROOT / "tests" / "fixtures" / "descriptions"
EXAMPLE = ROOT / "inventory" / "example"
ABSENT = "<absent>"


def load(path):
    return yaml.safe_load(path.read_text())


def changed(base, change):
    """C(base) with C(change) laid over it, mapping by mapping; ABSENT removes a key."""
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    merged = {**base, **{key: changed(base.get(key), value) for key, value in change.items()}}
    return {key: value for key, value in merged.items() if value != ABSENT}


def described(fixture):
    return changed(load(FIXTURES / "valid.yml"), fixture["change"])


def found(description):
    try:
        check(description["description"], description["secrets"], description["nodes"])
    except ClusterError as error:
        return [str(problem) for problem in error.problems]
    return []


def secret_values(description):
    return [str(value) for value in description["secrets"].values() if value]


@pytest.mark.parametrize("path", sorted((FIXTURES / "wrong").iterdir()), ids=lambda path: path.stem)
def test_wrong_description_gets_every_problem_reported(path):
    fixture = load(path)
    problems = found(described(fixture))
    assert problems == fixture["problems"]
    assert not [text for text in problems for secret in secret_values(described(fixture)) if secret in text]


@pytest.mark.parametrize("path", sorted((FIXTURES / "right").iterdir()), ids=lambda path: path.stem)
def test_right_description_passes_with_its_advice(path):
    fixture = load(path)
    description = described(fixture)
    assert found(description) == []
    cluster = check(description["description"], description["secrets"], description["nodes"])
    assert advice(cluster) == fixture["advice"]
    assert not [secret for secret in secret_values(description) if secret in str(summary(cluster))]


def test_there_are_enough_ways_to_be_wrong():
    assert len(list((FIXTURES / "wrong").iterdir())) >= 30
    assert len(load(FIXTURES / "wrong" / "everything_at_once.yml")["problems"]) >= 15


def test_summary_tells_what_will_be_built():
    valid = load(FIXTURES / "valid.yml")
    assert summary(check(valid["description"], valid["secrets"], valid["nodes"])) == {
        "cluster": "home, API at https://192.0.2.10:6443",
        "servers": ["server1 192.0.2.11"],
        "agents": ["agent1 192.0.2.21"],
        "etcd": "1 voter, survives the loss of 0",
        "versions": valid["description"]["cluster_versions"],
        "networks": valid["description"]["cluster_networks"],
        "bgp": ["AS 65010 with router 192.0.2.1 (AS 65000) with a password, hold 9 s, cilium.io/v2"],
        "pools": ["default 198.51.100.0/26, 64 addresses"],
        "gitops": "https://git.example.com/home/cluster.git main kubernetes",
        "router": "configured through https://192.0.2.1",
    }


def test_problems_found_elsewhere_are_reported_with_the_others():
    valid = load(FIXTURES / "valid.yml")
    valid["description"]["cluster_name"] = "Home"
    with pytest.raises(ClusterError) as error:
        check(
            valid["description"],
            valid["secrets"],
            valid["nodes"],
            [Problem("controller", "helm is missing", "Install it")],
        )
    assert [problem.where for problem in error.value.problems] == ["controller", "cluster_name"]


@pytest.mark.parametrize(
    ("description", "values"),
    [
        ({"cluster_name": "home", "cluster_unifi_username": "automation"}, set()),
        ({"cluster_k3s_token": "in the wrong option"}, {"in the wrong option"}),
        ({"cluster_k3s_tokn": "misspelt"}, {"misspelt"}),
        ({"cluster_colour": "blue"}, set()),
        ({"cluster_bgp": {"password": 123, "peers": [{"password": "deep"}]}}, {"123", "deep"}),
        ({"cluster_unifi": {"api_key": ["listed"]}}, {"listed"}),
        ({"cluster_gitops": {"repository": "https://robot:secret@git.example.com/x"}}, {"robot", "secret"}),
        ({"cluster_gitops": {"repository": "ssh://git:secret@git.example.com/x"}}, {"secret"}),
        ({"cluster_gitops": {"repository": "git@git.example.com:x"}}, set()),
        ({"cluster_unifi": {"api_key": None, "password": ""}}, set()),
        ({"cluster_my_secret": "x1", "cluster_my_passwd": "x2", "cluster_name": "home"}, {"x1", "x2"}),
    ],
)
def test_misplaced_secrets_are_concealed(description, values):
    assert concealed(description) == values


def test_every_example_of_the_schema_is_right():
    valid = load(FIXTURES / "valid.yml")
    valid["description"] = {
        field.name: field.sample()
        for field in SCHEMA
        if not field.secret and not field.per_host and field.name != "cluster_unifi_username"
    }
    assert found(valid) == []


def test_secrets_and_only_secrets_end_like_one():
    endings = ("_token", "_password", "_api_key")
    assert [field.name for field in SCHEMA if field.secret] == [
        field.name for field in SCHEMA if field.name.endswith(endings)
    ]


def test_inline_is_yaml():
    value = {"a": [{"b": True, "c": "x"}, 1]}
    assert yaml.safe_load(inline(value)) == value


def example():
    hosts = load(EXAMPLE / "hosts.yml")["all"]["children"]
    roles = {"k3s_servers": "server", "k3s_agents": "agent"}
    return {
        "description": load(EXAMPLE / "group_vars" / "all" / "cluster.yml"),
        "secrets": load(EXAMPLE / "group_vars" / "all" / "secrets.yml.example"),
        "nodes": [
            {"name": name, "address": host["ansible_host"], "role": role}
            for group, role in roles.items()
            for name, host in hosts[group]["hosts"].items()
        ],
    }


def test_example_inventory_lacks_only_secrets_of_its_own():
    described = example()
    problems = found(described)
    assert len(problems) == len(described["secrets"])
    assert all("placeholder" in problem for problem in problems)
    described["secrets"] = dict.fromkeys(described["secrets"], "a-secret-of-my-own")
    assert found(described) == []
    assert advice(check(**described)) == []


def places(value, path=()):
    """The paths of everything inside."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inside for place in places(item, (*path, key)))]


def replaced(value, path, new):
    if not path:
        return new
    copied = value.copy()
    copied[path[0]] = replaced(value[path[0]], path[1:], new)
    return copied


@pytest.mark.parametrize(
    "odd", [None, False, True, 0, -1, 1.5, "", " ", "a: b", "::1", [], [None], [[]], {}, {"a": {1: 2}}]
)
@pytest.mark.parametrize("part", ["description", "secrets"])
def test_nothing_that_yaml_can_say_breaks_the_check(part, odd):
    full = load(FIXTURES / "valid.yml")
    full["description"]["cluster_bgp"].update(timers={"hold": 9, "keepalive": 3}, graceful_restart=120)
    full["description"]["cluster_lb_pools"] = described(load(FIXTURES / "right" / "pools_of_every_kind.yml"))[
        "description"
    ]["cluster_lb_pools"]
    assert found(full) == []
    for path in places(full[part])[1:]:
        assert isinstance(found({**full, part: replaced(full[part], path, odd)}), list)
