# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _argocd_project_file as project_file
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project_file import (
    Edits,
    EntryInFile,
    delimiters_of,
    edit,
    projects,
)
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: apps}\n"
SERVER = "https://kubernetes.default.svc"
REPOSITORIES = {"sourceRepos": ["https://new", "*"]}
DESTINATIONS = {"destinations": [{"namespace": "new", "server": SERVER}]}


def added(text, entries, delimiters=None):
    return edit(text, "apps", Edits(add=entries), "f", delimiters)


def removed(text, entries, delimiters=None):
    """Without the entries of these values."""
    lists = projects(text, "f", delimiters)[0].lists
    numbers = {
        name: [number for number, entry in enumerate(lists[name]) if entry.value in values and not entry.is_expression]
        for name, values in entries.items()
    }
    return edit(text, "apps", Edits(remove=numbers), "f", delimiters)


@pytest.mark.parametrize(
    ("before", "entries", "after"),
    [
        pytest.param(
            "  sourceRepos:\n    - https://a  # why\n\n    # b too\n    - 'https://b'\n    # end\n  destinations: []\n",
            REPOSITORIES,
            "  sourceRepos:\n    - https://a  # why\n\n    # b too\n    - 'https://b'\n    - 'https://new'\n    - '*'\n"
            "    # end\n  destinations: []\n",
            id="behind the last entry, before remarks that follow, with its quotes",
        ),
        pytest.param(
            "  sourceRepos:\n  -   https://a\n",
            REPOSITORIES,
            "  sourceRepos:\n  -   https://a\n  -   https://new\n  -   '*'\n",
            id="dashes that are not indented, with a wide gap",
        ),
        pytest.param(
            '  sourceRepos:\n    - "*"\n    - plain\n',
            {
                "sourceRepos": [
                    "!no",
                    "yes",
                    "1.5",
                    "a: b",
                    "a #b",
                    "c:",
                    "{d}",
                    "it's",
                    "tab\t",
                    "\u2028",
                    "a/b:c@d#e?f=*",
                ]
            },
            '  sourceRepos:\n    - "*"\n    - plain\n    - "!no"\n    - "yes"\n    - "1.5"\n    - "a: b"\n'
            '    - "a #b"\n'
            '    - "c:"\n    - "{d}"\n    - "it\'s"\n    - "tab\\t"\n    - "\\u2028"\n    - a/b:c@d#e?f=*\n',
            id="quotes where they are needed, of the kind that is there",
        ),
        pytest.param(
            "  sourceRepos:\n    - plain\n",
            {"sourceRepos": ["it's *"]},
            "  sourceRepos:\n    - plain\n    - 'it''s *'\n",
            id="a quote in quotes",
        ),
        pytest.param(
            f"  destinations:\n  - namespace: a\n    server: {SERVER}\n",
            DESTINATIONS,
            f"  destinations:\n  - namespace: a\n    server: {SERVER}\n  - namespace: new\n    server: {SERVER}\n",
            id="keys in the order of the neighbours",
        ),
        pytest.param(
            f"  destinations:\n    - { {'server': SERVER, 'namespace': 'a'} }\n".replace("'", '"'),
            DESTINATIONS,
            '  destinations:\n    - {"server": "https://kubernetes.default.svc", "namespace": "a"}\n'
            '    - {"server": "https://kubernetes.default.svc", "namespace": "new"}\n',
            id="maps in braces, with quoted keys",
        ),
        pytest.param(
            "  destinations:\n    - # all - of it\n      server: s\n    - *d\n".replace("*d", "name: n"),
            {"destinations": [{"name": "in-cluster"}]},
            "  destinations:\n    - # all - of it\n      server: s\n    - name: n\n    - name: in-cluster\n",
            id="a remark behind a dash",
        ),
        pytest.param(
            "  sourceRepos: [a, 'b',]  # c\n",
            REPOSITORIES,
            "  sourceRepos: [a, 'b', 'https://new', '*',]  # c\n",
            id="brackets in one line",
        ),
        pytest.param(
            "  sourceRepos: [\n    a,  # one\n    b  # two\n  ]\n",
            REPOSITORIES,
            "  sourceRepos: [\n    a,  # one\n    b,  # two\n    https://new,\n    '*'\n  ]\n",
            id="brackets with a line for each",
        ),
        pytest.param(
            "  sourceRepos: [\n    a,\n  ]\n",
            REPOSITORIES,
            "  sourceRepos: [\n    a,\n    https://new,\n    '*',\n  ]\n",
            id="a comma behind the last one",
        ),
        pytest.param(
            "  sourceRepos: [a,\n    b]\n",
            REPOSITORIES,
            "  sourceRepos: [a,\n    b,\n    https://new,\n    '*']\n",
            id="a bracket behind the last one",
        ),
        pytest.param(
            "  sourceRepos: []  # none\n  destinations: []\n",
            DESTINATIONS,
            f"  sourceRepos: []  # none\n  destinations:\n    - server: {SERVER}\n      namespace: new\n",
            id="[] becomes dashes",
        ),
        pytest.param(
            "  roles:\n  - name: a\n  sourceRepos: []  # none\n",
            REPOSITORIES,
            "  roles:\n  - name: a\n  sourceRepos:  # none\n  - https://new\n  - '*'\n",
            id="indented as others in the file",
        ),
        pytest.param(
            "  description: a\n  sourceRepos: []\n",
            REPOSITORIES,
            "  description: a\n  sourceRepos: [https://new, '*']\n",
            id="[] where a missing key would come to",
        ),
        pytest.param(
            "  sourceRepos: [ ]\n", REPOSITORIES, "  sourceRepos: [ https://new, '*' ]\n", id="[ ] keeps its blanks"
        ),
        pytest.param(
            "  sourceRepos:   [  ]\n", REPOSITORIES, "  sourceRepos:   [https://new, '*'  ]\n", id="wide blanks"
        ),
        pytest.param(
            "  # about\n  description: >-\n    a\n\n  # roles\n  roles: []\n",
            {**REPOSITORIES, **DESTINATIONS},
            f"  # about\n  description: >-\n    a\n  destinations:\n    - server: {SERVER}\n      namespace: new\n\n"
            "  # roles\n  roles: []\n  sourceRepos:\n    - https://new\n    - '*'\n",
            id="missing keys come to where the alphabet has them",
        ),
        pytest.param(
            "  # first\n  sourceRepos:\n    - 'a'\n",
            {"sourceNamespaces": ["team"]},
            "  sourceNamespaces:\n    - 'team'\n  # first\n  sourceRepos:\n    - 'a'\n",
            id="a missing key that is the first, with the quotes of the others",
        ),
        pytest.param(
            "  x: &u https://u\n  sourceRepos: &unused\n    - *u\n    - &b https://b\n",
            REPOSITORIES,
            "  x: &u https://u\n  sourceRepos: &unused\n    - *u\n    - &b https://b\n    - https://new\n    - '*'\n",
            id="anchors and aliases of entries",
        ),
        pytest.param(
            "  sourceRepos:\n    - >-\n      https://a\n    - |\n      b\n\n  roles: []\n",
            REPOSITORIES,
            "  sourceRepos:\n    - >-\n      https://a\n    - |\n      b\n    - https://new\n"
            "    - '*'\n\n  roles: []\n",
            id="texts of several lines",
        ),
        pytest.param(
            '  "sourceRepos":\n  - "a"\n',
            REPOSITORIES,
            '  "sourceRepos":\n  - "a"\n  - "https://new"\n  - "*"\n',
            id="a quoted key",
        ),
    ],
)
def test_what_is_added_looks_like_its_neighbours_and_can_be_taken_out_again(before, entries, after):
    before, after = HEAD + "spec:\n" + before, HEAD + "spec:\n" + after
    assert added(before, entries) == after
    assert removed(after, entries) == before
    for variant in (
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text[:-1],
        lambda text: text[:-1].replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: f"%YAML 1.1\n---  # first\na: b\n---\n{text}...\n---\n- another\n",
    ):
        assert added(variant(before), entries) == variant(after)
        assert removed(variant(after), entries) == variant(before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"spec": {"a": 1}', '"spec": {"a": 1, "sourceRepos": [ "https://new", "*" ]}'),
        ('"spec": {"sourceRepos": []}', '"spec": {"sourceRepos": ["https://new", "*"]}'),
        ('"spec": {"sourceRepos": ["a"]}', '"spec": {"sourceRepos": ["a", "https://new", "*"]}'),
        ('"spec": {}', "\"spec\": {sourceRepos: [ https://new, '*' ]}"),
        (
            '"spec": {\n    "roles": [],\n    "zone": 1\n  }',
            '"spec": {\n    "roles": [],\n    "sourceRepos": [ "https://new", "*" ],\n    "zone": 1\n  }',
        ),
        (
            '"spec": {\n    "sourceRepos": [\n      "a"\n    ]\n  }',
            '"spec": {\n    "sourceRepos": [\n      "a",\n      "https://new",\n      "*"\n    ]\n  }',
        ),
    ],
)
def test_json_and_a_spec_in_braces(before, after):
    head = '{"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "apps"}, '
    before, after = f"{head}{before}}}\n", f"{head}{after}}}\n"
    assert added(before, REPOSITORIES) == after
    assert removed(after, REPOSITORIES) == before


