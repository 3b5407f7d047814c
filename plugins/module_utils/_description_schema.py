# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Every variable of the description: the one place that the validation and docs/description.md come from."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils import _bgp as bgp
from ansible_collections.homeops.cluster.plugins.module_utils import _description_formats as formats


@dataclasses.dataclass(frozen=True)
class Field:
    """A variable or a key. C(format) is of a single value, C(fields) are the keys of a mapping; C(many): of each entry.

    A default of C({}) stands for the defaults of the keys. A C(per_host) variable belongs to a node, not the cluster.
    """

    name: str
    description: str
    format: t.Optional[formats.Format] = None
    fields: t.Tuple[Field, ...] = ()
    many: bool = False
    at_least: int = 0
    required: bool = False
    default: t.Any = None
    example: t.Any = None
    secret: bool = False
    per_host: bool = False

    def sample(self) -> t.Any:
        """The example as the user would write it."""
        if self.example is not None or not self.fields:
            return self.example
        entry = {field.name: field.sample() for field in self.fields if field.sample() is not None}
        return ([entry] if self.many else entry) if entry else None

    def hint(self) -> t.Any:
        """The example as a message shows it: of a list, one entry."""
        sample = self.sample()
        return sample[:1] if self.many and isinstance(sample, list) else sample


_SELECTOR = (
    Field("matchLabels", "Labels a Service must have, all of them.", formats.LABELS, example={"pool": "ingress"}),
    Field(
        "matchExpressions",
        "Conditions a Service must meet, all of them.",
        many=True,
        fields=(
            Field("key", "Label name.", formats.TEXT, required=True),
            Field(
                "operator", "How to compare.", formats.choice("In", "NotIn", "Exists", "DoesNotExist"), required=True
            ),
            Field("values", "Label values, for V(In) and V(NotIn).", formats.TEXT, many=True),
        ),
    ),
)

