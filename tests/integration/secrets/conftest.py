# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real sops and age from tests/tools; a repository with a key, rules and nothing else for each test."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import sops_checksum_encrypt

from tests.tools.build import BINARIES


@pytest.fixture(scope="session", autouse=True)
def programs():
    missing = [name for name in ("age-keygen", "sops") if not (BINARIES / name).exists()]
    assert not missing, f"{missing} not in {BINARIES}: run python -m tests.tools.build"


@pytest.fixture(scope="session")
def identities(tmp_path_factory):
    """Three people: private key files, and who they are to others."""
    folder = tmp_path_factory.mktemp("age")
    people = {}
    for name in ("ann", "bob", "eve"):
        subprocess.run([BINARIES / "age-keygen", "-o", folder / name], check=True, capture_output=True)
        public = subprocess.run([BINARIES / "age-keygen", "-y", folder / name], check=True, capture_output=True)
        people[name] = (folder / name, public.stdout.decode().strip())
    return people


class Repository:
    """A Git work tree to be, and the user who works in it."""

    def __init__(self, root, identities, monkeypatch, capsys):
        self.root, self.identities, self.monkeypatch, self.capsys = root, identities, monkeypatch, capsys
        self.checksum_key = root.parent / "checksum.key"

    def as_(self, name):
        """Whose private key is at hand; nobody's with None."""
        file = self.identities[name][0] if name else self.root.parent / "nobody"
        self.monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(file))

    def public(self, *names):
        return [self.identities[name][1] for name in names]

    def rules(self, *names, **rule):
        document = {"creation_rules": [{"path_regex": r"\.sops\.", "age": self.public(*names), **rule}]}
        (self.root / ".sops.yaml").write_text(yaml.safe_dump(document))

    def write(self, name, content, mode="w"):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def sops(self, *arguments, content=b"", check=True):
        done = subprocess.run(
            [BINARIES / "sops", *map(str, arguments)], input=content, capture_output=True, check=False, cwd=self.root
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def decrypted(self, name):
        return self.sops("decrypt", self.root / name)

    def run(self, **options):
        """The module in this process; its result."""
        if "path" in options:
            options["path"] = str(self.root / options["path"])
        arguments = {"checksum_key_file": str(self.checksum_key), "sops_binary": str(BINARIES / "sops"), **options}
        self.capsys.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit):
            sops_checksum_encrypt.main()
        return json.loads(self.capsys.readouterr().out)

    def done(self, **options):
        """The action on the one file; the module must not fail."""
        result = self.run(**options)
        assert not result.get("failed"), result
        (file,) = result["files"]
        assert result["changed"] is (file["action"] not in ("unchanged",)), result
        return file

    def refused(self, **options):
        result = self.run(**options)
        assert result["failed"] is True
        return result["msg"]

    def all_files(self):
        found = {}
        for directory, _directories, files in os.walk(self.root):
            for name in files:
                path = os.path.join(directory, name)
                with open(path, "rb") as stream:
                    found[os.path.relpath(path, self.root)] = stream.read()
        return found


@pytest.fixture
def repository(tmp_path, identities, monkeypatch, capsys):
    root = tmp_path / "repository"
    root.mkdir()
    for name in ("SOPS_AGE_KEY", "SOPS_AGE_RECIPIENTS", "SOPS_CONFIG", "HOMEOPS_CHECKSUM_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    repository = Repository(root, identities, monkeypatch, capsys)
    repository.rules("ann")
    repository.as_("ann")
    return repository