def test_a_destination_of_several_lines_in_json_gets_neighbours_like_it():
    text = HEAD + 'spec: {"destinations": [\n  {\n    "namespace": "a",\n    "server": "s"\n  }\n]}\n'
    expected = text.replace("  }\n]", f'  }},\n  {{\n    "namespace": "new",\n    "server": "{SERVER}"\n  }}\n]')
    assert added(text, DESTINATIONS) == expected
    assert removed(expected, DESTINATIONS) == text


@pytest.mark.parametrize(
    ("before", "gone", "after"),
    [
        ("  sourceRepos:\n    # a\n    - a  # why\n    - b\n", ["a"], "  sourceRepos:\n    # a\n    - b\n"),
        ("  sourceRepos:  # c\n    - a\n  roles: []\n", ["a"], "  sourceRepos: []  # c\n  roles: []\n"),
        ("  sourceRepos:\n    # one\n    - a\n    # two\n", ["a"], "  sourceRepos: []\n    # one\n    # two\n"),
        ("  sourceRepos: &u !!seq\n    - a\n", ["a"], "  sourceRepos: &u !!seq []\n"),
        ("  sourceRepos:\n    - a\n    - b\n    - a\n", ["a"], "  sourceRepos:\n    - b\n"),
        ("  sourceRepos:\n    - >-\n      a\n\n    - b\n", ["a"], "  sourceRepos:\n\n    - b\n"),
        ("  sourceRepos: [a, b, c]\n", ["a"], "  sourceRepos: [b, c]\n"),
        ("  sourceRepos: [a, b, c]\n", ["b"], "  sourceRepos: [a, c]\n"),
        ("  sourceRepos: [a, b, c]\n", ["b", "c"], "  sourceRepos: [a]\n"),
        ("  sourceRepos: ['a', \"b\",]  # c\n", ["a", "b"], "  sourceRepos: []  # c\n"),
        ("  sourceRepos: [a,  # one\n    b,\n    c]\n", ["a"], "  sourceRepos: [\n    b,\n    c]\n"),
        (
            "  sourceRepos: [\n    a,\n    b,  # two\n    c\n  ]\n",
            ["c"],
            "  sourceRepos: [\n    a,\n    b  # two\n  ]\n",
        ),
        ("  sourceRepos: [\n    a,\n  ]\n", ["a"], "  sourceRepos: []\n"),
        ("  sourceRepos: [\n    # why\n    a\n  ]\n", ["a"], "  sourceRepos: [\n    # why\n  ]\n"),
        ("  sourceRepos:\n    - \n  roles: []\n", [None], "  sourceRepos: []\n  roles: []\n"),
        # Where it would come to if it was missing, as it is then.
        ("  roles: []\n  sourceRepos:\n    - a\n", ["a"], "  roles: []\n"),
        # No spec is something else than an empty one.
        ("  sourceRepos:\n    - a\n", ["a"], "  sourceRepos: []\n"),
    ],
)
def test_what_is_taken_out_goes_with_its_line_and_the_remarks_of_others_stay(before, gone, after):
    assert removed(f"{HEAD}spec:\n{before}", {"sourceRepos": gone}) == f"{HEAD}spec:\n{after}"


