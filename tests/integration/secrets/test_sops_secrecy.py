# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A planted secret is searched in everything that others could read: arguments, environments, files, logs, results."""

from __future__ import annotations

import json
import os

import pytest

from tests.tools.build import BINARIES

MARKER = "planted-marker-7301"
PLAIN = f"user: admin\npassword: {MARKER}\nlist: [a, b]\n"


@pytest.fixture
def watched(repository, tmp_path, monkeypatch):
    """A sops that writes down its arguments, its environment and its open files, and then is the real one."""
    log = tmp_path / "watched"
    program = tmp_path / "sops"
    program.write_text(
        "#!/bin/bash\n"
        f"{{ cat /proc/$$/cmdline /proc/$PPID/cmdline | tr '\\0' ' '; env; ls -l /proc/$$/fd; }} >> {log}\n"
        f'exec {BINARIES / "sops"} "$@"\n'
    )
    program.chmod(0o755)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))

    def run(**options):
        result = repository.run(**options, sops_binary=str(program), _ansible_diff=True)
        for top in (tmp_path, "/dev/shm"):
            for directory, _directories, files in os.walk(top):
                for name in files:
                    path = os.path.join(directory, name)
                    if os.path.isfile(path):
                        with open(path, "rb") as stream:
                            assert MARKER.encode() not in stream.read(), path
        assert MARKER not in json.dumps(result)
        return result

    run.log = log
    return run


def test_secret_is_nowhere(repository, watched):
    path = {"path": "a.sops.yaml"}
    outcome = [
        watched(**path, content=PLAIN),
        watched(**path, content=PLAIN),
        watched(**path, content=PLAIN.replace("marker", "marker-second")),
        watched(**path, content=PLAIN.replace("a, b", "a, b, c")),
        watched(**path, content=PLAIN.replace("a, b", "a, b, c") + "new: {x: y}\n", minimal_diff=False),
        watched(**path, value={"password": MARKER}),
        watched(**path, value={"password": MARKER, "n": "a"}),
    ]
    repository.rules("ann", "bob")
    outcome.append(watched(**path, value={"password": MARKER, "n": "a"}))
    repository.rules("bob")
    outcome.append(watched(**path, value={"password": MARKER, "n": "a"}))
    assert [result["files"][0]["action"] for result in outcome] == [
        *("encrypted", "unchanged", "updated", "updated", "updated", "updated", "updated", "rekeyed", "rotated")
    ]
    # The shortest secrets do not blot out the result.
    assert outcome[-1]["files"][0]["path"].endswith("a.sops.yaml")
    log = watched.log.read_text()
    assert "--value-stdin" in log
    assert "updatekeys" in log
    assert "marker-second" not in log


def test_secret_is_not_in_what_is_said_when_it_fails(repository, watched):
    for options in (
        {"path": "a.sops.yaml", "content": f"a: {MARKER}\na: {MARKER}\n"},
        {"path": "a.sops.env", "content": MARKER},
        {"path": "a.sops.json", "content": f'{{"a": {MARKER}'},
        {"path": "a.sops.yaml", "value": [MARKER]},
    ):
        assert watched(**options)["failed"] is True


def test_checksums_tell_nothing_without_their_key(repository, tmp_path):
    """The same secret has other checksums in every file, under every key, and each time it is encrypted anew."""
    repository.done(path="a.sops.yaml", content=PLAIN)
    repository.done(path="b.sops.yaml", content=PLAIN)
    repository.done(path="a.sops.yaml", content=PLAIN, minimal_diff=False, checksum_key="other " * 8)
    document = json.loads((repository.root / ".sops-checksums.json").read_text())
    digests = [entry["plaintext"] for entries in document["files"].values() for entry in entries]
    assert len(set(digests)) == len(digests)
    assert set(document["files"]["a.sops.yaml"][0]) == {"key", "rule", "file", "plaintext"}


def test_log_of_the_system_has_no_secret(repository, monkeypatch):
    said = []
    monkeypatch.setattr(
        "ansible.module_utils.basic.AnsibleModule.log",
        lambda module, message, **options: said.append((message, options)),
    )
    repository.done(path="a.sops.yaml", value={"password": MARKER})
    assert said
    assert MARKER not in str(said)
