# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What we write, sops reads; what sops and community.sops write, we recognise."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import yaml

from tests.tools.build import BINARIES

PLAIN = "user: admin\npassword: first\nport: 8080\nflag: true\nnothing: null\nempty: ''\ntext: |\n  two\n  lines\n"
FORMATS = {
    "a.sops.yaml": PLAIN,
    "many.sops.yaml": "a: one\n---\nb: two\n",
    "a.sops.json": '{"a": {"b": [1, 2.5, true, null, "x"]}}',
    "a.sops.env": "# comment\nA=one\nB=two words\n",
    "a.sops.ini": "[section]\nkey = value\n\n[other]\nkey = x\n",
    "a.sops.crt": "-----BEGIN CERTIFICATE-----\nnot one\n",
    "empty.sops.env": "",
    "empty.sops.crt": "",
}


@pytest.fixture(params=FORMATS, ids=str)
def name(request):
    return request.param


def test_sops_reads_what_we_write(repository, name):
    assert repository.done(path=name, content=FORMATS[name])["action"] == "encrypted"
    status = json.loads(repository.sops("filestatus", repository.root / name))
    assert status == {"encrypted": True}
    override = ("--filename-override", repository.root / name)
    by_sops = repository.sops("encrypt", *override, content=FORMATS[name].encode())
    assert repository.decrypted(name) == repository.sops("decrypt", *override, content=by_sops)


def test_what_sops_wrote_is_adopted_as_it_is(repository, name):
    repository.write(name, FORMATS[name])
    repository.sops("encrypt", "--in-place", repository.root / name)
    before = (repository.root / name).read_bytes()
    assert repository.done(path=name, content=FORMATS[name])["action"] == "restored"
    assert (repository.root / name).read_bytes() == before
    assert repository.done(path=name, content=FORMATS[name])["action"] == "unchanged"


def editor(repository, change):
    script = repository.root.parent / "editor"
    script.write_text(f"#!/bin/sh\nsed -i '{change}' \"$1\"\n")
    script.chmod(0o755)
    return {"EDITOR": str(script)}


def by_sops_set(repository):
    repository.sops("set", repository.root / "a.sops.yaml", '["password"]', '"second"')


def by_sops_edit(repository):
    repository.monkeypatch.setenv("EDITOR", editor(repository, "s/first/second/")["EDITOR"])
    repository.sops("edit", repository.root / "a.sops.yaml")


def by_decrypting_and_encrypting(repository):
    path = repository.root / "a.sops.yaml"
    repository.sops("decrypt", "--in-place", path)
    path.write_text(path.read_text().replace("first", "second"))
    repository.sops("encrypt", "--in-place", path)


@pytest.mark.parametrize("edit", [by_sops_set, by_sops_edit, by_decrypting_and_encrypting])
def test_what_somebody_changed_with_sops_is_kept(repository, edit):
    repository.done(path="a.sops.yaml", content=PLAIN)
    edit(repository)
    theirs = repository.all_files()
    assert "it holds other values now" in repository.refused(path="a.sops.yaml", content=PLAIN)
    assert repository.all_files() == theirs
    # They bring it into the plaintext: both agree again, and the file stays theirs.
    second = PLAIN.replace("first", "second")
    assert repository.done(path="a.sops.yaml", content=second)["action"] == "restored"
    assert repository.all_files()["a.sops.yaml"] == theirs["a.sops.yaml"]
    # Or they want it overwritten.
    by_sops_set_to_third(repository)
    assert repository.done(path="a.sops.yaml", content=second, force=True)["action"] == "updated"
    assert b"second" in repository.decrypted("a.sops.yaml")


def by_sops_set_to_third(repository):
    repository.sops("set", repository.root / "a.sops.yaml", '["password"]', '"third"')


@pytest.mark.parametrize("verb", [("updatekeys", "--yes"), ("rotate", "--in-place")])
def test_what_somebody_rekeyed_with_sops_is_adopted(repository, verb):
    repository.done(path="a.sops.yaml", content=PLAIN)
    if verb[0] == "updatekeys":
        repository.rules("ann", "bob")
    repository.sops(*verb, repository.root / "a.sops.yaml")
    theirs = (repository.root / "a.sops.yaml").read_bytes()
    assert repository.done(path="a.sops.yaml", content=PLAIN)["action"] == "restored"
    assert (repository.root / "a.sops.yaml").read_bytes() == theirs


def test_file_of_community_sops_is_adopted_and_ours_is_unchanged_to_it(repository):
    """In real runs of Ansible: theirs writes, ours adopts, ours writes, theirs finds nothing to do."""
    values = yaml.safe_load(PLAIN)
    environment = {
        **os.environ,
        "PATH": f"{BINARIES}:{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
    }
    ours = {
        "path": str(repository.root / "a.sops.yaml"),
        "value": values,
        "checksum_key_file": str(repository.checksum_key),
    }
    theirs = {
        "path": str(repository.root / "a.sops.yaml"),
        "content_yaml": values,
        "config_path": str(repository.root / ".sops.yaml"),
    }
    second = {**values, "password": "second"}
    tasks = [
        {"community.sops.sops_encrypt": theirs},
        {"homeops.cluster.sops_checksum_encrypt": ours, "check_mode": True},
        {"homeops.cluster.sops_checksum_encrypt": ours},
        {"homeops.cluster.sops_checksum_encrypt": ours, "check_mode": True},
        {"homeops.cluster.sops_checksum_encrypt": ours},
        {"homeops.cluster.sops_checksum_encrypt": {**ours, "value": second}, "diff": True},
        {"community.sops.sops_encrypt": {**theirs, "content_yaml": second}},
        {
            "homeops.cluster.sops_checksum_encrypt": {
                "root": str(repository.root),
                "checksum_key_file": str(repository.checksum_key),
                "mode": "0640",
            }
        },
    ]
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [{"name": str(n), **task} for n, task in enumerate(tasks)],
        }
    ]
    (repository.root.parent / "play.yml").write_text(yaml.safe_dump(play))
    out = subprocess.run(
        ("ansible-playbook", "-vvv", repository.root.parent / "play.yml"),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    ).stdout
    found = [
        task["hosts"]["localhost"]
        for task in json.JSONDecoder().raw_decode(out[out.index("{") :])[0]["plays"][0]["tasks"]
    ]
    actions = [task["files"][0]["action"] if "files" in task else task["changed"] for task in found]
    assert actions == [True, "restored", "restored", "unchanged", "unchanged", "updated", False, "unchanged"]
    assert found[7]["changed"] is True  # its mode
    assert (repository.root / "a.sops.yaml").stat().st_mode & 0o777 == 0o640
    for task in (task for task in found if "files" in task):
        assert "second" not in json.dumps(task)
        assert "admin" not in json.dumps(task)
