# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What frr_config renders, read by the FRR of the router: other cases than the configuration of the scenario itself."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile

import pytest
from conftest import LAB, ROOT, playbook_environment

sys.path.insert(0, str(ROOT))

import tests.conftest  # noqa: F401 - makes the collection importable

# isort: split
from ansible_collections.homeops.cluster.plugins.module_utils._frr import Router, render

from tests.router_descriptions import describe

ROUTER = {
    "cluster": "test",
    "asn": 65000,
    "router_id": "192.0.2.1",
    "cluster_asn": 65010,
    "nodes": ["192.0.2.11", "192.0.2.12"],
    "pools": [{"cidr": "198.51.100.0/26"}],
}
RENDERED = "{{ router | homeops.cluster.frr_config }}"


def validate(config, **router):
    command = ["ansible", "-i", str(LAB / "inventory"), "router", "-m", "homeops.cluster.frr_validate"]
    options = ["-a", json.dumps({"config": config}), "-e", json.dumps({"router": {**ROUTER, **router}})]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, env=playbook_environment(), capture_output=True, text=True, check=False
    )
    return done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "options",
    [
        {},
        {
            "password": "s3cr!t#x",
            "graceful_restart": 0,
            "pools": ["198.51.100.7/32", "2001:db8::/64", "2001:db8:1::1/128"],
        },
        {"nodes": None, "listen_ranges": ["192.0.2.0/24", "198.18.0.0/15"]},
        {
            "nodes": [f"192.0.2.{number}" for number in range(2, 200)],
            "pools": [{"start": f"198.51.{number}.3", "stop": f"198.51.{number}.250"} for number in range(20)],
        },
    ],
    ids=["smallest", "password and IPv6 pools", "listen range", "many nodes and pools"],
)
def test_frr_accepts_what_is_rendered(options):
    accepted, said = validate(RENDERED, **options)
    assert accepted, said


def test_frr_refuses_what_is_not_its_language():
    accepted, said = validate("router bgp 65000\n neighbour 192.0.2.11\n")
    assert not accepted
    assert "neighbour 192.0.2.11" in said


CHECK_ALL = """
mkdir /tmp/generated && tar -x -C /tmp/generated
for file in /tmp/generated/*; do vtysh -C -f "$file" > /tmp/said 2>&1 || { echo "$file"; cat /tmp/said; }; done
ls /tmp/generated | wc -l; rm -r /tmp/generated /tmp/said
"""


def test_frr_accepts_500_generated_descriptions():
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for seed in range(500):
            text = render(Router.from_options(describe(seed))).encode()
            member = tarfile.TarInfo(f"{seed}.conf")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    command = ["podman", "exec", "-i", f"homeops-{LAB.name}-router", "sh", "-c", CHECK_ALL]
    done = subprocess.run(command, input=archive.getvalue(), capture_output=True, check=True)
    assert done.stdout.decode() == "500\n"
