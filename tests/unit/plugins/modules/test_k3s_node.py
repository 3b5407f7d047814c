# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._change import Change
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_cluster import Server
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_node import Result
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_release import RELEASES, Release
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.modules import k3s_node

CHANGE = Change("/etc/rancher/k3s/config.yaml", "", "a: 1\n")
STARTED = {
    "host": "server1",
    "role": "server",
    "version": "v1.35.4+k3s1",
    "config": {"disable": []},
    "token": "planted-token",
}


@pytest.fixture
def run(capsys, monkeypatch):
    """Runs the module on a node whose only method is the expected one; gives the module's result and what was asked."""

    def run(method, answer, **options):
        asked = {}

        def here(run_command, open_url, **settings):
            def expected(*arguments):
                asked.update(settings, arguments=arguments)
                if isinstance(answer, ClusterError):
                    raise answer
                return answer

            def unexpected(*arguments):
                raise AssertionError(f"not {method} was called")

            methods = dict.fromkeys(("start", "restart", "stop", "reset", "evict"), unexpected)
            return SimpleNamespace(**{**methods, method: expected}, cluster_id="abc")

        monkeypatch.setattr(k3s_node.Node, "here", here)
        with patch_module_args(options), pytest.raises(SystemExit):
            k3s_node.main()
        return json.loads(capsys.readouterr().out), asked

    return run


def test_changed(run):
    result, asked = run(
        "start", Result([CHANGE], restart_required=True, bootstrap="keep"), **STARTED, _ansible_diff=True
    )
    assert result["changed"] is True
    assert result["changes"] == ["/etc/rancher/k3s/config.yaml"]
    assert (result["restart_required"], result["bootstrap"], result["cluster_id"]) == (True, "keep", "abc")
    assert result["diff"] == [CHANGE.diff()]
    assert asked["check"] is False
    assert asked["arguments"][0].release == Release("v1.35.4+k3s1", RELEASES)


def test_unchanged(run):
    result, _asked = run("start", Result(bootstrap="keep"), **STARTED)
    assert (result["changed"], result["changes"]) == (False, [])
    assert "diff" not in result


def test_check_mode_is_handed_on(run):
    _result, asked = run("start", Result([CHANGE]), **STARTED, _ansible_check_mode=True)
    assert asked["check"] is True


def test_failure(run):
    result, _asked = run("start", ClusterError(Problem("server1", "is on fire", "Put it out")), **STARTED)
    assert (result["failed"], result["msg"]) == (True, "server1: is on fire. Put it out")


def test_servers_in_the_order_given(run):
    servers = [
        {"host": "server2", "info": {"unreachable": True}},
        {"host": "server1", "info": {"k3s": {"member": True}}},
    ]
    _result, asked = run("start", Result(), **STARTED, servers=servers)
    assert asked["servers"] == [Server("server2"), Server("server1", reachable=True, member=True)]


@pytest.mark.parametrize(
    ("state", "method", "more", "arguments"),
    [
        ("restarted", "restart", {}, []),
        ("stopped", "stop", {}, []),
        ("absent", "reset", {}, []),
        ("evicted", "evict", {"evict": {"name": "server2", "address": "192.0.2.12"}}, ["server2", "192.0.2.12"]),
    ],
)
def test_every_other_state_needs_no_more_than_the_host(run, state, method, more, arguments):
    result, asked = run(method, Result([CHANGE]), host="server1", role="server", state=state, **more)
    assert result["changed"] is True
    assert list(asked["arguments"]) == arguments


@pytest.mark.parametrize(
    ("missing", "message"),
    [("token", "token"), ("config", "config"), ("version", "version, binary_path"), ("role", "role")],
)
def test_what_is_required(run, missing, message):
    result, _asked = run("start", Result(), **{key: value for key, value in STARTED.items() if key != missing})
    assert result["failed"] is True
    assert message in result["msg"]


def test_secrets_are_masked_and_nothing_else(run):
    shown = "planted-token planted-password k3s 443"
    result, _asked = run(
        "start",
        Result([Change(shown, "", "x")]),
        **STARTED,
        registries={"configs": {"a": {"auth": {"username": "k3s", "password": "planted-password"}}}},
        environment={"PORT": "443"},
    )
    assert "planted" not in json.dumps(result)
    assert result["changes"][0].endswith(" k3s 443")


def test_the_invocation_shows_no_setting_that_may_be_a_secret(run):
    settings = {"kube-apiserver-arg": ["oidc-client-secret=planted"], "disable": ["traefik"]}
    result, asked = run(
        "start",
        Result(),
        **{**STARTED, "config": settings},
        environment={"MY_KEY": "planted"},
        registries={"a": "planted"},
    )
    assert "planted" not in json.dumps(result)
    assert asked["arguments"][0].config == settings
    assert asked["arguments"][0].environment == {"MY_KEY": "planted"}
    # what is no_log is left out of the node's syslog as well
    assert k3s_node.ARGUMENT_SPEC["config"]["no_log"]