@pytest.mark.parametrize("text", ["  description: |\n    a", "  description: |+\n    a\n\n"])
def test_a_text_at_the_end_stays_the_same_text(text):
    expected = f"{HEAD}spec:\n  sourceRepos:\n    - https://new\n    - '*'\n{text}"
    assert added(f"{HEAD}spec:\n{text}", REPOSITORIES) == expected
    assert removed(expected, REPOSITORIES) == f"{HEAD}spec:\n{text}"


def test_adding_and_removing_at_once_keeps_the_style():
    text = HEAD + 'spec:\n  sourceRepos:\n  -  "a"\n  -  "b"\n'
    edits = Edits(add={"sourceRepos": ["c"]}, remove={"sourceRepos": [0, 1]})
    assert edit(text, "apps", edits) == HEAD + 'spec:\n  sourceRepos:\n  -  "c"\n'


def test_of_entries_that_are_there_twice_the_one_with_that_number_goes():
    text = HEAD + "spec:\n  sourceRepos:\n    - a  # first\n    - b\n    - a  # second\n"
    assert edit(text, "apps", Edits(remove={"sourceRepos": [2]})) == text.replace("    - a  # second\n", "")


JINJA = Delimiters()
LOOP = "{% for r in repos %}\n    - {{ r }}\n{% endfor %}\n"
CONDITION = "{% if x %}\n    - b\n{% else %}\n    - c\n{% endif %}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    - '{{ a }}'\n    - b\n", "    - '{{ a }}'\n    - b\n+"),
        ("    - '{{ a }}'\n", "    - '{{ a }}'\n+"),
        ("    - a\n" + LOOP, "    - a\n" + LOOP + "+"),
        (LOOP, LOOP + "+"),
        (LOOP + "    - a\n", LOOP + "    - a\n+"),
        ("    - a\n" + CONDITION, "    - a\n" + CONDITION + "+"),
        (LOOP.replace("{%", "    {%-"), LOOP.replace("{%", "    {%-") + "+"),
        (
            "    - a\n  description: |\n    b\n{% if x %}\n{% endif %}\n",
            "    - a\n+  description: |\n    b\n{% if x %}\n{% endif %}\n",
        ),
        # Whoever knows what lines these are.
        ("    - a\n    {{ repos | to_yaml }}\n", "    - a\n+    {{ repos | to_yaml }}\n"),
        ("    - a\n{% include 'more' %}\n", "    - a\n+{% include 'more' %}\n"),
        ("    - a\n{% set b = 1 %}\n    - {{ b }}\n", "    - a\n{% set b = 1 %}\n    - {{ b }}\n+"),
        ("    - {{ a |\n  default('}}', {'b': {}}) }}\n", "    - {{ a |\n  default('}}', {'b': {}}) }}\n+"),
        ("    - https://{% if x %}a{% endif %}.git\n", "    - https://{% if x %}a{% endif %}.git\n+"),
        ("    - a {# why #}\n{# of two\n   lines #}\n", "    - a {# why #}\n+{# of two\n   lines #}\n"),
        ("{% raw %}\n    - a # {{ b\n{% endraw %}\n", "{% raw %}\n    - a # {{ b\n+{% endraw %}\n"),
    ],
)
def test_in_a_template_entries_come_to_where_they_are_always_permitted(before, after):
    head, tail = HEAD + "spec:\n  sourceRepos:\n", "  roles: []\n"
    text, expected = head + before + tail, head + after.replace("+", "    - https://new\n    - '*'\n", 1) + tail
    assert added(text, REPOSITORIES, JINJA) == expected
    assert removed(expected, REPOSITORIES, JINJA) == text


