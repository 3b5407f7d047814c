# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import fake_sops
import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _sops_ledger as ledger
from ansible_collections.homeops.cluster.plugins.module_utils._keyed_digest import Key
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files
from ansible_collections.homeops.cluster.plugins.module_utils._sops_engine import Engine
from ansible_collections.homeops.cluster.plugins.module_utils._sops_plan import Choice
from ansible_collections.homeops.cluster.plugins.module_utils._sops_program import Sops
from ansible_collections.homeops.cluster.plugins.module_utils._sops_step import Item, Settings

ONE, TWO = b"a: planted\n", b"a: changed\n"


class Place:
    """A directory, and engines in it."""

    def __init__(self, path):
        self.path = path / "place"
        self.scratch = path / "scratch"
        self.path.mkdir()
        self.scratch.mkdir()
        self.rules("age1ann")

    def rules(self, recipients):
        (self.path / ".sops.yaml").write_text(f"creation_rules: [{{path_regex: sops, age: '{recipients}'}}]\n")

    def at(self, name):
        return str(self.path / name)

    def engine(self, sops, **settings):
        return Engine(Key(b"test"), Sops(sops, str(self.scratch)), Files(), Settings(concurrency=1, **settings))

    def apply(self, contents, sops=None, **settings):
        """Steps and the calls of sops, for plaintexts by name."""
        sops = sops or fake_sops.Sops()
        engine = self.engine(sops, **settings)
        steps = engine.plan([Item(self.at(name), content) for name, content in contents.items()])
        engine.apply(steps)
        return [step.action for step in steps], sops.calls

    def files(self):
        return sorted(os.listdir(self.path))


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_calls_of_sops(place):
    """As few as the case needs, and none where the checksums are enough."""
    none = fake_sops.Sops(allowed=())
    assert place.apply({"a.sops.yaml": ONE}) == (["encrypted"], ["encrypt"])
    assert place.apply({"a.sops.yaml": ONE}, none) == (["unchanged"], [])
    assert place.apply({"a.sops.yaml": None}, none) == (["unchanged"], [])
    assert place.apply({"a.sops.yaml": TWO}) == (["updated"], ["decrypt", "set", "decrypt"])
    assert place.apply({"a.sops.yaml": ONE}, fake_sops.Sops(opens=False)) == (["updated"], ["decrypt", "encrypt"])
    assert place.apply({"a.sops.yaml": b"a:   planted\n"}) == (["restored"], ["decrypt"])
    place.rules("age1ann,age1bob")
    assert place.apply({"a.sops.yaml": ONE}) == (["rekeyed"], ["decrypt", "updatekeys"])
    assert place.apply({"a.sops.yaml": ONE}, none) == (["unchanged"], [])
    place.rules("age1bob")
    assert place.apply({"a.sops.yaml": ONE}) == (["rotated"], ["encrypt"])
    place.rules("age1ann")
    assert place.apply({"a.sops.yaml": None}) == (["rotated"], ["decrypt", "encrypt", "decrypt"])


def test_missing_key_is_noticed_once_for_all_files_of_the_same_recipients(place):
    names = [f"{number}.sops.yaml" for number in range(5)]
    place.apply(dict.fromkeys(names, ONE))
    (place.path / ledger.NAME).unlink()
    actions, calls = place.apply(dict.fromkeys(names, ONE), fake_sops.Sops(opens=False))
    assert (set(actions), calls) == ({"refused"}, ["decrypt"])


def test_plan_writes_nothing_and_the_plaintext_is_not_in_what_it_shows(place):
    engine = place.engine(fake_sops.Sops())
    before = place.files()
    steps = engine.plan([Item(place.at("a.sops.yaml"), ONE)])
    assert place.files() == before
    assert "planted" not in repr(steps) + str(steps[0].result()) + str(steps[0].change().diff())
    engine.stage(steps).discard()
    assert not [name for name in place.files() if name.endswith(".new")]
    assert not (place.path / "a.sops.yaml").exists()


def test_all_problems_are_told_at_once(place):
    engine = place.engine(fake_sops.Sops())
    (place.path / "directory.sops.yaml").mkdir()
    with pytest.raises(ClusterError) as caught:
        engine.plan(
            [
                Item(place.at("other.yaml"), ONE),
                Item(place.at("absent.sops.yaml")),
                Item(place.at("directory.sops.yaml"), ONE),
                Item(place.at("good.sops.yaml"), ONE),
            ]
        )
    assert len(caught.value.problems) == 3
    with pytest.raises(ClusterError) as caught:
        engine.plan([Item(place.at("a.sops.yaml"), b"- x"), Item(place.at("b.sops.yaml"), b"")])
    assert len(caught.value.problems) == 2
    with pytest.raises(ClusterError, match="is given more than once"):
        engine.plan([Item(place.at("a.sops.yaml"), ONE), Item(place.at("./a.sops.yaml"), ONE)])


