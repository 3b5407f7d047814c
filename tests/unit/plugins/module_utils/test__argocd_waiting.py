# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_waiting import repositories, waiting

HOME, CHARTS, OTHER = "https://git.example.com/home", "https://charts.example.com/a", "https://charts.example.com/b"


def project(*repos, **spec):
    return {
        "metadata": {"name": "apps"},
        "spec": {"sourceRepos": list(repos), "destinations": [{"server": "*", "namespace": "*"}], **spec},
    }


def application(kind, message):
    return {
        "metadata": {"name": "app", "namespace": "argocd"},
        "spec": {"project": "apps", "source": {"repoURL": HOME}, "destination": {"server": "s", "namespace": "n"}},
        "status": {"conditions": [{"type": "SharedResourceWarning"}, {"type": kind, "message": message}]},
    }


def charts(*urls):
    message = (
        f"rpc error: code = PermissionDenied desc = helm repos {', '.join(urls)} are not permitted in project 'apps'"
    )
    return application("ComparisonError", message)


@pytest.mark.parametrize(
    ("waits", "before", "after", "refresh"),
    [
        (application("InvalidSpecError", "its text does not matter"), [], [HOME], "normal"),
        (application("InvalidSpecError", "something else"), [HOME], [HOME, CHARTS], None),
        (application("InvalidSpecError", "still not"), [], [CHARTS], None),
        (application("ComparisonError", "its chart does not render"), [], [HOME], None),
        # The dependencies of a chart that is in a permitted repository.
        (charts(CHARTS), [HOME], [HOME, CHARTS], "hard"),
        (charts(CHARTS, OTHER), [HOME, CHARTS], [HOME, CHARTS, OTHER], "hard"),
        (charts(CHARTS, OTHER), [HOME], [HOME, CHARTS], None),
        (charts(CHARTS), [HOME, CHARTS], [HOME, CHARTS, OTHER], None),
    ],
)
def test_who_waited_and_for_which_refresh(waits, before, after, refresh):
    found = list(waiting([waits], project(*before), project(*after), "argocd"))
    assert found == ([(waits, refresh)] if refresh else [])


def test_the_clusters_of_a_project_are_not_judged():
    waits = application("InvalidSpecError", "no")
    scoped = {"permitOnlyProjectScopedClusters": True}
    assert list(waiting([waits], project(**scoped), project(HOME, **scoped), "argocd")) == [(waits, "normal")]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"source": {"repoURL": HOME}}, [HOME]),
        ({"source": {"repoURL": HOME}, "sources": [{"repoURL": CHARTS}, {"repoURL": OTHER}]}, [CHARTS, OTHER]),
        ({"source": {"repoURL": OTHER}, "sourceHydrator": {"drySource": {"repoURL": HOME}}}, [HOME, HOME]),
        (
            {"sourceHydrator": {"drySource": {"repoURL": HOME}, "syncSource": {"repoURL": OTHER}}},
            [HOME, OTHER],
        ),
        ({}, [""]),
    ],
)
def test_the_repositories_that_argo_cd_looks_at(spec, expected):
    assert repositories(spec) == expected
