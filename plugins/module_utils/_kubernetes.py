# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The few things this collection asks of a Kubernetes API server, one request each.

Paths are built here rather than discovered, so that nothing is asked of the server but what is needed.
"""

from __future__ import annotations

import dataclasses
import json
import time
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

try:
    from kubernetes.client.exceptions import ApiException
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError

    HAS_KUBERNETES = True
except ImportError:
    HAS_KUBERNETES = False

try:
    from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC  # type: ignore[import-untyped]
    from ansible_collections.kubernetes.core.plugins.module_utils.k8s import client as core_client  # type: ignore[import-untyped]
    from ansible_collections.kubernetes.core.plugins.module_utils.k8s.exceptions import CoreException  # type: ignore[import-untyped]

    HAS_KUBERNETES_CORE = True
except ImportError:
    AUTH_ARG_SPEC = {}
    HAS_KUBERNETES_CORE = False

FIELD_MANAGER = "homeops.cluster"
APPLY_PATCH, MERGE_PATCH = "application/apply-patch+yaml", "application/merge-patch+json"
TIMEOUT = (5, 30)  # seconds to connect, and to read

Object = t.Mapping[str, t.Any]
Result = t.TypeVar("Result")


class UnreachableError(ClusterError):
    """No API server answers; in check mode on a clean host that is expected."""


class ConflictError(ClusterError):
    """Somebody else has changed the object since it was read, or manages what was to be changed."""


@dataclasses.dataclass(frozen=True)
class Resource:
    """A kind of object. C(api_version) is written as in manifests: C(v1), C(cilium.io/v2)."""

    api_version: str
    kind: str
    plural: str

    def path(self, namespace: str = "", name: str = "") -> str:
        root = "api" if "/" not in self.api_version else "apis"
        scope = ["namespaces", namespace] if namespace else []
        return "/" + "/".join(filter(None, [root, self.api_version, *scope, self.plural, name]))


class Kubernetes(t.Protocol):
    """What reconcilers are handed; tests hand in a fake."""

    def served(self, api_version: str) -> t.FrozenSet[str]:
        """Plural names of the kinds of C(api_version); empty if the server does not know it."""

    def kinds(self, api_version: str) -> t.Mapping[str, t.Tuple[Resource, bool]]:
        """The kinds of C(api_version), and whether their objects are in a namespace."""

    def list(
        self, resource: Resource, label_selector: str = "", *, namespace: str = "", field_selector: str = ""
    ) -> t.List[Object]:
        """The objects of one namespace, or of all; none of a kind that is not served."""

    def apply(
        self, resource: Resource, definition: Object, *, force: bool, dry_run: bool, manager: str = FIELD_MANAGER
    ) -> Object:
        """Server-side apply; the object as the server stores it, or would store it."""

    def merge(
        self,
        resource: Resource,
        name: str,
        namespace: str,
        patch: Object,
        *,
        dry_run: bool,
        manager: str = FIELD_MANAGER,
    ) -> Object:
        """Replace what C(patch) names, and leave the rest. With a resourceVersion in it: only if it is still that one.

        Raises ConflictError.
        """

    def delete(self, resource: Resource, name: str, namespace: str, *, dry_run: bool = False) -> None:
        """Delete an object; one that is gone already is fine."""


class ApiServer:
    """The real thing. C(client) is a kubernetes.client.ApiClient."""

    def __init__(self, client: t.Any) -> None:
        self.client = client

    def served(self, api_version: str) -> t.FrozenSet[str]:
        answer = self._request("GET", f"/apis/{api_version}")
        return frozenset(entry["name"] for entry in (answer or {}).get("resources", []))

    def kinds(self, api_version: str) -> t.Mapping[str, t.Tuple[Resource, bool]]:
        answer = self._request("GET", f"/{'apis' if '/' in api_version else 'api'}/{api_version}")
        return {
            entry["kind"]: (Resource(api_version, entry["kind"], entry["name"]), bool(entry["namespaced"]))
            for entry in (answer or {}).get("resources", [])
            if "/" not in entry["name"]  # a subresource
        }

    def list(
        self, resource: Resource, label_selector: str = "", *, namespace: str = "", field_selector: str = ""
    ) -> t.List[Object]:
        selectors = [("labelSelector", label_selector), ("fieldSelector", field_selector)]
        query = [(key, value) for key, value in selectors if value]
        items = (self._request("GET", resource.path(namespace), query) or {}).get("items", [])
        # The entries of a list of built-in objects come without these two.
        return [{"apiVersion": resource.api_version, "kind": resource.kind, **item} for item in items]

    def apply(
        self, resource: Resource, definition: Object, *, force: bool, dry_run: bool, manager: str = FIELD_MANAGER
    ) -> Object:
        metadata = definition["metadata"]
        query = [("fieldManager", manager), ("force", str(force).lower()), ("fieldValidation", "Strict")]
        if dry_run:
            query.append(("dryRun", "All"))
        path = resource.path(metadata.get("namespace", ""), metadata["name"])
        return self._patch(f"{resource.kind} {metadata['name']}", path, query, definition, APPLY_PATCH)

    def merge(
        self,
        resource: Resource,
        name: str,
        namespace: str,
        patch: Object,
        *,
        dry_run: bool,
        manager: str = FIELD_MANAGER,
    ) -> Object:
        query = [("fieldManager", manager), ("fieldValidation", "Strict")]
        if dry_run:
            query.append(("dryRun", "All"))
        return self._patch(f"{resource.kind} {name}", resource.path(namespace, name), query, patch, MERGE_PATCH)

    def _patch(
        self, where: str, path: str, query: t.Sequence[t.Tuple[str, str]], body: Object, content_type: str
    ) -> Object:
        answer = self._request("PATCH", path, query, body, content_type)
        if answer is None:
            raise ClusterError(
                Problem(where, f"the server knows no {path}", "Check that its kind is served and its namespace exists")
            )
        return answer

    def delete(self, resource: Resource, name: str, namespace: str, *, dry_run: bool = False) -> None:
        self._request("DELETE", resource.path(namespace, name), [("dryRun", "All")] if dry_run else [])

    def fetch(self, path: str) -> t.Optional[bytes]:
        """What a service behind the API server's proxy answers; None for 404."""
        return self._send("GET", path, accept="*/*")

    def _request(
        self,
        method: str,
        path: str,
        query: t.Sequence[t.Tuple[str, str]] = (),
        body: t.Optional[Object] = None,
        content_type: str = "",
    ) -> t.Optional[t.Dict[str, t.Any]]:
        """The decoded answer, None for 404."""
        answer = self._send(method, path, query, body, content_type=content_type)
        return None if answer is None else t.cast("t.Dict[str, t.Any]", json.loads(answer))

    def _send(
        self,
        method: str,
        path: str,
        query: t.Sequence[t.Tuple[str, str]] = (),
        body: t.Optional[Object] = None,
        *,
        accept: str = "application/json",
        content_type: str = "",
    ) -> t.Optional[bytes]:
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = content_type
        try:
            response = self.client.call_api(
                path,
                method,
                query_params=list(query),
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=TIMEOUT,
            )
        except ApiException as error:
            if error.status == 404:
                return None
            kind = ConflictError if error.status == 409 else ClusterError
            raise kind(_problem(self.client.configuration.host, method, path, error)) from error
        except HTTPError as error:
            raise _unreachable(self.client.configuration.host, error) from error
        return t.cast(bytes, response.data)


