# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The options of an application: what users, the catalogue and docs/applications.md write, and their defaults."""

from __future__ import annotations

import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app_formats as formats
from ansible_collections.homeops.cluster.plugins.module_utils._description_formats import choice
from ansible_collections.homeops.cluster.plugins.module_utils._description_schema import Field

_STORAGE = (
    Field(
        "type",
        "V(pvc), a volume claim of its own; V(claim), one that somebody else made; V(nfs), a share mounted directly; "
        "V(config), files from here; V(secret), the keys of a Secret; V(empty), gone with the pod.",
        choice("pvc", "claim", "nfs", "config", "secret", "empty"),
        required=True,
        example="pvc",
    ),
    Field("name", "Of the volume.", formats.NAME, required=True, example="config"),
    Field("mount", "Where the application sees it.", formats.MOUNT, required=True, example="/config"),
    Field("read_only", "Whether the application may only read.", formats.FLAG),
    Field("sub_path", "A folder or a file in it that is mounted instead of all.", formats.SUB_PATH),
    Field("size", "Of a V(pvc); the most that an V(empty) may take.", formats.SIZE, example="5Gi"),
    Field("storage_class", "Of a V(pvc); the cluster's default if not set.", formats.OBJECT_NAME),
    Field(
        "access_mode",
        "Of a V(pvc).",
        choice("ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany"),
    ),
    Field("keep", "Whether a V(pvc) stays in the cluster when the application goes.", formats.FLAG),
    Field("claim", "Name of the volume claim of a V(claim).", formats.OBJECT_NAME),
    Field("server", "Of an V(nfs) share.", formats.SERVER, example="192.0.2.20"),
    Field("share", "Of an V(nfs) share: the exported path.", formats.SHARE, example="/volume1/media"),
    Field("files", "Of a V(config): names and text.", formats.FILES),
    Field("secret", "Name of the Secret of a V(secret).", formats.OBJECT_NAME),
    Field("medium", "V(Memory) for an V(empty) that is never on a disk.", choice("Memory")),
)

