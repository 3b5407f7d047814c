# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything but SOPS itself: a repository in a folder, rendered and put in place."""

from __future__ import annotations

import hashlib
import inspect
import os
import shutil

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _bcrypt, _issuer, _tree_filters, _tree_render
from ansible_collections.homeops.cluster.plugins.module_utils._keyed_digest import Key
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files
from ansible_collections.homeops.cluster.plugins.module_utils._tree import Settings, Tree
from ansible_collections.homeops.cluster.plugins.module_utils._tree_locations import Delimiters
from ansible_collections.homeops.cluster.plugins.module_utils._tree_manifest import MANIFEST
from ansible_collections.homeops.cluster.plugins.module_utils._tree_memo import Memo
from ansible_collections.homeops.cluster.plugins.module_utils._tree_sources import Outputs
from ansible_collections.homeops.cluster.plugins.module_utils._tree_swap import Swap
from fake_vault import FakeVault, opened, sealed
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = Key(b"of the test")
TOKEN = "planted-token"


class Repository:
    def __init__(self, folder):
        self.root, self.memo, self.files = folder / "repository", folder / "memo", Files()
        self.vault = FakeVault(self.root, self.files)
        self.write("config.yaml", "name: home\nother: x\n")
        self.write("secrets.sops.yaml", sealed(f"token: {TOKEN}\n".encode()))
        self.write("templates/a/plain.yaml.j2", "name: {{ name }}\n")
        self.write("templates/a/other.yaml.j2", "other: {{ other }}\n")
        self.write("templates/a/secret.sops.yaml.j2", "token: {{ token }}\n")
        self.write("templates/copied", "as it is\n")

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, name):
        return (self.root / name).read_text()

    def plan(self, remember=True, **options):
        memo = Memo.from_text(self.files.read(str(self.memo)), KEY) if remember else Memo()
        tree = Tree(Settings(**options), outputs=Outputs(str(self.root)), vault=self.vault, key=KEY, memo=memo)
        return tree.plan(diff=True)

    def run(self, **options):
        plan = self.plan(**options)
        Swap(str(self.root), self.files, self.vault, Outputs(str(self.root))).apply(plan, str(self.memo), KEY)
        return plan

    def problems(self, **options):
        with pytest.raises(ClusterError) as error:
            self.plan(**options)
        return [str(problem) for problem in error.value.problems]

    def contents(self):
        return {str(p.relative_to(self.root)): p.read_bytes() for p in sorted(self.root.rglob("*")) if p.is_file()}


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


@pytest.fixture
def rendered(repository):
    repository.run()
    return repository


def test_all_is_rendered_copied_and_encrypted(repository):
    plan = repository.run()
    assert plan.actions == {
        "a/other.yaml": "created",
        "a/plain.yaml": "created",
        "a/secret.sops.yaml": "encrypted",
        "copied": "created",
    }
    assert repository.read("a/plain.yaml") == "name: home\n"
    assert opened((repository.root / "a/secret.sops.yaml").read_bytes()) == f"token: {TOKEN}\n".encode()
    sums = dict(line.split("  ")[::-1] for line in repository.read(MANIFEST).splitlines()[1:])
    assert sums == {name: hashlib.sha256(repository.contents()[name]).hexdigest() for name in plan.actions}


@pytest.mark.parametrize(
    ("name", "content", "rendered_again"),
    [
        ("templates/a/plain.yaml.j2", "names: {{ name }}\n", ["a/plain.yaml"]),
        ("config.yaml", "name: away\nother: x\n", ["a/plain.yaml"]),
        ("config.yaml", "# only a comment\nname: home\nother: x\n", []),
        ("config.yaml", "name: home\nother: x\nmore: 1\n", []),
        ("secrets.sops.yaml", sealed(b"token: another-token\n"), ["a/secret.sops.yaml"]),
        ("secrets.sops.yaml", sealed(f"token: {TOKEN}\n".encode()), []),
        (".sops.yaml", "other: rules\n", ["a/other.yaml", "a/plain.yaml", "a/secret.sops.yaml"]),
    ],
)
def test_only_what_read_something_that_changed_is_rendered_again(rendered, name, content, rendered_again):
    rendered.write(name, content)
    assert rendered.plan().rendered == len(rendered_again)
    plan = rendered.run()
    assert set(plan.actions) <= set(rendered_again)
    assert rendered.plan().rendered == 0