class Nowhere:
    """A server on which there is nothing, in place of one that is not there yet. Check mode only."""

    def served(self, api_version: str) -> t.FrozenSet[str]:
        return frozenset()

    def kinds(self, api_version: str) -> t.Mapping[str, t.Tuple[Resource, bool]]:
        return {}

    def list(
        self, resource: Resource, label_selector: str = "", *, namespace: str = "", field_selector: str = ""
    ) -> t.List[Object]:
        return []

    def apply(
        self, resource: Resource, definition: Object, *, force: bool, dry_run: bool, manager: str = FIELD_MANAGER
    ) -> Object:
        return definition

    def merge(
        self,
        resource: Resource,
        name: str,
        namespace: str,
        patch: Object,
        *,
        dry_run: bool,
        manager: str = FIELD_MANAGER,
    ) -> Object:
        return patch

    def delete(self, resource: Resource, name: str, namespace: str, *, dry_run: bool = False) -> None:
        """Nothing is there to be deleted."""


def connect(options: t.Mapping[str, t.Any]) -> Kubernetes:
    """Connect as kubernetes.core does with the same options, environment variables included; nothing is asked yet."""
    given = {key: options[key] for key in AUTH_ARG_SPEC if options.get(key) is not None}
    discoverer = getattr(core_client, "LazyDiscoverer", None)
    try:
        # It would ask what the server serves, and keep the answer in a file that every user of the machine can write.
        core_client.LazyDiscoverer = _discover_nothing
        return ApiServer(core_client.get_api_client(**given).client.client)
    except (ConfigException, HTTPError, OSError, CoreException) as error:
        raise _unreachable(str(given.get("context") or given.get("host") or "kubeconfig"), error) from error
    except ApiException as error:
        raise ClusterError(_problem("kubeconfig", "GET", "/apis", error)) from error
    finally:
        core_client.LazyDiscoverer = discoverer


def _discover_nothing(*_arguments: t.Any) -> None:
    """In place of the discovery of the dynamic client, which is not used."""


def missing_library() -> str:
    """What has to be installed before C(connect) works, empty if nothing."""
    if not HAS_KUBERNETES:
        return "kubernetes"
    return "" if HAS_KUBERNETES_CORE else "the collection kubernetes.core"


def poll(
    probe: t.Callable[[], Result],
    done: t.Callable[[Result], bool],
    *,
    timeout: float,
    interval: float,
    sleep: t.Callable[[float], None] = time.sleep,
    now: t.Callable[[], float] = time.monotonic,
) -> Result:
    """Probe until it is done or C(timeout) seconds have gone by; the last answer."""
    deadline = now() + timeout
    while True:
        answer = probe()
        if done(answer) or now() + interval > deadline:
            return answer
        sleep(interval)


def _unreachable(where: str, error: Exception) -> UnreachableError:
    remedy = "Check that the kubeconfig holds this context and that the API server runs and can be reached from here"
    return UnreachableError(Problem(where, f"no Kubernetes API server answers ({error})", remedy))


REMEDIES = {
    401: "Use a kubeconfig with valid credentials",
    403: "Use credentials that may do this",
    409: "Someone else manages this object: delete it, or choose another name",
}


def _problem(host: str, method: str, path: str, error: t.Any) -> Problem:
    try:
        reason = json.loads(error.body)["message"]
    except (KeyError, TypeError, ValueError):
        reason = error.reason or error.body
    remedy = REMEDIES.get(error.status, "Correct what the server complains about")
    return Problem(f"{method} {host}{path}", f"the server answered {error.status} ({reason})", remedy)
