# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import json

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import UnreachableError
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.modules import sealed_secret
from sealing import ControllerKey

CURRENT, EXPIRED, SOON = (ControllerKey.new(days) for days in (3650, -1, 10))
PLAIN = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: media}\nstringData: {password: planted}\n"


@pytest.fixture
def warnings(monkeypatch):
    """Where Ansible puts them depends on what else runs in this process."""
    found = []
    monkeypatch.setattr(sealed_secret.AnsibleModule, "warn", lambda module, text: found.append(text))
    return found


@pytest.fixture
def run(capsys, tmp_path):
    certificate = tmp_path / "tls.crt"
    certificate.write_text(CURRENT.certificate)

    def run(**options):
        arguments = {"certificate": str(certificate), "checksum_key": "k" * 32, "_ansible_diff": True, **options}
        arguments = {name: value for name, value in arguments.items() if value is not None}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            sealed_secret.main()
        text = capsys.readouterr().out
        assert "planted" not in text.replace(str(tmp_path), "")
        return json.loads(text)

    return run


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "db.secret.yaml"
    path.write_text(PLAIN)
    return path


@pytest.fixture
def sealed(tmp_path):
    return tmp_path / "db.sealed.yaml"


def value(path, key="password", label=b"media/db"):
    (document,) = yaml.safe_load_all(path.read_text())
    return CURRENT.unseal(document["spec"]["encryptedData"][key], label)