def test_nothing_is_opened_while_nothing_changed(rendered):
    rendered.vault.key = False
    plan = rendered.plan()
    assert (plan.changed, plan.rendered) == (False, 0)


def test_a_value_that_became_a_secret_may_not_stay_in_a_plain_file(repository):
    repository.write("config.yaml", "name: the-home\nother: x\n")
    repository.run()
    repository.write("config.yaml", "other: x\n")
    repository.write("secrets.sops.yaml", sealed(f"token: {TOKEN}\nname: the-home\n".encode()))
    assert repository.problems()[0].startswith(
        "templates/a/plain.yaml.j2: puts the secret name into a/plain.yaml, which no rule of .sops.yaml encrypts."
    )


def test_no_private_key(repository):
    repository.vault.key = False
    assert repository.problems() == ["secrets.sops.yaml: cannot be opened. Get the key"]


@pytest.mark.parametrize("damage", [b"", b"x", b"0" * 64 + b"\n{}", None])
def test_a_memo_that_is_lost_or_damaged_only_costs_time(rendered, damage):
    if damage is None:
        rendered.memo.unlink()
    else:
        rendered.memo.write_bytes(damage)
    plan = rendered.run()
    assert (plan.changed, plan.rendered) == (False, 3)
    assert rendered.plan().rendered == 0


def test_a_memo_of_somebody_else_is_not_believed(rendered):
    body = rendered.memo.read_bytes().partition(b"\n")[2]
    rendered.memo.write_bytes(Key(b"of somebody else").digest("gitops-memo", body).encode() + b"\n" + body)
    assert rendered.plan().rendered == 3


def test_the_memo_holds_no_value(rendered):
    assert TOKEN not in rendered.memo.read_text()
    assert "home" not in rendered.memo.read_text().replace(str(rendered.root), "")
    assert rendered.memo.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{% include 'x' ignore missing %}plain", {"templates/x": "now there"}),
        ("{% include ['x', 'y'] %}", {"templates/x": "now there"}),
        ("{{ absent | default('no') }}", {"config.yaml": "name: home\nother: x\nabsent: yes it is\n"}),
        ("{% import 'y' as y %}{{ y.z }}", {"templates/y": "{% set z = other %}"}),
        ("{{ range(2) | list }}", {"config.yaml": "name: home\nother: x\nrange: 7\n", "templates/y": ""}),
    ],
)
def test_what_was_not_there_before_counts_too(repository, before, after):
    repository.write("templates/y", "{% set z = name %}here")
    repository.write("templates/t.j2", before)
    repository.run()
    for name, content in after.items():
        repository.write(name, content)
    if "range" in before:
        assert "not callable" in repository.problems()[0]
        return
    first = repository.read("t")
    assert repository.run().actions["t"] == "updated"
    assert repository.read("t") != first


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["config.yaml", "templates/p.j2", "templates/q.j2", "templates/inc", "secrets.sops.yaml"]),
        st.integers(0, 3),
    ),
    max_size=6,
)
CONTENTS = {
    "config.yaml": ["name: a\n", "name: b\n", "name: a\nmore: 1\n", "more: [1, 2]\nname: a\n"],
    "templates/p.j2": [
        "{{ name }}",
        "{% include 'inc' %}",
        "{{ more | default('none') }}",
        "{% if false %}x{% endif %}",
    ],
    "templates/q.j2": ["x", "{% include 'inc' %}{{ name }}", "{% import 'inc' as i %}{{ i }}", "{{ current(0) }}"],
    "templates/inc": ["i", "{{ name }}", "{{ more | default(1) }}", "{% set v = name %}{{ v }}"],
    "secrets.sops.yaml": [sealed(b"token: one-token\n"), sealed(b"token: two-token\n"), sealed(b"x: 1\n"), sealed(b"")],
}


