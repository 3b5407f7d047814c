# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The repositories and namespaces of many applications: one task of argocd_project_repo, and a loop of k8s_json_patch.

The API server is the lab's, with Argo CD's own kinds. Both go through the proxy that counts the requests.
"""

from __future__ import annotations

import json
import sys
import tempfile
import typing as t
from pathlib import Path

import yaml

from tests.bench.bgp_policy import counted, play
from tests.bench.timing import ROOT, RUNS, Timing, lab, timed

TITLE = "What an Argo CD project permits"
NAME = "bench"
NAMESPACE = "argocd"
APPLICATIONS = 200
SERVER = "https://kubernetes.default.svc"
REPOSITORIES = [f"https://git.example.com/apps/app{number}" for number in range(APPLICATIONS)]
NAMESPACES = [f"app{number}" for number in range(APPLICATIONS)]

PROJECT: dict[str, t.Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AppProject",
    "metadata": {"name": NAME, "namespace": NAMESPACE},
    "spec": {
        "sourceRepos": ["https://git.example.com/home.git"],
        "destinations": [{"server": SERVER, "namespace": "default"}],
    },
}
OURS = {"project": NAME, "source_repos": REPOSITORIES, "namespaces": NAMESPACES}
# What somebody would write otherwise, with no more than one request of the API for each application.
THEIRS = {
    "kubernetes.core.k8s_json_patch": {
        "api_version": PROJECT["apiVersion"],
        "kind": PROJECT["kind"],
        "name": NAME,
        "namespace": NAMESPACE,
        "patch": [
            {"op": "add", "path": "/spec/sourceRepos/-", "value": "https://git.example.com/apps/{{ item }}"},
            {"op": "add", "path": "/spec/destinations/-", "value": {"server": SERVER, "namespace": "{{ item }}"}},
        ],
    },
    "loop": NAMESPACES,
    "loop_control": {"label": "{{ item }}"},
}


def lists(kubeconfig: Path) -> list[t.Any]:
    command = ("kubectl", "get", "appproject", NAME, "-n", NAMESPACE, "-o", "json")
    spec = json.loads(timed(*command, KUBECONFIG=str(kubeconfig)).output)["spec"]
    return [spec["sourceRepos"], spec["destinations"]]


def compare(kubeconfig: Path) -> str:
    with tempfile.TemporaryDirectory() as name, counted(kubeconfig, Path(name)) as (proxied, seen):
        folder = Path(name)
        manifest = folder / "project.yaml"
        manifest.write_text(yaml.safe_dump(PROJECT))
        module = "homeops.cluster.argocd_project_repo"
        present = play(folder / "present.yml", {module: OURS})
        absent = play(folder / "absent.yml", {module: {**OURS, "state": "absent"}})
        in_file = play(folder / "file.yml", {module: {**OURS, "path": str(manifest)}})
        theirs = play(folder / "theirs.yml", THEIRS)

        def run(path: Path) -> tuple[Timing, int]:
            seen.clear()
            return timed("ansible-playbook", str(path), KUBECONFIG=str(proxied)), sum(seen.values())

        timed("kubectl", "apply", "-f", str(manifest), KUBECONFIG=str(kubeconfig))
        try:
            seconds, requests = [], []
            for _run in range(RUNS):
                added, count = run(present)
                wanted = lists(kubeconfig)
                seconds += added.seconds
                requests.append(count)
                quiet, asked = run(present)
                run(absent)
            by_loop, by_loop_requests = run(theirs)
            if lists(kubeconfig) != wanted:
                sys.exit("The two ways have not come to the same.")
        finally:
            timed("kubectl", "delete", "-f", str(manifest), KUBECONFIG=str(kubeconfig))
        edited, again = run(in_file)[0], run(in_file)[0]
    ours = Timing(seconds, added.output)
    return SECTION.format(
        applications=APPLICATIONS,
        ours=ours,
        requests=max(requests),
        quiet=quiet,
        asked=asked,
        edited=edited,
        again=again,
        by_loop=by_loop,
        by_loop_requests=by_loop_requests,
        faster=by_loop.median / ours.median,
    )


def measure() -> str:
    lab("up", LAB_SERVERS="1", LAB_AGENTS="0")
    try:
        return compare(ROOT / ".lab" / "test" / "kubeconfig")
    finally:
        lab("down")


SECTION = """Repositories and namespaces of {applications} applications, added to one project on the lab's API server.

| by | API requests | wall time | changed |
|---|---|---|---|
| one task of `argocd_project_repo` | {requests} | {ours} | {ours.changed} |
| the same again | {asked} | {quiet} | {quiet.changed} |
| one task of `argocd_project_repo` with `path`, in a file | 0 | {edited} | {edited.changed} |
| the same again | 0 | {again} | {again.changed} |
| a loop of `kubernetes.core.k8s_json_patch` | {by_loop_requests} | {by_loop} | {by_loop.changed} |

**{faster:.0f} times** as fast as the loop, which has one patch for each application and would add all a second time.
"""
