# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import UnreachableError
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.modules import kubernetes_dry_run

GONE = UnreachableError(Problem("home", "no Kubernetes API server answers", "Start it"))
REFUSED = ClusterError(Problem("Service a", "unknown field", "Correct it"))
TRIED = [{"kind": "Service", "name": "a", "namespace": "default", "skipped": ""}]


@pytest.fixture
def run(capsys, monkeypatch):
    def run(answer, **options):
        def attempt(_cluster, objects):
            assert objects == [{"kind": "Service"}]
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(kubernetes_dry_run, "connect", lambda _options: None)
        monkeypatch.setattr(kubernetes_dry_run, "attempt", attempt)
        with patch_module_args({"objects": [{"kind": "Service"}], **options}), pytest.raises(SystemExit):
            kubernetes_dry_run.main()
        return json.loads(capsys.readouterr().out)

    return run


@pytest.mark.parametrize(
    ("answer", "options", "expected"),
    [
        (TRIED, {}, {"changed": False, "reached": True, "tried": TRIED}),
        (GONE, {"required": False}, {"changed": False, "reached": False, "tried": []}),
        (GONE, {}, {"failed": True, "msg": "home: no Kubernetes API server answers. Start it"}),
        (REFUSED, {"required": False}, {"failed": True, "msg": "Service a: unknown field. Correct it"}),
    ],
)
def test_outcomes(run, answer, options, expected):
    assert expected.items() <= run(answer, **options).items()


def test_missing_library(run, monkeypatch):
    monkeypatch.setattr(kubernetes_dry_run, "missing_library", lambda: "kubernetes")
    assert "kubernetes" in run(TRIED)["msg"]
