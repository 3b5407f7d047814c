# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another admin password ends the admin's sessions and nothing else."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request

import pytest
from commands import kubectl as kubectl_step
from conftest import eventually

NEW = "another-password-of-the-scenario"
HASH, MTIME = "admin.password", "admin.passwordMtime"


@pytest.fixture(scope="module")
def api(kubectl):
    """argocd-server, on the node where its pod is: the status and the answer."""
    pod = kubectl("get", "pods", "-n", "argocd", "-l", "app.kubernetes.io/name=argocd-server")["items"][0]
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE  # it made its certificate itself

    def ask(path, body=None, token=""):
        request = urllib.request.Request(f"https://{pod['status']['hostIP']}:8080/api/v1/{path}")
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, data, context=trusting, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, {}

    return ask


@pytest.fixture(scope="module")
def log_in(api):
    return lambda password: api("session", {"username": "admin", "password": password})


@pytest.fixture(scope="module")
def robot(api, log_in, secrets):
    """A token of an account that is not the admin's."""
    patch = {"data": {"accounts.robot": "apiKey"}}
    kubectl_step("patch", "configmap", "argocd-cm", "-n", "argocd", f"--patch={json.dumps(patch)}").run()
    admin = log_in(secrets["cluster_argocd_admin_password"])[1]["token"]
    tokens = []

    def given():
        status, answer = api("account/robot/token", {"id": "scenario", "expiresIn": 0}, admin)
        tokens.append(answer.get("token", ""))
        return status == 200

    assert eventually(given)
    yield tokens[-1]
    patch["data"]["accounts.robot"] = None
    kubectl_step("patch", "configmap", "argocd-cm", "-n", "argocd", f"--patch={json.dumps(patch)}").run()


def all_secrets(kubectl):
    return {item["metadata"]["name"]: item for item in kubectl("get", "secrets", "-n", "argocd")["items"]}


def who(api, token):
    return api("session/userinfo", token=token)[1].get("username", "")


def test_it_ends_the_admins_sessions_and_nothing_else(kubectl, playbook, api, log_in, *, robot, secrets):
    old = secrets["cluster_argocd_admin_password"]
    session = log_in(old)[1]["token"]
    assert (who(api, session), who(api, robot)) == ("admin", "robot")
    before = all_secrets(kubectl)
    run = playbook("argocd", "-e", f"cluster_argocd_admin_password={NEW}")
    assert (run.returncode, run.changed["localhost"]) == (0, 1), run.output
    assert NEW not in run.output

    assert eventually(lambda: log_in(NEW)[0] == 200)
    assert log_in(old)[0] == 401
    assert who(api, session) == ""
    assert who(api, robot) == "robot"

    after = all_secrets(kubectl)
    touched = {
        name
        for name, item in after.items()
        if item["metadata"]["resourceVersion"] != before[name]["metadata"]["resourceVersion"]
    }
    assert (touched, set(after)) == ({"argocd-secret"}, set(before))
    data, previous = after["argocd-secret"]["data"], before["argocd-secret"]["data"]
    assert "server.secretkey" in data
    assert {key for key in data if data[key] != previous[key]} == {HASH, MTIME}
    assert set(data) == set(previous)


def test_the_next_run_leaves_hash_and_mtime_alone(kubectl, playbook):
    before = all_secrets(kubectl)["argocd-secret"]["metadata"]["resourceVersion"]
    run = playbook("argocd", "-e", f"cluster_argocd_admin_password={NEW}")
    assert (run.returncode, run.changed["localhost"]) == (0, 0), run.output
    assert all_secrets(kubectl)["argocd-secret"]["metadata"]["resourceVersion"] == before


def test_the_old_one_can_come_back(playbook, log_in, secrets):
    run = playbook("argocd")
    assert (run.returncode, run.changed["localhost"]) == (0, 1), run.output
    assert eventually(lambda: log_in(secrets["cluster_argocd_admin_password"])[0] == 200)
