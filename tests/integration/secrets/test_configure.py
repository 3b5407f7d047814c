# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repository rendered with the real sops: every action in four steps, and the whole command on the example."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.integration.secrets.gitops_tree import CONFIG, HASHED, MARK, OTHER, PLAIN, RENDERED, SECRET, Tree, encrypt
from tests.tools.build import BINARIES

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "gitops-repository"


@pytest.fixture
def tree(repository):
    return Tree(repository)


@pytest.fixture
def rendered(tree):
    tree.done()
    return tree


def test_first_run(tree):
    result = tree.done()
    assert tree.actions(result) == {
        "apps/copied.txt": "created",
        "apps/hash.sops.yaml": "encrypted",
        "apps/plain.yaml": "created",
        "apps/secret.sops.yaml": "encrypted",
        "run.sh": "created",
    }
    assert tree.read("apps/plain.yaml") == RENDERED
    assert tree.read("apps/copied.txt") == "as it is {{ }}\n"
    assert (tree.root / "run.sh").stat().st_mode & 0o777 == 0o755
    assert yaml.safe_load(tree.decrypted("apps/secret.sops.yaml"))["stringData"] == {"token": MARK, "other": "left"}
    assert not (tree.root / "lib").exists()
    assert tree.plaintext_places() == []
    sums = subprocess.run(["sha256sum", "--check", "--quiet", ".homeops/outputs.sha256"], cwd=tree.root, check=False)
    assert sums.returncode == 0


def nothing_rendered_yet(tree):
    shutil.rmtree(tree.root / "apps")
    shutil.rmtree(tree.root / ".homeops")
    return ["apps/copied.txt", "apps/hash.sops.yaml", "apps/plain.yaml", "apps/secret.sops.yaml"]


def other_value(tree):
    tree.write("config.yaml", CONFIG.replace("home\n", "away\n"))
    return ["apps/plain.yaml", "run.sh"]


def other_secret(tree):
    tree.values(token=OTHER)
    return ["apps/hash.sops.yaml", "apps/secret.sops.yaml"]


def other_template(tree):
    tree.write("templates/apps/plain.yaml.j2", PLAIN + "more: true\n")
    return ["apps/plain.yaml"]


def other_secret_template(tree):
    tree.write("templates/apps/secret.sops.yaml.j2", SECRET + "  third: {{ domain }}\n")
    return ["apps/secret.sops.yaml"]


def template_gone(tree):
    (tree.root / "templates/apps/plain.yaml.j2").unlink()
    return ["apps/plain.yaml"]


def secret_template_gone(tree):
    (tree.root / "templates/apps/secret.sops.yaml.j2").unlink()
    return ["apps/secret.sops.yaml"]


def folder_of_templates_gone(tree):
    tree.write("templates/alone/a.yaml.j2", "a: {{ name }}\n")
    tree.done()
    shutil.rmtree(tree.root / "templates/alone")
    return ["alone/a.yaml"]


def template_that_became_empty(tree):
    tree.write("templates/apps/plain.yaml.j2", "{% if false %}\n{{ name }}\n{% endif %}\n")
    return ["apps/plain.yaml"]


def output_deleted(tree):
    (tree.root / "apps/plain.yaml").unlink()
    (tree.root / "apps/secret.sops.yaml").unlink()
    return ["apps/plain.yaml", "apps/secret.sops.yaml"]


def other_mode(tree):
    (tree.root / "templates/apps/copied.txt").chmod(0o755)
    (tree.root / "templates/apps/secret.sops.yaml.j2").chmod(0o600)
    return ["apps/copied.txt", "apps/secret.sops.yaml"]


def plain_that_became_secret(tree):
    (tree.root / "templates/apps/plain.yaml.j2").rename(tree.root / "templates/apps/plain.sops.yaml.j2")
    tree.write("templates/apps/plain.sops.yaml.j2", "name: {{ name }}\n")
    return ["apps/plain.sops.yaml", "apps/plain.yaml"]


def recipient_added(tree):
    tree.repository.rules("ann", "bob")
    return ["apps/hash.sops.yaml", "apps/secret.sops.yaml"]


def recipient_removed(tree):
    tree.repository.rules("ann", "bob")
    tree.done()
    tree.repository.rules("ann")
    return ["apps/hash.sops.yaml", "apps/secret.sops.yaml"]


