# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Applications of ApplicationSets, told from a repository alone."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset import evaluate

URL = "https://git.example.com/home/cluster.git"


class Repository:
    def directories(self):
        return ["apps", "apps/blog", "apps/blog/charts", "apps/wiki", "core/dns"]

    def texts(self):
        return {
            "apps/blog/config.json": '{"name": "blog", "port": 80}',
            "apps/wiki/config.json": '[{"name": "one"}, {"name": "two"}]',
        }

    def is_own(self, url):
        return url == URL


def applicationset(generators, name="{{ .path.basename }}", go=True, **spec):
    return {
        "metadata": {"name": "set", "namespace": "argocd"},
        "spec": {
            "goTemplate": go,
            "goTemplateOptions": ["missingkey=error"] if go else [],
            "generators": yaml.safe_load(generators.replace("HERE", URL)),
            "template": {
                "metadata": {"name": name},
                "spec": {"project": "apps", "source": {"repoURL": URL}, "destination": {"namespace": name}},
            },
            **spec,
        },
    }


def names(*args, **kwargs):
    outcome = evaluate(applicationset(*args, **kwargs), Repository())
    assert outcome.troubles == ()
    return [one["metadata"]["name"] for one in outcome.applications]


def trouble(*args, **kwargs):
    outcome = evaluate(applicationset(*args, **kwargs), Repository())
    (found,) = outcome.troubles
    return found.what, found.refused


def git(*items, more=""):
    return f"[{{git: {{repoURL: HERE, directories: [{', '.join(items)}]{more}}}}}]"


@pytest.mark.parametrize(
    ("items", "found"),
    [
        (["{path: apps/*}"], ["blog", "wiki"]),
        (["{path: '*/*'}"], ["blog", "wiki", "dns"]),
        (["{path: 'apps/*/*'}"], ["charts"]),
        (["{path: 'apps/[a-c]*'}"], ["blog"]),
        (["{path: apps/wiki, exclude: true}", "{path: apps/*}"], ["blog"]),  # whatever the order
        (["{path: apps/*}", "{path: '[', exclude: true}"], ["blog", "wiki"]),  # a bad pattern excludes nothing
        (["{path: nowhere/*}"], []),
    ],
)
def test_directories(items, found):
    assert names(git(*items)) == found


@pytest.mark.parametrize(
    ("generators", "name", "found"),
    [
        ("[{list: {elements: [{name: a, port: 80}, {name: b, port: 1.5}]}}]", "{{ .name }}-{{ .port }}",
         ["a-80", "b-1.5"]),
        ("[{list: {elementsYaml: '[{name: a}]'}}]", "{{ .name }}", ["a"]),
        ("[{git: {repoURL: HERE, files: [{path: 'apps/*.json'}]}}]", "{{ .path.basename }}-{{ .name }}",
         ["blog-blog", "wiki-one", "wiki-two"]),
        ("[{git: {repoURL: HERE, files: [{path: apps}, {path: 'apps/wiki/*', exclude: true}]}}]",
         "{{ .name }}-{{ .path.filename }}", ["blog-config.json"]),
        (git("{path: core/*}", more=", pathParamPrefix: repo"), "{{ .repo.path.basename }}", ["dns"]),
        (git("{path: core/*}", more=", values: {x: '{{ .path.basename }}!'}"), "{{ .values.x }}", ["dns!"]),
        ("[{matrix: {generators: [{git: {repoURL: HERE, directories: [{path: apps/*}]}}, "
         "{list: {elements: [{c: '1'}, {c: '{{ .path.basename }}'}]}}]}}]",
         "{{ .path.basename }}-{{ .c }}", ["blog-1", "blog-blog", "wiki-1", "wiki-wiki"]),
        ("[{merge: {mergeKeys: [name], generators: [{list: {elements: [{name: a, x: '1'}, {name: b, x: '1'}]}}, "
         "{list: {elements: [{name: b, x: '2'}, {name: c, x: '3'}]}}]}}]", "{{ .name }}{{ .x }}", ["a1", "b2"]),
        ("[{list: {elements: [{name: a}, {name: b}]}, selector: {matchLabels: {name: b}}}]", "{{ .name }}", ["b"]),
    ],
)  # fmt: skip
def test_generators(generators, name, found):
    assert names(generators, name) == found


def test_without_go_templates():
    assert names(git("{path: apps/*}"), "{{path.basename}}-{{path[0]}}", go=False) == ["blog-apps", "wiki-apps"]
    elements = "[{list: {elements: [{name: a, values: {x: y}}]}}]"
    assert names(elements, "{{name}}-{{values.x}}-{{nope}}", go=False) == ["a-y-{{nope}}"]


@pytest.mark.parametrize(
    ("generators", "name", "go", "what", "refused"),
    [
        (git("{path: apps/blog}"), "{{ .nope }}", True, 'for apps/blog: map has no entry for key "nope"', True),
        (git("{path: apps/blog}"), "{{ now }}", True, "for apps/blog: the function now", False),
        ("[{clusters: {}}]", "x", True, "the generator clusters, which asks a cluster or a service", False),
        ("[{git: {repoURL: https://other.example.com/x, files: [{path: x}]}}]", "x", True,
         "the repository https://other.example.com/x, which is not this one", False),
        ("[{git: {repoURL: HERE}}]", "x", True, "git generator without directories and files", True),
        ("[{wrong: {}}]", "x", True, "unrecognized generators: wrong", True),
        ("[{list: {elements: [{name: 1}]}}]", "x", False,
         "error parsing value as string: without goTemplate, elements hold only texts", True),
        ("[{matrix: {generators: []}}]", "x", True, "matrix takes two generators, not 0", True),
        ("[{merge: {mergeKeys: [name], generators: [{list: {elements: [{name: a}, {name: a}]}}, "
         "{list: {elements: []}}]}}]", "x", True,
         'the parameters are not unique by the merge keys: {"name": "a"}', True),
    ],
)  # fmt: skip
def test_why_applications_are_missing(generators, name, go, what, refused):
    assert trouble(generators, name, go=go) == (what, refused)


def test_a_patch_of_the_template_changes_anything_but_the_project():
    patch = "spec:\n  project: other\n  source: {path: '{{ .path.path }}'}\n  destination: {namespace: null}\n"
    (found,) = evaluate(applicationset(git("{path: apps/blog}"), templatePatch=patch), Repository()).applications
    assert found["spec"] == {"project": "apps", "source": {"repoURL": URL, "path": "apps/blog"}, "destination": {}}
    assert trouble(git("{path: apps/blog}"), templatePatch="[") == ("for apps/blog: templatePatch is not YAML", True)
    assert trouble(git("{path: apps/blog}"), templatePatch="spec: {$patch: replace}")[1] is False


def test_a_template_of_the_generator_comes_before_that_of_the_set():
    own = ", template: {metadata: {}, spec: {project: own, source: {path: x}}}"
    (found,) = evaluate(applicationset(git("{path: apps/blog}", more=own)), Repository()).applications
    assert found["spec"] == {
        "project": "own",
        "source": {"repoURL": URL, "path": "x"},
        "destination": {"namespace": "blog"},
    }
    assert found["metadata"] == {
        "name": "blog",
        "namespace": "argocd",
        "finalizers": ["resources-finalizer.argocd.argoproj.io"],
    }
