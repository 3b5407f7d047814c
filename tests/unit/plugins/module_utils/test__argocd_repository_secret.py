# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_repository_secret import wanted
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

HTTPS = "https://git.example.com/home/cluster.git"
SSH = "git@git.example.com:home/cluster.git"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----"
PASSWORD = "s3cret-password"
APP = {"github_app_id": "12", "github_app_installation_id": 34, "github_app_private_key": KEY}


def repositories(*entries, templates=(), foreign=()):
    named = [{"name": f"r{index}", **entry} for index, entry in enumerate(entries)]
    templates = [{"name": f"t{index}", **entry} for index, entry in enumerate(templates)]
    options = {"namespace": "argocd", "repositories": named, "credential_templates": templates}
    return wanted(options, foreign)


def data(secret):
    return {key: base64.b64decode(value).decode() for key, value in secret.definition["data"].items()}


def problems(*entries, **others):
    with pytest.raises(ClusterError) as raised:
        repositories(*entries, **others)
    assert PASSWORD not in str(raised.value)
    assert "b3BlbnNzaC1rZXk" not in str(raised.value)
    return [(problem.where, problem.what) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param({"url": HTTPS}, {"type": "git"}, id="public"),
        pytest.param(
            {"url": HTTPS, "username": "me", "password": PASSWORD, "bearer_token": None, "ssh_key": ""},
            {"type": "git", "username": "me", "password": PASSWORD},
            id="password; what is empty is not written",
        ),
        pytest.param({"url": HTTPS, "password": PASSWORD}, {"type": "git", "password": PASSWORD}, id="token alone"),
        pytest.param({"url": HTTPS, "bearer_token": "t"}, {"type": "git", "bearerToken": "t"}, id="bearer token"),
        pytest.param({"url": SSH, "ssh_key": KEY}, {"type": "git", "sshPrivateKey": KEY + "\n"}, id="SSH, scp form"),
        pytest.param(
            {"url": "ssh://git@git.example.com:2222/cluster.git", "ssh_key": KEY + "\n\n", "insecure": True},
            {"type": "git", "sshPrivateKey": KEY + "\n", "insecure": "true"},
            id="SSH with a port, host key not checked",
        ),
        pytest.param(
            {"url": HTTPS, **APP, "github_app_enterprise_url": "https://github.example.com/api/v3"},
            {
                "type": "git",
                "githubAppID": "12",
                "githubAppInstallationID": "34",
                "githubAppPrivateKey": KEY + "\n",
                "githubAppEnterpriseBaseUrl": "https://github.example.com/api/v3",
            },
            id="GitHub App, numbers as text",
        ),
        pytest.param(
            {"url": "http://git.lan/cluster.git", "username": "me", "password": PASSWORD, "insecure": True},
            {"type": "git", "username": "me", "password": PASSWORD, "insecure": "true"},
            id="password over HTTP, asked for",
        ),
        pytest.param({"url": "https://charts.example.com", "type": "helm"}, {"type": "helm"}, id="Helm index"),
        pytest.param(
            {"url": "registry.example.com/charts", "type": "helm", "enable_oci": True},
            {"type": "helm", "enableOCI": "true"},
            id="Helm charts from a registry",
        ),
        pytest.param(
            {"url": "oci://registry.lan:5000/app", "type": "oci", "insecure_oci_force_http": True, "project": "apps"},
            {"type": "oci", "insecureOCIForceHttp": "true", "project": "apps"},
            id="native OCI over HTTP, of one project",
        ),
        pytest.param({"url": HTTPS, "enable_lfs": True}, {"type": "git", "enableLfs": "true"}, id="LFS"),
    ],
)
def test_a_repository_becomes_the_secret_that_argo_cd_reads(entry, expected):
    (secret,) = repositories(entry)
    assert data(secret) == {"name": "r0", "url": entry["url"], **expected}
    assert secret.definition["metadata"] == {
        "name": "repository-r0",
        "namespace": "argocd",
        "labels": {
            "app.kubernetes.io/managed-by": "homeops.cluster",
            "app.kubernetes.io/part-of": "argocd",
            "argocd.argoproj.io/secret-type": "repository",
        },
    }


