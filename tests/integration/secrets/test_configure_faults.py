# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that can be wrong with a repository: all of it is told at once, and nothing is touched."""

from __future__ import annotations

import json
import os
import shutil

import pytest
import yaml

from tests.integration.secrets.gitops_tree import CONFIG, OTHER, RENDERED, Tree


@pytest.fixture
def rendered(repository):
    tree = Tree(repository)
    tree.done()
    return tree


def undefined(tree):
    tree.write("templates/apps/plain.yaml.j2", "a: {{ nmae }}\nb: {{ absent.key }}\n")
    return [
        "templates/apps/plain.yaml.j2:1:7: 'nmae' is not defined. Did you mean 'name'?",
        "templates/apps/plain.yaml.j2:2:7: 'absent' is not defined",
    ]


def syntax(tree):
    tree.write("templates/apps/plain.yaml.j2", "ok\n{{ name name }}\n")
    tree.write("templates/run.sh.j2", "{% if name %}\n")
    return ["templates/apps/plain.yaml.j2:2:9: expected token", "templates/run.sh.j2:1:4: Unexpected end of template"]


def chain_of_includes(tree):
    tree.write("templates/apps/plain.yaml.j2", "\n{% include 'lib/one.j2' %}\n")
    tree.write("templates/lib/one.j2", "{% include 'lib/two.j2' %}")
    tree.write("templates/lib/two.j2", "\n\n  {{ nowhere }}\n")
    return [
        "templates/lib/two.j2:3:6: 'nowhere' is not defined, used by templates/lib/one.j2:1,"
        " used by templates/apps/plain.yaml.j2:2"
    ]


def include_of_nothing(tree):
    tree.write("templates/apps/plain.yaml.j2", "{% include 'lib/macro.j2' %}\n")
    return ["templates/apps/plain.yaml.j2:1:13: there is no template 'lib/macro.j2'. Did you mean 'lib/macros.j2'?"]


def endless_include(tree):
    tree.write("templates/apps/plain.yaml.j2", "{% include 'apps/plain.yaml.j2' %}\n")
    return ["includes or calls itself without end"]


def filter_of_the_wrong_value(tree):
    tree.write("templates/apps/plain.yaml.j2", "{{ ports | bcrypt_password }}\n")
    return ["templates/apps/plain.yaml.j2:1:4: bcrypt_password takes a text, not a list"]


def filter_that_churns(tree):
    tree.write("templates/apps/plain.yaml.j2", "{{ ports | random }}{{ lipsum() }}\n")
    return ["No filter named 'random'"]


def error_that_quotes_a_secret(tree):
    tree.write("templates/apps/secret.sops.yaml.j2", "{{ {}[token]('x') }}{{ token | b64decode }}\n")
    return ["templates/apps/secret.sops.yaml.j2"]


def python_from_a_template(tree):
    tree.write("templates/apps/plain.yaml.j2", "{{ ''.__class__.__mro__ }}\n")
    return ["access to attribute '__class__' of 'str' object is unsafe"]


def change_of_the_values(tree):
    tree.write("templates/apps/plain.yaml.j2", "{% set x = ports.append(1) %}{{ ports }}\n")
    return ["the values cannot be changed by a template (append)"]


def not_utf8(tree):
    tree.write("templates/apps/plain.yaml.j2", b"\xff\xfe")
    return ["templates/apps/plain.yaml.j2:1:1: is not text in UTF-8"]


def secret_that_is_no_yaml(tree):
    tree.write("templates/apps/secret.sops.yaml.j2", "a: [{{ token }}\n")
    return ["apps/secret.sops.yaml: is not valid yaml"]


def secret_in_a_plain_file(tree):
    tree.write("templates/apps/plain.yaml.j2", "a: {{ token }}\n")
    tree.write("templates/run.sh.j2", "{{ token | b64encode }}\n")
    return [
        "templates/apps/plain.yaml.j2: puts the secret token into apps/plain.yaml, which no rule of .sops.yaml ",
        "templates/run.sh.j2: puts the secret token into run.sh",
    ]


def secret_in_plain_text_below_templates(tree):
    tree.write("templates/apps/other.sops.yaml", "a: b\n")
    return ["templates/apps/other.sops.yaml: is to be encrypted as apps/other.sops.yaml, but lies here in plain text"]


