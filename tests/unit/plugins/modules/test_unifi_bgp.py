# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._unifi import BgpConfig, Response
from ansible_collections.homeops.cluster.plugins.modules import unifi_bgp

TEXT = (
    "! Managed by homeops.cluster for cluster home.\nrouter bgp 65000\n neighbor CLUSTER-home peer-group\n"
    " neighbor CLUSTER-home password hunter2\n neighbor 192.0.2.11 peer-group CLUSTER-home\nexit\n"
    "! End of homeops.cluster for cluster home.\n"
)
OURS = BgpConfig(TEXT, "homeops-cluster.conf", "Managed by homeops.cluster", True)
OTHER = BgpConfig(TEXT.replace("hunter2", "hunter1"), "homeops-cluster.conf", "Managed by homeops.cluster", True)
THEIRS = BgpConfig("router bgp 65000\n", "b.conf", "", True)
NEIGHBOURS = BgpConfig(
    TEXT.replace("cluster home", "cluster lab").replace("-home", "-lab").replace(".11", ".21"),
    "homeops-cluster.conf",
    "Managed by homeops.cluster",
    True,
)
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
        pytest.param(NEIGHBOURS, {}, "shared", WRITE, id="beside another cluster"),
        pytest.param(NEIGHBOURS, {"state": "absent"}, "shared", None, id="another cluster alone"),
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
    assert result.pop("established", None) == ([] if method else None)
    assert predicted == result
    assert result["previous"] == previous
    assert result["changed"] is (method is not None)
    assert bool(result["config"]) is (options.get("state") != "absent" or current == NEIGHBOURS)
    assert (result["diff"]["before"] != result["diff"]["after"]) is (method is not None and current != OTHER)


@pytest.mark.parametrize(
    ("current", "options", "message"),
    [
        (THEIRS, {}, "did not write"),
        (None, {"config": "router bgp 65000\n"}, "not what homeops.cluster.frr_config renders"),
        (None, {"kubeconfig": "/k"}, "peer_address"),
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


class Cluster:
    """Sees the session while the gateway has the password that the nodes have; time passes by sleeping only."""

    def __init__(self, console, sees=True):
        self.console, self.sees, self.now = console, sees, 0.0

    def sessions(self):
        if not self.sees:
            raise ClusterError(Problem("cluster", "no Kubernetes API server answers", "Start it"))
        texts = [document["frr_bgpd_config"] for document in self.console.documents]
        return frozenset({"192.0.2.11"} if any("hunter1" in text for text in texts) else ())

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def watched(monkeypatch, tmp_path):
    def watch(cluster):
        monkeypatch.setattr(unifi_bgp, "witness_of", lambda module: cluster.sessions)
        monkeypatch.setattr(unifi_bgp.time, "monotonic", lambda: cluster.now)
        monkeypatch.setattr(unifi_bgp.time, "sleep", cluster.sleep)
        return {"kubeconfig": "/k", "peer_address": "192.0.2.1", "backup_path": str(tmp_path / "previous.conf")}

    return watch


def test_a_configuration_that_kills_the_session_is_taken_back(run, watched, tmp_path):
    console = Console(OTHER)
    result = run(console, **watched(Cluster(console)), rollback_timeout=20)
    assert result["failed"] is True
    assert "192.0.2.11 were Established before the change and not within 20 s after it" in result["msg"]
    assert "192.0.2.11 is Established again" in result["msg"]
    assert console.documents == [OTHER.to_api()]
    assert list(tmp_path.iterdir()) == []


def test_a_session_that_comes_back_proves_the_change_and_the_previous_configuration_is_kept(run, watched, tmp_path):
    console = Console(OTHER)
    wanted = OTHER.text.replace("exit\n", " neighbor 192.0.2.12 peer-group CLUSTER-home\nexit\n")
    assert run(console, **watched(Cluster(console)), config=wanted)["established"] == ["192.0.2.11"]
    assert (tmp_path / "previous.conf").read_text() == OTHER.text
    assert (tmp_path / "previous.conf").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("sees", [True, False], ids=["no session", "the cluster cannot be asked"])
def test_without_a_known_session_a_configuration_stays(run, watched, monkeypatch, sees):
    warnings = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda module, warning: warnings.append(warning))
    console = Console(OURS)
    result = run(console, **watched(Cluster(console, sees)), config=TEXT.replace("hunter2", "hunter3"))
    assert (result["changed"], result["established"]) == (True, [])
    assert ["not watched" in warning for warning in warnings] == ([] if sees else [True])


def killed(seconds):
    raise KeyboardInterrupt


def test_a_run_that_was_killed_while_it_waited_is_taken_back_by_the_same_again(run, watched, tmp_path):
    console = Console(OTHER)
    cluster = Cluster(console)
    cluster.sleep = killed
    with pytest.raises(KeyboardInterrupt):
        run(console, **watched(cluster))
    assert console.documents == [OURS.to_api()]
    options = watched(Cluster(console))
    assert run(console, True, **options)["changed"] is True
    assert "is Established again" in run(console, **options)["msg"]
    assert console.documents == [OTHER.to_api()]


def test_what_others_wrote_after_a_killed_run_survives_that_it_is_taken_back(run, watched, monkeypatch):
    warnings = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda module, warning: warnings.append(warning))
    console = Console(OTHER)
    cluster = Cluster(console)
    monkeypatch.setattr(cluster, "sleep", killed)
    with pytest.raises(KeyboardInterrupt):
        run(console, **watched(cluster))
    console.documents[0]["frr_bgpd_config"] += NEIGHBOURS.text
    assert warnings == []
    assert "is Established again" in run(console, **watched(Cluster(console)))["msg"]
    assert console.documents[0]["frr_bgpd_config"] == OTHER.text + NEIGHBOURS.text
    assert ["was interrupted" in warning for warning in warnings] == [True]


