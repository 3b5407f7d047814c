# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Repositories and credential templates as Argo CD reads them: checked, then written as labelled Secrets.

Of a wrong entry Argo CD says nothing: it tries the credentials that fit, or none. No message of this file holds one.
"""

from __future__ import annotations

import base64
import re
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _kubernetes_set as kubernetes_set
from ansible_collections.homeops.cluster.plugins.module_utils._argocd_repository import normalize_git_url, same_url
from ansible_collections.homeops.cluster.plugins.module_utils._description_formats import (
    NAME,
    show,
    without_credentials,
)
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes import (
    FIELD_MANAGER,
    Kubernetes,
    Object,
    Resource,
)
from ansible_collections.homeops.cluster.plugins.module_utils._kubernetes_set import MANAGED_BY, Step, Wanted
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

SECRET = Resource("v1", "Secret", "secrets")
NAMESPACE = Resource("v1", "Namespace", "namespaces")
SECRET_TYPE = "argocd.argoproj.io/secret-type"
REPOSITORY, TEMPLATE = "repository", "repo-creds"

# Each way to prove who one is, with its options.
METHODS: t.Mapping[str, t.Tuple[str, ...]] = {
    "a password": ("username", "password"),
    "a bearer token": ("bearer_token",),
    "an SSH key": ("ssh_key",),
    "a GitHub App": (
        "github_app_id",
        "github_app_installation_id",
        "github_app_private_key",
        "github_app_enterprise_url",
    ),
}
KEYS: t.Mapping[str, str] = {
    "type": "type",
    "url": "url",
    "name": "name",
    "project": "project",
    "username": "username",
    "password": "password",
    "bearer_token": "bearerToken",
    "ssh_key": "sshPrivateKey",
    "github_app_id": "githubAppID",
    "github_app_installation_id": "githubAppInstallationID",
    "github_app_private_key": "githubAppPrivateKey",
    "github_app_enterprise_url": "githubAppEnterpriseBaseUrl",
    "enable_oci": "enableOCI",
    "enable_lfs": "enableLfs",
    "insecure": "insecure",
    "insecure_oci_force_http": "insecureOCIForceHttp",
}
KEY_FILES = ("ssh_key", "github_app_private_key")
# What secretToRepoCred of Argo CD does not read.
NOT_OF_TEMPLATES = frozenset(["name", "project", "enable_lfs", "insecure"])

Entry = t.Mapping[str, t.Any]
Problems = t.Iterator[Problem]


def wanted(options: t.Mapping[str, t.Any], foreign: t.Sequence[Object] = ()) -> t.Tuple[Wanted, ...]:
    """The Secrets of options namespace, repositories and credential_templates; ClusterError lists all that is wrong.

    C(foreign) are the repositories and templates that others have in the cluster.
    """
    kinds = ((REPOSITORY, "repositories"), (TEMPLATE, "credential_templates"))
    lists = {kind: [_given(entry) for entry in options.get(option) or []] for kind, option in kinds}
    problems = [
        problem
        for kind, option in kinds
        for problem in (
            *(each for index, entry in enumerate(lists[kind]) for each in _entry(_where(option, index, entry), entry)),
            *_distinct(option, lists[kind]),
            *_taken(option, kind, lists[kind], foreign),
        )
    ]
    if problems:
        raise ClusterError(*problems)
    return tuple(_secret(options["namespace"], kind, entry) for kind, _option in kinds for entry in lists[kind])


def _given(entry: Entry) -> t.Dict[str, t.Any]:
    return {"type": "git", **{key: value for key, value in entry.items() if value not in (None, "", False)}}


def _where(option: str, index: int, entry: Entry) -> str:
    name = entry.get("name")
    return f"{option}[{index}]" + (f" ({show(name)})" if name else "")


def _secret(namespace: str, kind: str, entry: Entry) -> Wanted:
    skipped = NOT_OF_TEMPLATES if kind == TEMPLATE else frozenset()
    data = {KEYS[key]: _text(key, value) for key, value in entry.items() if key in KEYS and key not in skipped}
    labels = {MANAGED_BY: FIELD_MANAGER, "app.kubernetes.io/part-of": "argocd", SECRET_TYPE: kind}
    return Wanted(
        SECRET,
        {
            "apiVersion": SECRET.api_version,
            "kind": SECRET.kind,
            "metadata": {"name": f"{kind}-{entry['name']}", "namespace": namespace, "labels": labels},
            "type": "Opaque",
            "data": {key: base64.b64encode(text.encode()).decode() for key, text in sorted(data.items())},
        },
    )


def _text(key: str, value: t.Any) -> str:
    """Argo CD reads flags and numbers as text, and OpenSSH refuses a key without its last line end, or with CRLF."""
    if isinstance(value, bool):
        return str(value).lower()
    return "\n".join([*str(value).strip().splitlines(), ""]) if key in KEY_FILES else str(value)


def _entry(where: str, entry: Entry) -> Problems:
    finding = NAME.check(entry.get("name"))
    if finding:
        yield Problem(f"{where}.name", *finding)
    url = entry.get("url")
    if not isinstance(url, str):
        yield Problem(f"{where}.url", "is not set", "Write the URL as Applications name it in repoURL")
        return
    problem = next(_url(f"{where}.url", url, entry), None)
    if problem:
        yield problem
        return
    yield from _methods(where, entry, _transport(url))
    yield from _flags(where, entry, _transport(url))


def _transport(url: str) -> str:
    """C(ssh), the scheme, or nothing where there is none."""
    if re.match(r"[^/:]*@[^@]+\Z", url):
        return "ssh"
    return url.partition("://")[0].lower() if "://" in url else ""


def _url(where: str, url: str, entry: Entry) -> Problems:
    """Lazily, the gravest first: what comes after it does not hold any more."""
    transport, kind = _transport(url), entry["type"]
    bare = without_credentials(url)
    shown = show(bare)
    if re.search(r"\s", url):
        yield Problem(where, f"{shown} contains white space", "Remove it")
    if transport != "ssh" and "@" in url.partition("://")[2].partition("/")[0]:
        remedy = f"Write {bare}, with username and password beside it"
        yield Problem(where, "holds a user name or password, which Applications and logs would show", remedy)
    if not normalize_git_url(url):
        remedy = "Correct it; an address with a port needs a scheme or a name, and ssh:// takes / after the host, not :"
        yield Problem(where, f"Argo CD cannot read {shown}, so that it would fit no repository", remedy)
    if kind == "git" and transport not in ("https", "http", "ssh"):
        remedy = "Write it like https://git.example.com/home/cluster.git or git@git.example.com:home/cluster.git"
        yield Problem(where, f"{shown} is not the URL of a Git repository", f"{remedy}, or set type")
    if kind == "oci" and transport != "oci":
        yield Problem(where, f"{shown} does not begin with oci://", "Write oci://, or type helm with enable_oci")
    if kind == "helm" and entry.get("enable_oci") and transport:
        remedy = f"Write {bare.partition('://')[2]}, as Applications do, or type oci for a native OCI source"
        yield Problem(where, f"{shown} has a scheme, which Helm's OCI repositories in Argo CD do without", remedy)
    if kind == "helm" and not entry.get("enable_oci") and transport not in ("https", "http"):
        remedy = "Write the https:// address of the index, or set enable_oci and leave oci:// out"
        yield Problem(where, f"{shown} is not the address of a Helm repository", remedy)


def _methods(where: str, entry: Entry, transport: str) -> Problems:
    used = {method: [key for key in keys if key in entry] for method, keys in METHODS.items()}
    used = {method: keys for method, keys in used.items() if keys}
    if len(used) > 1:
        yield Problem(
            where, f"has {' and '.join(used)}, of which Argo CD takes only the first it knows", "Keep one of them"
        )
    for method, keys in used.items():
        field = f"{where}.{keys[0]}"
        if transport == "ssh" and method != "an SSH key":
            yield Problem(field, f"is {method}, which an SSH URL never uses", "Use ssh_key, or the https:// URL")
        elif transport != "ssh" and method == "an SSH key":
            yield Problem(field, "is an SSH key, which only an SSH URL uses", "Use password, or the git@… URL")
        elif entry["type"] != "git" and method != "a password":
            yield Problem(field, f"is {method}, which only Git knows", "Use username and password")
    if "username" in entry and "password" not in entry:
        yield Problem(f"{where}.username", "has no password beside it, and is not used without one", "Set password")
    if "password" in entry and "username" not in entry and entry["type"] != "git":
        yield Problem(f"{where}.password", "has no username beside it", "Set username")
    if "a GitHub App" in used:
        yield from _github_app(where, entry)
    yield from _written(where, entry)
    if transport == "http" and used and not entry.get("insecure"):
        what = f"sends {' and '.join(used)} over http://, where anyone in between reads it"
        yield Problem(f"{where}.url", what, "Use https://, or set insecure: true if the network is trusted")


def _written(where: str, entry: Entry) -> Problems:
    for key in ("username", "password", "bearer_token"):
        if re.search(r"[\r\n]", str(entry.get(key, ""))):
            what = "contains a line end, which Argo CD would take for a part of it"
            yield Problem(f"{where}.{key}", what, "Write it in one line, or cut the end off with the filter trim")
    for key in KEY_FILES:
        finding = _key(entry[key]) if key in entry else None
        if finding:
            yield Problem(f"{where}.{key}", *finding)


def _github_app(where: str, entry: Entry) -> Problems:
    for key in ("github_app_id", "github_app_private_key"):
        if key not in entry:
            yield Problem(f"{where}.{key}", "is not set, but a GitHub App needs it", "Set it")
    for key in ("github_app_id", "github_app_installation_id"):
        if key in entry and not re.fullmatch("[1-9][0-9]*", str(entry[key])):
            yield Problem(f"{where}.{key}", f"{show(entry[key])} is not a number", "Write the number that GitHub shows")


def _key(value: t.Any) -> t.Optional[t.Tuple[str, str]]:
    lines = str(value).strip().splitlines()
    if len(lines) < 3 or not re.fullmatch("-----BEGIN .*PRIVATE KEY-----", lines[0].strip()):
        what = "is a public key" if str(value).startswith(("ssh-", "ecdsa-")) else "is not a private key in PEM form"
        return what, "Write the whole file that begins with -----BEGIN … PRIVATE KEY-----, with its line ends"
    if not re.fullmatch("-----END .*PRIVATE KEY-----", lines[-1].strip()):
        return "is cut off: its last line is not -----END … PRIVATE KEY-----", "Write the whole file"
    if "ENCRYPTED" in str(value):
        return "has a passphrase, which nobody can type for Argo CD", "Use a key without one, made for this alone"
    return None


def _flags(where: str, entry: Entry, transport: str) -> Problems:
    if entry.get("enable_oci") and entry["type"] != "helm":
        yield Problem(f"{where}.enable_oci", f"means nothing for type {entry['type']}", "Remove it")
    if entry.get("enable_lfs") and entry["type"] != "git":
        yield Problem(f"{where}.enable_lfs", f"means nothing for type {entry['type']}", "Remove it")
    if entry.get("insecure_oci_force_http"):
        if transport != "oci" and not entry.get("enable_oci"):
            yield Problem(f"{where}.insecure_oci_force_http", "is for OCI registries only", "Remove it")
        if entry.get("insecure"):
            what = "is set beside insecure, for which Helm 4 drops it without a word"
            yield Problem(f"{where}.insecure_oci_force_http", what, "Keep one of the two")


def _distinct(option: str, entries: t.Sequence[Entry]) -> Problems:
    for index, entry in enumerate(entries):
        where = _where(option, index, entry)
        for earlier, other in enumerate(entries[:index]):
            its = _where(option, earlier, other)
            if entry.get("name") and entry.get("name") == other.get("name"):
                yield Problem(f"{where}.name", f"is the name of {its} too", "Give every entry its own name")
            if _same(entry, other):
                what = f"is the same to Argo CD as {its}, which then takes either of them"
                yield Problem(f"{where}.url", what, "Keep one of them, or give them different projects")


def _same(entry: Entry, other: Entry) -> bool:
    url, its = str(entry.get("url") or ""), str(other.get("url") or "")
    return same_url(url, its) and bool(entry.get("project", "") == other.get("project", ""))


def _taken(option: str, kind: str, entries: t.Sequence[Entry], foreign: t.Sequence[Object]) -> Problems:
    for item in foreign:
        metadata = item["metadata"]
        if (metadata.get("labels") or {}).get(SECRET_TYPE) != kind:
            continue
        theirs = {key: _decoded(item, key) for key in ("url", "project")}
        for index, entry in enumerate(entries):
            if f"{kind}-{entry.get('name')}" == metadata["name"] or _same(entry, theirs):
                yield Problem(
                    _where(option, index, entry),
                    f"somebody else describes it too, in Secret {metadata['name']}, and Argo CD takes either of them",
                    f"Remove the entry, or: kubectl -n {metadata['namespace']} delete secret {metadata['name']}",
                )


def _decoded(item: Object, key: str) -> str:
    return base64.b64decode((item.get("data") or {}).get(key, "")).decode(errors="replace")


def plan(cluster: Kubernetes, options: t.Mapping[str, t.Any], *, lenient: bool) -> t.Tuple[Step, ...]:
    """What it takes to have exactly what is described beside what others made.

    C(lenient): a namespace that is not there yet, as in check mode on a clean cluster, holds nothing.
    """
    namespace = options["namespace"]
    live = [
        item
        for kind in (REPOSITORY, TEMPLATE)
        for item in cluster.list(SECRET, f"{SECRET_TYPE}={kind}", namespace=namespace)
    ]
    ours = [item for item in live if _ours(item)]
    secrets = wanted(options, [item for item in live if item not in ours])
    kinds: t.Tuple[Resource, ...] = (SECRET,)
    if not live and lenient and all(item["metadata"]["name"] != namespace for item in cluster.list(NAMESPACE)):
        kinds = ()
    return kubernetes_set.plan(cluster, kinds, "", secrets, {SECRET: ours})


def _ours(item: Object) -> bool:
    """The role argocd once applied the Secret of the root repository itself, without the label."""
    labels = item["metadata"]["labels"]
    return labels.get(MANAGED_BY) == FIELD_MANAGER or bool(kubernetes_set.owned_fields(item, FIELD_MANAGER))
