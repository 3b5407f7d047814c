# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that are given plain secrets: Ansible puts their arguments into no file, even where pipelining is off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ANSIBLE = Path(sys.executable).parent / "ansible"


def run(module, options, tmp_path):
    environment = {**os.environ, "ANSIBLE_PIPELINING": "false", "HOMEOPS_CHECKSUM_KEY": "k" * 64}
    environment["ANSIBLE_COLLECTIONS_PATH"] = str(ROOT / ".ansible" / "collections")
    command = (ANSIBLE, "localhost", "-vvv", "-m", module, "-a", json.dumps(options))
    return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("homeops.cluster.sops_checksum_encrypt", {"path": "nowhere/a.sops.yaml", "content": "a: marker\n"}),
        ("homeops.cluster.sealed_secret", {"secrets": [], "certificate": "nowhere.pem"}),
    ],
)
def test_the_arguments_of_a_module_that_is_given_secrets_are_in_no_file(module, options, tmp_path):
    said = run(module, options, tmp_path)
    assert "invocation" in said  # it ran
    assert "FAILED!" in said
    assert "AnsiballZ" not in said


def test_elsewhere_ansible_does_write_them(tmp_path):
    assert "AnsiballZ" in run("ansible.builtin.stat", {"path": "nowhere"}, tmp_path)
