# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import UnreachableError
from ansible_collections.homeops.cluster.plugins.module_utils._problem import Problem
from ansible_collections.homeops.cluster.plugins.modules import node_labels
from fake_kubernetes import FakeKubernetes

LABEL = {"homeops.cluster/bgp-node": "enabled"}
WANTED = [{"name": name, "labels": LABEL} for name in ("a", "b")]
DOWN = UnreachableError(Problem("api", "no answer", "Start it"))


def cluster_of(*names):
    return FakeKubernetes(objects=[{"kind": "Node", "metadata": {"name": name, "uid": name}} for name in names])


@pytest.fixture(name="run")
def run_(monkeypatch, capsys):
    def run(cluster, check=False, diff=False, nodes=WANTED):
        def connect(_options):
            if isinstance(cluster, Exception):
                raise cluster
            return cluster

        monkeypatch.setattr(node_labels, "connect", connect)
        arguments = {"owner": "bgp", "nodes": nodes, "_ansible_check_mode": check, "_ansible_diff": diff}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            node_labels.main()
        return json.loads(capsys.readouterr().out)

    return run


def actions(result):
    return {node["name"]: node["action"] for node in result["nodes"]}


def test_labelled_then_unchanged_then_gone(run):
    cluster = cluster_of("a", "b")
    predicted = run(cluster, check=True, diff=True)
    assert cluster.writes == []
    assert predicted["diff"][0]["after"] == {"labels": LABEL}

    result = run(cluster)
    assert actions(result) == actions(predicted) == {"a": "updated", "b": "updated"}
    assert run(cluster)["changed"] is False

    assert actions(run(cluster, nodes=WANTED[:1])) == {"a": "unchanged", "b": "updated"}
    assert cluster.objects["Node", "", "b"]["metadata"]["labels"] == {}


def test_a_value_that_is_no_text_becomes_one(run):
    cluster = cluster_of("a")
    run(cluster, nodes=[{"name": "a", "labels": {"rack": 1, "edge": True}}])
    assert cluster.objects["Node", "", "a"]["metadata"]["labels"] == {"rack": "1", "edge": "true"}


def test_a_node_that_is_not_there_stops_it(run):
    cluster = cluster_of("a")
    result = run(cluster)
    assert "node b: it is not in the cluster" in result["msg"]
    assert cluster.writes == []


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [(cluster_of("a"), {"a": "updated", "b": "missing"}), (DOWN, {"a": "missing", "b": "missing"})],
)
def test_in_check_mode_nodes_that_are_still_to_join_are_predicted(run, cluster, expected):
    result = run(cluster, check=True)
    assert result["changed"] is True
    assert actions(result) == expected


def test_no_api_server_is_an_error(run):
    assert "no answer" in run(DOWN)["msg"]


def test_the_library_that_is_missing_is_named(run, monkeypatch):
    monkeypatch.setattr(node_labels, "missing_library", lambda: "kubernetes")
    assert "kubernetes" in run(cluster_of())["msg"]
