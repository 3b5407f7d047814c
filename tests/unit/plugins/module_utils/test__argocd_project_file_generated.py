# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""300 files as people write them: rendered by Jinja2 and read by PyYAML before and after each edit."""

from __future__ import annotations

import difflib
import random

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_project_file import Edits, edit, projects
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from project_files import IN_CLUSTER, LISTS, NAME, generate, spec_of

FILES = 300
# What an entry that is taken out leaves is [], whichever way nothing was written before.
NO_WAY_BACK = ("bare", "tilde")
NEW = {
    "sourceRepos": ["*", "!https://new.example/denied", "https://new.example/a", "git@new.example:b", "oci/new", "y"],
    "sourceNamespaces": ["new-*", "*", "!new", "new.one", "1", "null"],
    "destinations": [
        {"server": IN_CLUSTER, "namespace": "new"},
        {"namespace": "*", "name": "new"},
        {"name": "!new"},
        {"server": "https://new.example:6443", "namespace": "with: colon # and hash"},
    ],
}


def check(seed, operation):
    """One operation on some lists of one file."""
    file, chance = generate(seed), random.Random(f"{seed} {operation}")
    found = next(project for project in read(file, file.text) if project.name == NAME)
    lists = [name for name in LISTS if name not in file.refused]
    for name in file.refused:
        with pytest.raises(ClusterError, match=name):
            change(file, file.text, add={name: NEW[name][:1]})
    add, remove = {}, {}
    for name in chance.sample(lists, chance.randint(1, len(lists))) if lists else ():
        entries = found.lists[name]
        certain = [number for number, entry in enumerate(entries) if not entry.is_expression]
        if operation != "absent":
            add[name] = chance.sample(NEW[name], chance.randint(1, 3))
        if operation == "absent" and certain:
            remove[name] = chance.sample(certain, chance.randint(1, len(certain)))
        if operation == "exact":
            remove[name] = chance.sample(certain, chance.randint(0, len(certain)))
    changed = change(file, file.text, add, remove)
    gone = {name: [found.lists[name][number].value for number in numbers] for name, numbers in remove.items()}
    expect_meaning(file, changed, add, gone)
    expect_few_lines(file, changed, add, gone)
    expect_found_again(file, changed, add, gone)
    if operation == "present":
        expect_way_back(file, changed, add)


def read(file, text):
    return projects(text, "file", file.delimiters)


def change(file, text, add=None, remove=None):
    return edit(text, NAME, Edits(add or {}, remove or {}), "file", file.delimiters)


def numbers_of(file, text, values):
    found = next(project for project in read(file, text) if project.name == NAME)
    return {
        name: [
            number for number, entry in enumerate(found.lists[name]) if entry.value in gone and not entry.is_expression
        ]
        for name, gone in values.items()
    }


def expect_meaning(file, changed, add, gone):
    before, after = file.load(), file.load(changed)
    old, new = spec_of(before), spec_of(after)
    for name in LISTS:
        kept = [entry for entry in old.pop(name, None) or [] if entry not in gone.get(name, ())]
        result, added = new.pop(name, None) or [], add.get(name, [])
        assert any(result == [*kept[:at], *added, *kept[at:]] for at in range(len(kept) + 1)), (name, kept, result)
    assert before == after


def expect_few_lines(file, changed, add, gone):
    old, new = file.text.splitlines(), changed.splitlines()
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    deleted = sum(end - start for code, start, end, _begin, _stop in codes if code in ("delete", "replace"))
    inserted = sum(stop - begin for code, _start, _end, begin, stop in codes if code in ("insert", "replace"))
    touched = {*(name for name in add if add[name]), *(name for name in gone if gone[name])}
    # A list in brackets, or one that becomes empty or was, changes up to three lines more than its entries have.
    others = 3 * sum(not is_simple(file, name, gone) for name in touched)
    # JSON may have the braces of an entry in lines of their own.
    json = file.text.startswith(("{", "\ufeff{"))
    braces = [2 * json * len(entries.get("destinations", ())) for entries in (gone, add)]
    assert deleted <= lines_of(gone) + others + braces[0], (deleted, lines_of(gone), others)
    assert inserted <= lines_of(add) + others + braces[1], (inserted, lines_of(add), others)


def is_simple(file, name, gone):
    """A list with dashes that has entries before and after."""
    entries = next(project for project in read(file, file.text) if project.name == NAME).lists[name]
    simple = ("block", "aliases", "loop", "middle", "condition", "entry", "opaque", "raw")
    return file.states[name] in simple and len(entries) > len(gone.get(name, ()))


def lines_of(values):
    return sum(len(entry) if isinstance(entry, dict) else 1 for entries in values.values() for entry in entries)


def expect_found_again(file, changed, add, gone):
    """So that a second run has nothing to do."""
    found = next(project for project in read(file, changed) if project.name == NAME)
    for name in LISTS:
        certain = [entry.value for entry in found.lists[name] if not entry.is_expression]
        assert all(entry in certain for entry in add.get(name, ()))
        assert not any(entry in certain for entry in gone.get(name, ()))
    assert change(file, changed) == changed


def expect_way_back(file, changed, add):
    back = change(file, changed, remove=numbers_of(file, changed, add))
    if any(file.states[name] in NO_WAY_BACK for name in add):
        expect_meaning(file, back, {}, {})
    else:
        assert back == file.text


@pytest.mark.parametrize("operation", ["present", "absent", "exact"])
@pytest.mark.parametrize("seed", range(FILES))
def test_an_edit_means_what_was_asked_for_and_touches_nothing_else(seed, operation):
    check(seed, operation)


@pytest.mark.parametrize("seed", range(0, FILES, 10))
def test_what_was_added_bit_by_bit_is_taken_out_bit_by_bit(seed):
    file, chance = generate(seed), random.Random(seed)
    lists = [name for name in LISTS if name not in file.refused and file.states[name] not in NO_WAY_BACK]
    left = {name: chance.sample(NEW[name], len(NEW[name])) for name in lists}
    texts, steps = [file.text], []
    for _step in range(3 * bool(lists)):
        steps.append({name: [left[name].pop()] for name in chance.sample(lists, chance.randint(1, len(lists)))})
        texts.append(change(file, texts[-1], steps[-1]))
    for before, after, step in reversed(list(zip(texts, texts[1:], steps))):
        assert change(file, after, remove=numbers_of(file, after, step)) == before


@pytest.mark.parametrize("seed", range(0, FILES, 20))
def test_without_libyaml_it_is_the_same(seed, monkeypatch):
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    for operation in ("present", "absent", "exact"):
        check(seed, operation)


def test_the_files_are_of_all_kinds():
    files = [generate(seed) for seed in range(FILES)]
    states = {state for file in files for state in file.states.values()}
    assert states == {
        *("absent", "brackets", "blanks", "bare", "tilde", "block", "line", "lines", "anchored", "aliases", "alias"),
        *("loop", "middle", "condition", "entry", "whole", "opaque", "raw"),
    }
    assert 100 < sum(bool(file.delimiters) for file in files) < 200
    assert sum("\r\n" in file.text for file in files) > 20
    assert sum(file.text.startswith("\ufeff") for file in files) > 10
    assert sum(not file.text.endswith("\n") for file in files) > 20