SCHEMA: t.Tuple[Field, ...] = (
    Field(
        "cluster_name",
        "Name of the cluster, and of its context in the kubeconfig.",
        formats.NAME,
        required=True,
        example="home",
    ),
    Field(
        "cluster_versions",
        "What is installed, pinned. The combination is checked against what Cilium supports.",
        required=True,
        fields=(
            Field("k3s", "K3s.", formats.K3S_VERSION, required=True, example="v1.35.4+k3s1"),
            Field("cilium", "Cilium.", formats.CILIUM_VERSION, required=True, example="1.19.0"),
            Field(
                "gateway_api",
                "Gateway API, the release this Cilium wants.",
                formats.GATEWAY_API_VERSION,
                required=True,
                example="v1.4.1",
            ),
            Field(
                "argocd",
                "Helm chart argo-cd. Required with V(cluster_gitops).",
                formats.CHART_VERSION,
                example="9.1.0",
            ),
        ),
    ),
    Field(
        "cluster_api_endpoint",
        "Where the Kubernetes API is reached, by nodes and by you: a virtual address in the node network, a DNS name, "
        "or the first server's address.",
        formats.ENDPOINT,
        required=True,
        example="192.0.2.11",
    ),
    Field(
        "cluster_networks",
        "The three networks of the cluster. They must not overlap.",
        required=True,
        fields=(
            Field("node", "Where nodes and router are.", formats.NETWORK, required=True, example="192.0.2.0/24"),
            Field(
                "pod", "Addresses of pods, a /24 for each node.", formats.NETWORK, required=True, example="10.42.0.0/16"
            ),
            Field(
                "service",
                "Addresses of services inside the cluster, /12 to /28.",
                formats.NETWORK,
                required=True,
                example="10.43.0.0/16",
            ),
        ),
    ),
    Field(
        "cluster_bgp",
        "The BGP sessions (eBGP) between every node and the routers; both ends are configured from it.",
        required=True,
        fields=(
            Field("local_asn", "AS number of the cluster.", formats.ASN, required=True, example=65010),
            Field(
                "peers",
                "The routers, in the node network.",
                many=True,
                at_least=1,
                required=True,
                fields=(
                    Field("name", "Name of the router.", formats.NAME, required=True, example="router"),
                    Field("address", "Its address.", formats.ADDRESS, required=True, example="192.0.2.1"),
                    Field("asn", "Its AS number.", formats.ASN, required=True, example=65000),
                    Field(
                        "ebgp_multihop",
                        "How many routers away it may be (the TTL of the session). Without it: in the node network.",
                        formats.whole(*bgp.EBGP_MULTIHOP_LIMITS),
                    ),
                    Field(
                        "timers",
                        "Its own, where they differ from those of all, in seconds.",
                        fields=(
                            Field("hold", "As for all.", formats.whole(*bgp.HOLD_LIMITS)),
                            Field("keepalive", "As for all.", formats.whole(*bgp.KEEPALIVE_LIMITS)),
                            Field("connect_retry", "As for all.", formats.whole(*bgp.CONNECT_RETRY_LIMITS)),
                        ),
                    ),
                    Field(
                        "graceful_restart",
                        "Its own, where it differs from that of all.",
                        formats.whole(*bgp.GRACEFUL_RESTART_LIMITS),
                    ),
                ),
            ),
            Field(
                "timers",
                "In seconds.",
                default={},
                fields=(
                    Field(
                        "hold",
                        "Silence after which the other end counts as gone.",
                        formats.whole(*bgp.HOLD_LIMITS),
                        default=bgp.DEFAULT_HOLD,
                        example=bgp.DEFAULT_HOLD,
                    ),
                    Field(
                        "keepalive",
                        "How often a sign of life is sent; less than V(hold), best a third of it.",
                        formats.whole(*bgp.KEEPALIVE_LIMITS),
                        default=bgp.DEFAULT_KEEPALIVE,
                        example=bgp.DEFAULT_KEEPALIVE,
                    ),
                    Field(
                        "connect_retry",
                        "Pause between attempts to connect.",
                        formats.whole(*bgp.CONNECT_RETRY_LIMITS),
                        default=bgp.DEFAULT_CONNECT_RETRY,
                        example=bgp.DEFAULT_CONNECT_RETRY,
                    ),
                ),
            ),
            Field(
                "graceful_restart",
                "Seconds the router keeps routes while an agent restarts; 0 turns it off.",
                formats.whole(*bgp.GRACEFUL_RESTART_LIMITS),
                default=bgp.DEFAULT_GRACEFUL_RESTART,
                example=bgp.DEFAULT_GRACEFUL_RESTART,
            ),
        ),
    ),
    Field(
        "cluster_bgp_password",
        "TCP MD5 password of the BGP sessions. Printable ASCII without spaces.",
        formats.BGP_PASSWORD,
        secret=True,
    ),
    Field(
        "cluster_lb_pools",
        "Addresses for services of type LoadBalancer. They must lie outside every other network; "
        "the router learns them by BGP and accepts nothing else.",
        many=True,
        at_least=1,
        required=True,
        fields=(
            Field("name", "Name of the pool.", formats.NAME, required=True, example="default"),
            Field("cidr", "The addresses as a network.", formats.NETWORK, example="198.51.100.0/26"),
            Field("start", "First address, instead of V(cidr).", formats.ADDRESS),
            Field("stop", "Last address, with V(start).", formats.ADDRESS),
            Field(
                "service_selector",
                "Which services may use the pool; without it, every service.",
                fields=_SELECTOR,
            ),
            Field("disabled", "Whether the pool gives out no more addresses.", formats.FLAG),
        ),
        example=[
            {
                "name": "default",
                "cidr": "198.51.100.0/26",
                "service_selector": {"matchExpressions": [{"key": "pool", "operator": "DoesNotExist"}]},
            },
            {
                "name": "ingress",
                "start": "198.51.100.64",
                "stop": "198.51.100.79",
                "service_selector": {"matchLabels": {"pool": "ingress"}},
            },
            {
                "name": "reserved",
                "cidr": "198.51.100.96/28",
                "service_selector": {"matchLabels": {"pool": "reserved"}},
            },
        ],
    ),
    Field(
        "cluster_k3s_token",
        "What a node shows to join, and the key of the data that servers share. The short form, not V(K10...). "
        "V(openssl rand -hex 32) makes a good one.",
        formats.K3S_TOKEN,
        required=True,
        secret=True,
    ),
    Field(
        "cluster_gitops",
        "The Git repository that Argo CD follows. Without it there is no root application.",
        fields=(
            Field(
                "repository",
                "URL of the repository, without credentials.",
                formats.GIT_URL,
                required=True,
                example="https://git.example.com/home/cluster.git",
            ),
            Field("revision", "Branch, tag or commit.", formats.REVISION, default="main", example="main"),
            Field(
                "path",
                "Folder inside the repository.",
                formats.REPOSITORY_PATH,
                default="kubernetes",
                example="kubernetes",
            ),
            Field(
                "projects",
                "Folders below V(path), one Argo CD project for each.",
                formats.NAME,
                many=True,
                at_least=1,
                default=["core", "infrastructure", "apps", "monitoring"],
                example=["core", "infrastructure", "apps", "monitoring"],
            ),
        ),
    ),
    Field(
        "cluster_argocd_admin_password",
        "Password of Argo CD's user admin. Required with V(cluster_gitops).",
        formats.ARGOCD_PASSWORD,
        secret=True,
    ),
    Field(
        "cluster_unifi",
        "The UniFi Network API that the router's BGP configuration is sent to. Without it the configuration is only "
        "rendered.",
        fields=(
            Field("url", "Address of the console.", formats.HTTPS_URL, required=True, example="https://192.0.2.1"),
            Field("site", "Site on the console.", formats.TEXT, default="default", example="default"),
            Field(
                "ca_path",
                "File with the certificate authority of the console, on the controller.",
                formats.PATH,
                example="/etc/ssl/unifi.pem",
            ),
            Field("validate_certs", "Whether the certificate must be valid.", formats.FLAG, default=True, example=True),
        ),
    ),
    Field(
        "cluster_unifi_api_key",
        "API key of the console. This, or a user name and password.",
        formats.API_KEY,
        secret=True,
    ),
    Field(
        "cluster_unifi_username",
        "Local user of the console, instead of an API key.",
        formats.TEXT,
        example="automation",
    ),
    Field("cluster_unifi_password", "Password of that user.", formats.PASSWORD, secret=True),
    Field(
        "cluster_kubeconfig",
        "Kubeconfig on the controller that the cluster is added to.",
        formats.PATH,
        default="~/.kube/config",
        example="~/.kube/config",
    ),
    Field(
        "cluster_node_address",
        "IPv4 address of a node in the node network. Set it on a host whose V(ansible_host) is something else.",
        formats.ADDRESS,
        default="{{ ansible_host }}",
        example="192.0.2.11",
        per_host=True,
    ),
    Field(
        "cluster_bgp_enabled",
        "Whether a node speaks BGP with the routers, and so takes traffic for services.",
        formats.FLAG,
        default=True,
        example=True,
        per_host=True,
    ),
    Field(
        "cluster_bgp_peer",
        "Which of the V(cluster_bgp) peers a host of the group V(routers) is. Set it on a router whose "
        "V(ansible_host) is not the address of its peer.",
        formats.NAME,
        example="router",
        per_host=True,
    ),
)