@settings(max_examples=60, deadline=None)
@given(EDITS)
def test_with_the_memo_the_same_comes_of_it_as_without(tmp_path_factory, edits):
    folder = tmp_path_factory.mktemp("memo")
    one, other = Repository(folder / "one"), Repository(folder / "other")
    for repository in (one, other):
        shutil.rmtree(repository.root / "templates/a")
        for name, contents in CONTENTS.items():
            repository.write(name, contents[0])
    for name, number in [("config.yaml", 0), *edits]:
        for repository in (one, other):
            repository.write(name, CONTENTS[name][number])
        plan, full = one.run(), other.run(remember=False)
        assert plan.actions == full.actions
        assert one.contents() == other.contents()


@pytest.mark.parametrize(
    ("options", "name", "paths"),
    [
        ({"output": "out"}, "templates/t.j2", ["out/t"]),
        ({"templates": "sources"}, "sources/t.j2", ["t"]),
        ({"exclude": ("*.partial.*",)}, "templates/x.partial.j2", []),
        ({"exclude": ("lib/*",)}, "templates/lib/x.j2", []),
        ({"delimiters": Delimiters(variable_start="<<", variable_end=">>")}, "templates/t.j2", ["t"]),
        ({"config": ("config.yaml", "more.json")}, "templates/t.j2", ["t"]),
    ],
)
def test_options(repository, options, name, paths):
    shutil.rmtree(repository.root / "templates")
    repository.write("more.json", '{"more": 1}')
    repository.write("templates/empty.j2", "")
    repository.write(name, "{% if 1 %}x{% endif %}")
    assert list(repository.plan(**options).actions) == paths


def test_an_include_that_is_wrong_is_told_once(repository):
    repository.write("templates/lib.partial.j2", "{{ absent }}")
    for number in range(3):
        repository.write(f"templates/{number}.j2", "{% include 'lib.partial.j2' %}")
    (problem,) = repository.problems(exclude=("*.partial.*",))
    assert problem.startswith("templates/lib.partial.j2:1:4: 'absent' is not defined, used by templates/0.j2:1.")


def test_no_problem_shows_a_secret(repository):
    repository.write("templates/x.sops.yaml.j2", "{{ {}[token] }}{{ token.absent }}{{ 1 + token }}")
    found = repository.problems()
    assert found
    assert TOKEN not in str(found)


def test_the_diff_shows_no_secret_that_somebody_wrote_into_a_file(rendered):
    rendered.write("a/plain.yaml", f"name: {TOKEN}\n")
    (problem,) = rendered.problems()
    assert "-name: (hidden)\n+name: home" in problem
    plan = rendered.plan(force=True)
    assert [change.before for change in plan.changes if change.header == "a/plain.yaml"] == ["name: (hidden)\n"]


def test_files_that_are_no_text_are_shown_by_their_digest(repository):
    repository.write("templates/picture", b"\xff\x00")
    (change,) = [change for change in repository.plan().changes if change.header == "picture"]
    assert (change.before, change.after) == ("", "(binary, 2 bytes, ea5dbf9596d1)\n")


def test_orphans_go_with_their_folders_and_nothing_else_does(rendered):
    rendered.write("a/mine", "mine\n")
    rendered.write("templates/b/c/d.j2", "x")
    rendered.run()
    shutil.rmtree(rendered.root / "templates/a")
    shutil.rmtree(rendered.root / "templates/b")
    plan = rendered.run()
    assert plan.actions == dict.fromkeys(["a/other.yaml", "a/plain.yaml", "a/secret.sops.yaml", "b/c/d"], "removed")
    assert not (rendered.root / "b").exists()
    assert (rendered.root / "a/mine").exists()
    assert rendered.vault.removed == list(plan.actions)