def test_other_delimiters():
    custom = Delimiters("<%", "%>", "[[", "]]", "<#", "#>")
    text = HEAD + "spec:\n  sourceRepos:\n    - '[[ a ]]'\n<% for b in c %>\n    - {{b: c}: d}\n<% endfor %>\n"
    assert added(text, REPOSITORIES, custom) == text + "    - https://new\n    - '*'\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "  destinations:\n    - a: b\n" + LOOP + "  zone: a\n",
            "  destinations:\n    - a: b\n" + LOOP + "+  zone: a\n",
        ),
        ("{% if x %}\n  roles: []\n{% endif %}\n", "{% if x %}\n  roles: []\n{% endif %}\n+"),
        (
            "  description: |\n    a\n{% if x %}\n{% endif %}\n",
            "  description: |\n    a\n+{% if x %}\n{% endif %}\n",
        ),
        ("{% if x %}\n  roles: []\n  zone: a\n{% endif %}\n", "+{% if x %}\n  roles: []\n  zone: a\n{% endif %}\n"),
        ("  roles: []\n{% if x %}\n  zone: a\n{% endif %}\n", "  roles: []\n+{% if x %}\n  zone: a\n{% endif %}\n"),
    ],
)
def test_in_a_template_a_missing_key_comes_to_where_it_always_is(before, after):
    text = f"{HEAD}spec:\n{before}"
    expected = f"{HEAD}spec:\n" + after.replace("+", "  sourceRepos:\n    - https://new\n    - '*'\n", 1)
    assert added(text, REPOSITORIES, JINJA) == expected
    assert removed(expected, REPOSITORIES, JINJA) == text


