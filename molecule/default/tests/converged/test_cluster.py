# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The converged lab, asked layer by layer: none of this goes through the collection's own code."""

from __future__ import annotations

import json
import stat
import subprocess
import time

from conftest import LAB, ROOT


def conditions(thing):
    return {condition["type"]: condition["status"] for condition in thing["status"]["conditions"]}


def test_every_node_is_ready(kubectl, nodes):
    found = {node["metadata"]["name"]: conditions(node)["Ready"] for node in kubectl("get", "nodes")["items"]}
    assert found == dict.fromkeys(nodes, "True")


def test_k3s_runs_from_the_verified_binary(machine, nodes):
    published = (next((LAB / "mirror" / "k3s").glob("*/sha256sum-amd64.txt"))).read_text().split()[0]
    for name in nodes:
        assert machine(name).file("/usr/local/bin/k3s").sha256sum == published


def test_the_token_is_in_one_file_only_root_can_read(machine, nodes, secrets):
    for name in nodes:
        host = machine(name)
        holders = host.check_output("grep -rlF %s /etc || true", secrets["cluster_k3s_token"]).split()
        assert holders == ["/etc/rancher/k3s/token"]
        assert host.file("/etc/rancher/k3s/token").mode == 0o600


def test_kubeconfig_has_the_context_and_is_private(kubectl):
    path = LAB / "kubeconfig"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    config = kubectl("config", "view")
    assert [context["name"] for context in config["contexts"]] == ["lab"]
    assert config["clusters"][0]["cluster"]["server"] == "https://10.89.18.11:6443"


def test_sessions_are_established_on_both_ends(kubectl, vtysh, nodes):
    for config in kubectl("get", "ciliumbgpnodeconfigs")["items"]:
        peers = [peer for instance in config["status"]["bgpInstances"] for peer in instance["peers"]]
        assert [peer["peeringState"] for peer in peers] == ["established"], config["metadata"]["name"]
    peers = vtysh("show bgp summary json")["ipv4Unicast"]["peers"]
    assert {peer["state"] for peer in peers.values()} == {"Established"}
    assert len(peers) == len(nodes)


def test_exactly_the_service_is_routed_and_it_goes_when_the_service_goes(kubectl, machine):
    def routes():
        found = json.loads(machine("router").check_output("ip -j route show proto bgp"))
        return {route["dst"] for route in found}

    def wait_for(expected):
        for _attempt in range(40):
            if routes() == expected:
                break
            time.sleep(0.25)
        assert routes() == expected

    base = [str(ROOT / ".lab" / "bin" / "kubectl"), "--kubeconfig", str(LAB / "kubeconfig")]
    before = routes()
    assert len(before) == 1, "the one of the application from Git"
    subprocess.run([*base, "create", "service", "loadbalancer", "probe", "--tcp=80:80"], check=True)
    try:
        for _attempt in range(40):
            ingress = kubectl("get", "service", "probe")["status"]["loadBalancer"].get("ingress")
            if ingress:
                break
            time.sleep(0.25)
        address = ingress[0]["ip"]
        assert address.startswith("10.99.18.")
        wait_for({*before, address})
    finally:
        subprocess.run([*base, "delete", "service", "probe"], check=True)
    wait_for(before)


def test_the_session_has_a_password(vtysh, machine, secrets):
    running = machine("router").check_output("vtysh -c 'show running-config'")
    assert f"password {secrets['cluster_bgp_password']}" in running


def test_nothing_but_the_pools_gets_in_and_nothing_gets_out(machine):
    running = machine("router").check_output("vtysh -c 'show running-config'")
    assert "redistribute" not in running
    assert "permit 10.99.18.0/26 ge 32" in running
    assert "permit 0.0.0.0/0" not in running


def test_argocd_has_its_projects_and_what_is_in_git(kubectl):
    projects = {project["metadata"]["name"] for project in kubectl("get", "appprojects", "-n", "argocd")["items"]}
    assert {"core", "infrastructure", "apps", "monitoring"} <= projects
    applications = kubectl("get", "applications.argoproj.io", "-n", "argocd")["items"]
    found = {item["metadata"]["name"]: item["status"]["sync"]["status"] for item in applications}
    assert found == dict.fromkeys(("root", "dashboard", "priorities", "quotas", "web"), "Synced")


def test_verify_says_yes_and_changes_nothing(playbook):
    run = playbook("verify")
    assert run.returncode == 0, run.output
    assert set(run.changed.values()) == {0}


def test_verify_says_no_and_why_when_the_session_is_down(playbook, machine, vtysh):
    router = machine("router")
    router.check_output("vtysh -c 'conf t' -c 'router bgp 65000' -c 'neighbor 10.89.18.21 shutdown'")
    try:
        for _attempt in range(40):
            if vtysh("show bgp summary json")["ipv4Unicast"]["peers"]["10.89.18.21"]["state"] != "Established":
                break
            time.sleep(0.25)
        time.sleep(5)  # Cilium's status lags by up to 5 s
        run = playbook("verify")
    finally:
        router.check_output("vtysh -c 'conf t' -c 'router bgp 65000' -c 'no neighbor 10.89.18.21 shutdown'")
    assert run.returncode != 0
    assert "agent1" in run.output