CHANGES = [
    nothing_rendered_yet,
    other_value,
    other_secret,
    other_template,
    other_secret_template,
    template_gone,
    secret_template_gone,
    folder_of_templates_gone,
    template_that_became_empty,
    output_deleted,
    other_mode,
    plain_that_became_secret,
    recipient_added,
    recipient_removed,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_in_four_steps(rendered, change):
    paths = change(rendered)
    before = rendered.files()
    predicted = rendered.done(_ansible_check_mode=True, _ansible_diff=True)
    assert rendered.files() == before
    real = rendered.done(_ansible_diff=True)
    assert sorted(rendered.actions(real)) == paths
    assert (predicted["changed"], predicted["files"]) == (True, real["files"])
    assert predicted["diff"] == real["diff"]
    assert rendered.done(_ansible_check_mode=True)["changed"] is False
    after = rendered.files()
    quiet = rendered.done()
    assert (quiet["changed"], quiet["rendered"], rendered.files()) == (False, 0, after)
    assert rendered.plaintext_places() == []
    # What is remembered only saves time: without it, the same comes of it.
    shutil.rmtree(rendered.home / "cache")
    assert rendered.done()["changed"] is False
    assert rendered.files() == after


def test_only_the_changed_value_gets_another_ciphertext(rendered):
    before = rendered.read("apps/secret.sops.yaml").splitlines()
    rendered.values(token=OTHER)
    rendered.done()
    after = rendered.read("apps/secret.sops.yaml").splitlines()
    changed = [new.split(":")[0].strip() for old, new in zip(before, after) if old != new]
    assert len(before) == len(after)
    assert set(changed) <= {"token", "lastmodified", "mac"}


def test_nothing_is_decrypted_and_no_key_is_needed_while_nothing_changed(rendered):
    rendered.repository.as_(None)
    assert rendered.done(sops_binary="/nonexistent/sops")["changed"] is False


def test_a_hash_stays_while_it_is_the_password_s(rendered):
    first = yaml.safe_load(rendered.decrypted("apps/hash.sops.yaml"))["hash"]
    shutil.rmtree(rendered.home / "cache")
    rendered.write("templates/apps/hash.sops.yaml.j2", HASHED + "more: true\n")
    rendered.done()
    assert yaml.safe_load(rendered.decrypted("apps/hash.sops.yaml")) == {"hash": first, "more": True}


def test_files_that_makejinja_and_sops_wrote_are_taken_over_as_they_are(tree):
    out = tree.home / "made"
    out.mkdir()
    (out / "token.yaml").write_text(yaml.safe_dump({"token": MARK}))
    makejinja = Path(sys.executable).parent / "makejinja"
    (tree.root / "templates/apps/hash.sops.yaml.j2").unlink()
    command = [makejinja, "-i", "templates", "-o", ".", "-d", "config.yaml", "-d", out / "token.yaml"]
    subprocess.run([*command, "--jinja-suffix", ".j2", "--force", "--copy-metadata"], cwd=tree.root, check=True)
    (out / "token.yaml").unlink()
    tree.repository.sops(
        "--config", tree.root / ".sops.yaml", "encrypt", "--in-place", tree.root / "apps/secret.sops.yaml"
    )
    before = {name: what[0] for name, what in tree.files().items()}
    result = tree.done()
    assert result["changed"] is True  # they are on the list now
    after = {name: what[0] for name, what in tree.files().items() if not name.startswith(".homeops")}
    assert after == before
    assert tree.done()["changed"] is False


def test_force_replaces_what_was_edited_and_removes_what_lost_its_template(rendered):
    rendered.write("apps/plain.yaml", "mine\n")
    rendered.write("run.sh", "mine\n")
    (rendered.root / "templates/run.sh.j2").unlink()
    assert "edited by hand" in rendered.refused()
    result = rendered.done(force=True)
    assert rendered.actions(result) == {"apps/plain.yaml": "updated", "run.sh": "removed"}
    assert rendered.read("apps/plain.yaml") == RENDERED


def test_keys_that_were_updated_with_sops_itself_are_no_edit(rendered):
    rendered.repository.rules("ann", "bob")
    for name in ("secrets", "apps/secret", "apps/hash"):
        path = rendered.root / f"{name}.sops.yaml"
        rendered.repository.sops("--config", rendered.root / ".sops.yaml", "updatekeys", "--yes", path)
    before = rendered.read("apps/secret.sops.yaml")
    rendered.done()
    assert rendered.read("apps/secret.sops.yaml") == before
    assert rendered.done()["changed"] is False


def test_the_manifest_may_be_lost_or_in_conflict(rendered):
    manifest = rendered.root / ".homeops/outputs.sha256"
    text = manifest.read_text()
    manifest.unlink()
    assert rendered.actions(rendered.done()) == {".homeops/outputs.sha256": "created"}
    assert manifest.read_text() == text
    lines = text.splitlines(keepends=True)
    manifest.write_text("".join([*lines[:2], "<<<<<<< ours\n", *lines[2:], "=======\n", lines[2], ">>>>>>> theirs\n"]))
    assert rendered.done()["changed"] is True
    assert manifest.read_text() == text


# The whole command, on the example repository.


@pytest.fixture
def example(repository):
    shutil.copytree(EXAMPLE, repository.root, dirs_exist_ok=True)
    recipient = repository.public("ann")[0]
    rules = (repository.root / ".sops.yaml.example").read_text().replace("age1replace-me", recipient)
    repository.write(".sops.yaml", rules)
    repository.write("secrets.sops.yaml", (EXAMPLE / "secrets.yaml.example").read_text())
    encrypt(repository, "secrets.sops.yaml")
    return repository


def configure(repository, *arguments, check=True):
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "PWD": str(repository.root)}
    environment["PATH"] = f"{BINARIES}:{Path(sys.executable).parent}:{environment['PATH']}"
    command = [Path(sys.executable).parent / "ansible-playbook", ROOT / "playbooks" / "configure.yml", *arguments]
    done = subprocess.run(
        command,
        cwd=repository.root,
        env={**environment, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_in_its_own_folder(example):
    checked = configure(example, "--check", "--diff")
    assert "changed=1" in checked
    assert "+  name: letsencrypt-staging" in checked
    assert not (example.root / "kubernetes").exists()
    assert "changed=1" in configure(example)
    assert "changed=0" in configure(example, "--check")
    assert "changed=0" in configure(example)
    secret = yaml.safe_load(example.decrypted("kubernetes/core/cert-manager/cloudflare.sops.yaml"))
    assert secret["stringData"] == {"api-token": "replace-me-with-a-token-of-40-characters"}
    for path in (example.root / "kubernetes").rglob("*.yaml"):
        assert list(yaml.safe_load_all(path.read_text())), path
    output = checked + configure(example, "-vvv", "-e", "gitops_repo_force=true")
    assert "replace-me-with-a-token" not in output
