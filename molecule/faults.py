# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults that the scenarios bgp and bgp_migration inject, and what bgp_verify has to call each of them.

Injected from outside: by podman, kubectl and vtysh, never by the collection's own code.
"""

from __future__ import annotations

import dataclasses

from commands import ROOT, Step, cilium, create, delete, frr, kubectl, on, patch, play, remove, replace, service

ALL = ("server1", "agent1", "agent2")
ADDRESS = {"server1": "10.89.18.11", "agent1": "10.89.18.21", "agent2": "10.89.18.22"}
OTHER_ADDRESS = "10.89.18.121"
ROUTER, GATEWAY = "10.89.18.1", "10.89.18.254"
POOL = "10.99.18"
GROUP, PREFIXES = "CLUSTER-lab", "CLUSTER-lab-IN-4"  # names on the router
LABEL = "homeops.cluster/bgp-node"


@dataclasses.dataclass(frozen=True)
class Fault:
    """C(repair) undoes it, or is what the verdict says to run. C(settle) is how long the state needs to be there."""

    name: str
    inject: tuple[Step, ...]
    repair: tuple[Step, ...]
    code: str
    where: tuple[str, ...]
    settle: float = 3.0
    severity: str = "critical"
    arguments: tuple[str, ...] = ()  # of the playbook that asks for the verdict
    long: bool = False  # only in the long runs: another one of its kind is in all of them


# What frr-reload brings back is what the collection wrote: /etc/frr/frr.conf.
RELOAD = (on("router", "/usr/lib/frr/frr-reload.py --reload /etc/frr/frr.conf"),)
# What the verdict says to run, without the parts of site.yml that have nothing to do with it.
RECONCILE = (play("reconcile_bgp"),)
HOLD = 12.0  # seconds until a silent neighbour is given up, and Cilium has said so
STATUS = 6.0  # seconds until Cilium has said what became of a session
RESET = f"-s {ADDRESS['agent1']} -p tcp --dport 179 -j REJECT --reject-with tcp-reset"
DEMO = ("default/demo",)
DEMO_ADDRESS = f"{POOL}.1"


def clear(node: str) -> Step:
    """The router ends a session at once; it would notice a silent node only after the hold time."""
    return on("router", f"vtysh -c 'clear bgp {ADDRESS[node]}'")


def agent(signal: str, host: str = "agent1") -> Step:
    return on(host, f"pkill --signal {signal} --full 'cilium-bgp-[0-9.]+ agent'")


def hanging(host: str, signal: str) -> tuple[Step, ...]:
    """Cilium's agent and the kubelet of a node, which alone would notice."""
    return on(host, f"pkill --signal {signal} --exact k3s"), agent(signal, host)


REFRESH = on("router", "vtysh -c 'clear bgp * soft in'")