def test_check_then_real_then_nothing_left_to_do(run, plain, sealed):
    predicted = run(src=[str(plain)], _ansible_check_mode=True)
    assert not sealed.exists()
    real = run(src=[str(plain)])
    assert (real["changed"], real["files"], real["diff"]) == (True, predicted["files"], predicted["diff"])
    assert real["certificate"]["source"] == "file"
    assert value(sealed) == b"planted"
    before = sealed.stat()
    again = run(src=[str(plain)])
    assert (again["changed"], again["diff"], again["files"][0]["action"]) == (False, [], "unchanged")
    assert (sealed.stat().st_ino, sealed.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_mode_and_a_link_stay(run, plain, sealed, tmp_path):
    target = tmp_path / "elsewhere" / "target.yaml"
    target.parent.mkdir()
    sealed.symlink_to(target)
    run(src=[str(plain)])
    assert sealed.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o644
    target.chmod(0o640)
    plain.write_text(PLAIN.replace("planted", "planted2"))
    run(src=[str(plain)])
    assert (sealed.is_symlink(), target.stat().st_mode & 0o777) == (True, 0o640)


def test_what_kubernetes_takes_for_a_boolean_or_a_number_is_quoted(run, sealed):
    run(secrets=[entry(path=str(sealed), annotations={"a": "y", "b": "1e3", "c": "yes", "d": "text"})])
    lines = [line.strip() for line in sealed.read_text().splitlines()]
    assert {"a: 'y'", "b: '1e3'", "d: text"} <= set(lines)
    assert yaml.safe_load(sealed.read_text())["spec"]["template"]["metadata"]["annotations"]["c"] == "yes"


def test_a_file_by_two_names_is_one_file(run, plain, sealed, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    other = entry(path=str(tmp_path / "link" / "db.sealed.yaml"), name="other", string_data={"a": "planted"})
    answer = run(src=[str(plain)], secrets=[other])
    assert [secret["name"] for file in answer["files"] for secret in file["secrets"]] == ["db", "other"]
    assert sealed.read_text().count("kind: SealedSecret") == 2
    assert "is given twice" in run(src=[str(plain), str(tmp_path / "link" / "db.secret.yaml")])["msg"]


def test_two_that_add_to_a_file_wait_for_each_other(run, sealed, monkeypatch):
    """Otherwise the second would write over what the first has added."""
    waiting = []
    alone = sealed_secret.Files.alone
    read = sealed_secret.secret_files.read

    @contextlib.contextmanager
    def noted(files, directories):
        with alone(files, directories):
            waiting.append(True)
            yield
            waiting.pop()

    monkeypatch.setattr(sealed_secret.Files, "alone", noted)
    monkeypatch.setattr(
        sealed_secret.secret_files,
        "read",
        lambda path: pytest.fail(path) if path == str(sealed) and not waiting else read(path),
    )
    run(secrets=[entry(path=str(sealed), string_data={"a": "planted"})], merge=True)
    run(secrets=[entry(path=str(sealed), string_data={"b": "planted"})], merge=True)
    assert sealed.read_text().count("media") == 2


def test_the_key_of_the_digests_is_made_once_and_not_in_check_mode(run, plain, tmp_path):
    key = tmp_path / "keys" / "checksum.key"
    options = {"checksum_key": None, "checksum_key_file": str(key), "src": [str(plain)]}
    assert run(**options, _ansible_check_mode=True)["changed"] is True
    assert not key.exists()
    run(**options)
    assert key.stat().st_mode & 0o777 == 0o600
    assert run(**options)["changed"] is False
    key.write_text("another key that is long enough\n" * 2)
    assert run(**options)["files"][0]["secrets"][0]["sealed"] == {"password": "digest key"}


def test_files_from_a_folder_and_from_options_in_one_call(run, tmp_path):
    for name in ("a", "b"):
        (tmp_path / "apps" / name).mkdir(parents=True)
        (tmp_path / "apps" / name / "x.secret.yaml").write_text(PLAIN)
    inline = tmp_path / "new" / "folder" / "db.sealed.yaml"
    entry = {"path": str(inline), "name": "db", "namespace": "media", "string_data": {"password": "planted"}}
    answer = run(src=[str(tmp_path / "apps"), str(tmp_path / "apps" / "a" / "x.secret.yaml")], secrets=[entry])
    assert [file["action"] for file in answer["files"]] == ["created"] * 3
    assert [file["path"] for file in answer["files"]] == [
        str(tmp_path / "apps" / "a" / "x.sealed.yaml"),
        str(tmp_path / "apps" / "b" / "x.sealed.yaml"),
        str(inline),
    ]


class Controller:
    def __init__(self, answer):
        self.answer = answer

    def certificate(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer.encode()


@pytest.fixture
def cluster(monkeypatch):
    def serve(answer):
        monkeypatch.setattr(sealed_secret, "ClusterController", lambda connect, **names: Controller(answer))

    return serve


def test_the_certificate_of_the_cluster_is_kept(run, plain, tmp_path, cluster):
    cluster(CURRENT.certificate)
    kept = tmp_path / "kept.pem"
    options = {"certificate": str(kept), "controller": {}, "src": [str(plain)]}
    assert run(**options, _ansible_check_mode=True)["certificate"]["source"] == "cluster"
    assert not kept.exists()
    run(**options)
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == (CURRENT.certificate, 0o644)
    cluster(ClusterError(Problem("cluster", "was asked again", "Do not")))
    answer = run(**options)
    assert (answer["changed"], answer["certificate"]["source"]) == (False, "file")


def test_a_cluster_that_is_not_there_yet(run, plain, sealed, tmp_path, cluster):
    cluster(UnreachableError(Problem("cluster", "does not answer", "Start it")))
    options = {"certificate": str(tmp_path / "none.pem"), "controller": {}, "src": [str(plain)]}
    predicted = run(**options, _ansible_check_mode=True)
    assert (predicted["changed"], predicted["certificate"]["source"]) == (True, "none")
    assert run(**options)["msg"] == "cluster: does not answer. Start it"
    assert not sealed.exists()


def test_an_expired_certificate_seals_nothing_but_does_no_harm(run, plain, sealed, tmp_path, warnings):
    run(src=[str(plain)])
    (tmp_path / "old.crt").write_text(EXPIRED.certificate)
    options = {"certificate": str(tmp_path / "old.crt"), "src": [str(plain)]}
    before = sealed.read_bytes()
    assert "expired on" in run(**options)["msg"]
    assert sealed.read_bytes() == before
    allowed = run(**options, allow_expired=True)
    assert allowed["files"][0]["secrets"][0]["sealed"] == {"password": "certificate"}
    unchanged = run(**options)  # nothing to seal: no reason to refuse
    assert unchanged["changed"] is False
    assert ["expired on" in text for text in warnings] == [True, True]


def test_a_certificate_that_expires_soon_is_mentioned(run, plain, tmp_path, warnings):
    (tmp_path / "soon.crt").write_text(SOON.certificate)
    run(certificate=str(tmp_path / "soon.crt"), src=[str(plain)])
    assert ["expires on" in text for text in warnings] == [True]


PATH = "/nowhere/db.sealed.yaml"


def entry(**options):
    return {"path": PATH, "name": "db", "namespace": "media", "string_data": {"password": "planted"}, **options}


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        ({}, ["one of the following is required: secrets, src"]),
        ({"src": ["/nowhere"]}, ["/nowhere: is no file and no folder"]),
        ({"secrets": [entry(string_data={})]}, ["media/db: has no data"]),
        ({"secrets": [entry(path="/nowhere/db.secret.yaml")]}, ["secrets[0].path: ends with .secret.yaml"]),
        ({"secrets": [entry(), entry()]}, ["media/db: is given twice"]),
        (
            {"secrets": [entry(name="X", data={"a": "planted?"}), entry(namespace=None)], "src": ["/no"]},
            ["4 problems", "/no: is no", "secrets[0].name: 'X'", "secrets[0].data.a: is not", "secrets[1].namespace"],
        ),
        ({"certificate": "/nowhere.pem", "secrets": [entry()]}, ["/nowhere.pem: there is no such"]),
        ({"certificate": None, "secrets": [entry()]}, ["certificate: is missing"]),
        ({"checksum_key": "planted", "secrets": [entry()]}, ["checksum_key: is too short"]),
        ({"certificate_content": "x", "secrets": [entry()]}, ["mutually exclusive"]),
    ],
)
def test_what_is_refused(run, options, messages):
    answer = run(**options)
    assert answer["failed"] is True
    for message in messages:
        assert message in answer["msg"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stringData: {a: planted\n", "is not valid YAML"),
        ("a: 'planted\n\tb: [", "is not valid YAML"),
        (PLAIN + "stringData: {}\n", "db.secret.yaml:1: has a key twice in a mapping"),
        (PLAIN.replace("{password:", "{password: x, password:"), "db.secret.yaml:4: has a key twice in a mapping"),
        ("", "is empty"),
        ("---\n---\n", "is empty"),
        ("kind: ConfigMap\ndata: {a: planted}\n", "document 1: is not a Secret"),
        (PLAIN + "---\nkind: ConfigMap\n", "document 2: is not a Secret"),
        (PLAIN + "---\n" + PLAIN, "media/db: is given twice"),
        (PLAIN.replace("planted", "5"), "is a number, not text"),
        ("\0planted", "is not valid YAML"),
        ("a: \udc80planted", "is not valid YAML"),
    ],
)
def test_a_plain_file_that_cannot_be_sealed(run, plain, sealed, text, message):
    plain.write_text(text, errors="surrogateescape")
    assert message in run(src=[str(plain)])["msg"]
    assert not sealed.exists()


@pytest.mark.parametrize("text", [PLAIN, "planted: [", "just planted text\n"])
def test_a_file_of_another_kind_is_not_overwritten(run, plain, sealed, text):
    sealed.write_text(text)
    assert run(src=[str(plain)])["failed"] is True
    assert sealed.read_text() == text


def test_one_bad_file_stops_all_of_them(run, plain, sealed, tmp_path):
    (tmp_path / "other.secret.yaml").write_text("kind: ConfigMap\n")
    assert run(src=[str(tmp_path)])["failed"] is True
    assert not sealed.exists()


@pytest.mark.parametrize(
    ("folder", "message"), [("db.secret.yaml", "cannot be read: Not a directory"), ("/proc/none", "cannot be written")]
)
def test_a_folder_that_cannot_be(run, plain, tmp_path, folder, message):
    options = entry(path=str(tmp_path / folder / "db.sealed.yaml"), string_data={"password": "planted"})
    assert message in run(secrets=[options])["msg"]


@pytest.mark.parametrize("missing", ["cryptography", "PyYAML", "kubernetes"])
def test_a_missing_library_is_named(run, plain, monkeypatch, missing):
    monkeypatch.setattr(sealed_secret, "CRYPTOGRAPHY_IMPORT_ERROR", "trace" if missing == "cryptography" else None)
    monkeypatch.setattr(sealed_secret.secret_files, "HAS_YAML", missing != "PyYAML")
    monkeypatch.setattr(sealed_secret, "missing_library", lambda: "kubernetes")
    assert missing in run(src=[str(plain)], controller={})["msg"]