def no_rule(tree):
    (tree.root / ".sops.yaml").write_text(
        yaml.safe_dump({"creation_rules": [{"path_regex": "^secrets", "age": tree.repository.public("ann")}]})
    )
    return ["apps/secret.sops.yaml: has the name of a secret, but no creation rule of .sops.yaml matches it"]


def broken_rules(tree):
    tree.write(".sops.yaml", "creation_rules: [{path_regex: '(', age: x}]\n")
    return [".sops.yaml: creation_rules[0].path_regex"]


def values_in_plain_text(tree):
    tree.write("secrets.sops.yaml", "token: lies-open\n")
    return ["secrets.sops.yaml: is not encrypted"]


def values_edited_by_hand(tree):
    text = tree.read("secrets.sops.yaml").replace("token: ENC[AES256_GCM,data:", "token: ENC[AES256_GCM,data:AAAA")
    tree.write("secrets.sops.yaml", text)
    return ["secrets.sops.yaml: was not written by sops as it is now"]


def no_private_key(tree):
    tree.repository.as_(None)
    shutil.rmtree(tree.home / "cache")
    return ["secrets.sops.yaml: is encrypted, and no private key at hand opens it"]


def no_sops(tree):
    shutil.rmtree(tree.home / "cache")
    return ["sops_binary: /nonexistent/sops cannot be started"], {"sops_binary": "/nonexistent/sops"}


def no_config(tree):
    (tree.root / "config.yaml").unlink()
    return ["config.yaml: is not there"]


def config_is_no_yaml(tree):
    tree.write("config.yaml", "a: b\n c: d\n")
    return ["config.yaml:2:3: is not valid YAML: mapping values are not allowed in this context"]


def value_set_twice(tree):
    tree.write("config.yaml", CONFIG + "token: open\nname: twice\n")
    return ["config.yaml:5: name is there twice"]


def value_in_two_files(tree):
    tree.write("config.yaml", CONFIG + "token: open\n")
    return ["secrets.sops.yaml:1: token is also set in config.yaml:4"]


def values_against_the_schema(tree):
    schema = {
        "required": ["region"],
        "additionalProperties": False,
        "properties": {
            "name": {"pattern": "^[A-Z]", "description": "a name in capitals"},
            "domains": {},
            "ports": {"items": {"maximum": 100}},
            "token": {"maxLength": 3},
        },
    }
    tree.write("config.schema.json", json.dumps(schema))
    return [
        'config.yaml:1: name does not match "^[A-Z]": "home". It is: a name in capitals',
        "config.yaml:2: domain is not known. Did you mean domains?",
        "config.yaml:3: ports[1] is above 100: 443",
        "region is missing",
        "secrets.sops.yaml:1: token is longer than 3 characters. ",
    ]


def no_schema_but_something_else(tree):
    tree.write("config.schema.json", '{"type": "nothing"}')
    return ["config.schema.json: is not a JSON Schema"]


def no_templates(tree):
    shutil.rmtree(tree.root / "templates")
    return ["templates: is not a folder"]


def two_for_one_output(tree):
    tree.write("templates/apps/plain.yaml", "x\n")
    return ["templates/apps/plain.yaml.j2: and templates/apps/plain.yaml both become apps/plain.yaml"]


def output_over_its_input(tree):
    tree.write("templates/config.yaml.j2", "a: b\n")
    tree.write("templates/templates/x.j2", "a: b\n")
    tree.write("templates/.git/hooks/pre-commit.j2", "a: b\n")
    return [
        "config.yaml: would be written over what it is made from",
        "templates/x: would be written over what it is made from",
        ".git/hooks/pre-commit: is in Git's own folder",
    ]


def link_out_of_the_templates(tree):
    (tree.root / "templates/apps/passwd").symlink_to("/etc/passwd")
    return ["templates/apps/passwd: is a link to a place outside of templates"]


def edited_by_hand(tree):
    tree.write("apps/plain.yaml", RENDERED.replace("443", "8443"))
    return ["apps/plain.yaml: was edited by hand since it was rendered. ", "-port: 8443\n+port: 443"]


def secret_edited_by_hand(tree):
    path = tree.root / "apps/secret.sops.yaml"
    tree.repository.sops("set", path, '["stringData"]["token"]', json.dumps(OTHER))
    return ["apps/secret.sops.yaml: somebody changed it, and it holds other values now"]


