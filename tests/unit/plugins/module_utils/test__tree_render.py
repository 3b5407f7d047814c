# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters
from ansible_collections.homeops.cluster.plugins.module_utils._tree_render import Renderer

VALUES = {"name": "home", "cluster": {"name": "c", "nodes": ["a", "b"]}, "none": None}


def fail(_value):
    raise ClusterError(Problem("fail", "always does", "Use another"))


def renderer(sources, values=None, delimiters=None, current=lambda name, path: None):
    return Renderer(
        sources=sources,
        values=VALUES if values is None else values,
        delimiters=delimiters or Delimiters(),
        filters={"shout": str.upper, "fail": fail},
        current=current,
        folder="templates/",
    )


def render(source, **options):
    return renderer({"t.j2": source}, **options).render("t.j2")


def problems(sources, name="t.j2", **options):
    sources = {"t.j2": sources} if isinstance(sources, str) else sources
    with pytest.raises(ClusterError) as error:
        renderer(sources, **options).render(name)
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ name }}\n", "home\n"),
        ("{% if name %}\nyes\n{% endif %}\n", "yes\n"),
        ("  {% if name %}\n  yes\n  {% endif %}\n", "  yes\n"),
        ("{% raw %}{{ .Values }}{% endraw %}", "{{ .Values }}"),
        ("{{ name | shout }}", "HOME"),
        ("{{ absent | default('x') }} {{ absent is defined }}", "x False"),
        ("{{ cluster.absent | default('x') }}", "x"),
        ("{% for i in range(2) %}{{ i }}{% endfor %}", "01"),
        ("{% set l = [] %}{% set x = l.append(1) %}{{ l }}", "[1]"),
        ("{% set ns = namespace(a=1) %}{% set ns.a = 2 %}{{ ns.a }}", "2"),
        ("a & <b>", "a & <b>"),
        ("one\r\ntwo", "one\ntwo"),
    ],
)
def test_render(source, text):
    assert render(source)[0] == text


def test_other_delimiters():
    delimiters = Delimiters("#%", "%#", "#{", "}#", "#|", "|#")
    source = "#% if name %#\n#{ name }# #| gone |#{{ left }}\n#% endif %#\n"
    assert render(source, delimiters=delimiters)[0] == "home {{ left }}\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("a\n{{ nmae }}", ["templates/t.j2:2:4: 'nmae' is not defined. Did you mean 'name'?"]),
        (
            "{{ cluster.nmae }}{{ zzzz }}",
            [
                "templates/t.j2:1:12: there is no 'nmae' in a mapping. Did you mean 'name'?",
                "templates/t.j2:1:22: 'zzzz' is not defined. Set it, or say what stands in for it: | default(…)",
            ],
        ),
        ("{{ cluster.nodes[7] }}", ["templates/t.j2:1:18: there is no 7 in a list. "]),
        ("{{ zzzz.b.c }}", ["templates/t.j2:1:4: 'zzzz' is not defined"]),
        ("{% for i in zzzz %}{% endfor %}", ["templates/t.j2:1:13: 'zzzz' is not defined"]),
        ("{% if zzzz %}{% endif %}", ["templates/t.j2:1:7: 'zzzz' is not defined"]),
        ("{{ zzzz + 1 }}", ["templates/t.j2:1:4: 'zzzz' is not defined"]),
        ("{{ 1 == zzzz }}", ["templates/t.j2:1:9: 'zzzz' is not defined"]),
        ("{{ zzzz() }}", ["templates/t.j2:1:4: 'zzzz' is not defined"]),
        ("{{ zzzz | shout }}", ["templates/t.j2:1:4: 'zzzz' is not defined"]),
        ("{{ zzzz | upper }}", ["templates/t.j2:1:4: 'zzzz' is not defined"]),
        ("{{ zzzz['a'] }}", ["templates/t.j2:1:4: 'zzzz' is not defined"]),
        ("{{ none.a }}", ["templates/t.j2:1:9: there is no 'a' in a NoneType"]),
        ("{{ name | fail }}", ["templates/t.j2:1:4: fail always does. Use another"]),
        ("{{ 1 + name }}", ["templates/t.j2:1:4: TypeError"]),
        ("{{ name name }}", ["templates/t.j2:1:9: expected token 'end of print statement', got 'name'. Correct it"]),
        ("{{ a $ }}", ["templates/t.j2:1:6: unexpected char '$'. Correct it"]),
        ("\n{% endfor %}", ["templates/t.j2:2:4: Encountered unknown tag 'endfor'"]),
        ("{{ name | nothing }}", ["templates/t.j2:1:11: No filter named 'nothing'. Correct it"]),
        ("{{ name | random }}", ["templates/t.j2:1:11: No filter named 'random'"]),
        ("{{ lipsum() }}", ["templates/t.j2:1:4: 'lipsum' is not defined"]),
        ("{% include 'x.j2' %}", ["templates/t.j2:1:13: there is no template 'x.j2'"]),
        ("{{ ''.__class__ }}", ["templates/t.j2:1:7: access to attribute '__class__' of 'str' object is unsafe"]),
        ("{{ cluster.update({}) }}", ["templates/t.j2:1:12: the values cannot be changed by a template (update)"]),
        ("{{ cluster.nodes.append(1) }}", ["templates/t.j2:1:18: the values cannot be changed by a template (append)"]),
    ],
)
def test_what_is_wrong_is_told_with_its_place(source, said):
    found = problems(source)
    assert len(found) == len(said), found
    assert all(one.startswith(start) for one, start in zip(found, said)), found


