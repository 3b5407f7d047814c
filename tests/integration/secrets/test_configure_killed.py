# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that ends too early, at any operation: no secret lies open, no file is half, and the next run completes it."""

from __future__ import annotations

import os
import shutil
import signal

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils import _secret_files
from ansible_collections.homeops.cluster.plugins.modules import gitops_render

from tests.integration.secrets.gitops_tree import CONFIG, OTHER, Tree


@pytest.fixture
def rendered(repository):
    tree = Tree(repository)
    tree.done()
    return tree


# Every operation takes minutes; that is for the long runs.
STEP = 1 if os.environ.get("TEST_ALL") else 5


class Full:
    """The disk is full from the n-th write on."""

    def __init__(self, writes):
        self.left = writes

    def __getattr__(self, name):
        return getattr(os, name)

    def write(self, descriptor, content):
        self.left -= 1
        if self.left < 0:
            raise OSError(28, "No space left on device")
        return os.write(descriptor, content)


@pytest.mark.parametrize("writes", range(6))
def test_disk_full(rendered, monkeypatch, writes):
    before = rendered.contents()
    rendered.values(token=OTHER)
    rendered.write("config.yaml", CONFIG.replace("home\n", "away\n"))
    before.update({name: rendered.root.joinpath(name).read_bytes() for name in ("config.yaml", "secrets.sops.yaml")})
    with monkeypatch.context() as context:
        context.setattr(gitops_render, "Files", lambda: _secret_files.Files(Full(writes)))
        message = rendered.render()["msg"]
    assert "No space left on device" in message
    ours = (".homeops/outputs.sha256",)  # it may know what was about to come
    after = rendered.contents()
    assert {name: what for name, what in after.items() if name not in ours} == {
        name: what for name, what in before.items() if name not in ours
    }
    rendered.done()
    assert rendered.done()["changed"] is False


class Killing:
    """The process is killed at its n-th operation on files, as a test chooses."""

    OPERATIONS = ("open", "write", "makedirs", "fchmod", "fsync", "replace", "unlink", "chmod", "rmdir", "close")

    def __init__(self, operations):
        self.left = operations

    def __getattr__(self, name):
        operation = getattr(os, name)
        if name not in self.OPERATIONS:
            return operation

        def counted(*arguments, **named):
            self.left -= 1
            if self.left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return operation(*arguments, **named)

        return counted


def test_killed_at_every_operation(rendered, monkeypatch):
    """Whatever the moment: every file is the old or the new one, no secret lies open, and the next run completes it."""
    for name in ("hash.sops.yaml.j2", "copied.txt"):
        (rendered.root / "templates/apps" / name).unlink()
    rendered.done()
    rendered.values(token=OTHER)
    rendered.write("config.yaml", CONFIG.replace("home\n", "away\n"))
    rendered.write("templates/new/one.yaml.j2", "{{ name }}\n")
    (rendered.root / "templates/run.sh.j2").unlink()
    saved = rendered.home / "saved"
    shutil.copytree(rendered.root, saved, symlinks=True)
    old = rendered.contents()
    rendered.done()
    new = {name: what[0] for name, what in rendered.files().items() if not name.startswith(".homeops")}
    killed = 0
    while True:
        shutil.rmtree(rendered.root)
        shutil.copytree(saved, rendered.root, symlinks=True)
        shutil.rmtree(rendered.home / "cache", ignore_errors=True)
        if not dies(rendered, monkeypatch, killed):
            break
        assert rendered.plaintext_places() == [], killed
        for name, (content, _mode, _time) in rendered.files().items():
            if name.endswith("secret.sops.yaml"):
                assert yaml.safe_load(rendered.decrypted(name)), (killed, name)
            elif not name.startswith(".homeops") and not name.endswith(".new"):
                assert content in (old.get(name), new.get(name)), (killed, name)
        rendered.done()
        after = {name: what[0] for name, what in rendered.files().items() if not name.startswith(".homeops")}
        assert sorted(after) == sorted(new), killed
        assert {name for name in new if after[name] != new[name]} <= {"apps/secret.sops.yaml"}, killed
        assert OTHER in rendered.decrypted("apps/secret.sops.yaml"), killed
        assert rendered.done()["changed"] is False, killed
        killed += STEP
    assert killed > 40


def dies(tree, monkeypatch, operations):
    pid = os.fork()
    if not pid:
        monkeypatch.setattr(gitops_render, "Files", lambda: _secret_files.Files(Killing(operations)))
        tree.render()
        os._exit(0)
    _pid, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def test_two_runs_at_once(rendered):
    rendered.values(token=OTHER)
    rendered.write("config.yaml", CONFIG.replace("home\n", "away\n"))
    pids = []
    for _number in range(3):
        pid = os.fork()
        if not pid:
            os._exit(1 if rendered.render().get("failed") else 0)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0, 0]
    assert rendered.done()["changed"] is False