_WORKLOAD = (
    Field("image", "Container image with its version or digest.", formats.IMAGE),
    Field("kind", "What runs it.", choice("deployment", "statefulset"), default="deployment"),
    Field("replicas", "How many pods.", formats.COUNT, default=1),
    Field("command", "Instead of the image's entry point.", formats.ARGUMENT, many=True),
    Field("args", "Arguments of the command.", formats.ARGUMENT, many=True),
    Field("env", "Environment variables that are no secrets.", formats.ENV),
    Field("env_from", "Secrets whose keys become environment variables.", formats.OBJECT_NAME, many=True),
    Field("port", "The only port; short for O(ports).", formats.PORT, example=8080),
    Field(
        "ports",
        "The ports that it listens on.",
        many=True,
        fields=(
            Field("name", "Of the port.", formats.PORT_NAME, required=True, example="http"),
            Field("port", "Its number.", formats.PORT, required=True, example=8080),
            Field("protocol", "Transport.", choice("TCP", "UDP"), default="TCP"),
            Field("service_port", "Its number at the Service.", formats.PORT),
        ),
    ),
    Field(
        "service",
        "How others in the cluster and on the network reach it.",
        default={},
        fields=(
            Field(
                "type",
                "V(Headless) is one without an address of its own.",
                choice("ClusterIP", "Headless", "LoadBalancer", "NodePort"),
                default="ClusterIP",
            ),
            Field("pool", "The load balancer pool, as the label C(pool).", formats.LABEL_VALUE),
            Field("address", "A fixed address from the pool.", formats.ADDRESS),
            Field("external_traffic_policy", "Of a LoadBalancer or NodePort.", choice("Cluster", "Local")),
            Field("annotations", "More annotations.", formats.NOTES),
        ),
    ),
    Field("host", "Its only DNS name; short for O(hosts).", formats.HOST, example="app.example.com"),
    Field("hosts", "Its DNS names.", formats.HOST, many=True),
    Field("path", "The beginning of the paths that are its own.", formats.URL_PATH, default="/"),
    Field("exposure", "V(ingress) is the default with a host.", choice("none", "ingress", "httproute")),
    Field("ingress_class", "Of the Ingress.", formats.OBJECT_NAME, default="cilium"),
    Field("issuer", "Full name of the ClusterIssuer that certifies the hosts.", formats.OBJECT_NAME),
    Field("tls_secret", "Secret with the certificate; C(<name>-tls) with an O(issuer).", formats.OBJECT_NAME),
    Field(
        "gateway",
        "The Gateway of an HTTPRoute.",
        default={},
        fields=(
            Field("name", "Its name.", formats.OBJECT_NAME, default="internal"),
            Field("namespace", "Its namespace.", formats.NAME, default="gateway"),
            Field("section", "One of its listeners.", formats.OBJECT_NAME, default="https"),
            Field(
                "route_namespace",
                "Where the HTTPRoute is, if the Gateway takes none from the application's namespace.",
                formats.NAME,
            ),
        ),
    ),
    Field("annotations", "Of the Ingress or HTTPRoute.", formats.NOTES),
    Field("storage", "What it mounts.", many=True, fields=_STORAGE),
    Field(
        "probe",
        "How the cluster knows that it works.",
        default={},
        fields=(
            Field("type", "By default V(http) with a path, else V(tcp).", choice("http", "tcp", "exec", "none")),
            Field("path", "What V(http) asks for.", formats.URL_PATH),
            Field("port", "Name or number; the first port by default.", formats.PORT_REFERENCE),
            Field("command", "What V(exec) runs.", formats.ARGUMENT, many=True),
            Field("startup_seconds", "How long it may take to start.", formats.SECONDS, default=150),
        ),
    ),
    Field(
        "resources",
        "What it gets, and the most that it gets.",
        default={},
        fields=(
            Field("requests", "Merged over the default.", formats.QUANTITIES, default={"cpu": "10m", "memory": "64Mi"}),
            Field("limits", "Merged over the default.", formats.QUANTITIES, default={"memory": "256Mi"}),
        ),
    ),
    Field(
        "security",
        "What the processes may do.",
        default={},
        fields=(
            Field("user", "They run as.", formats.USER, default=1000),
            Field("group", "They run as.", formats.USER, default=1000),
            Field("fs_group", "Owner of the volumes.", formats.USER, default=1000),
            Field("root", "Run as root, if the image can do nothing else.", formats.FLAG, default=False),
            Field("read_only_root", "No writing outside of the volumes.", formats.FLAG, default=True),
            Field("capabilities", "Added to none.", formats.CAPABILITY, many=True),
            Field("service_account_token", "Access to the Kubernetes API.", formats.FLAG, default=False),
        ),
    ),
    Field("service_account", "One that is there, or comes with O(manifests).", formats.OBJECT_NAME),
    Field("strategy", "Of a deployment.", choice("Recreate", "RollingUpdate")),
    Field("anti_affinity", "Pods on different nodes.", choice("preferred", "required", "none")),
    Field("node_selector", "Labels of the nodes it runs on.", formats.LABELS),
)

_CHART = Field(
    "chart",
    "A Helm chart instead of an image.",
    fields=(
        Field(
            "repository",
            "Where it is.",
            formats.CHART_REPOSITORY,
            required=True,
            example="https://charts.example.com",
        ),
        Field("name", "Its name there.", formats.CHART_NAME, required=True, example="metrics-server"),
        Field("version", "The exact one.", formats.CHART_VERSION, required=True, example="3.13.0"),
        Field("values", "Its values.", formats.VALUES),
    ),
)

APP: t.Tuple[Field, ...] = (
    Field("name", "Of the application and its folder.", formats.NAME, required=True, example="whoami"),
    Field("category", "The folder that it is in, and its project.", formats.NAME, default="apps"),
    Field("namespace", "Its namespace; its name by default.", formats.NAME),
    Field("sync_wave", "Another place in the order than its category's.", formats.WAVE),
    *_WORKLOAD,
    _CHART,
    Field("manifests", "More objects, whole.", formats.OBJECT, many=True),
    Field(
        "own_files",
        "Files that you put beside, such as sealed Secrets, and that belong to it.",
        formats.SUB_PATH,
        many=True,
    ),
    Field(
        "needs",
        "What the project must permit beside what follows from the rest.",
        default={},
        fields=(
            Field("source_repos", "Repositories.", formats.TEXT, many=True),
            Field("namespaces", "Namespaces.", formats.TEXT, many=True),
        ),
    ),
)

# What only a workload has.
WORKLOAD = tuple(field.name for field in _WORKLOAD)