NODES = (
    Fault(
        "a node has lost its address",
        (
            # Both are for the way by which Ansible still reaches it.
            on("agent1", f"ip address add {OTHER_ADDRESS}/32 dev eth0"),
            on("agent1", f"ip route add {GATEWAY} dev eth0 src {OTHER_ADDRESS}"),
            on("agent1", f"ip address del {ADDRESS['agent1']}/24 dev eth0"),
        ),
        (
            on("agent1", f"ip address add {ADDRESS['agent1']}/24 dev eth0"),
            on("agent1", f"ip route del {GATEWAY} dev eth0; ip address del {OTHER_ADDRESS}/32 dev eth0"),
        ),
        "node_address_missing",
        ("agent1",),
        arguments=("-i", str(ROOT / "molecule/shared/inventory/agent1_by_another_address.yml")),
    ),
    Fault(
        "the container runtime has no network",
        (on("agent1", "mv /etc/cni/net.d/05-cilium.conflist /var/tmp"),),
        (on("agent1", "mv /var/tmp/05-cilium.conflist /etc/cni/net.d"),),
        "node_not_ready",
        ("agent1",),
        long=True,
    ),
    Fault(
        "a node has no way to the router",
        (on("agent1", f"ip route add unreachable {ROUTER}"), clear("agent1")),
        (on("agent1", f"ip route del unreachable {ROUTER}"),),
        "router_unreachable",
        ("agent1",),
        STATUS,
    ),
    Fault(
        "a firewall on the router resets what a node sends to TCP 179",
        (on("router", f"iptables -I INPUT {RESET}"), clear("agent1")),
        (on("router", f"iptables -D INPUT {RESET}"),),
        "bgp_port_refused",
        ("agent1",),
        STATUS,
    ),
    Fault(
        "a firewall on the node swallows what it sends to TCP 179",
        (on("agent2", f"iptables -I OUTPUT -d {ROUTER} -p tcp --dport 179 -j DROP"), clear("agent2")),
        (on("agent2", f"iptables -D OUTPUT -d {ROUTER} -p tcp --dport 179 -j DROP"),),
        "bgp_port_filtered",
        ("agent2",),
        STATUS,
    ),
    Fault(
        "a node is not reached by SSH",
        (on("agent2", "iptables -I INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset"),),
        (on("agent2", "iptables -D INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset"),),
        "node_not_asked",
        ("agent2",),
        severity="warning",
        long=True,
    ),
    Fault(
        "the agent of a node hangs",
        (agent("STOP"), clear("agent1")),
        (agent("CONT"),),
        "agent_not_ready",
        ("agent1",),
        long=True,
    ),
    Fault(
        "the agent of a node hangs, and the kubelet too, so that nobody says so",
        (*hanging("agent1", "STOP"), clear("agent1")),
        hanging("agent1", "CONT"),
        "status_stale",
        ("agent1",),
    ),
)

OBJECTS = (
    Fault(
        "a node lost its label",
        (kubectl("label", "node", "agent1", f"{LABEL}-"),),
        RECONCILE,
        "node_label_missing",
        ("agent1",),
    ),
    Fault(
        "the policy is gone",
        (delete("ciliumbgpclusterconfig/lab"),),
        RECONCILE,
        "policy_missing",
        ALL,
        long=True,
    ),
    Fault(
        "another policy has taken a node",
        (
            kubectl("label", "node", "agent2", f"{LABEL}-"),
            create(
                cilium(
                    "CiliumBGPClusterConfig",
                    "of-somebody-else",
                    {
                        "nodeSelector": {"matchLabels": {"kubernetes.io/hostname": "agent2"}},
                        "bgpInstances": [{"name": "x", "localASN": 65011}],
                    },
                )
            ),
            kubectl("wait", "--for=jsonpath={.spec.bgpInstances[0].name}=x", "ciliumbgpnodeconfig/agent2"),
            kubectl("label", "node", "agent2", f"{LABEL}=enabled"),
        ),
        (delete("ciliumbgpclusterconfig/of-somebody-else"),),
        "cluster_config_conflict",
        ("agent2",),
    ),
    Fault(
        "the policy names no peer",
        (patch("ciliumbgpclusterconfig/lab", remove("/spec/bgpInstances/0/peers")),),
        RECONCILE,
        "peer_missing",
        ALL,
        long=True,
    ),
    Fault(
        "the peer has no configuration",
        (delete("ciliumbgppeerconfig/lab.router"),),
        RECONCILE,
        "peer_config_missing",
        ALL,
    ),
    Fault(
        "the cluster's own AS is wrong",
        (patch("ciliumbgpclusterconfig/lab", replace("/spec/bgpInstances/0/localASN", 65011)),),
        RECONCILE,
        "cluster_asn_wrong",
        ALL,
    ),
    Fault(
        "the cluster expects another AS of the router",
        (patch("ciliumbgpclusterconfig/lab", replace("/spec/bgpInstances/0/peers/0/peerASN", 65001)),),
        RECONCILE,
        "cluster_asn_wrong",
        ALL,
        long=True,
    ),
    Fault(
        "the Secret of the password is gone",
        (delete("secret/lab.router.bgp-auth", "--namespace=kube-system"),),
        RECONCILE,
        "password_secret_missing",
        ALL,
    ),
    Fault(
        "the cluster uses no password",
        (patch("ciliumbgppeerconfig/lab.router", remove("/spec/authSecretRef")),),
        RECONCILE,
        "password_absent",
        ALL,
        HOLD,
        long=True,
    ),
    Fault(
        "nothing is selected for announcement",
        (kubectl("label", "ciliumbgpadvertisement/lab.services", "homeops.cluster/bgp-policy-"),),
        RECONCILE,
        "advertisement_selects_nothing",
        ("cluster",),
    ),
)

