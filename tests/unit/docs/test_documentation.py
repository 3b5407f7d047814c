# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation names is there: links, commands, playbooks, modules, filters, roles, options."""

from __future__ import annotations

import functools
import importlib
import re
from pathlib import Path

import pytest
import yaml
from ansible.plugins.loader import fragment_loader
from ansible.utils import plugin_docs
from ansible_collections.homeops.cluster.plugins.module_utils._description_schema import SCHEMA

ROOT = Path(__file__).parents[3]
NAMESPACE = "homeops.cluster"
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "roles").glob("*/README.md")),
]

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def public(folder):
    return {path.stem for path in (ROOT / "plugins" / folder).glob("*.py") if not path.stem.startswith("_")}


MODULES = public("modules")
FILTERS = public("filter")
ROLES = {path.name for path in (ROOT / "roles").iterdir()}
GROUPS = {"k3s_servers", "k3s_agents"}
PLAYBOOKS = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}


def anchors(page):
    """The headings of a page as a link names them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def blocks(page, *languages):
    """The code blocks of a page, without the indentation of the list they are in."""
    for indentation, language, body in FENCE.findall(page.read_text()):
        if language in languages:
            yield re.sub(f"^{indentation}", "", body, flags=re.MULTILINE)


def documented(kind, name):
    """The documentation of a plugin, with the options of the fragments that it extends, and its examples."""
    documentation, examples, *_rest = plugin_docs.get_docstring(
        str(ROOT / "plugins" / kind / f"{name}.py"), fragment_loader
    )
    return documentation, yaml.safe_load(examples)


@functools.cache
def options(module):
    return documented("modules", module)[0]["options"]


def actions(value):
    """Every use of one of our modules in a document, with its options."""
    if isinstance(value, list):
        for entry in value:
            yield from actions(entry)
    elif isinstance(value, dict):
        for key, entry in value.items():
            name = str(key).removeprefix(f"{NAMESPACE}.")
            if name != key and name in MODULES:
                yield name, entry or {}
            yield from actions(entry)


def unknown_options(given, known, path=""):
    """The options that are not documented, in nested options too."""
    for name, value in given.items():
        if name not in known:
            yield f"{path}{name}"
            continue
        suboptions = known[name].get("suboptions")
        for entry in value if isinstance(value, list) else [value]:
            if suboptions and isinstance(entry, dict):
                yield from unknown_options(entry, suboptions, f"{path}{name}.")


@pytest.fixture(params=PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def page(request):
    return request.param


def test_every_link_leads_somewhere(page):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _hash, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_yaml_block_is_yaml(page):
    for block in blocks(page, "yaml", "yml"):
        assert yaml.safe_load(block), block


def test_every_make_target_exists(page):
    targets = set(re.findall(r"^([a-z%-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = page.read_text()
    code = "\n".join([*re.findall(r"`(make [^`]*)`", text), *blocks(page, "sh", "bash", "")])
    for name in re.findall(r"^\s*make ([a-z][\w-]*)", code, re.MULTILINE):
        assert name in targets or re.sub(r"-.*", "-%", name) in targets, name


def test_every_name_of_the_collection_exists(page):
    for name in re.findall(r"homeops\.cluster\.(\w+)", page.read_text()):
        assert name in MODULES | FILTERS | ROLES | PLAYBOOKS, name


def test_every_variable_exists(page):
    known = {field.name for field in SCHEMA} | MODULES | FILTERS | GROUPS
    for role in ROLES:
        entries = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
        known.update(name for entry in entries.values() for name in entry.get("options", {}))
        tasks = (ROOT / "roles" / role / "tasks").glob("*.yml")
        known.update(name for path in tasks for name in re.findall(r"register: (\w+)", path.read_text()))
    codes = (ROOT / "docs" / "bgp.md").read_text().partition("## What it can name")[2]
    known.update(re.findall(r"^\| `(\w+)` \|", codes, re.MULTILINE))  # test_bgp_codes.py compares them with the code
    names = re.findall(rf"\b(?:cluster|{'|'.join(ROLES)})_(?!_)\w*[a-z0-9]\b(?!\*)", page.read_text())
    assert sorted(set(names) - known) == []


def test_every_playbook_exists(page):
    for path in re.findall(r"\bplaybooks/[\w.-]+\.ya?ml", page.read_text()):
        assert (ROOT / path).is_file(), path


def test_no_page_names_this_machine_or_a_package_registry(page):
    text = page.read_text()
    assert str(ROOT) not in text
    assert not re.search(r"\b(galaxy\.ansible|pypi|pythonhosted|proxy\.golang|docker|ghcr)\.(com|org|io)\b", text)


def test_the_readme_names_all_that_there_is():
    text = (ROOT / "README.md").read_text()
    for name in MODULES | FILTERS:
        assert f"`{NAMESPACE}.{name}`" in text, name
    for role in ROLES:
        assert f"(roles/{role}/README.md)" in text, role


def test_the_readme_has_the_versions_that_preflight_accepts():
    compatibility = importlib.import_module("ansible_collections.homeops.cluster.plugins.module_utils._compatibility")
    rows = [
        f"| {compatibility.text(minor)} | {support.kubernetes_range} | {support.gateway_api} |"
        for minor, support in compatibility.CILIUM.items()
    ]
    table = re.findall(r"^\| \d+\.\d+ \|.*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert table == rows


def test_the_index_names_every_page():
    text = (ROOT / "docs" / "README.md").read_text()
    for path in (ROOT / "docs").glob("*.md"):
        assert path.name in text, path.name


def test_every_task_in_a_page_uses_documented_options(page):
    for block in blocks(page, "yaml", "yml"):
        for module, given in actions(yaml.safe_load(block)):
            assert not list(unknown_options(given, options(module))), module


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_example_uses_documented_options(name):
    used = list(actions(documented("modules", name)[1]))
    assert name in {module for module, _given in used}
    for module, given in used:
        assert not list(unknown_options(given, options(module))), module
        missing = {option for option, about in options(module).items() if about.get("required")} - set(given)
        assert not missing, f"{module} lacks {missing}"


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_every_filter_has_an_example(name):
    assert f"{NAMESPACE}.{name}" in str(documented("filter", name)[1])
