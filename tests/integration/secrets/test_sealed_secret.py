# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sealed_secret against the real kubeseal: what one writes the other opens, keeps and merges into."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.modules import sealed_secret

from tests.unit.plugins.sealing import ControllerKey

ROOT = Path(__file__).resolve().parents[3]
KUBESEAL = ROOT / ".lab" / "bin" / "kubeseal"
RECORDS = "homeops.cluster/sealed-digests"


@pytest.fixture(scope="module")
def controller():
    return ControllerKey.new()


@pytest.fixture(scope="module")
def renewed():
    return ControllerKey.new()


@pytest.fixture
def kubeseal(tmp_path, controller):
    (tmp_path / "tls.key").write_bytes(controller.pem())
    (tmp_path / "tls.crt").write_text(controller.certificate)

    def run(*arguments, stdin=""):
        done = subprocess.run(
            (KUBESEAL, "--kubeconfig", os.devnull, *arguments),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def unseal(kubeseal):
    """The Secrets of a file as kubeseal opens them: {(namespace, name): {key: value}}."""

    def unseal(path):
        opened = {}
        for document in path.read_text().split("---\n")[1:]:
            secret = json.loads(kubeseal("--recovery-unseal", "--recovery-private-key", "tls.key", stdin=document))
            values = {key: base64.b64decode(value or "") for key, value in secret["data"].items()}
            opened[secret["metadata"].get("namespace", ""), secret["metadata"]["name"]] = values
        return opened

    return unseal


@pytest.fixture
def run(capsys, tmp_path):
    def run(check=False, **options):
        arguments = {
            "certificate": str(tmp_path / "tls.crt"),
            "checksum_key": "of the tests, and long enough for a key",
            "_ansible_check_mode": check,
            "_ansible_diff": True,
            **options,
        }
        with patch_module_args(arguments), pytest.raises(SystemExit):
            sealed_secret.main()
        answer = json.loads(capsys.readouterr().out)
        assert not answer.get("failed"), answer
        return answer

    return run


def touched(path):
    return (path.stat().st_ino, path.stat().st_mtime_ns) if path.exists() else None


def four_steps(run, path, **options):
    """Check, real, check, real: predicted exactly, done once, nothing left to do. The answer of the real run."""
    before = path.read_bytes() if path.exists() else None
    predicted = run(check=True, **options)
    assert (path.read_bytes() if path.exists() else None) == before
    real = run(**options)
    assert real["changed"] is True
    assert {key: real[key] for key in ("changed", "files", "diff")} == {
        key: predicted[key] for key in ("changed", "files", "diff")
    }
    after = touched(path)
    for check in (True, False):
        again = run(check=check, **options)
        assert (again["changed"], again["diff"]) == (False, [])
    assert touched(path) == after
    return real


def secret(path, **options):
    return {"path": str(path), "name": "db", "namespace": "media", **options}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "db.sealed.yaml"


def document(path):
    return yaml.safe_load(path.read_text())


def ciphertexts(path):
    return document(path)["spec"]["encryptedData"]


SCOPES = ("strict", "namespace", "cluster")
AWKWARD = {"empty": "", "text": "line\nline: #\n", "unicode": "pässwörd 日本", "long": "x" * 100_000}


@pytest.mark.parametrize("scope", SCOPES)
def test_kubeseal_opens_what_we_seal(run, unseal, path, scope):
    binary = bytes(range(256))
    data = {"binary": base64.b64encode(binary).decode()}
    four_steps(run, path, secrets=[secret(path, scope=scope, string_data=AWKWARD, data=data)])
    expected = {**{key: value.encode() for key, value in AWKWARD.items()}, "binary": binary}
    assert unseal(path) == {("media", "db"): expected}


def test_a_secret_without_namespace_in_cluster_scope(run, unseal, path):
    entry = {"path": str(path), "name": "db", "scope": "cluster", "string_data": {"a": "1"}}
    four_steps(run, path, secrets=[entry])
    assert unseal(path) == {("", "db"): {"a": b"1"}}


def test_one_changed_value_changes_its_own_lines_only(run, unseal, path):
    values = {f"key{number:02}": f"value{number}" for number in range(50)}
    run(secrets=[secret(path, string_data=values)])
    before = path.read_text().splitlines()
    answer = four_steps(run, path, secrets=[secret(path, string_data={**values, "key07": "other"})])
    after = path.read_text().splitlines()
    changed = [line.split()[0] for line in after if line not in before]
    assert sorted(changed) == ["key07", "key07:"]  # its digest and its ciphertext
    assert len(before) == len(after)
    assert answer["files"][0]["secrets"][0]["sealed"] == {"key07": "value"}
    assert unseal(path)["media", "db"]["key07"] == b"other"


def test_keys_come_and_go_and_the_others_stay(run, unseal, path):
    run(secrets=[secret(path, string_data={"a": "1", "b": "2"})])
    first = ciphertexts(path)
    added = four_steps(run, path, secrets=[secret(path, string_data={"a": "1", "b": "2", "c": "3"})])
    assert added["files"][0]["secrets"][0]["kept"] == ["a", "b"]
    removed = four_steps(run, path, secrets=[secret(path, string_data={"a": "1", "c": "3"})])
    assert removed["files"][0]["secrets"][0]["removed"] == ["b"]
    assert ciphertexts(path)["a"] == first["a"]
    assert unseal(path)["media", "db"] == {"a": b"1", "c": b"3"}


def test_merging_needs_only_the_values_that_change(run, unseal, path):
    run(secrets=[secret(path, string_data={"a": "1", "b": "2", "c": "3"}, labels={"app": "db"}, immutable=True)])
    first = ciphertexts(path)
    entry = secret(path, string_data={"b": "other", "d": "4"}, removed_keys=["c"])
    answer = four_steps(run, path, merge=True, secrets=[entry])
    assert answer["files"][0]["secrets"][0] == {
        "action": "updated",
        "kept": ["a"],
        "name": "db",
        "namespace": "media",
        "removed": ["c"],
        "scope": "strict",
        "sealed": {"b": "value", "d": "new"},
    }
    assert ciphertexts(path)["a"] == first["a"]
    assert unseal(path)["media", "db"] == {"a": b"1", "b": b"other", "d": b"4"}
    template = document(path)["spec"]["template"]
    assert (template["metadata"]["labels"], template["immutable"]) == ({"app": "db"}, True)


@pytest.mark.parametrize(("old", "new"), [(a, b) for a in SCOPES for b in SCOPES if a != b])
def test_another_scope_seals_all_anew(run, unseal, path, old, new):
    run(secrets=[secret(path, scope=old, string_data={"a": "1", "b": "2"})])
    answer = four_steps(run, path, secrets=[secret(path, scope=new, string_data={"a": "1", "b": "2"})])
    assert answer["files"][0]["secrets"][0]["sealed"] == {"a": "scope", "b": "scope"}
    assert unseal(path)["media", "db"] == {"a": b"1", "b": b"2"}


@pytest.mark.parametrize("change", [{"name": "db2"}, {"namespace": "other"}])
def test_another_name_is_another_secret(run, unseal, path, change):
    run(secrets=[secret(path, string_data={"a": "1"})])
    four_steps(run, path, secrets=[{**secret(path, string_data={"a": "1"}), **change}])
    assert list(unseal(path).values()) == [{"a": b"1"}]


def test_type_labels_and_annotations_need_no_sealing(kubeseal, run, path):
    run(secrets=[secret(path, string_data={"a": "1"})])
    first = ciphertexts(path)
    entry = secret(path, string_data={"a": "1"}, type="example.com/x", labels={"a": "b"}, annotations={"c": "d"})
    answer = four_steps(run, path, secrets=[entry])
    assert answer["files"][0]["secrets"][0]["sealed"] == {}
    assert ciphertexts(path) == first
    assert document(path)["spec"]["template"]["type"] == "example.com/x"


def test_a_renewed_certificate_seals_anew_and_says_so(kubeseal, run, path, tmp_path, renewed):
    run(secrets=[secret(path, string_data={"a": "1"})])
    (tmp_path / "tls.crt").write_text(renewed.certificate)
    answer = four_steps(run, path, secrets=[secret(path, string_data={"a": "1"})])
    assert answer["files"][0]["secrets"][0]["sealed"] == {"a": "certificate"}
    assert renewed.unseal(ciphertexts(path)["a"], b"media/db") == b"1"


def test_absent(run, unseal, path):
    other = secret(path, name="other", string_data={"a": "1"})
    run(secrets=[secret(path, string_data={"a": "1"}), other])
    four_steps(run, path, secrets=[secret(path, state="absent"), other])
    assert unseal(path) == {("media", "other"): {"a": b"1"}}
    answer = four_steps(run, path, secrets=[{**other, "state": "absent"}])
    assert answer["files"][0]["action"] == "removed"
    assert not path.exists()


PLAIN = """\
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: media
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"stringData":{"password":"planted-in-annotation"}}'
stringData:
  password: planted-password
  username: planted-username
---
apiVersion: v1
kind: Secret
metadata:
  name: anywhere
  namespace: media
  annotations:
    sealedsecrets.bitnami.com/cluster-wide: "true"
data:
  key: cGxhbnRlZC1rZXk=
"""


def test_the_convention(run, unseal, tmp_path):
    (tmp_path / "apps" / "media").mkdir(parents=True)
    (tmp_path / "apps" / "media" / "db.secret.yaml").write_text(PLAIN)
    sealed = tmp_path / "apps" / "media" / "db.sealed.yaml"
    four_steps(run, sealed, src=[str(tmp_path / "apps")])
    assert unseal(sealed) == {
        ("media", "db"): {"password": b"planted-password", "username": b"planted-username"},
        ("media", "anywhere"): {"key": b"planted-key"},
    }
    assert "planted" not in sealed.read_text()


@pytest.mark.parametrize("scope", SCOPES)
def test_what_kubeseal_sealed_is_kept_when_merging(kubeseal, run, unseal, path, scope):
    names = {"strict": "strict", "namespace": "namespace-wide", "cluster": "cluster-wide"}
    plain = PLAIN.split("---\n", maxsplit=1)[0]
    path.write_text(kubeseal("--cert", "tls.crt", "--scope", names[scope], "-o", "yaml", stdin=plain))
    first = ciphertexts(path)
    four_steps(run, path, merge=True, secrets=[secret(path, string_data={"added": "1"})])
    assert ciphertexts(path).items() > first.items()
    assert unseal(path)["media", "db"] == {
        "password": b"planted-password",
        "username": b"planted-username",
        "added": b"1",
    }


def test_what_kubeseal_sealed_is_sealed_once_more_and_then_kept(kubeseal, run, unseal, tmp_path):
    plain = tmp_path / "db.secret.yaml"
    plain.write_text(PLAIN.split("---\n", maxsplit=1)[0])
    path = tmp_path / "db.sealed.yaml"
    path.write_text(kubeseal("--cert", "tls.crt", "-o", "yaml", stdin=plain.read_text()))
    answer = four_steps(run, path, src=[str(plain)])
    assert set(answer["files"][0]["secrets"][0]["sealed"].values()) == {"no digest"}
    assert unseal(path)["media", "db"]["password"] == b"planted-password"


def test_kubeseal_merges_into_our_file_and_we_notice(kubeseal, run, unseal, path):
    values = {"a": "1", "b": "2"}
    run(secrets=[secret(path, string_data=values)])
    first = ciphertexts(path)
    metadata = "{name: db, namespace: media}"
    stranger = f"apiVersion: v1\nkind: Secret\nmetadata: {metadata}\nstringData: {{b: foreign, c: '3'}}\n"
    kubeseal("--cert", "tls.crt", "-o", "yaml", "--merge-into", str(path), stdin=stranger)
    answer = four_steps(run, path, secrets=[secret(path, string_data={**values, "c": "3"})])
    assert answer["files"][0]["secrets"][0]["sealed"] == {"b": "value", "c": "no digest"}
    assert ciphertexts(path)["a"] == first["a"]
    assert unseal(path)["media", "db"] == {"a": b"1", "b": b"2", "c": b"3"}


# What readers of YAML take for something else unless it is quoted.
AWKWARD_LABELS = {key: key for key in ("y", "n", "on", "null", "1e3", "0x1", "0o7", "1_0", "1.0", "12", "2024-01-01")}


def test_kubeseal_validates_the_shape_of_our_file(kubeseal, run, path):
    """The strictest offline reader there is: it decodes the manifest into the controller's own type."""
    run(secrets=[secret(path, string_data={"a": "1"}, type="Opaque", labels=AWKWARD_LABELS, immutable=True)])
    opened = json.loads(kubeseal("--recovery-unseal", "--recovery-private-key", "tls.key", stdin=path.read_text()))
    assert (opened["type"], opened["immutable"], opened["metadata"]["labels"]) == ("Opaque", True, AWKWARD_LABELS)
    assert RECORDS not in opened["metadata"].get("annotations", {})  # the digests do not reach the Secret


def test_a_playbook_run_shows_no_value(kubeseal, tmp_path):
    """As a user runs it, as talkative as it gets; and nothing of it stays in files."""
    (tmp_path / "db.secret.yaml").write_text(PLAIN)
    (tmp_path / "home").mkdir()
    playbook = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "tasks": [
                {
                    "homeops.cluster.sealed_secret": {
                        "certificate": "{{ here }}/tls.crt",
                        "src": ["{{ here }}"],
                        "secrets": [
                            {
                                "path": "{{ here }}/inline.sealed.yaml",
                                "name": "inline",
                                "namespace": "media",
                                "string_data": {"token": "planted-token"},
                                "data": {"other": base64.b64encode(b"planted-other").decode()},
                            }
                        ],
                    }
                }
            ],
        }
    ]
    (tmp_path / "seal.yml").write_text(yaml.safe_dump(playbook))
    before = {"db.secret.yaml", "seal.yml"}
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
        "ANSIBLE_LOG_PATH": str(tmp_path / "ansible.log"),
    }
    changed = []
    for arguments in (["--check"], [], ["--check"], []):
        done = subprocess.run(
            ("ansible-playbook", "-vvv", "--diff", "-e", f"here={tmp_path}", str(tmp_path / "seal.yml"), *arguments),
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env=environment,
        )
        assert done.returncode == 0, done.stdout
        changed.append("changed=1" in done.stdout)
        assert "planted" not in done.stdout + done.stderr
    assert changed == [True, True, False, False]
    spread = [
        str(file.relative_to(tmp_path))
        for file in tmp_path.rglob("*")
        if file.is_file() and file.name not in before and b"planted" in file.read_bytes()
    ]
    assert spread == []
    assert (tmp_path / "home" / ".config" / "homeops" / "checksum.key").stat().st_mode & 0o777 == 0o600
