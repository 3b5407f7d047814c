# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_explicit import application
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

APP = {"name": "web", "namespace": "media", "sync_wave": None}
HEAD = """\
metadata: {{name: apps, namespace: deploy}}
spec:
  template:
    metadata: {{name: "{name}", labels: {{tier: "{name}"}}}}
    spec: {{source: {{path: "{path}"}}, destination: {{namespace: x, name: in-cluster}}}}
  generators:
    - list: {{elements: []}}
    - git:
        directories:
          - {{path: {pattern}/old, exclude: true}}
          - path: {pattern}
"""


def text(name="{{ .path.basename }}", path="{{.path.path}}", pattern="kubernetes/apps/*"):
    return HEAD.format(name=name, path=path, pattern=pattern)


@pytest.mark.parametrize(
    ("found", "path"),
    [
        (text(), "kubernetes/applications/web/manifests"),
        (text(pattern="apps/*"), "applications/web/manifests"),
        (text(pattern="home/cluster/apps/*"), "home/cluster/applications/web/manifests"),
        (text(path="{{- .path.path -}}/overlays/home"), "kubernetes/applications/web/manifests/overlays/home"),
        (text(name="{{path.basename}}", path="{{path.path}}"), "kubernetes/applications/web/manifests"),
    ],
)
def test_it_is_what_the_application_set_would_make_but_for_its_place(found, path):
    assert yaml.safe_load(application(APP, "a.yaml", found)) == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "web", "namespace": "deploy", "labels": {"tier": "web"}},
        "spec": {"source": {"path": path}, "destination": {"namespace": "media", "name": "in-cluster"}},
    }


def test_a_sync_wave_of_its_own():
    made = yaml.safe_load(application({**APP, "sync_wave": 0}, "a.yaml", text()))
    assert made["metadata"]["annotations"] == {"argocd.argoproj.io/sync-wave": "0"}


@pytest.mark.parametrize(
    "found",
    ["{", "[]", "", text(pattern="kubernetes/apps"), text().replace("destination", "destined"), "spec: {template: {}}"],
)
def test_what_is_not_understood(found):
    with pytest.raises(ClusterError, match="is not an ApplicationSet that finds applications as folders"):
        application(APP, "a.yaml", found)


def test_a_template_that_says_more_than_is_known():
    with pytest.raises(ClusterError, match=r"index \.path\.segments 2"):
        application(APP, "a.yaml", text(path="{{ index .path.segments 2 }}"))