@pytest.mark.parametrize(
    "around", ["{{% if x %}}\n{0}{{% endif %}}\n", "{{% macro m(x) %}}\n- {{{{ x }}}}\n{{% endmacro %}}\n{0}"]
)
def test_a_project_in_a_condition_and_macros_beside_it(around):
    text = around.format(HEAD + "spec:\n  sourceRepos:\n    - a\n")
    expected = text.replace("    - a\n", "    - a\n    - https://new\n    - '*'\n")
    assert added(text, REPOSITORIES, JINJA) == expected


SHARED = "Write a list of its own here, or change that one by hand"
THERE = "Write a list of its own there, or change it by hand"
AS_LIST = "Write it as a list, or change the values that it is made of"
LINES = "Write it on lines of its own, or change it by hand"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "x: &l [a]\nspec:\n  sourceRepos: *l\n",
            f"f:6: sourceRepos is written in line 4, and used here by an alias. {SHARED}",
        ),
        (
            "x: &s\n  sourceRepos: [a]\nspec: *s\n",
            f"f:6: sourceRepos is written in line 5, and used here by an alias. {SHARED}",
        ),
        (
            "x: &s\n  sourceRepos: [a]\nspec:\n  <<: *s\n",
            f"f:7: sourceRepos is written in line 5, and used here by an alias. {SHARED}",
        ),
        (
            "spec:\n  sourceRepos: &l\n    - a\nx: *l\n",
            f"f:5: sourceRepos is also used by the alias in line 7. {THERE}",
        ),
        ("spec: &s\n  sourceRepos: [a]\nx: *s\n", f"f:5: sourceRepos is also used by the alias in line 6. {THERE}"),
        ("spec:\n  sourceRepos: []\n  sourceRepos: []\n", "f:6: sourceRepos is there twice (lines 5 and 6). Keep one"),
        ("spec:\n  sourceRepos: a\n", f"f:5: sourceRepos is not a list. {AS_LIST}"),
        ("spec:\n", "f:4: there is no spec with something in it. Write 'spec: {}' there"),
        ("", "f:1: there is no spec with something in it. Write 'spec: {}' there"),
        ("x: *y\n", "f:4: the alias *y has no anchor above it. Repair it"),
        ("spec:\n  sourceRepos: &l\n    - *l\n", "f:6: the alias *l is in what it stands for. Repair it"),
        ("spec:\n  destinations:\n    - &d {<<: *d}\n", "f:6: the alias *d is in what it stands for. Repair it"),
        ("spec:\r  sourceRepos:\r  - a\r", f"f:4: this entry of sourceRepos does not begin its line. {LINES}"),
    ],
)
def test_what_would_change_another_place_or_cannot_be_read_is_refused(spec, message):
    with pytest.raises(ClusterError) as error:
        added(HEAD + spec, REPOSITORIES)
    assert str(error.value) == message


