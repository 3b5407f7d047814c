# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import jinja2
import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._jinja_yaml import JINJA, Template
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters
from ansible_collections.homeops.cluster.plugins.module_utils._yaml_lines import masked


@pytest.mark.parametrize(
    ("template", "documents"),
    [
        ("a: {{ b }}\n", [{"a": "J0_____"}]),
        ("a: \"{{ b['}}'] }}-{{ {'c': {}} }}\"\n", [{"a": "J0___________-J1_____________"}]),
        ("{{ a }}: [{{ b }}, 'x{{ c }}']\n", [{"J0_____": ["J1_____", "xJ2_____"]}]),
        ("a: {{ b\n  | c }}/d\ne: f\n", [{"a": "J0__ /d", "e": "f"}]),
        ("{% if a %}\nb: c\n{% else %}\nd: e\n{% endif %}\n", [{"b": "c", "d": "e"}]),
        ("a:\n{% for b in c %}\n  - {{ b }}\n{% endfor %}\n", [{"a": ["J1_____"]}]),
        ("a: b{% if c %}:80{% endif %}\n", [{"a": "b__________:80___________"}]),
        ("a: {% if b %}'c'{% endif %}\n", [{"a": "c"}]),
        ("a{% if b %}b:{% endif %}\n  c: d\n", [{"a__________b": {"c": "d"}}]),
        ("a: b {# c: d #}\n{# e:\n f #}\ng: h\n", [{"a": "b", "g": "h"}]),
        ("a: '{% raw %}{{ b }}{% endraw %}'\n", [{"a": "         {{ b }}            "}]),
        ("{% raw %}\na: '{{ b }}'\n{% endraw %}\n", [{"a": "{{ b }}"}]),
        # Lines that an expression makes, and an expression that is the value of the line above.
        ("a:\n  - b\n  {{ c | to_yaml }}\nd: e\n", [{"a": ["b"], "d": "e"}]),
        ("a:\n  {{ b }}\n  - c\n", [{"a": ["c"]}]),
        ("a:\n  {{ b }}\nc: d\n", [{"a": "J0_____", "c": "d"}]),
        ("a:\n{{ b }}\nc: d\n", [{"a": None, "c": "d"}]),
        ("{{ a }}\n---\nb: c\n", [{"b": "c"}]),
        # Texts of several lines go on as deep as they begin.
        ("a: |\n  {% if b %}\n  c\n  {% endif %}\nd: e\n", [{"a": "__________\nc\n           \n", "d": "e"}]),
        ("a:\n  b: >-  # c\n{% if b %}\n    c\n{% endif %}\n", [{"a": {"b": "______ c\n       "}}]),
        ("a: |\n  {{ b }}\n  c\n", [{"a": "J0_____\nc\n"}]),
        # What a macro makes is not here.
        ("{% macro a(b) %}\n- {{ b }}\n{% endmacro %}\n{% set c %}\n- d\n{% endset %}\ne: f\n", [{"e": "f"}]),
        ("a: b\r\n{% if c %}\r\nd: {{ e }}\r\n{% endif %}\r\n", [{"a": "b", "d": "J1_____"}]),
    ],
)
def test_a_template_is_read_as_yaml_without_rendering_it(template, documents):
    mask = masked(template)
    assert list(yaml.safe_load_all(mask)) == documents
    assert [len(line) for line in mask.split("\n")] == [len(line) for line in template.split("\n")]


def test_other_delimiters_and_none():
    text = "a: [[ b ]]\n<% if c %>\nd: '{{ e }}'\n<% endif %>\n"
    custom = Delimiters("<%", "%>", "[[", "]]", "<#", "#>")
    assert yaml.safe_load(masked(text, custom)) == {"a": "J0_____", "d": "{{ e }}"}
    assert Template(text, None).mask == text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("a: b\nc: {{ '}}' \n", "f:2: '{{' has no '}}'. Repair the template"),
        ("{% if a\n", "f:1: '{%' has no '%}'. Repair the template"),
        ("a\n{# b\n", "f:2: '{#' has no '#}'. Repair the template"),
        ("{% raw %}\n", "f:1: '{%' has no 'endraw'. Repair the template"),
        ("{% for a in b %}\n{% endif %}\n", "f:2: 'endif' ends nothing. Repair the template"),
        ("{% set a %}\n", "f:1: 'set' has no 'endset'. Repair the template"),
    ],
)
def test_code_without_an_end_is_refused(template, message):
    with pytest.raises(ClusterError) as error:
        masked(template, where="f")
    assert str(error.value) == message


def test_the_blocks_around_a_place():
    text = "{% if a %}1{% elif b %}2{% else %}3{% for c in d %}4{% endfor %}{% endif %}5{% raw %}6{% endraw %}"
    template = Template(text, JINJA)
    around = {sign: [(block.word, branch) for block, branch in template.stack(text.index(sign))] for sign in "123456"}
    assert around == {
        "1": [("if", 0)],
        "2": [("if", 1)],
        "3": [("if", 2)],
        "4": [("if", 2), ("for", 0)],
        "5": [],
        "6": [],
    }


@pytest.mark.parametrize("trim", [True, False])
@pytest.mark.parametrize(
    "template",
    [
        "a:\n{% for b in c %}\n  - b\n{% else %}\n  - c\n{% endfor %}\nd: e\n",
        "a:\n  {%- for b in c %}\n  - b\n  {%- endfor %}\n\nd: e\n",
        "a:\n  {%+ for b in c -%}\n  - b\n  {% endfor +%}\nd: e\n",
        "a: {# b #}\n  {# c #}\n{#- d -#}\n  e: f  {% if c %}  \n  {% endif %}\n",
        "{% raw %}\na: {{ b }}\n  {%- endraw %}\n  {% set x %}d{% endset %}\n{% macro m() %}n{% endmacro %}e: f\n",
        "a: {% if c %}b{% elif d %}c{% else %}d{% endif %} {% with %}e{% endwith %}\r\n",
        "f: {%- if c %} g {%- endif %}\r\n",
    ],
)
def test_a_run_is_what_jinja_makes(template, trim):
    environment = jinja2.Environment(trim_blocks=trim, lstrip_blocks=trim, keep_trailing_newline=True, autoescape=False)
    rendered = environment.from_string(template)
    runs = [run for trimmed, run in Template(template, JINJA).runs() if trimmed == trim]
    assert runs[0] == rendered.render(c=[1], d=True)
    assert runs[1] == rendered.render(c=[1, 2], d=True)
    assert runs[2] == rendered.render(c=[], d=False)
