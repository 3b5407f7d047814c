# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small repository to render, on top of the one with a key and rules."""

from __future__ import annotations

import json
import os

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import gitops_render

from tests.tools.build import BINARIES

MARK = "planted-secret-value"
OTHER = "another-planted-value"

CONFIG = "name: home\ndomain: home.example\nports: [80, 443]\n"
PLAIN = """\
name: {{ name }}
{% for port in ports %}
port: {{ port }}
{% endfor %}
{% raw %}text: {{ .Values.left }}{% endraw %}

"""
RENDERED = "name: home\nport: 80\nport: 443\ntext: {{ .Values.left }}\n"
SECRET = "kind: Secret\nstringData:\n  token: {{ token }}\n  other: left\n"
HASHED = "hash: {{ token | bcrypt_password(current=current('hash'), rounds=4) }}\n"


def encrypt(repository, name):
    repository.sops("--config", repository.root / ".sops.yaml", "encrypt", "--in-place", repository.root / name)


class Tree:
    """A GitOps repository, on top of the one with a key and rules."""

    def __init__(self, repository):
        self.repository, self.root, self.home = repository, repository.root, repository.root.parent
        self.write("config.yaml", CONFIG)
        self.values(token=MARK)
        self.write("templates/apps/plain.yaml.j2", PLAIN)
        self.write("templates/apps/secret.sops.yaml.j2", SECRET)
        self.write("templates/apps/hash.sops.yaml.j2", HASHED)
        self.write("templates/apps/copied.txt", b"as it is {{ }}\n")
        self.write("templates/lib/macros.j2", "{% macro greet(x) %}hello {{ x }}{% endmacro %}\n")
        self.write("templates/run.sh.j2", "#!/bin/sh\necho {{ name }}\n").chmod(0o755)

    def write(self, name, content):
        return self.repository.write(name, content)

    def read(self, name):
        return (self.root / name).read_text()

    def values(self, **values):
        self.write("secrets.sops.yaml", yaml.safe_dump(values))
        self.repository.sops(
            "--config", self.root / ".sops.yaml", "encrypt", "--in-place", self.root / "secrets.sops.yaml"
        )

    def render(self, **options):
        arguments = {
            "path": str(self.root),
            "cache_dir": str(self.home / "cache"),
            "checksum_key_file": str(self.repository.checksum_key),
            "sops_binary": str(BINARIES / "sops"),
            "_ansible_remote_tmp": str(self.home / "remote"),
            **options,
        }
        self.repository.capsys.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit):
            gitops_render.main()
        return json.loads(self.repository.capsys.readouterr().out)

    def done(self, **options):
        result = self.render(**options)
        assert not result.get("failed"), result["msg"]
        assert MARK not in json.dumps(result)
        assert OTHER not in json.dumps(result)
        return result

    def refused(self, **options):
        """What is said; nothing may have been touched, in check mode neither."""
        before = self.files()
        predicted = self.render(_ansible_check_mode=True, **options)
        result = self.render(**options)
        assert result["failed"] is True
        assert predicted["msg"] == result["msg"]
        assert self.files() == before
        assert MARK not in json.dumps(result)
        return result["msg"]

    def actions(self, result):
        return {file["path"]: file["action"] for file in result["files"]}

    def files(self):
        """Everything in the repository: what it holds, its mode, and when it was written."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            status = path.lstat()
            content = path.read_bytes() if path.is_file() and os.access(path, os.R_OK) else b""
            found[str(path.relative_to(self.root))] = (
                content,
                status.st_mode,
                status.st_mtime_ns if path.is_file() else 0,
            )
        return found

    def contents(self):
        return {name: content for name, (content, _mode, _written) in self.files().items()}

    def decrypted(self, name):
        return self.repository.decrypted(name).decode()

    def plaintext_places(self):
        """Every file of this test, the repository's and the user's, that holds a secret."""
        places = []
        for path in self.home.rglob("*"):
            if path.is_file() and any(mark.encode() in path.read_bytes() for mark in (MARK, OTHER)):
                places.append(path)
        return places
