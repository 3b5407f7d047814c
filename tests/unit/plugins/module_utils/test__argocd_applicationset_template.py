# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of ApplicationSets, as Argo CD fills them in. tests/differential asks Argo CD's own code much more."""

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_parser import (
    TemplateError,
    UnsupportedError,
)
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_template import Texts, simple
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_applicationset_values import from_json

PARAMS = from_json(
    {
        "path": {"path": "kubernetes/apps/My_App", "basename": "My_App", "segments": ["kubernetes", "apps", "My_App"]},
        "values": {"env": "prod"},
        "port": 8443,
        "big": 1000000,
        "frac": 0.25,
        "yes": True,
        "nothing": None,
        "list": ["b", "a"],
        "map": {"x": {"y": "z"}},
    }
)
STRICT = ["missingkey=error"]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{{ .path.basename }}", "My_App"),
        ("{{.path.path}}-{{ .values.env }}", "kubernetes/apps/My_App-prod"),
        ("{{ index .path.segments 1 }}", "apps"),
        ("{{ .path.basename | normalize }}", "my-app"),
        ('{{ .path.basename | lower | replace "_" "-" }}', "my-app"),
        ("a {{- .values.env -}} b", "aprodb"),
        ("{{/* a comment */}}{{ `raw` }}{{ 'a' }}", "raw97"),
        # Numbers of parameters are floats, and large ones are printed as such
        ("{{ .port }} {{ .big }} {{ .frac }} {{ 1000000 }}", "8443 1e+06 0.25 1000000"),
        ("{{ .yes }} {{ .nothing }} {{ .list }} {{ .map }}", "true <no value> [b a] map[x:map[y:z]]"),
        ("{{ int .port | add 1 }}", "8444"),
        ("{{ if eq .port 8443.0 }}same{{ end }}", "same"),
        ("{{ if .nothing }}a{{ else if .yes }}b{{ else }}c{{ end }}", "b"),
        ("{{ with .map.x }}{{ .y }}{{ $.port }}{{ end }}", "z8443"),
        ("{{ range $i, $one := .list }}{{ $i }}{{ $one }}{{ end }}", "0b1a"),
        ("{{ range .list }}{{ if eq . \"b\" }}{{ continue }}{{ end }}{{ . }}{{ else }}none{{ end }}", "a"),
        ("{{ range $k, $v := .map }}{{ $k }}{{ end }}", "x"),
        ('{{ $a := "1" }}{{ if true }}{{ $a = "2" }}{{ end }}{{ $a }}', "2"),
        ('{{ dig "x" "y" "none" .map }}{{ dig "x" "no" "none" .map }}', "znone"),
        ('{{ get .map "no" | default "other" }}', "other"),
        ('{{ ternary "a" "b" .yes }}', "a"),
        ("{{ toJson .map }}", '{"x":{"y":"z"}}'),
        ('{{ printf "%s-%03d" .values.env 7 }}', "prod-007"),
        ('{{ regexReplaceAll "[^a-z]+" (lower .path.basename) "-" }}', "my-app"),
    ],
)  # fmt: skip
def test_go_templates(template, text):
    assert Texts(True, STRICT).text(template, PARAMS) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ .nope }}",
        "{{ .path.nope }}",
        "{{ .path.basename.nope }}",
        "{{ eq .port 8443 }}",  # a float and an integer
        "{{ upper .port }}",
        "{{ upper }}",
        "{{ nosuch .port }}",
        '{{ fail "on purpose" }}',
        "{{ index .list 5 }}",
        "{{ div 1 0 }}",
        "{{ .path",
        "{{ end }}",
        "{{ if .yes }}",
        "{{ $nope }}",
        "{{ }}",
        '{{ range "text" }}{{ end }}',
    ],
)
def test_what_argocd_refuses(template):
    with pytest.raises(TemplateError):
        Texts(True, STRICT).text(template, PARAMS)


@pytest.mark.parametrize("template", ["{{ now }}", "{{ uuidv4 }}", '{{ template "x" }}', '{{ semver "1.2.3" }}'])
def test_what_cannot_be_told_is_not_guessed(template):
    with pytest.raises(UnsupportedError):
        Texts(True, STRICT).text(template, PARAMS)


def test_without_strictness_what_is_missing_is_printed_as_such():
    assert Texts(True, []).text("{{ .nope }} {{ .nope.deeper }}", PARAMS) == "<no value> <no value>"
    with pytest.raises(TemplateError):
        Texts(True, ["missingkey=zero"]).text("{{ .nope.deeper }}", PARAMS)
    with pytest.raises(TemplateError):
        Texts(True, ["missingkey=never"])


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{path}}/{{ path.basename }}", "kubernetes/web/web"),
        ("{{path[1]}} {{nope}} {{}} {{count}}", "web {{nope}} {{}} {{count}}"),
        ("no {{path}", "no {{path}"),
    ],
)
def test_the_older_form_leaves_what_it_does_not_know(template, text):
    params = {"path": "kubernetes/web", "path.basename": "web", "path[1]": "web", "count": 3.0}
    assert simple(template, params) == text


def test_all_texts_below_a_value_and_keys():
    value = {"{{ .values.env }}": ["{{ .port }}", 1, None, {"a": True}]}
    assert Texts(True, STRICT).every(value, PARAMS) == {"prod": ["8443", 1, None, {"a": True}]}
