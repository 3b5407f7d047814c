# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_catalogue import expand
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_described import described
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

ENTRY = {
    "description": "A gateway.",
    "parameters": {
        "email": {"description": "Write your address", "required": True},
        "replicas": {"description": "How many", "default": 2},
        "environment": {"description": "Which", "default": "staging", "choices": ["staging", "production"]},
        "mode": {"description": "Which"},
    },
    "app": {
        "name": "gateway",
        "namespace": "edge",
        "replicas": "${replicas}",
        "env": {"MAIL": "${email}", "MODE": "${mode}", "AT": "${name}/${namespace}-${environment}"},
        "args": ["--mode", "${mode}", "literal $${HOME} $5"],
    },
}


def test_parameters_keep_their_type_and_what_is_not_set_is_left_out():
    assert expand(ENTRY, {"catalogue": "gateway", "parameters": {"email": "a@example.com"}}) == {
        "name": "gateway",
        "namespace": "edge",
        "replicas": 2,
        "env": {"MAIL": "a@example.com", "AT": "gateway/edge-staging"},
        "args": ["--mode", "literal ${HOME} $5"],
    }


def test_what_is_given_beside_wins():
    found = expand(
        ENTRY,
        {
            "name": "second",
            "namespace": None,
            "args": [],
            "env": {"MORE": "x"},
            "parameters": {"email": "m", "mode": False, "environment": "production"},
        },
    )
    assert (found["name"], found["args"]) == ("second", [])
    assert found["env"] == {"MAIL": "m", "MODE": False, "AT": "second/edge-production", "MORE": "x"}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "app.parameters.email: is required, but not set. Write your address"),
        ({"email": "m", "mial": "x"}, "app.parameters.mial: unknown parameter. The entry has email, replicas"),
        ({"email": "m", "environment": "dev"}, "app.parameters.environment: dev is not one of staging, production"),
        (["email"], "app.parameters: is a list, not a mapping"),
    ],
)
def test_wrong_parameters(parameters, said):
    with pytest.raises(ClusterError) as caught:
        expand(ENTRY, {"parameters": parameters})
    assert said in str(caught.value)


def test_an_entry_that_uses_what_it_does_not_declare():
    with pytest.raises(ClusterError, match=r"the entry uses \$\{nothing\}"):
        expand({"app": {"name": "x", "image": "${nothing}"}}, {})


def test_entries_are_found_in_the_first_folder_that_has_them(tmp_path):
    for folder, image in (("own", "r.example.com/own:1"), ("ours", "r.example.com/ours:1")):
        (tmp_path / folder).mkdir()
        text = f"description: x\nparameters: {{}}\napp: {{name: web, image: '{image}', port: 80}}\n"
        (tmp_path / folder / "web.yml").write_text(text)
    (tmp_path / "ours" / "broken.yml").write_text("{")
    (tmp_path / "ours" / "empty.yml").write_text("description: x\n")
    folders = [str(tmp_path / "absent"), str(tmp_path / "own"), str(tmp_path / "ours")]
    assert described([{"catalogue": "web", "port": 81}], folders)[0]["image"] == "r.example.com/own:1"
    wrong = [{"catalogue": name} for name in ("wob", "../own/web", "broken", "empty")] + [{"name": "x"}]
    with pytest.raises(ClusterError) as caught:
        described(wrong, folders)
    told = [str(problem) for problem in caught.value.problems]
    assert told[0] == "apps[0].catalogue: wob is not in the catalogue. There are broken, empty, web"
    assert told[1].startswith("apps[1].catalogue: ../own/web is not in the catalogue")
    assert "broken.yml: cannot be read" in told[2]
    assert "empty.yml: has no app" in told[3]
    assert told[4].startswith("apps[4]: has nothing to run")