def test_what_is_no_yaml_is_refused():
    with pytest.raises(ClusterError, match=r"^f:6: cannot be read as YAML: .*Repair it; a Jinja2 template is named"):
        added(HEAD + "spec:\n  sourceRepos: [\n", REPOSITORIES)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("  sourceRepos: {{ repos | to_json }}\n", f"f:5: sourceRepos is made by an expression. {AS_LIST}"),
        ("  sourceRepos:\n    {{ repos | to_yaml }}\n", f"f:6: sourceRepos is made by an expression. {AS_LIST}"),
        (
            "  sourceRepos:\n{{ repos | to_yaml }}\n",
            "f:6: sourceRepos may be made by the code here. Write 'sourceRepos: []' if it is not",
        ),
        (
            "  roles: []\n{{ more | to_yaml }}\n",
            "f:6: sourceRepos may be made by the code here. Write 'sourceRepos: []' if it is not",
        ),
        (
            "{% if x %}\n  sourceRepos: []\n{% endif %}\n  roles: []\n",
            "f:6: sourceRepos depends on the 'if' in line 5. "
            "Put the condition around its entries, or change it by hand",
        ),
        (
            "  sourceRepos:\n    - a\n{% if x %}\n    - https://new\n{% endif %}\n",
            "f:8: this entry of sourceRepos depends on the 'if' in line 7. "
            "Take it out of there, so that it is always permitted",
        ),
        (
            "  sourceRepos:\n{% for r in repos %}\n    - {{ r }}\n  roles: []\n{% endfor %}\n",
            "f:5: there is no entry of sourceRepos that is certainly there. Write one first",
        ),
        (
            "  sourceRepos: [a{% for r in repos %}, '{{ r }}'{% endfor %}]\n",
            "f:5: the end of sourceRepos is made by code. Write each entry on a line of its own, or change it by hand",
        ),
        (
            "  sourceRepos:\n    - a {% if x %} # b {% endif %}\n",
            f"f:6: there is something else in the line of this part of sourceRepos. {LINES}",
        ),
        (
            "  sourceRepos:\n{% filter upper %}\n    - a\n  description: |\n{% endfilter %}\n    b\n",
            "f:5: there is no entry of sourceRepos that is certainly there. Write one first",
        ),
        # Jinja takes the beginning of the next line away.
        (
            "  sourceRepos:\n    {% for r in repos -%}\n    - {{ r }}\n    {% endfor -%}\n  roles: []\n",
            "f: the change would mean something else than what was asked for. Change it by hand",
        ),
        (
            # With trim_blocks, what is added would come into the last line; before, that made no difference.
            "  destinations: []\n  sourceRepos:\n    - {{ a }}{# why #}\n",
            "f: the change would mean something else than what was asked for. Change it by hand",
        ),
        ("  sourceRepos:\n    - {{ a\n", "f:6: '{{' has no '}}'. Repair the template"),
        ("{% if x %}\n  sourceRepos: []\n", "f:5: 'if' has no 'endif'. Repair the template"),
        ("  sourceRepos: []\n{% endif %}\n", "f:6: 'endif' ends nothing. Repair the template"),
        ("{% raw %}\n  sourceRepos: []\n", "f:5: '{%' has no 'endraw'. Repair the template"),
    ],
)
def test_what_nobody_can_know_before_rendering_is_refused(spec, message):
    with pytest.raises(ClusterError) as error:
        added(HEAD + "spec:\n" + spec, REPOSITORIES, JINJA)
    assert str(error.value) == message


def test_a_project_that_a_loop_makes_is_refused():
    text = "{% for p in list %}\n---\n" + HEAD + "spec:\n  sourceRepos:\n    - a\n{% endfor %}\n"
    with pytest.raises(ClusterError, match="f:7: sourceRepos is made by the 'for' in line 1"):
        added(text, REPOSITORIES, JINJA)


def test_what_a_template_would_take_for_its_code_is_refused():
    text = HEAD + "spec:\n  sourceRepos:\n    - a\n"
    message = "f: sourceRepos: '{{' in https://{{ a }} would be taken for code of the template"
    with pytest.raises(ClusterError, match=message):
        added(text, {"sourceRepos": ["https://{{ a }}"]}, JINJA)
    assert added(text, {"sourceRepos": ["https://{{ a }}"]}) == text + "    - 'https://{{ a }}'\n"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("    - '{{ a }}'\n    - b\n", "f:6: this entry of sourceRepos is made by code. Remove it by hand"),
        ("{{ a }}\n    - b\n", "f:6: this entry of sourceRepos is made by code. Remove it by hand"),
        (
            "{% if x %}\n    - a\n{% endif %}\n    - b\n",
            "f:7: this entry of sourceRepos depends on the 'if' in line 6. Remove it by hand",
        ),
        (
            "    - &a a\n    - b\nx: *a\n",
            "f:6: this entry of sourceRepos is also used by the alias in line 8. Write it out there first",
        ),
    ],
)
def test_entries_that_cannot_be_taken_out_alone_are_refused(spec, message):
    text = HEAD + "spec:\n  sourceRepos:\n" + spec
    with pytest.raises(ClusterError) as error:
        edit(text, "apps", Edits(remove={"sourceRepos": [0]}), "f", JINJA)
    assert str(error.value) == message


