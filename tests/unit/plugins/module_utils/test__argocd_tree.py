# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files as documents with lines, and URLs as the places that they mean."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree import Document, Tree, place


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/home/cluster",
        "https://git.example.com/home/cluster.git",
        "https://me:secret@git.example.com/home/cluster/",
        "http://GIT.example.com/Home/Cluster.git",
        "ssh://git@git.example.com:2222/home/cluster.git",
        "git@git.example.com:home/cluster.git",
        "git.example.com:home/cluster",
    ],
)
def test_urls_of_one_place(url):
    assert place(url) == "git.example.com/home/cluster"


def test_urls_of_other_places():
    urls = [
        "https://git.example.com/home/other",
        "https://git.example.com/home",
        "https://other.example.com/home/cluster",
    ]
    assert "git.example.com/home/cluster" not in map(place, urls)


def tree(text, path="a.yaml", **others):
    return Tree({path: text.encode(), **{name: one.encode() for name, one in others.items()}})


def test_documents_know_what_they_are_and_where_their_values_stand():
    text = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\n"
    text += "---\n# nothing\n---\nkind: x\n"
    web, other = tree(text).documents("a.yaml")
    assert (web.group, web.kind, web.name, web.namespace) == ("apps", "Deployment", "web", "shop")
    assert (web.line(), web.line("metadata", "namespace"), web.line("spec", "x")) == (2, 6, 2)
    assert (other.group, other.kind, other.name, other.line()) == ("", "x", "", 10)


def test_what_is_in_a_list_and_what_yaml_can_do():
    text = "kind: List\nitems:\n  - &a {kind: One, metadata: {name: 1.0}}\n  - {<<: *a, kind: Two}\n  - *a\n"
    (found,) = tree(text).documents("a.yaml")
    assert [(one.kind, one.name) for one in found.items()] == [("One", "1.0"), ("Two", "1.0"), ("One", "1.0")]
    assert found.items()[1].object == {"kind": "Two", "metadata": {"name": 1.0}}


def test_values_are_those_of_kubernetes():
    text = "a: 2026-01-01\nb: 0x10\nc: 010\nd: yes\ne: ~\nf: 1.5\ng: '1'\nh: [1, {x: .inf}]\n"
    (found,) = tree(text).documents("a.yaml")
    assert found.object == {
        **{"a": "2026-01-01", "b": 16, "c": 8, "d": True, "e": None, "f": 1.5, "g": "1"},
        "h": [1, {"x": float("inf")}],
    }


def test_few_lines_of_aliases_do_not_become_millions_of_values():
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))]
    (found,) = tree("\n".join(lines)).documents("a.yaml")
    assert found.object["a1"] == [["x", "x"]] * 9
    assert found.object["a29"][0] is found.object["a28"]


def test_what_is_nested_too_deeply_is_told():
    (found,) = tree("a: " + "[" * 400 + "]" * 400).documents("a.yaml")
    deep = Document("a.yaml", found.node)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    try:
        assert deep.object == {}
    finally:
        sys.setrecursionlimit(limit)
    assert deep.malformed == [((), "is nested too deeply")]


def test_a_circle_of_aliases_ends():
    (found,) = tree("&a {x: *a, y: 1}\n").documents("a.yaml")
    assert found.object == {"x": None, "y": 1}


@pytest.mark.parametrize(("text", "line"), [("a: [\n", 2), ("a: 1\n b: 2\n", 2), ("a: *no\n", 1)])
def test_what_cannot_be_read_is_told_with_its_line(text, line):
    found = tree(text)
    assert found.documents("a.yaml") == []
    assert found.unreadable["a.yaml"][0] == line


def test_folders():
    found = tree("", "a/b/c.yaml", **{".hidden/x.yaml": "", "a/.x/y": "", "top": ""})
    assert found.directories() == ["a", "a/b"]
    assert found.folders[""] == ["top"]
    assert found.folders["a/b"] == ["c.yaml"]


def test_templates_and_dependencies_of_charts_are_helms():
    found = tree("", "chart/Chart.yaml")
    assert found.is_in_chart("chart/templates/x.yaml")
    assert found.is_in_chart("chart/charts/other/values.yaml")
    assert not found.is_in_chart("chart/crds/x.yaml")
    assert not found.is_in_chart("templates/x.yaml")