def test_another_clusters_change_while_it_is_watched_stays(run, watched):
    console = Console(OTHER)
    cluster = Cluster(console)

    def sleep(seconds):
        cluster.now += seconds
        if cluster.now == 5:
            console.documents[0]["frr_bgpd_config"] += NEIGHBOURS.text

    cluster.sleep = sleep
    assert "is Established again" in run(console, **watched(cluster))["msg"]
    assert console.documents[0]["frr_bgpd_config"] == OTHER.text + NEIGHBOURS.text


BEFORE_BLOCKS = BgpConfig(
    "! Managed by homeops.cluster for cluster home. Changes made by hand are replaced.\nrouter bgp 65000\n"
    " neighbor CLUSTER peer-group\n neighbor 192.0.2.11 peer-group CLUSTER\nexit\n"
    "ip prefix-list CLUSTER-IN-4 seq 10 permit 198.51.100.0/26 ge 32 le 32\nroute-map CLUSTER-OUT deny 10\nexit\n",
    "homeops-cluster.conf",
    "Managed by homeops.cluster",
    True,
)


@pytest.mark.parametrize(("options", "left"), [({}, [OURS.to_api()]), ({"state": "absent"}, [])])
def test_a_whole_configuration_of_ours_from_before_there_were_blocks_is_replaced(run, options, left):
    console = Console(BEFORE_BLOCKS)
    assert run(console, **options)["previous"] == "managed"
    assert console.documents == left


@pytest.mark.parametrize(
    "text",
    [
        BEFORE_BLOCKS.text.replace("cluster home", "cluster lab"),
        "hostname r\n" + BEFORE_BLOCKS.text,
        TEXT.rsplit("! End", 1)[0],
    ],
    ids=["another cluster's", "behind something else", "half a block"],
)
def test_what_only_looks_like_it_is_not(run, text):
    console = Console(BgpConfig(text, "a.conf", "", True))
    assert "did not write" in run(console)["msg"]
    assert set(console.methods) == {READ}
