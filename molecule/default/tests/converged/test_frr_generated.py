# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""500 generated descriptions of a router: the router's own FRR reads what is rendered from each of them."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from importlib import import_module

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
from commands import LAB, ROOT

DESCRIPTIONS = 500
# For each configuration that FRR refuses: its name, and what FRR says.
READ_ALL = """
mkdir /run/generated && cd /run/generated && tar -x
for file in *; do vtysh -C -f "$file" > /run/said 2>&1 || { echo "$file"; cat /run/said; }; done
ls | wc -l
cd / && rm -r /run/generated /run/said
"""


def rendered():
    """By the filter's own code, without an Ansible run for each."""
    _AnsibleCollectionFinder(paths=[str(ROOT / ".ansible" / "collections")])._install()
    sys.path.insert(0, str(ROOT))
    frr = import_module("ansible_collections.homeops.cluster.plugins.module_utils._frr")
    describe = import_module("tests.router_descriptions").describe
    return [frr.render(frr.Router.from_options(describe(seed))) for seed in range(DESCRIPTIONS)]


def test_frr_accepts_all_of_them():
    texts = rendered()
    assert len(set(texts)) > DESCRIPTIONS * 0.99
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for seed, text in enumerate(texts):
            entry = tarfile.TarInfo(f"{seed:03}.conf")
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    command = ["podman", "exec", "-i", f"homeops-{LAB.name}-router", "sh", "-ec", READ_ALL]
    done = subprocess.run(command, input=archive.getvalue(), capture_output=True, check=True)
    assert done.stdout.decode().split() == [str(DESCRIPTIONS)], done.stdout.decode()[-2000:]
