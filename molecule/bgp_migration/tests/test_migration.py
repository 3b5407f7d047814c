# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From legacy policies to their successors, with the router's kernel watched ten times a second. In this order.

Every case begins as a user left the cluster, and counts the routes before and after.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time

import legacy
import pytest
import verdict
from commands import LAB, ROOT, create, delete, kubectl, playbook_command, playbook_environment, service
from conftest import eventually
from faults import LEGACY, hanging
from routes import Watch

ROUTER = f"homeops-{LAB.name}-router"
SERVICES = 3
HITLESS = ("-e", "cilium_bgp_migration_strategy=hitless")
# Everything of a migration is done for real but the last: the legacy policies do not go. A trial is let through.
DENIAL = (
    {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "legacy-stays"},
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["cilium.io"],
                        "apiVersions": ["*"],
                        "operations": ["DELETE"],
                        "resources": ["ciliumbgppeeringpolicies"],
                    }
                ]
            },
            "validations": [{"expression": "request.dryRun", "message": "the legacy policy stays"}],
        },
    },
    {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "legacy-stays"},
        "spec": {"policyName": "legacy-stays", "validationActions": ["Deny"]},
    },
)


@pytest.fixture(scope="module", autouse=True)
def services(exactly_routed):
    create(*map(service, ("demo", "web", "api"))).run()
    assert eventually(lambda: exactly_routed(SERVICES))


@pytest.fixture
def left_by_a_user(secrets, exactly_routed):
    for step in legacy.left_by_a_user(secrets["cluster_bgp_password"]):
        step.run()
    time.sleep(2)  # what is about to go is still routed
    assert eventually(lambda: exactly_routed(SERVICES) and not sessions_of_successors())
    assert len(legacy.policies()) == 2


def sessions_of_successors():
    return "peeringState" in kubectl("get", "ciliumbgpnodeconfigs", "-o", "json").run()


def quiet(run):
    return (run.returncode, set(run.changed.values())) == (0, {0})


@pytest.mark.usefixtures("left_by_a_user")
def test_check_mode_shows_the_successors_and_changes_nothing(playbook, addresses):
    with Watch(ROUTER) as watch:
        run = playbook("migrate_bgp", "--check", "--diff")
    assert run.returncode == 0, run.output
    assert "+++ after: CiliumBGPClusterConfig lab" in run.output
    for name in legacy.NODES:
        assert f"--- before: CiliumBGPPeeringPolicy {name}" in run.output
    assert not any(watch.watched.missed(address) for address in addresses())
    assert len(legacy.policies()) == 2
    assert not sessions_of_successors()


@pytest.mark.parametrize(
    ("strategy", "seconds", "missed"),
    [(("-e", "cilium_bgp_migration_strategy=quick"), 2.0, None), (HITLESS, 0.5, 0)],
    ids=["quick", "hitless"],
)
@pytest.mark.usefixtures("left_by_a_user")
def test_migration(strategy, seconds, missed, *, playbook, addresses, exactly_routed):
    with Watch(ROUTER) as watch:
        run = playbook("migrate_bgp", *strategy)
        assert run.returncode == 0, run.output
        assert eventually(lambda: exactly_routed(SERVICES))
        time.sleep(3)
    seen = {address: (watch.watched.missed(address), watch.watched.away(address)) for address in addresses()}
    print(f"looks: {len(watch.watched.looks)}; missed and longest seconds away by address: {seen}")
    assert len(seen) == SERVICES
    assert all(away <= seconds for _missed, away in seen.values()), seen
    assert missed is None or {count for count, _away in seen.values()} == {missed}, seen
    assert run.changed["localhost"] == 1
    assert legacy.policies() == []
    assert sessions_of_successors()
    assert quiet(playbook("migrate_bgp", *strategy)), "a second run"
    assert exactly_routed(SERVICES)