SESSIONS = (
    Fault("the router has no BGP", (frr("no router bgp 65000"),), RELOAD, "router_bgp_missing", ("router",), long=True),
    Fault(
        "the router expects another AS of the cluster",
        (frr("router bgp 65000", f"neighbor {GROUP} remote-as 65011"),),
        RELOAD,
        "router_asn_wrong",
        ALL,
    ),
    Fault(
        "the router does not know a node",
        (frr("router bgp 65000", f"no neighbor {ADDRESS['agent1']} peer-group {GROUP}"),),
        RELOAD,
        "neighbor_missing",
        ("agent1",),
        long=True,
    ),
    Fault(
        "a session is shut down on the router",
        (frr("router bgp 65000", f"neighbor {ADDRESS['agent1']} shutdown"),),
        RELOAD,
        "neighbor_shutdown",
        ("agent1",),
        long=True,
    ),
    Fault(
        "the router has another password for a node",
        (frr("router bgp 65000", f"neighbor {ADDRESS['agent2']} password another"), clear("agent2")),
        (frr("router bgp 65000", f"no neighbor {ADDRESS['agent2']}"), *RELOAD),
        "password_differs",
        ("agent2",),
        HOLD,
    ),
    Fault(
        "the router has no password",
        (frr("router bgp 65000", f"no neighbor {GROUP} password"),),
        RELOAD,
        "password_absent",
        ALL,
        HOLD,
    ),
    Fault(
        "the router has no policy for what comes in",
        (
            frr(
                "router bgp 65000",
                "address-family ipv4 unicast",
                f"no neighbor {GROUP} prefix-list {PREFIXES} in",
            ),
        ),
        RELOAD,
        "router_policy_missing",
        ALL,
    ),
    Fault(
        "the router takes one prefix, and there are two",
        (frr("router bgp 65000", "address-family ipv4 unicast", f"neighbor {GROUP} maximum-prefix 1"),),
        RELOAD,
        "maximum_prefix_reached",
        ALL,
        5.0,
    ),
)

