# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Killed with SIGKILL before any of its changes to the file system, and at any moment: nothing lost, nothing leaked."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils._keyed_digest import Key
from ansible_collections.homeops.cluster.plugins.module_utils._secret_files import Files
from ansible_collections.homeops.cluster.plugins.module_utils._sops_engine import Engine
from ansible_collections.homeops.cluster.plugins.module_utils._sops_program import Sops, runner
from ansible_collections.homeops.cluster.plugins.module_utils._sops_step import Item, Settings

from tests.tools.build import BINARIES

MARKER = "planted-marker-7301"
OLD = f"user: admin\npassword: {MARKER}-old\n"
NEW = f"user: admin\npassword: {MARKER}-new\n"
CALLS = ("makedirs", "open", "write", "fchmod", "fchown", "fsync", "close", "replace", "unlink")


class Mortal:
    """The module os, whose process is killed before a certain one of its calls."""

    def __init__(self, lives):
        self.lives = lives

    def __getattr__(self, name):
        function = getattr(os, name)
        if name not in CALLS:
            return function

        def call(*arguments, **options):
            if self.lives == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            self.lives -= 1
            return function(*arguments, **options)

        return call


def work(items, lives, removed=()):
    """In a process of its own; whether it was killed."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with tempfile.TemporaryDirectory() as scratch:
                sops = Sops(runner(os.environ), scratch, str(BINARIES / "sops"))
                engine = Engine(Key(b"test"), sops, Files(Mortal(lives)), Settings(concurrency=1))
                steps = [*engine.plan(items), *engine.remove(removed)]
                status = 2 if any(step.action == "refused" for step in steps) else 0
                engine.apply(steps)
        finally:
            os._exit(status)
    _child, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, os.WEXITSTATUS(status)
    return os.WIFSIGNALED(status)


def plaintext(repository, name, known):
    """What a file holds, encrypted or not; sops is asked once for the same bytes."""
    content = (repository.root / name).read_bytes()
    if content not in known:
        known[content] = repository.decrypted(name) if b"ENC[" in content else content
    return known[content].decode()


def searched(*tops):
    """Every file that holds the planted secret."""
    found = []
    for top in tops:
        for directory, _directories, files in os.walk(top):
            for name in files:
                with open(os.path.join(directory, name), "rb") as stream:
                    if MARKER.encode() in stream.read():
                        found.append(os.path.join(directory, name))
    return found


@pytest.mark.parametrize("whose", ["ann", None], ids=["with the private key", "without a private key"])
def test_killed_before_any_change_to_the_file_system(repository, tmp_path, monkeypatch, whose):
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    wanted = {"changed.sops.yaml": NEW, "deep/new.sops.yaml": NEW, "same.sops.yaml": OLD}
    at = {name: str(repository.root / name) for name in (*wanted, "in_place.sops.yaml", "gone.sops.yaml")}
    items = [*(Item(at[name], content.encode()) for name, content in wanted.items()), Item(at["in_place.sops.yaml"])]
    old = [Item(at[name], OLD.encode()) for name in ("changed.sops.yaml", "same.sops.yaml", "gone.sops.yaml")]
    assert work(old, -1) is False
    repository.write("in_place.sops.yaml", NEW)
    if whose:  # Only who can read it replaces what others encrypted.
        wanted["theirs.sops.yaml"] = NEW
        repository.write("theirs.sops.yaml", OLD)
        repository.sops("encrypt", "--in-place", repository.root / "theirs.sops.yaml")
        items.append(Item(str(repository.root / "theirs.sops.yaml"), NEW.encode()))
    before = repository.all_files()
    known = {}
    killed, lives = True, 0
    while killed:
        shutil.rmtree(repository.root)
        for name, content in before.items():
            repository.write(name, content)
        repository.as_(whose)
        killed = work(items, lives, [at["gone.sops.yaml"]])
        lives += 1
        after = repository.all_files()

        repository.as_("ann")
        assert after["same.sops.yaml"] == before["same.sops.yaml"]
        assert plaintext(repository, "changed.sops.yaml", known) in (OLD, NEW)
        assert plaintext(repository, "in_place.sops.yaml", known) == NEW
        if "gone.sops.yaml" in after:
            assert plaintext(repository, "gone.sops.yaml", known) == OLD
        if "deep/new.sops.yaml" in after:
            assert plaintext(repository, "deep/new.sops.yaml", known) == NEW
        still_plain = [at["in_place.sops.yaml"]] if after["in_place.sops.yaml"] == NEW.encode() else []
        assert searched(repository.root, scratch) == still_plain

        # The next run goes on, without a private key as well, and nothing that is done is done again.
        repository.as_(whose)
        assert work(items, -1, [at["gone.sops.yaml"]]) is False
        final = repository.all_files()
        assert not [name for name in final if name.endswith(".new")]
        assert "gone.sops.yaml" not in final
        for name in {*wanted, "in_place.sops.yaml"}:
            if after.get(name) != before.get(name):
                assert final[name] == after[name], f"{name} was encrypted twice"
        repository.as_("ann")
        for name, content in {**wanted, "in_place.sops.yaml": NEW}.items():
            assert plaintext(repository, name, known) == content
    assert lives > 40


def test_killed_at_any_moment_the_module_leaves_no_plaintext(repository, tmp_path, monkeypatch):
    """The whole module as a process, with all that sops does; what is searched is everything that it could write to."""
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    arguments = {
        "path": str(repository.root / "a.sops.yaml"),
        "content": NEW,
        "checksum_key_file": str(repository.checksum_key),
        "sops_binary": str(BINARIES / "sops"),
        "_ansible_tmpdir": str(scratch),
        "_ansible_remote_tmp": str(scratch),
        "_ansible_keep_remote_files": False,
    }
    program = (
        "import sys, yaml, tests.conftest\n"
        "from ansible.module_utils.testing import patch_module_args\n"
        "from ansible_collections.homeops.cluster.plugins.modules import sops_checksum_encrypt\n"
        "arguments = yaml.safe_load(sys.stdin)\n"
        "print('ready', flush=True)\n"
        "with patch_module_args(arguments):\n    sops_checksum_encrypt.main()\n"
    )
    killed = 0
    repository.done(path="a.sops.yaml", content=OLD)
    before = repository.all_files()
    for number in range(25):
        for name, content in before.items():
            repository.write(name, content)
        with subprocess.Popen(
            (sys.executable, "-c", program),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=BINARIES.parents[1],
            start_new_session=True,
        ) as process:
            process.stdin.write(yaml.safe_dump(arguments))
            process.stdin.close()
            process.stdout.readline()
            time.sleep(number * 0.015)
            os.killpg(process.pid, signal.SIGKILL)  # sops as well
        killed += process.returncode < 0
        assert plaintext(repository, "a.sops.yaml", {}) in (OLD, NEW)
        assert searched(repository.root, scratch, tmp_path / "home", "/dev/shm") == []
        repository.run(path="a.sops.yaml", content=NEW)
        assert repository.decrypted("a.sops.yaml").decode() == NEW
    assert killed > 5