@pytest.mark.parametrize("strategy", [(), HITLESS], ids=["quick", "hitless"])
@pytest.mark.usefixtures("left_by_a_user")
def test_a_failure_half_way_leaves_working_sessions(strategy, *, playbook, addresses, exactly_routed, vtysh, nodes):
    """And says so; the next run comes to the end."""
    create(*DENIAL).run()
    try:
        time.sleep(2)  # until the API server enforces it
        with Watch(ROUTER) as watch:
            run = playbook("migrate_bgp", *strategy)
            assert run.returncode == 2, run.output
            assert "the legacy policy stays" in run.output
            assert eventually(lambda: established(vtysh, nodes))
        assert exactly_routed(SERVICES)
        assert {watch.watched.missed(address) for address in addresses()} == {0}
        assert len(legacy.policies()) == 2
    finally:
        for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
            delete(f"{kind}/legacy-stays").run()
    time.sleep(2)
    again = playbook("migrate_bgp", *strategy)
    assert again.returncode == 0, again.output
    assert eventually(lambda: exactly_routed(SERVICES) and established(vtysh, nodes))
    assert legacy.policies() == []


@pytest.mark.usefixtures("left_by_a_user")
def test_a_run_that_was_killed_is_finished_by_the_next(playbook, exactly_routed, vtysh, nodes):
    """Killed when the agents are stopped, the worst moment: the router keeps the routes until the next run.

    The run waits for the end of every agent; one that hangs, with its kubelet, holds it there.
    """
    verdict.run_all(hanging("agent1", "STOP"))
    try:
        command = playbook_command("migrate_bgp", *HITLESS)
        process = subprocess.Popen(command, cwd=ROOT, env=playbook_environment(), stdout=subprocess.DEVNULL)
        stopped = eventually(lambda: len(agents("stopped")) == len(nodes))
        kill(process)
        assert stopped, "it did not come to the moment"
        assert exactly_routed(SERVICES)
    finally:
        verdict.run_all(hanging("agent1", "CONT"))
    run = playbook("migrate_bgp", *HITLESS)
    assert run.returncode == 0, run.output
    assert eventually(lambda: established(vtysh, nodes) and exactly_routed(SERVICES))
    assert len(agents("ready")) == len(nodes)
    assert legacy.policies() == []


def kill(process):
    """With all that it has started: Ansible's workers are in sessions of their own, where no signal to a group gets."""
    parents = dict(map(str.split, subprocess.check_output(["ps", "-eo", "pid=,ppid="], text=True).splitlines()))
    family = [str(process.pid)]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    for pid in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    process.wait()


def agents(state):
    """The nodes whose agent is ready, or is there only because nobody may remove it."""
    pods = json.loads(kubectl("get", "pods", "-n", "kube-system", "-l", "k8s-app=cilium", "-o", "json").run())["items"]
    leaving = [pod for pod in pods if "deletionTimestamp" in pod["metadata"]]
    ready = [pod for pod in pods if pod not in leaving and pod["status"]["containerStatuses"][0]["ready"]]
    return {pod["spec"]["nodeName"] for pod in {"ready": ready, "stopped": leaving}[state]}


def established(vtysh, nodes):
    peers = vtysh("show bgp summary json").get("ipv4Unicast", {}).get("peers", {})
    return len(peers) == len(nodes) and {peer["state"] for peer in peers.values()} == {"Established"}


def test_what_never_worked_works_afterwards(playbook, secrets, exactly_routed, vtysh, nodes):
    """Cilium refuses a policy with two virtual routers of one AS; both become one."""
    for step in legacy.left_by_a_user(secrets["cluster_bgp_password"]):
        step.run()
    twins = [dict(legacy.VIRTUAL_ROUTER), {**legacy.VIRTUAL_ROUTER, "exportPodCIDR": True}]
    delete("ciliumbgppeeringpolicies", "--all").run()
    create(legacy.policy("twins", *twins)).run()
    assert eventually(lambda: not established(vtysh, nodes))
    run = playbook("migrate_bgp")
    assert run.returncode == 0, run.output
    assert eventually(lambda: established(vtysh, nodes) and exactly_routed(SERVICES))


def test_a_legacy_policy_beside_its_successors_is_named(playbook, exactly_routed):
    status, named, output = verdict.inject(LEGACY, playbook)
    after, still_named, output_after = verdict.when_repaired(playbook)
    assert (status, named) == (LEGACY.severity, verdict.expected(LEGACY)), output
    assert (after, still_named) == ("healthy", frozenset()), output_after
    assert exactly_routed(SERVICES)
