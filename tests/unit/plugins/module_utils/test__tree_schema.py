# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import sys

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _tree_schema as schemas
from ansible_collections.homeops.cluster.plugins.module_utils import _tree_values as values
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

CONFIG = values.parse("config.yaml", "name: home\nports:\n  - 80\n  - 443\ndeep: {a: {b: 1}}\nmail: nobody\n")
SECRET = values.parse("secrets.yaml", "token: planted\ndeep: {c: planted}\n", secret=True)
VALUES = values.merge([CONFIG, SECRET])


ASKS = "Write what s.json asks for"


def check(**properties):
    schema = {"properties": properties} if properties else {}
    return [str(problem) for problem in schemas.check(VALUES, schema, "s.json")]


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({}, []),
        ({"name": {"type": "string"}}, []),
        (
            {"name": {"type": "integer"}},
            ['config.yaml:1: name is not of type "integer": "home". ASKS'],
        ),
        (
            {"name": {"pattern": "^x", "description": "an x"}},
            ['config.yaml:1: name does not match "^x": "home". It is: an x'],
        ),
        (
            {"name": {"enum": ["a", "b"]}},
            ['config.yaml:1: name is none of ["a", "b"]: "home". ASKS'],
        ),
        (
            {"ports": {"items": {"minimum": 100}}},
            ["config.yaml:3: ports[0] is below 100: 80. ASKS"],
        ),
        (
            {"mail": {"format": "email"}},
            ['config.yaml:6: mail is not in the format "email": "nobody". ASKS'],
        ),
        (
            {"token": {"maxLength": 2}},
            ["secrets.yaml:1: token is longer than 2 characters. ASKS"],
        ),
        ({"token": {"const": "x"}}, ['secrets.yaml:1: token is not "x". ASKS']),
        (
            {"deep": {"type": "string"}},
            ['config.yaml:5: deep is not of type "string". ASKS'],
        ),
        (
            {"deep": {"required": ["x", "y"], "properties": {"y": {"description": "why"}}}},
            [
                "config.yaml:5: deep.x is missing. ASKS",
                "config.yaml:5: deep.y is missing. It is: why",
            ],
        ),
        (
            {"deep": {"additionalProperties": False, "properties": {"aa": {}}, "patternProperties": {"^c": {}}}},
            ["config.yaml:5: deep.a is not known. Did you mean aa?"],
        ),
        (
            {"name": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}},
            ['config.yaml:1: name does not meet anyOf [{"type": "integer"}, {"type": "boolean"}]: "home". ASKS'],
        ),
        ({"name": {"not": {}}}, ['config.yaml:1: name does not meet not {}: "home". ASKS']),
    ],
)
def test_check(properties, said):
    found = check(**properties)
    assert found == [text.replace("ASKS", ASKS) for text in said]
    assert "planted" not in str(found)


def test_all_at_once_and_in_the_order_of_the_files():
    found = check(mail={"type": "integer"}, name={"type": "integer"}, token={"type": "integer"})
    assert [problem.split(" ")[0] for problem in found] == ["config.yaml:1:", "config.yaml:6:", "secrets.yaml:1:"]


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "nothing"}, "is not a JSON Schema: type:"),
        ({"properties": {"name": {"$ref": "https://example.com/schema"}}}, "refers to 'https://example.com/schema'"),
        ({"properties": {"name": {"$ref": "#/$defs/nothing"}}}, "refers to '/$defs/nothing'"),
    ],
)
def test_schema_that_is_wrong_itself(schema, said):
    with pytest.raises(ClusterError, match=r"s\.json") as error:
        schemas.check(VALUES, schema, "s.json")
    assert said in str(error.value)


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(ClusterError, match="needs the Python library jsonschema"):
        schemas.check(VALUES, {}, "s.json")


def test_long_values_are_cut():
    long = values.merge([values.parse("c.yaml", json.dumps({"name": "x" * 500}))])
    (problem,) = schemas.check(long, {"properties": {"name": {"type": "integer"}}}, "s")
    assert len(problem.what) < 150