def test_an_orphan_that_is_gone_already_is_forgotten(rendered):
    (rendered.root / "copied").unlink()
    (rendered.root / "templates/copied").unlink()
    plan = rendered.run()
    assert (plan.changed, plan.actions, plan.files) == (True, {}, {MANIFEST: "updated"})
    assert [(change.header, "copied" in change.before, "copied" in change.after) for change in plan.changes] == [
        (MANIFEST, True, False)
    ]
    assert "copied" not in rendered.read(MANIFEST)


def test_a_manifest_cannot_reach_out_of_the_repository(rendered, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("x")
    digest = hashlib.sha256(b"x").hexdigest()
    rendered.write(".git/config", "x")
    (rendered.root / "link").symlink_to(tmp_path)
    for path in ("../outside", str(outside), "a/../../outside", ".git/config", "link/outside"):
        with open(rendered.root / MANIFEST, "a") as manifest:
            manifest.write(f"{digest}  {path}\n")
    rendered.run()
    assert outside.exists()
    assert (rendered.root / ".git/config").exists()


def test_modes(repository):
    (repository.root / "templates/copied").chmod(0o750)
    (repository.root / "templates/a/secret.sops.yaml.j2").chmod(0o640)
    repository.run()
    modes = {name: (repository.root / name).stat().st_mode & 0o777 for name in ("copied", "a/secret.sops.yaml")}
    assert modes == {"copied": 0o750, "a/secret.sops.yaml": 0o640}
    (repository.root / "copied").chmod(0o600)
    assert repository.run().actions == {"copied": "mode"}


def test_current(repository):
    repository.write("templates/c.yaml.j2", "first: {{ current('first') | default(name, true) }}\n")
    repository.run()
    repository.write("config.yaml", "name: away\nother: x\n")
    assert list(repository.run().actions) == ["a/plain.yaml"]
    assert repository.read("c.yaml") == "first: home\n"


def test_what_came_to_nothing_may_read_a_file_that_appeared(repository):
    repository.write("templates/c.yaml.j2", "{% if current('keep') %}keep: {{ current('keep') }}\n{% endif %}")
    repository.run()
    repository.write("c.yaml", "keep: 1\n")
    repository.run()
    assert "  c.yaml\n" in repository.read(MANIFEST)


@pytest.mark.parametrize("module", [_bcrypt, _issuer, _tree_filters, _tree_render])
def test_another_release_renders_everything_anew(rendered, monkeypatch, module):
    source = inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda one: source(one) + "# changed" * (one is module))
    assert rendered.plan().rendered == 3


def test_inputs_are_never_written_over_however_their_names_are_spelled(repository):
    repository.write("templates/config.yaml.j2", "name: away\n")
    (problem,) = repository.problems(config=("./config.yaml",), force=True)
    assert problem.startswith("config.yaml: would be written over what it is made from")


class Failing(Files):
    """Publishing or removing fails once it is the turn of a path."""

    def __init__(self, path):
        super().__init__(os)
        self.path = path

    def fail(self, path):
        if str(path).endswith(self.path):
            self.path = "nothing any more"
            raise ClusterError()

    def publish(self, path):
        self.fail(path)
        super().publish(path)

    def remove(self, path):
        self.fail(path)
        super().remove(path)


@pytest.mark.parametrize("path", ["a/other.yaml", "a/plain.yaml", "new/file", "a/secret.sops.yaml", "copied", MANIFEST])
def test_what_fails_while_it_is_put_in_place_is_taken_back(rendered, path):
    rendered.write("config.yaml", "name: away\nother: away\n")
    rendered.write("secrets.sops.yaml", sealed(b"token: another-token\n"))
    rendered.write("templates/new/file.j2", "{{ name }}")
    (rendered.root / "templates/copied").unlink()
    before = rendered.contents()
    rendered.files = rendered.vault.files = Failing(path)
    with pytest.raises(ClusterError):
        rendered.run()
    assert rendered.contents() == before
    assert not (rendered.root / "new").exists()
    rendered.files = rendered.vault.files = Files()
    rendered.run()
    assert rendered.plan().changed is False
