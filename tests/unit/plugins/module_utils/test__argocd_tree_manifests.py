# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Argo CD finds in the folder of an Application."""

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree import Tree
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_tree_manifests import (
    content,
    images,
    repository_of,
)


def manifest(kind, name="x", namespace=""):
    return f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: '{namespace}'}}\n"


def found(files, source=None, folder="app"):
    tree = Tree({path: text.encode() for path, text in files.items()})
    return content(tree, folder, source or {})


def kinds(files, source=None):
    return [
        f"{one.kind}/{one.name}" + (f"@{one.namespace}" if one.namespace else "")
        for one in found(files, source).manifests
    ]


FILES = {
    "app/a.yaml": manifest("A") + "---\n" + manifest("B"),
    "app/b.json": '{"apiVersion": "v1", "kind": "C", "metadata": {"name": "x"}}',
    "app/notes.txt": manifest("D"),
    "app/skipped.yaml": "# +argocd:skip-file-rendering\n" + manifest("E"),
    "app/values.yaml": "some: values\n",
    "app/deep/f.yml": manifest("F"),
}


@pytest.mark.parametrize(
    ("directory", "expected"),
    [
        (None, ["A/x", "B/x", "C/x"]),
        ({"recurse": True}, ["A/x", "B/x", "C/x", "F/x"]),
        ({"recurse": True, "exclude": "*.yml"}, ["A/x", "B/x", "C/x"]),  # an asterisk is for slashes, too
        ({"recurse": True, "include": "{deep/*,b.json}"}, ["C/x", "F/x"]),
        ({"include": "["}, []),
    ],
)
def test_a_plain_folder(directory, expected):
    assert kinds(FILES, {"directory": directory} if directory else {}) == expected


def test_a_broken_file_is_only_told_of_if_it_looks_like_a_manifest():
    assert [one.code for one in found({"app/x.yaml": "a: [\n"}).notes] == []
    broken = manifest("A") + "a: [\n"
    assert [(one.path, one.code) for one in found({"app/x.yaml": broken}).notes] == [
        ("app/x.yaml", "manifest_unreadable")
    ]
    assert [one.code for one in found({"app/x.jsonnet": ""}).notes] == ["not_evaluated"]


KUSTOMIZED = {
    "app/kustomization.yaml": "resources: [a.yaml, ../base]\nnamespace: outer\nnamePrefix: p-\n"
    "configMapGenerator: [{name: generated}]\nsecretGenerator: [{name: hidden}]\ncomponents: [../component]\n",
    "app/a.yaml": manifest("A", namespace="own"),
    "app/ignored.yaml": manifest("X"),
    "base/Kustomization": "resources: [b.yaml]\nnamespace: inner\nnameSuffix: -s\n",
    "base/b.yaml": manifest("B"),
    "component/kustomization.yml": "resources: [c.yaml]\n",
    "component/c.yaml": manifest("C"),
}


def test_a_kustomization_is_what_it_names():
    assert kinds(KUSTOMIZED) == [
        *("A/p-x@outer", "B/p-x-s@outer", "C/p-x@outer"),
        *("ConfigMap/p-generated@outer", "Secret/p-hidden@outer"),
    ]
    assert kinds(KUSTOMIZED, {"kustomize": {"namespace": "given"}})[0] == "A/p-x@given"


def test_a_kustomization_that_includes_itself_ends():
    notes = found({"app/kustomization.yaml": "resources: [../app]\n"}).notes
    assert [one.what for one in notes] == ["includes itself"]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("resources: ['https://example.com/x.yaml']\n", "https://example.com/x.yaml"),
        ("resources: ['github.com/owner/repo//base?ref=v1']\n", "github.com/owner/repo//base?ref=v1"),
        ("bases: ['git@github.com:owner/repo']\n", "git@github.com:owner/repo"),
        ("helmCharts: [{repo: 'https://charts.example.com'}]\n", "https://charts.example.com"),
    ],
)
def test_what_kustomize_fetches(text, url):
    assert [(one.url, one.checked) for one in found({"app/kustomization.yaml": text}).fetched] == [(url, False)]


def test_a_chart_is_what_it_depends_on_and_its_definitions():
    files = {
        "app/Chart.yaml": "dependencies:\n  - {name: a, repository: 'oci://x.example.com/y'}\n  - {name: b}\n",
        "app/templates/x.yaml": manifest("A"),
        "app/crds/y.yaml": manifest("CustomResourceDefinition"),
        "app/values.yaml": "",
    }
    assert [(one.url, one.line) for one in found(files).fetched] == [("oci://x.example.com/y", 2)]
    assert kinds(files) == ["CustomResourceDefinition/x"]
    assert found(files, {"plugin": {"name": "x"}}).notes[0].code == "not_evaluated"


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("nginx", "docker.io/library/nginx"),
        ("nginx:1.2", "docker.io/library/nginx"),
        ("owner/app@sha256:abc", "docker.io/owner/app"),
        ("docker.io/nginx:1", "docker.io/library/nginx"),
        ("registry.example.com/owner/app:1@sha256:abc", "registry.example.com/owner/app"),
        ("localhost/app:1", "localhost/app"),
        ("registry.example.com:5000/app:1", "registry.example.com:5000/app"),
    ],
)
def test_the_repository_of_an_image(image, name):
    assert repository_of(image) == name


def test_the_images_of_all_containers_as_a_kustomization_renames_them():
    pod = (
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\nspec:\n  jobTemplate:\n    spec:\n      template:\n"
        "        spec:\n          initContainers: [{image: a}]\n          containers:\n            - image: owner/b:1\n"
        "            - image: a:2\n"
    )
    files = {
        "app/kustomization.yaml": "resources: [x.yaml]\nimages: [{name: owner/b, newName: example.com/owner/c}]\n",
        "app/x.yaml": pod,
    }
    (one,) = found(files).manifests
    assert sorted(images(one)) == [
        ("docker.io/library/a", 9),
        ("docker.io/library/a", 12),
        ("example.com/owner/c", 11),
    ]
