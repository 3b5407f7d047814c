# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""After the migration: Cilium 1.19, by site.yml, in place. It knows no legacy policy any more, and none is missed."""

from __future__ import annotations

import json
import time

import legacy
import pytest
import yaml
from commands import LAB, ROOT, create, delete, kubectl
from conftest import eventually
from routes import Watch


@pytest.fixture(scope="module")
def newer():
    """Cilium 1.19 on the K3s that is there."""
    versions = yaml.safe_load((ROOT / "inventory/lab/group_vars/all.yml").read_text())["lab_versions"]
    return json.dumps({"cluster_versions": {**versions["1.19.0"], "k3s": versions["1.18.6"]["k3s"]}})


def images():
    path = "{.items[*].spec.containers[0].image}"
    return set(kubectl("get", "pods", "-n", "kube-system", "-o", f"jsonpath={path}").run().split())


def test_the_upgrade_is_refused_while_a_legacy_policy_is_there(playbook, newer):
    create(legacy.policy("of-old", legacy.VIRTUAL_ROUTER, node_selector={"matchLabels": {"no": "node"}})).run()
    try:
        run = playbook("site", "-e", newer)
        assert run.returncode == 2
        assert "does not know CiliumBGPPeeringPolicy any more" in run.output
    finally:
        delete("ciliumbgppeeringpolicy/of-old").run()
    assert all(image.endswith(":v1.18.6") for image in images() if "cilium" in image)


def test_sessions_and_routes_are_as_before(playbook, newer, addresses, exactly_routed):
    before = addresses()
    assert exactly_routed(len(before))
    with Watch(f"homeops-{LAB.name}-router") as watch:
        run = playbook("site", "-e", newer)
        assert run.returncode == 0, run.output
        assert eventually(lambda: exactly_routed(len(before)))
        time.sleep(3)
    print({address: (watch.watched.missed(address), watch.watched.away(address)) for address in before})
    assert addresses() == before
    assert {image for image in images() if "cilium/" in image} == {
        "quay.io/cilium/cilium:v1.19.0",
        "quay.io/cilium/operator-generic:v1.19.0",
    }
    again = playbook("site", "-e", newer)
    assert (again.returncode, set(again.changed.values())) == (0, {0}), again.output