@pytest.mark.parametrize("key", [KEY.replace("\n", "\r\n"), KEY + "\r\n"])
def test_a_key_from_another_system_gets_the_line_ends_that_openssh_reads(key):
    (secret,) = repositories({"url": SSH, "ssh_key": key})
    assert data(secret)["sshPrivateKey"] == KEY + "\n"


def test_what_looks_like_a_template_is_a_password():
    (secret,) = repositories({"url": HTTPS, "password": "a{{ b }}%s c"})
    assert data(secret)["password"] == "a{{ b }}%s c"


def test_a_template_has_what_argo_cd_reads_of_templates():
    entry = {"url": "http://git.lan/", "username": "me", "password": PASSWORD, "insecure": True}
    (secret,) = repositories(templates=[entry])
    assert data(secret) == {"type": "git", "url": "http://git.lan/", "username": "me", "password": PASSWORD}
    assert secret.definition["metadata"]["name"] == "repo-creds-t0"
    assert secret.definition["metadata"]["labels"]["argocd.argoproj.io/secret-type"] == "repo-creds"


@pytest.mark.parametrize(
    ("entry", "where", "what"),
    [
        ({"name": "Two Words", "url": HTTPS}, ".name", "not a valid name"),
        ({}, ".url", "is not set"),
        ({"url": " " + HTTPS}, ".url", "contains white space"),
        ({"url": "ssh://git@github.com:org/repo.git", "ssh_key": KEY}, ".url", "cannot read"),
        ({"url": "10.0.0.5:5000/charts", "type": "helm", "enable_oci": True}, ".url", "cannot read"),
        ({"url": f"https://me:{PASSWORD}@git.example.com/x"}, ".url", "holds a user name or password"),
        ({"url": "oci://registry.example.com/app"}, ".url", "is not the URL of a Git repository"),
        ({"url": "git.example.com/home"}, ".url", "is not the URL of a Git repository"),
        ({"url": "https://registry.example.com/app", "type": "oci"}, ".url", "does not begin with oci://"),
        ({"url": "registry.example.com/app", "type": "oci"}, ".url", "does not begin with oci://"),
        ({"url": "oci://registry.example.com/charts", "type": "helm", "enable_oci": True}, ".url", "has a scheme"),
        ({"url": "oci://registry.example.com/charts", "type": "helm"}, ".url", "is not the address of a Helm"),
        ({"url": "registry.example.com/charts", "type": "helm"}, ".url", "is not the address of a Helm"),
        ({"url": HTTPS, "ssh_key": KEY}, ".ssh_key", "which only an SSH URL uses"),
        ({"url": SSH, "username": "me", "password": PASSWORD}, ".username", "which an SSH URL never uses"),
        ({"url": SSH, "bearer_token": PASSWORD}, ".bearer_token", "which an SSH URL never uses"),
        ({"url": SSH, **APP}, ".github_app_id", "which an SSH URL never uses"),
        ({"url": "https://charts.example.com", "type": "helm", "bearer_token": PASSWORD}, ".bearer_token", "only Git"),
        ({"url": HTTPS, "password": PASSWORD + "\n"}, ".password", "contains a line end"),
        ({"url": HTTPS, "username": "me\r\n", "password": PASSWORD}, ".username", "contains a line end"),
        ({"url": HTTPS, "bearer_token": PASSWORD + "\n"}, ".bearer_token", "contains a line end"),
        ({"url": HTTPS, "username": "me"}, ".username", "has no password beside it"),
        ({"url": "https://c.example.com", "type": "helm", "password": PASSWORD}, ".password", "has no username"),
        ({"url": HTTPS, "password": PASSWORD, "bearer_token": "t"}, "", "has a password and a bearer token"),
        ({"url": HTTPS, **APP, "github_app_id": "my-app"}, ".github_app_id", "is not a number"),
        ({"url": HTTPS, "github_app_id": "12"}, ".github_app_private_key", "is not set, but a GitHub App needs it"),
        ({"url": HTTPS, "github_app_private_key": KEY}, ".github_app_id", "is not set, but a GitHub App needs it"),
        ({"url": SSH, "ssh_key": "ssh-ed25519 AAAA me"}, ".ssh_key", "is a public key"),
        ({"url": SSH, "ssh_key": "b3BlbnNzaC1rZXk"}, ".ssh_key", "is not a private key in PEM form"),
        ({"url": SSH, "ssh_key": KEY.rpartition("\n")[0] + "\nx"}, ".ssh_key", "is cut off"),
        (
            {"url": SSH, "ssh_key": KEY.replace("\n", "\nProc-Type: 4,ENCRYPTED\n", 1)},
            ".ssh_key",
            "has a passphrase",
        ),
        ({"url": "http://git.lan/x", "password": PASSWORD}, ".url", "over http://, where anyone in between reads it"),
        ({"url": HTTPS, "enable_oci": True}, ".enable_oci", "means nothing for type git"),
        ({"url": "oci://r.lan/app", "type": "oci", "enable_oci": True}, ".enable_oci", "means nothing for type oci"),
        ({"url": "https://c.lan", "type": "helm", "enable_lfs": True}, ".enable_lfs", "means nothing for type helm"),
        ({"url": HTTPS, "insecure_oci_force_http": True}, ".insecure_oci_force_http", "OCI registries only"),
        (
            {"url": "oci://r.lan/app", "type": "oci", "insecure_oci_force_http": True, "insecure": True},
            ".insecure_oci_force_http",
            "Helm 4 drops it",
        ),
    ],
)
def test_what_argo_cd_would_not_use_is_refused(entry, where, what):
    ((found, told),) = problems(entry)
    assert found.startswith("repositories[0]")
    assert found.endswith(where)
    assert what in told


