# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._unifi import BgpConfig, Response
from ansible_collections.homeops.cluster.plugins.modules import unifi_bgp

TEXT = "! Managed by homeops.cluster for cluster home.\nrouter bgp 65000\n neighbor CLUSTER password hunter2\n"
OURS = BgpConfig(TEXT, "homeops-cluster.conf", "Managed by homeops.cluster", True)
OTHER = BgpConfig(TEXT.replace("hunter2", "hunter1"), "homeops-cluster.conf", "Managed by homeops.cluster", True)
THEIRS = BgpConfig("router bgp 65000\n", "b.conf", "", True)
NEIGHBOURS = BgpConfig(TEXT.replace("home", "lab"), "homeops-cluster.conf", "Managed by homeops.cluster", True)
READ, WRITE, DELETE = "GET", "POST", "DELETE"


class Console:
    """A site's configuration behind a transport; remembers which requests were made."""

    def __init__(self, config):
        self.documents = [config.to_api()] if config else []
        self.methods = []

    def __call__(self, method, url, headers, body):
        self.methods.append(method)
        if headers["X-API-KEY"] != "k3y-of-the-console":
            return Response(401, {}, "{}")
        if method == "POST":
            self.documents = [json.loads(body)]
        if method == "DELETE":
            self.documents = []
        return Response(200, {}, json.dumps(self.documents))


@pytest.fixture(name="run")
def run_(monkeypatch, capsys):
    def run(console, check=False, **options):
        monkeypatch.setattr(unifi_bgp, "transport", lambda **transport: console)
        arguments = {"url": "https://192.0.2.1", "api_key": "k3y-of-the-console", "cluster": "home", "config": TEXT}
        arguments.update(options)
        arguments = {name: value for name, value in arguments.items() if value is not None}
        arguments.update(_ansible_check_mode=check, _ansible_diff=True)
        with patch_module_args(arguments), pytest.raises(SystemExit):
            unifi_bgp.main()
        output = capsys.readouterr().out
        assert "hunter" not in output
        assert "k3y-of-the-console" not in output
        return json.loads(output)

    return run


@pytest.mark.parametrize(
    ("current", "options", "previous", "method"),
    [
        pytest.param(None, {}, "absent", WRITE, id="created"),
        pytest.param(OURS, {}, "managed", None, id="unchanged"),
        pytest.param(OTHER, {}, "managed", WRITE, id="another password"),
        pytest.param(THEIRS, {"overwrite": True}, "foreign", WRITE, id="overwritten"),
        pytest.param(OURS, {"state": "absent"}, "managed", DELETE, id="deleted"),
        pytest.param(None, {"state": "absent"}, "absent", None, id="deleted already"),
    ],
)
def test_outcomes(run, current, options, previous, method):
    outcomes = []
    for check in (True, False):
        console = Console(current)
        outcomes.append(run(console, check, **options))
        assert console.methods == [READ, *([method, READ] if method and not check else [])]
    predicted, result = outcomes
    predicted.pop("invocation")
    result.pop("invocation")
    assert predicted == result
    assert result["previous"] == previous
    assert result["changed"] is (method is not None)
    assert bool(result["config"]) is (options.get("state") != "absent")
    assert (result["diff"]["before"] != result["diff"]["after"]) is (method is not None and current != OTHER)


@pytest.mark.parametrize(
    ("current", "options", "message"),
    [
        (THEIRS, {}, "did not write"),
        (NEIGHBOURS, {}, "did not write for cluster home"),
        (NEIGHBOURS, {"state": "absent"}, "did not write for cluster home"),
        (THEIRS, {"state": "absent"}, "did not write"),
        (None, {"api_key": "an0ther"}, "API key is wrong"),
        (None, {"config": None}, "config"),
        (None, {"api_key": None}, "api_key, username"),
    ],
)
def test_failures_change_nothing(run, current, options, message):
    console = Console(current)
    result = run(console, **options)
    assert result["failed"] is True
    assert message in result["msg"]
    assert set(console.methods) <= {READ}