def test_file_that_changed_since_the_plan_is_not_overwritten(place):
    engine = place.engine(fake_sops.Sops())
    steps = engine.plan([Item(place.at("a.sops.yaml"), ONE), Item(place.at("b.sops.yaml"), ONE)])
    (place.path / "b.sops.yaml").write_text("theirs")
    with pytest.raises(ClusterError, match=r"b\.sops\.yaml: was changed by somebody else meanwhile"):
        engine.apply(steps)
    assert place.files() == [".sops.yaml", "b.sops.yaml"]


def test_file_that_cannot_be_staged_undoes_all_others(place):
    class Full(Files):
        def stage(self, path, content, mode):
            if path.endswith("b.sops.yaml"):
                raise ClusterError
            super().stage(path, content, mode)

    engine = place.engine(fake_sops.Sops())
    engine.files = Full()
    steps = engine.plan([Item(place.at(f"{name}.sops.yaml"), ONE) for name in "abc"])
    with pytest.raises(ClusterError):
        engine.apply(steps)
    assert place.files() == [".sops.yaml"]


def test_removed_files_take_their_checksums_along(place):
    place.apply({"a.sops.yaml": ONE, "b.sops.yaml": ONE})
    engine = place.engine(fake_sops.Sops(allowed=()))
    for name, action, left in (
        ("a.sops.yaml", "removed", [".sops-checksums.json", ".sops.yaml", "b.sops.yaml"]),
        ("a.sops.yaml", "unchanged", [".sops-checksums.json", ".sops.yaml", "b.sops.yaml"]),
        ("b.sops.yaml", "removed", [".sops.yaml"]),
    ):
        steps = place.engine(fake_sops.Sops(allowed=())).remove([place.at(name)])
        assert [step.action for step in steps] == [action]
        engine.apply(steps)
        assert place.files() == left


def test_checksums_of_files_that_somebody_removed_go_with_the_next_change(place):
    place.apply({"a.sops.yaml": ONE, "b.sops.yaml": ONE})
    (place.path / "a.sops.yaml").unlink()
    place.apply({"b.sops.yaml": TWO})
    assert list(ledger.parse((place.path / ledger.NAME).read_bytes())) == ["b.sops.yaml"]


def test_directories_are_made(place):
    assert place.apply({"deep/er/a.sops.yaml": ONE})[0] == ["encrypted"]
    assert sorted(os.listdir(place.path / "deep" / "er")) == [ledger.NAME, "a.sops.yaml"]


def test_sops_that_writes_for_others_than_the_rule_says(place):
    class Wrong(fake_sops.Sops):
        def encrypt(self, rule, arguments, content):
            return super().encrypt({"age": "age1eve"}, arguments, content)

    with pytest.raises(ClusterError, match="sops encrypts it for others than its rule says"):
        place.apply({"a.sops.yaml": ONE}, Wrong())
    assert place.files() == [".sops.yaml"]


def test_edit_that_does_not_come_out_right_is_encrypted_anew(place):
    class Wrong(fake_sops.Sops):
        def set(self, rule, arguments, content):
            return super().set(rule, arguments, b'"something else"')

    place.apply({"a.sops.yaml": ONE})
    engine = place.engine(Wrong())
    (step,) = engine.plan([Item(place.at("a.sops.yaml"), TWO)])
    assert (step.action, "value by value" in step.reason) == ("updated", True)
    engine.apply([step])
    assert place.engine(fake_sops.Sops()).decrypt([place.at("a.sops.yaml")]) == {place.at("a.sops.yaml"): TWO}


def test_decrypt_tells_all_that_cannot_be_read(place):
    place.apply({"a.sops.yaml": ONE})
    (place.path / "b.sops.yaml").write_text("b: plain\n")
    with pytest.raises(ClusterError) as caught:
        place.engine(fake_sops.Sops()).decrypt(
            [place.at(name) for name in ("a.sops.yaml", "b.sops.yaml", "c.sops.yaml")]
        )
    assert [problem.what.split(" (")[0] for problem in caught.value.problems] == ["cannot be decrypted", "is not there"]
    with pytest.raises(ClusterError, match="no private key at hand opens it"):
        place.engine(fake_sops.Sops(opens=False)).decrypt([place.at("a.sops.yaml")])


@pytest.mark.parametrize("reconcile", [True, False])
def test_recipients_that_are_behind_are_shown(place, reconcile):
    place.apply({"a.sops.yaml": ONE})
    place.rules("age1ann,age1bob")
    engine = place.engine(fake_sops.Sops(opens=False), choice=Choice(reconcile_recipients=reconcile))
    (step,) = engine.plan([Item(place.at("a.sops.yaml"))])
    assert (step.action, step.changed) == ("unchanged" if not reconcile else "refused", False)
    assert step.recipients_added == ["age:age1bob"]