def test_everything_wrong_is_told_at_once():
    found = problems({"url": "x"}, {"url": SSH, "password": PASSWORD}, templates=[{"url": HTTPS, "ssh_key": KEY}])
    assert [where for where, _what in found] == [
        "repositories[0] (r0).url",
        "repositories[1] (r1).password",
        "credential_templates[0] (t0).ssh_key",
    ]


@pytest.mark.parametrize(
    "other",
    ["https://git.example.com/home/cluster", "HTTPS://Git.Example.com/home/cluster.git", HTTPS],
)
def test_two_spellings_of_one_repository_are_refused(other):
    assert problems({"url": HTTPS}, {"url": other}) == [
        ("repositories[1] (r1).url", "is the same to Argo CD as repositories[0] (r0), which then takes either of them")
    ]


def test_ssh_in_both_spellings_is_one_repository():
    assert len(problems({"url": SSH}, {"url": "ssh://git@git.example.com/home/cluster.git"})) == 1


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([{"url": HTTPS}, {"url": HTTPS, "project": "apps"}], id="another project"),
        pytest.param([{"url": HTTPS}, {"url": "https://git.example.com/home/cluster/"}], id="trailing slash"),
        pytest.param([{"url": HTTPS}, {"url": "https://git.example.com:443/home/cluster.git"}], id="port"),
        pytest.param([{"url": HTTPS}, {"url": SSH}], id="HTTPS and SSH"),
    ],
)
def test_what_argo_cd_tells_apart_may_stand_side_by_side(entries):
    assert len(repositories(*entries)) == 2


def test_names_are_given_once():
    found = problems({"name": "one", "url": HTTPS}, {"name": "one", "url": SSH})
    assert found == [("repositories[1] (one).name", "is the name of repositories[0] (one) too")]


def secret_of_somebody(name, kind, **values):
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    labels = {"argocd.argoproj.io/secret-type": kind}
    return {"metadata": {"name": name, "namespace": "argocd", "labels": labels}, "data": encoded}


def test_what_somebody_else_described_already_is_refused():
    theirs = secret_of_somebody("repo-123", "repository", url=HTTPS.upper(), password=PASSWORD)
    ((where, what),) = problems({"url": HTTPS}, foreign=[theirs])
    assert (where, "Secret repo-123" in what) == ("repositories[0] (r0)", True)


@pytest.mark.parametrize(
    "theirs",
    [
        secret_of_somebody("repo-123", "repository", url=SSH),
        secret_of_somebody("repo-123", "repository", url=HTTPS, project="apps"),
        secret_of_somebody("repo-123", "repo-creds", url=HTTPS),
    ],
)
def test_what_others_have_beside_is_their_business(theirs):
    assert len(repositories({"url": HTTPS}, foreign=[theirs])) == 1