def orphan_edited_by_hand(tree):
    tree.write("apps/plain.yaml", "mine\n")
    (tree.root / "templates/apps/plain.yaml.j2").unlink()
    return ["apps/plain.yaml: has lost its template, but is not as it was rendered"]


def somebody_else_s_file(tree):
    tree.write("templates/new.yaml.j2", "a: b\n")
    tree.write("new.yaml", "mine\n")
    return ["new.yaml: is there already, and was not rendered by this"]


def output_is_a_link(tree):
    (tree.root / "apps/plain.yaml").unlink()
    (tree.root / "apps/plain.yaml").symlink_to("../config.yaml")
    return ["apps/plain.yaml: is a link, where a rendered file goes"]


def output_is_a_folder(tree):
    (tree.root / "apps/plain.yaml").unlink()
    (tree.root / "apps/plain.yaml").mkdir()
    return ["apps/plain.yaml: is a folder, where a rendered file goes"]


def output_of_a_secret_is_a_folder(tree):
    (tree.root / "apps/secret.sops.yaml").unlink()
    (tree.root / "apps/secret.sops.yaml").mkdir()
    return ["apps/secret.sops.yaml: is a folder"]


def output_behind_a_link(tree):
    (tree.root / "apps").rename(tree.root / "moved")
    (tree.root / "apps").symlink_to("moved")
    return ["apps/plain.yaml: is behind a link"]


def output_below_a_file(tree):
    shutil.rmtree(tree.root / "apps")
    tree.write("apps", "a file\n")
    return ["apps/plain.yaml: is below a file"]


FAULTS = [
    undefined,
    syntax,
    chain_of_includes,
    include_of_nothing,
    endless_include,
    filter_of_the_wrong_value,
    filter_that_churns,
    error_that_quotes_a_secret,
    python_from_a_template,
    change_of_the_values,
    not_utf8,
    secret_that_is_no_yaml,
    secret_in_a_plain_file,
    secret_in_plain_text_below_templates,
    no_rule,
    broken_rules,
    values_in_plain_text,
    values_edited_by_hand,
    no_private_key,
    no_sops,
    no_config,
    config_is_no_yaml,
    value_set_twice,
    value_in_two_files,
    values_against_the_schema,
    no_schema_but_something_else,
    no_templates,
    two_for_one_output,
    output_over_its_input,
    link_out_of_the_templates,
    edited_by_hand,
    secret_edited_by_hand,
    orphan_edited_by_hand,
    somebody_else_s_file,
    output_is_a_link,
    output_is_a_folder,
    output_of_a_secret_is_a_folder,
    output_behind_a_link,
    output_below_a_file,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_fault(rendered, fault):
    # Something else is always to be done, too: it must not be done.
    rendered.write("templates/more.yaml.j2", "more: {{ domain }}\n")
    expected = fault(rendered)
    options = {}
    if isinstance(expected, tuple):
        expected, options = expected
    message = rendered.refused(**options)
    assert [text for text in expected if text not in message] == [], message
    assert rendered.plaintext_places() == []


def test_read_only_folder(rendered):
    """As root nothing is read-only, so the module runs as nobody."""
    rendered.write("templates/apps/plain.yaml.j2", "other: {{ name }}\n")
    rendered.write("templates/more.yaml.j2", "more: {{ domain }}\n")
    rendered.repository.monkeypatch.setenv("SOPS_AGE_KEY", rendered.repository.identities["ann"][0].read_text())
    before = rendered.contents()
    (rendered.root / "apps").chmod(0o555)
    for path in [rendered.home, *rendered.home.rglob("*")]:
        os.chown(path, 65534, 65534)
    message = rendered_as_nobody(rendered)
    (rendered.root / "apps").chmod(0o755)
    assert "apps/plain.yaml: cannot be written: Permission denied" in message
    assert rendered.contents() == before


def rendered_as_nobody(tree):
    for parent in tree.home.parents:
        if parent.name.startswith("pytest"):
            parent.chmod(0o755)
    pid = os.fork()
    if not pid:
        os.setgid(65534)
        os.setuid(65534)
        with open(tree.home / "said", "w") as said:
            said.write(tree.render().get("msg", ""))
        os._exit(0)
    os.waitpid(pid, 0)
    message = (tree.home / "said").read_text()
    (tree.home / "said").unlink()
    return message
