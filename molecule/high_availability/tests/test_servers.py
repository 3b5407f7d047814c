# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three servers, then one of them with an empty disk: always one cluster, never a restart that is not needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT, playbook_environment


def voters(kubectl):
    return {
        node["metadata"]["name"]
        for node in kubectl("get", "nodes")["items"]
        for condition in node["status"]["conditions"]
        if (condition["type"], condition["status"]) == ("EtcdIsVoter", "True")
    }


def etcd_members(machine, server):
    """Whether each node's member is a learner, asked of etcd itself: the condition on the Node is the word of K3s."""
    tls = "/var/lib/rancher/k3s/server/tls/etcd"
    answer = machine(server).check_output(
        f"curl -sS --cacert {tls}/server-ca.crt --cert {tls}/client.crt --key {tls}/client.key"
        " -X POST -d '{}' https://127.0.0.1:2379/v3/cluster/member/list"
    )
    members = json.loads(answer)["members"]  # K3s names a member after its node, with a suffix of its own
    return {member["name"].rpartition("-")[0]: member.get("isLearner", False) for member in members}


def cluster_ids(machine, servers):
    return {machine(name).file("/var/lib/rancher/k3s/server/tls/server-ca.crt").sha256sum for name in servers}


def main_pids(machine, names):
    return {
        name: machine(name).check_output("systemctl show --property MainPID --value 'k3s*.service'") for name in names
    }


def test_three_voters_one_cluster(kubectl, machine, servers):
    assert len(servers) == 3
    assert voters(kubectl) == set(servers)
    assert etcd_members(machine, servers[0]) == dict.fromkeys(servers, False)
    assert len(cluster_ids(machine, servers)) == 1


def test_another_run_restarts_nothing(playbook, machine, nodes):
    before = main_pids(machine, nodes)
    run = playbook("site")
    assert run.returncode == 0, run.output
    assert set(run.changed.values()) == {0}
    assert main_pids(machine, nodes) == before


@pytest.mark.parametrize("lost", ["server3", "server1"])
def test_a_server_with_an_empty_disk_rejoins_the_living_cluster(lost, playbook, machine, kubectl, servers):
    others = [name for name in servers if name != lost]
    before = cluster_ids(machine, others)
    pids = main_pids(machine, others)
    subprocess.run(
        [sys.executable, "-m", "tests.lab", "wipe", lost],
        cwd=ROOT,
        env={**os.environ, **playbook_environment()},
        check=True,
    )
    assert not machine(lost).file("/var/lib/rancher").exists
    run = playbook("site")
    assert run.returncode == 0, run.output
    assert cluster_ids(machine, servers) == before
    assert voters(kubectl) == set(servers)
    assert etcd_members(machine, others[0]) == dict.fromkeys(servers, False)
    assert main_pids(machine, others) == pids
    again = playbook("site")
    assert (again.returncode, set(again.changed.values())) == (0, {0}), again.output