def test_code_that_would_be_the_value_of_the_line_above_stays_behind_its_entry():
    text = HEAD + "spec:\n  sourceRepos:\n    - a\n    {{ b }}\n    - c\n"
    with pytest.raises(ClusterError, match="the change would mean something else"):
        edit(text, "apps", Edits(remove={"sourceRepos": [0, 2]}), "f", JINJA)


def test_projects_are_found_among_other_documents_with_what_they_permit():
    other = "kind: ConfigMap\napiVersion: v1\ndata:\n  a: |\n    kind: AppProject\n---\n"
    text = f"""{other}{HEAD}spec:
  sourceRepos:
    - https://a
    - "{{{{ a }}}}"
{{% if b %}}
    - b
{{% endif %}}
  destinations:
    - {{server: s, namespace: "{{{{ n }}}}"}}
    - &d
      name: d
    - <<: *d
      namespace: e
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: "{{{{ c }}}}"
  namespace: argocd
spec:
  sourceNamespaces: {{{{ d | to_json }}}}
"""
    first, second = projects(text, "f", JINJA)
    assert (first.name, first.namespace, first.document, first.line) == ("apps", "", 1, 7)
    assert first.lists == {
        "sourceRepos": (
            EntryInFile("https://a", 12),
            EntryInFile("{{ a }}", 13, is_expression=True),
            EntryInFile("b", 15, is_expression=True),
        ),
        "destinations": (
            EntryInFile({"server": "s", "namespace": "{{ n }}"}, 18, is_expression=True),
            EntryInFile({"name": "d"}, 19),
            EntryInFile({"name": "d", "namespace": "e"}, 21),
        ),
        "sourceNamespaces": (),
    }
    assert (second.name, second.namespace, second.document, second.line) == ("{{ c }}", "argocd", 2, 24)
    assert second.lists["sourceNamespaces"] == (EntryInFile("{{ d | to_json }}", 30, is_expression=True),)
    assert edit(text, "{{ c }}", Edits(add=REPOSITORIES), "f", JINJA).endswith(
        "spec:\n  sourceNamespaces: {{ d | to_json }}\n  sourceRepos:\n    - https://new\n    - '*'\n"
    )


def test_a_project_that_is_not_there_or_there_twice():
    text = HEAD + "spec: {}\n---\n" + HEAD + "spec: {}\n"
    with pytest.raises(ClusterError, match=r"f: AppProject apps is there 2 times \(lines 1, 6\)"):
        added(text, REPOSITORIES)
    with pytest.raises(ClusterError, match=r"f: there is no AppProject other \(but: apps, apps\)"):
        edit(text, "other", Edits(), "f")
    with pytest.raises(ClusterError, match=r"f: there is no AppProject apps \(but: none\)"):
        added("a: b\n", REPOSITORIES)


def test_an_edit_that_went_wrong_is_not_given_back(monkeypatch):
    text = HEAD + "spec:\n  sourceRepos:\n    - a\n    - b\n"
    wrong = [text + "    - https://new\n", text.replace("- b", "- c") + "    - https://new\n    - '*'\n", text]
    for result in wrong:
        monkeypatch.setattr(project_file.lines, "add", lambda *arguments, result=result: (result, 2))
        with pytest.raises(ClusterError, match="would mean something else"):
            added(text, REPOSITORIES)


def test_templates_are_known_by_their_name():
    custom = Delimiters(block_start="<%", block_end="%>")
    assert delimiters_of("projects/apps.yaml") is delimiters_of("apps.json", custom) is None
    assert delimiters_of("apps.yaml.j2") == Delimiters()
    assert delimiters_of("apps.yaml.j2", custom) == custom
