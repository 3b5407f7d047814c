# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The applications in the guide and in the example are such as the module takes, and meet the policy."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app as gitops_app
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_catalogue import expand
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_described import described

from tests.manifest_policy import violations

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "applications.yml"


def blocks():
    text = (ROOT / "docs" / "applications.md").read_text()
    return [yaml.safe_load(body) for body in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]


def test_the_applications_in_the_guide():
    lists = [block["apps"] for block in blocks() if "apps" in block]
    assert [app["name"] for apps in lists for app in described(apps, [])] == ["paperless", "metrics-server"]


def test_the_entry_in_the_guide():
    entry = next(block for block in blocks() if "parameters" in block)
    app = gitops_app.read(expand(entry, {"parameters": {"greeting": "hello"}}))
    assert app["env"] == {"GREETING": "hello", "LOG_LEVEL": "info", "HERE": "hello/hello"}


def test_the_example():
    apps = described(yaml.safe_load(EXAMPLE.read_text())["apps"], [])
    assert len(apps) == 6
    objects = [item for app in apps for item in gitops_app.objects(app)]
    assert {item["kind"] for item in objects} >= {"Ingress", "HTTPRoute", "ReferenceGrant", "StatefulSet", "ConfigMap"}
    assert [str(violation) for violation in violations(objects)] == []