def test_everything_undefined_in_a_template_is_told_at_once_and_once():
    source = "{{ a1 }}{{ a1 }}\n{% include 'i.j2' %}\n{{ c3 }}{{ 1 + d4 }}{{ e5 }}"
    found = problems({"t.j2": source, "i.j2": "\n{{ b2 }}"})
    assert [problem.split(". ")[0] for problem in found] == [
        "templates/t.j2:1:4: 'a1' is not defined",
        "templates/i.j2:2:4: 'b2' is not defined, used by templates/t.j2:2",
        "templates/t.j2:3:4: 'c3' is not defined",
        "templates/t.j2:3:16: 'd4' is not defined",
    ]


def test_chain_of_includes_imports_and_macros():
    sources = {
        "t.j2": "\n{% include 'a.j2' %}",
        "a.j2": "{% from 'm.j2' import m %}\n\n{{ m() }}",
        "m.j2": "{% macro m() %}\n{{ zzzz }}\n{% endmacro %}",
        "s.j2": "\n{% include 'broken.j2' %}",
        "broken.j2": "{% if %}",
        "r.j2": "{% include 'r.j2' %}",
        "e.j2": "{% extends 'base.j2' %}{% block b %}{{ zzzz }}{% endblock %}",
        "base.j2": "\n{% block b %}{% endblock %}",
    }
    assert problems(sources)[0].startswith(
        "templates/m.j2:2:4: 'zzzz' is not defined, used by templates/a.j2:3, used by templates/t.j2:2."
    )
    assert "templates/broken.j2:1:4: Expected an expression" in problems(sources, "s.j2")[0]
    assert ", used by templates/s.j2:2" in problems(sources, "s.j2")[0]
    assert problems(sources, "r.j2") == ["templates/r.j2:1:4: includes or calls itself without end. Break the circle"]
    assert problems(sources, "e.j2")[0].startswith(
        "templates/e.j2:1:40: 'zzzz' is not defined, used by templates/base.j2:2"
    )


def traced(sources, name="t.j2", **options):
    trace = renderer(sources, **options).render(name)[1]
    return sorted(trace.templates), sorted(trace.names)


@pytest.mark.parametrize(
    ("sources", "trace"),
    [
        ({"t.j2": "x"}, (["t.j2"], [])),
        ({"t.j2": "{{ name }}{{ absent is defined }}"}, (["t.j2"], ["absent", "name"])),
        ({"t.j2": "{% set name = 1 %}{{ name }}{% for i in [1] %}{{ i }}{% endfor %}"}, (["t.j2"], [])),
        ({"t.j2": "{% include 'a' %}", "a": "{{ name }}"}, (["a", "t.j2"], ["name"])),
        ({"t.j2": "{% include ['no', 'a'] %}", "a": "x"}, (["a", "no", "t.j2"], [])),
        ({"t.j2": "{% include 'no' ignore missing %}"}, (["no", "t.j2"], [])),
        ({"t.j2": "{% import 'a' as a %}", "a": "{% set y = name %}"}, (["a", "t.j2"], ["name"])),
        ({"t.j2": "{% extends 'a' %}", "a": "{% block b %}{{ name }}{% endblock %}"}, (["a", "t.j2"], ["name"])),
    ],
)
def test_what_a_template_reads_is_noted(sources, trace):
    assert traced(sources) == trace


def test_what_macros_read_is_noted_for_each_template_that_imports_them():
    sources = {
        "one.j2": "{% from 'm.j2' import m %}{{ m() }}",
        "two.j2": "{% from 'm.j2' import m %}{{ m() }}",
        "m.j2": "{% macro m() %}{{ name }}{% endmacro %}",
    }
    several = renderer(sources)
    assert [sorted(several.render(name)[1].names) for name in ("one.j2", "two.j2")] == [["name"], ["name"]]


def test_a_value_may_have_the_name_of_something_of_jinja():
    assert render("{{ range }} {{ current }}", values={"range": 7, "current": 8})[0] == "7 8"


def test_current_is_asked_for_the_output_of_the_template_that_is_rendered():
    asked = []
    sources = {"t.j2": "{% include 'a.j2' %}", "a.j2": "{{ current('data', 'a.b') }}"}
    renderer(sources, current=lambda name, path: asked.append((name, path))).render("t.j2")
    assert asked == [("t.j2", ("data", "a.b"))]
