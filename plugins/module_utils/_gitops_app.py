# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""An application of the GitOps repository: its options read, and the files that it comes to."""

from __future__ import annotations

import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app_chart as chart
from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app_exposure as exposure
from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app_workload as workload
from ansible_collections.homeops.cluster.plugins.module_utils._description import read as read_fields
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_explicit import FILE
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_rules import problems
from ansible_collections.homeops.cluster.plugins.module_utils._gitops_app_schema import APP
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._readable_yaml import dump, dump_all

Options = t.Dict[str, t.Any]

# Names of files in the folder of an application that have a meaning of their own.
TAKEN = ("kustomization", "app", "chart", "values")
# Those that an application may be of, in the order that they are listed in.
ORDER = (
    "customresourcedefinition",
    "namespace",
    "serviceaccount",
    "configmap",
    "persistentvolumeclaim",
    "deployment",
    "statefulset",
    "daemonset",
    "service",
    "ingress",
    "httproute",
    "referencegrant",
)


def read(given: t.Mapping[str, t.Any], where: str = "app") -> Options:
    """The application that is described, with all defaults. Raises ClusterError with everything that is wrong."""
    given = {key: value for key, value in given.items() if value is not None}
    app, found = read_fields(APP, given, where)
    if not found:
        _complete(app)
        found = [*problems(given, app, where), *_clashes(app, where)]
    if found:
        raise ClusterError(*found)
    return app


def _complete(app: Options) -> None:
    app.setdefault("namespace", app["name"])
    app["ports"] = app.get("ports") or (
        [{"name": "http", "port": app["port"], "protocol": "TCP"}] if app.get("port") else []
    )
    app["hosts"] = app.get("hosts") or ([app["host"]] if app.get("host") else [])
    app.setdefault("exposure", "ingress" if app["hosts"] else "none")
    if app.get("issuer"):
        app.setdefault("tls_secret", f"{app['name']}-tls")
    probe = app["probe"]
    probe.setdefault("type", "exec" if probe.get("command") else "http" if probe.get("path") else "tcp")
    probe.setdefault("path", "/")
    probe.setdefault("port", next((port["name"] for port in app["ports"] if port["protocol"] == "TCP"), None))
    resources = next(field for field in APP if field.name == "resources")
    app["resources"] = {
        field.name: {**field.default, **app["resources"].get(field.name, {})} for field in resources.fields
    }
    app.setdefault("strategy", "Recreate" if _keeps_to_one_node(app) else "RollingUpdate")
    app.setdefault("anti_affinity", "preferred" if app["replicas"] > 1 else "none")


def _keeps_to_one_node(app: Options) -> bool:
    modes = [
        volume.get("access_mode", "ReadWriteOnce") for volume in app.get("storage") or [] if volume["type"] == "pvc"
    ]
    return any(mode.startswith("ReadWriteOnce") for mode in modes)


def objects(app: Options) -> t.List[t.Dict[str, t.Any]]:
    """All objects that are not the chart's."""
    own = [*workload.objects(app), *exposure.objects(app)] if app.get("image") else []
    return [*own, *app.get("manifests", [])]


def namespaces(app: Options) -> t.List[str]:
    """Where its objects go."""
    found = {str((item.get("metadata") or {}).get("namespace") or app["namespace"]) for item in objects(app)}
    return sorted({app["namespace"], *found})


def files(app: Options) -> t.Dict[str, str]:
    """What lies in the application's folder: a kustomization, or a chart."""
    by_file: t.Dict[str, t.List[t.Any]] = {}
    for item in objects(app):
        by_file.setdefault(_file_of(item), []).append(item)
    texts = {name: dump_all(items) for name, items in sorted(by_file.items(), key=lambda entry: _rank(entry[0]))}
    if app.get("chart"):
        return chart.files(app, texts)
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [*texts, *app.get("own_files", [])],
    }
    return {"kustomization.yaml": f"---\n{dump(kustomization)}", **texts}


def _file_of(item: t.Mapping[str, t.Any]) -> str:
    kind = item["kind"].lower()
    return f"{kind}-manifests.yaml" if kind in TAKEN else f"{kind}.yaml"


def _rank(name: str) -> t.Tuple[int, str]:
    kind = name.partition(".")[0]
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), name)


def _clashes(app: Options, where: str) -> t.List[Problem]:
    seen: t.Set[t.Tuple[str, str, str, str]] = set()
    found = []
    for item in objects(app) if not _is_broken(app) else []:
        metadata = item["metadata"]
        namespace = metadata.get("namespace") or app["namespace"]
        key = (item["apiVersion"].rpartition("/")[0], item["kind"], namespace, metadata["name"])
        if key in seen:
            what = f"{item['kind']} {metadata['name']} is there twice"
            found.append(Problem(f"{where}.manifests", what, "Give one of them another name"))
        seen.add(key)
    written = {"kustomization.yaml", *(_file_of(item) for item in (objects(app) if not _is_broken(app) else []))}
    for name in sorted(set(app.get("own_files", []))):
        if name in written or name.split("/")[-1] == FILE:
            what = f"{name} is written by add_app" if name in written else f"{name} is what the root application reads"
            found.append(Problem(f"{where}.own_files", what, "Give your file another name"))
    return found


def _is_broken(app: Options) -> bool:
    """Objects can only be made from options that go together."""
    return bool(app.get("image")) and bool(problems({}, app, ""))