MANY = tuple(f"many{number}" for number in range(14))  # all addresses of a /28 but the first and the last
SERVICES = (
    Fault(
        "a Service has a class of nobody",
        (create(service("foreign", loadBalancerClass="example.com/nobody")),),
        (delete("service/foreign"),),
        "service_class_foreign",
        ("default/foreign",),
        severity="warning",
    ),
    Fault(
        "a pool is gone",
        (delete("ciliumloadbalancerippool/reserved"),),
        RECONCILE,
        "pool_missing",
        ("reserved",),
        long=True,
    ),
    Fault(
        "a pool has other addresses",
        (patch("ciliumloadbalancerippool/reserved", replace("/spec/blocks/0/cidr", f"{POOL}.112/28")),),
        RECONCILE,
        "pool_differs",
        ("reserved",),
        long=True,
    ),
    Fault(
        "somebody's pool overlaps",
        (create(cilium("CiliumLoadBalancerIPPool", "overlap", {"blocks": [{"cidr": f"{POOL}.104/29"}]})),),
        (delete("ciliumloadbalancerippool/overlap"),),
        "pool_conflict",
        ("overlap",),
        long=True,
    ),
    Fault(
        "the pool of a Service is disabled",
        (
            patch("ciliumloadbalancerippool/reserved", replace("/spec/disabled", True)),
            create(service("late", {"pool": "reserved"})),
        ),
        (delete("service/late"), patch("ciliumloadbalancerippool/reserved", replace("/spec/disabled", False))),
        "pool_disabled",
        ("default/late",),
    ),
    Fault(
        "a pool has no address left",
        (
            create(*(service(name, {"pool": "reserved"}) for name in MANY)),
            kubectl("wait", "--for=jsonpath={.status.loadBalancer.ingress}", *(f"service/{name}" for name in MANY)),
            create(service("late", {"pool": "reserved"})),
        ),
        (delete(*(f"service/{name}" for name in (*MANY, "late"))),),
        "pool_exhausted",
        ("default/late",),
    ),
    Fault(
        "no pool is for a Service",
        (create(service("stray", {"pool": "nowhere"})),),
        (delete("service/stray"),),
        "pool_selects_not",
        ("default/stray",),
        long=True,
    ),
    Fault(
        "a Service asks for an address of no pool",
        (create(service("demanding", annotations={"lbipam.cilium.io/ips": "192.0.2.99"})),),
        (delete("service/demanding"),),
        "address_unavailable",
        ("default/demanding",),
        long=True,
    ),
    Fault(
        "a local Service has no endpoint",
        (create(service("local", externalTrafficPolicy="Local")),),
        (delete("service/local"),),
        "endpoints_missing",
        ("default/local",),
        severity="warning",
    ),
)

ROUTES = (
    Fault(
        "the router does not permit a prefix",
        (frr(f"ip prefix-list {PREFIXES} seq 5 deny {DEMO_ADDRESS}/32"), REFRESH),
        (*RELOAD, REFRESH),
        "prefix_filtered",
        DEMO,
    ),
    Fault(
        "a better route is in the router's kernel",
        (on("router", f"ip route add blackhole {DEMO_ADDRESS}/32"),),
        (on("router", f"ip route del blackhole {DEMO_ADDRESS}/32"),),
        "route_not_installed",
        DEMO,
    ),
    Fault(
        "a static route leads elsewhere",
        (frr(f"ip route {DEMO_ADDRESS}/32 10.89.18.2"),),
        (frr(f"no ip route {DEMO_ADDRESS}/32 10.89.18.2"),),
        "route_elsewhere",
        DEMO,
        long=True,
    ),
    Fault(
        "the nodes announce an address of no Service",
        (
            create(
                cilium(
                    "CiliumBGPAdvertisement",
                    "of-somebody-else",
                    {
                        "advertisements": [
                            {
                                "advertisementType": "Service",
                                "service": {"addresses": ["ExternalIP"]},
                                "selector": {"matchLabels": {"stray": "true"}},
                            }
                        ]
                    },
                    {"homeops.cluster/bgp-policy": "lab"},
                ),
                service("stray", {"stray": "true"}, type="ClusterIP", externalIPs=[f"{POOL}.50"]),
            ),
        ),
        (delete("ciliumbgpadvertisement/of-somebody-else"), delete("service/stray")),
        "route_unexpected",
        (f"{POOL}.50/32",),
        long=True,
    ),
)

# Only with Cilium 1.18: the legacy policy wins, and no status shows it.
LEGACY = Fault(
    "a legacy policy selects a node",
    (
        create(
            cilium(
                "CiliumBGPPeeringPolicy",
                "of-old",
                {
                    "nodeSelector": {"matchLabels": {"kubernetes.io/hostname": "agent1"}},
                    "virtualRouters": [
                        {"localASN": 65010, "neighbors": [{"peerAddress": f"{ROUTER}/32", "peerASN": 65000}]}
                    ],
                },
                version="v2alpha1",
            )
        ),
    ),
    (delete("ciliumbgppeeringpolicy/of-old"),),
    "legacy_policy_overrides",
    ("agent1",),
)
FAULTS = (*NODES, *OBJECTS, *SESSIONS, *SERVICES, *ROUTES)
