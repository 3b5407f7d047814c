# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""After reset.yml: nothing of the cluster is left on the nodes or in the router."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["server1", "agent1"])
def node(request, machine):
    return machine(request.param)


@pytest.mark.parametrize(
    "path",
    [
        "/usr/local/bin/k3s",
        "/usr/local/bin/kubectl",
        "/etc/rancher/k3s",
        "/var/lib/rancher/k3s",
        "/etc/cni/net.d/05-cilium.conflist",
    ],
)
def test_nothing_of_k3s_is_left(node, path):
    assert not node.file(path).exists


def test_no_process_is_left(node):
    assert node.check_output("pgrep -fl '[k]3s|[e]tcd|[k]ube-|[c]ilium|[a]rgocd|[r]edis' || true") == ""


def test_no_unit_is_left(node):
    assert "k3s" not in node.check_output("systemctl list-units --all --plain --no-legend 'k3s*'")


def test_no_link_of_cilium_is_left(node):
    assert "cilium" not in node.check_output("ip -o link")


def test_the_router_has_no_session_and_no_route(machine):
    router = machine("router")
    assert "router bgp" not in router.check_output("vtysh -c 'show running-config'")
    assert router.check_output("ip route show proto bgp") == ""


def test_reset_needs_the_name_of_the_cluster(playbook):
    for arguments in ([], ["-e", "reset_confirm=other"], ["--limit", "agent1"]):
        run = playbook("reset", *arguments)
        assert run.returncode != 0
        assert "Nothing was touched" in run.output
        assert set(run.changed.values()) == {0}
