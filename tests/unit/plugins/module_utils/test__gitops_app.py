# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.homeops.cluster.plugins.module_utils import _gitops_app as gitops_app
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.manifest_policy import violations

IMAGE = "registry.example.com/tools/whoami:1.10.3"
WEB = {"name": "whoami", "image": IMAGE, "port": 8080}
CLAIM = {"type": "pvc", "name": "data", "mount": "/data", "size": "1Gi"}
NFS = {"type": "nfs", "name": "media", "mount": "/media", "server": "192.0.2.20", "share": "/volume1/media"}
CHART = {"repository": "https://charts.example.com", "name": "metrics-server", "version": "3.13.0"}
OBJECT = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"a": "{{ b }}"}}


def made(**options):
    return gitops_app.objects(gitops_app.read({**WEB, **options}))


def one(wanted, **options):
    return next(item for item in made(**options) if item["kind"] == wanted)


def pod(**options):
    kind = "StatefulSet" if options.get("kind") == "statefulset" else "Deployment"
    return one(kind, **options)["spec"]["template"]["spec"]


def container(**options):
    return pod(**options)["containers"][0]


def problems(**options):
    with pytest.raises(ClusterError) as caught:
        gitops_app.read({**WEB, **options})
    return [str(problem) for problem in caught.value.problems]


def test_the_least_that_can_be_said():
    files = gitops_app.files(gitops_app.read(WEB))
    assert list(files) == ["kustomization.yaml", "deployment.yaml", "service.yaml"]
    assert yaml.safe_load(files["kustomization.yaml"])["resources"] == ["deployment.yaml", "service.yaml"]
    service = yaml.safe_load(files["service.yaml"])
    assert service["spec"]["selector"] == {"app.kubernetes.io/name": "whoami"}
    assert service["spec"]["ports"] == [{"name": "http", "port": 8080, "targetPort": "http", "protocol": "TCP"}]
    deployment = yaml.safe_load(files["deployment.yaml"])
    assert deployment["metadata"]["namespace"] == "whoami"
    assert deployment["spec"]["selector"]["matchLabels"] == {"app.kubernetes.io/name": "whoami"}
    found = deployment["spec"]["template"]["spec"]
    assert (found["automountServiceAccountToken"], found["enableServiceLinks"]) == (False, False)
    assert found["securityContext"]["runAsNonRoot"] is True
    assert found["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert found["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert found["containers"][0]["resources"] == {
        "requests": {"cpu": "10m", "memory": "64Mi"},
        "limits": {"memory": "256Mi"},
    }
    assert found["volumes"] == [{"name": "tmp", "emptyDir": {}}]
    assert found["containers"][0]["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]


@pytest.mark.parametrize(
    ("options", "action"),
    [
        ({}, {"tcpSocket": {"port": "http"}}),
        ({"probe": {"path": "/ping"}}, {"httpGet": {"path": "/ping", "port": "http"}}),
        ({"probe": {"type": "http"}}, {"httpGet": {"path": "/", "port": "http"}}),
        ({"probe": {"path": "/ready", "port": 2000}}, {"httpGet": {"path": "/ready", "port": 2000}}),
        ({"probe": {"port": "2000"}}, {"tcpSocket": {"port": 2000}}),
        ({"probe": {"command": ["true"]}}, {"exec": {"command": ["true"]}}),
        (
            {"port": None, "ports": [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "web", "port": 80}]},
            {"tcpSocket": {"port": "web"}},
        ),
    ],
)
def test_probes_follow_from_the_port(options, action):
    found = container(**options)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert action.items() <= found[probe].items()
    assert found["startupProbe"]["failureThreshold"] * found["startupProbe"]["periodSeconds"] == 150


def test_no_probe_if_asked_for():
    assert not {"startupProbe", "readinessProbe", "livenessProbe"} & set(container(probe={"type": "none"}))


@pytest.mark.parametrize(("port", "sysctl"), [(80, True), (1024, False)])
def test_who_is_not_root_may_listen_on_a_low_port(port, sysctl):
    assert ("sysctls" in pod(port=port)["securityContext"]) is sysctl


def test_one_number_can_be_a_port_of_both_protocols():
    ports = [{"name": "dns", "port": 53}, {"name": "dns-udp", "port": 53, "protocol": "UDP"}]
    assert len(container(port=None, ports=ports)["ports"]) == 2


def test_root_only_if_asked_for():
    found = pod(security={"root": True, "capabilities": ["CHOWN"]})
    assert (found["securityContext"]["runAsNonRoot"], found["securityContext"]["runAsUser"]) == (False, 0)
    assert found["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN"]}


def test_resources_are_merged_over_the_defaults():
    found = container(resources={"limits": {"memory": "1Gi"}, "requests": {"cpu": 1}})["resources"]
    assert found == {"requests": {"cpu": "1", "memory": "64Mi"}, "limits": {"memory": "1Gi"}}


def test_texts_as_they_come_from_the_command_line():
    found = container(port="8080", env={"A": True, "B": 1, "C": "x"}, replicas="1", security={"read_only_root": "no"})
    assert found["env"] == [{"name": "A", "value": "true"}, {"name": "B", "value": "1"}, {"name": "C", "value": "x"}]
    assert found["securityContext"]["readOnlyRootFilesystem"] is False
    assert "volumeMounts" not in found


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        (CLAIM, {"persistentVolumeClaim": {"claimName": "whoami-data"}}),
        ({**NFS, "read_only": True}, {"nfs": {"server": "192.0.2.20", "path": "/volume1/media", "readOnly": True}}),
        (NFS, {"nfs": {"server": "192.0.2.20", "path": "/volume1/media"}}),
        (
            {"type": "claim", "name": "m", "mount": "/m", "claim": "media"},
            {"persistentVolumeClaim": {"claimName": "media"}},
        ),
        ({"type": "config", "name": "c", "mount": "/c", "files": {"a": "b"}}, {"configMap": {"name": "whoami-c"}}),
        ({"type": "secret", "name": "s", "mount": "/s", "secret": "token"}, {"secret": {"secretName": "token"}}),
        (
            {"type": "empty", "name": "e", "mount": "/e", "size": "1Gi", "medium": "Memory"},
            {"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
        ),
    ],
)
def test_storage(volume, expected):
    found = pod(storage=[volume])
    assert found["volumes"][0] == {"name": volume["name"], **expected}
    mount = found["containers"][0]["volumeMounts"][0]
    assert (mount["mountPath"], mount.get("readOnly", False)) == (volume["mount"], volume.get("read_only", False))


def test_a_volume_for_one_node_is_never_wanted_by_two_pods():
    assert one("Deployment", storage=[CLAIM])["spec"]["strategy"] == {"type": "Recreate"}
    assert "strategy" not in one("Deployment", storage=[{**CLAIM, "access_mode": "ReadWriteMany"}])["spec"]
    found = one("StatefulSet", kind="statefulset", storage=[CLAIM], replicas=3)["spec"]
    assert [claim["metadata"]["name"] for claim in found["volumeClaimTemplates"]] == ["data"]
    assert found["serviceName"] == "whoami"
    assert not [item for item in made(kind="statefulset", storage=[CLAIM]) if item["kind"] == "PersistentVolumeClaim"]


def test_a_claim_can_outlive_its_application():
    kept = one("PersistentVolumeClaim", storage=[{**CLAIM, "keep": True, "storage_class": "fast"}])
    assert kept["metadata"]["annotations"] == {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}
    assert kept["spec"]["storageClassName"] == "fast"
    assert "annotations" not in one("PersistentVolumeClaim", storage=[CLAIM])["metadata"]


def test_other_files_make_other_pods():
    def checksum(text):
        storage = [{"type": "config", "name": "c", "mount": "/c", "files": {"a": text}}]
        return one("Deployment", storage=storage)["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

    assert checksum("1") == checksum("1") != checksum("2")


def test_an_ingress_with_its_certificate():
    found = one("Ingress", hosts=["a.example.com", "b.example.com"], issuer="letsencrypt-production", path="/x")
    assert found["metadata"]["annotations"] == {"cert-manager.io/cluster-issuer": "letsencrypt-production"}
    assert found["spec"]["ingressClassName"] == "cilium"
    assert found["spec"]["tls"] == [{"hosts": ["a.example.com", "b.example.com"], "secretName": "whoami-tls"}]
    assert [(rule["host"], rule["http"]["paths"][0]["path"]) for rule in found["spec"]["rules"]] == [
        ("a.example.com", "/x"),
        ("b.example.com", "/x"),
    ]
    assert "tls" not in one("Ingress", host="a.example.com")["spec"]


def test_a_route_from_its_own_namespace_needs_no_grant():
    kinds = [item["kind"] for item in made(host="a.example.com", exposure="httproute")]
    assert ("HTTPRoute" in kinds, "ReferenceGrant" in kinds, "Ingress" in kinds) == (True, False, False)
    route = one("HTTPRoute", host="a.example.com", exposure="httproute")
    assert route["spec"]["parentRefs"] == [{"name": "internal", "namespace": "gateway", "sectionName": "https"}]
    assert route["spec"]["rules"][0]["backendRefs"] == [{"name": "whoami", "port": 8080}]


def test_a_route_in_the_namespace_of_its_gateway_needs_a_grant():
    gateway = {"name": "lan", "namespace": "edge", "route_namespace": "edge"}
    options = {"host": "a.example.com", "exposure": "httproute", "gateway": gateway}
    route, grant = one("HTTPRoute", **options), one("ReferenceGrant", **options)
    assert route["metadata"]["namespace"] == "edge"
    assert route["spec"]["rules"][0]["backendRefs"] == [{"name": "whoami", "namespace": "whoami", "port": 8080}]
    assert grant["metadata"]["namespace"] == "whoami"
    assert grant["spec"] == {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "edge"}],
        "to": [{"group": "", "kind": "Service", "name": "whoami"}],
    }
    assert gitops_app.namespaces(gitops_app.read({**WEB, **options})) == ["edge", "whoami"]


def test_a_load_balancer_from_a_pool_at_a_fixed_address():
    service = {"type": "LoadBalancer", "pool": "ingress", "address": "192.0.2.1", "external_traffic_policy": "Local"}
    found = one("Service", service=service)
    assert found["metadata"]["labels"]["pool"] == "ingress"
    assert found["metadata"]["annotations"] == {"lbipam.cilium.io/ips": "192.0.2.1"}
    assert (found["spec"]["type"], found["spec"]["externalTrafficPolicy"]) == ("LoadBalancer", "Local")
    assert one("Service", service={"type": "Headless"})["spec"]["clusterIP"] == "None"


def test_several_pods_keep_apart():
    term = pod(replicas=2)["affinity"]["podAntiAffinity"]
    assert list(term) == ["preferredDuringSchedulingIgnoredDuringExecution"]
    required = pod(replicas=2, anti_affinity="required")["affinity"]["podAntiAffinity"]
    assert list(required) == ["requiredDuringSchedulingIgnoredDuringExecution"]
    assert "affinity" not in pod()
    assert "affinity" not in pod(replicas=2, anti_affinity="none")


def test_the_rest_of_a_pod():
    found = pod(
        command=["/app"], args=["--port", 8080], env_from=["token"], service_account="web", node_selector={"gpu": "yes"}
    )
    assert (found["serviceAccountName"], found["nodeSelector"]) == ("web", {"gpu": "yes"})
    assert found["containers"][0]["args"] == ["--port", "8080"]
    assert found["containers"][0]["envFrom"] == [{"secretRef": {"name": "token"}}]


def test_a_chart_and_what_belongs_to_it():
    app = gitops_app.read({"name": "metrics", "chart": {**CHART, "values": {"replicas": 2}}, "manifests": [OBJECT]})
    files = gitops_app.files(app)
    assert list(files) == ["Chart.yaml", "values.yaml", "templates/configmap.yaml"]
    dependency = {"name": "metrics-server", "version": "3.13.0", "repository": "https://charts.example.com"}
    assert yaml.safe_load(files["Chart.yaml"])["dependencies"] == [dependency]
    assert yaml.safe_load(files["values.yaml"]) == {"metrics-server": {"replicas": 2}}
    # What Helm makes of its expression is what was meant.
    assert 'a: "{{ "{{" }} b }}"' in files["templates/configmap.yaml"]


def test_objects_alone_and_files_of_the_user():
    flux = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "x"}}
    app = gitops_app.read({"name": "a", "manifests": [OBJECT, flux], "own_files": ["token.sealed.yaml"]})
    files = gitops_app.files(app)
    assert list(files) == ["kustomization.yaml", "configmap.yaml", "kustomization-manifests.yaml"]
    assert yaml.safe_load(files["kustomization.yaml"])["resources"][-1] == "token.sealed.yaml"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"image": "nginx"}, "app.image: nginx has no version. Write one behind it, like nginx:1.2.3, or a digest"),
        ({"image": "nginx:latest"}, "app.image: nginx:latest is another image every day"),
        ({"image": "Nginx:1"}, "app.image: Nginx:1 is not a container image"),
        ({"image": "host:5000/app"}, "app.image: host:5000/app has no version"),
        ({"image": "a:1@sha256:12"}, "app.image: a:1@sha256:12 is not a container image"),
        ({"name": "Web_1"}, "app.name: Web_1 is not a valid name (RFC 1123 label)"),
        ({"name": "1web"}, "app.name: 1web does not begin with a letter"),
        ({"name": "root"}, "app.name: root is the application of all applications"),
        ({"name": "a" * 53, "kind": "statefulset"}, "app.name: has 53 characters"),
        ({"port": 0}, "app.port: 0 is outside 1 to 65535"),
        ({"port": True}, "app.port: true is a truth value"),
        ({"prot": 80}, "app.prot: unknown key. Did you mean port?"),
        ({"ports": [{"name": "a", "port": 1}]}, "app.port: is set beside ports"),
        (
            {"port": None, "ports": [{"name": "a", "port": 1}, {"name": "a", "port": 1}]},
            "app.ports: the name a is there 2 times",
        ),
        (
            {"port": None, "ports": [{"name": "a", "port": 1, "service_port": 80}, {"name": "b", "port": 1}]},
            "app.ports: the port 1/TCP is there 2 times",
        ),
        ({"port": 65536}, "app.port: 65536 is outside 1 to 65535"),
        ({"category": "applications"}, "app.category: applications is a folder of the layout"),
        ({"host": "https://a.example.com"}, "app.host: https://a.example.com is not a DNS name"),
        ({"host": "192.0.2.1"}, "app.host: 192.0.2.1 is an address"),
        ({"host": "localhost"}, "app.host: localhost is not a DNS name"),
        ({"host": "a.b", "port": None, "probe": {"type": "none"}}, "app.host: leads to no port"),
        ({"host": "a.b", "exposure": "none"}, "app.exposure: is none, but there is a host"),
        ({"exposure": "ingress"}, "app.exposure: is ingress, but there is no host"),
        ({"hosts": ["a.b", "a.b"]}, "app.hosts: the host a.b is there 2 times"),
        ({"host": "a.b", "exposure": "httproute", "issuer": "x-ca"}, "app.issuer: is only for an Ingress"),
        ({"host": "a.b", "gateway": {"name": "x"}}, "app.gateway: is only for an HTTPRoute"),
        ({"host": "a.b", "issuer": "letsencrypt"}, "app.issuer: is the short name"),
        ({"host": "a.b", "issuer": "ca-staging-staging"}, "Write 'ca-staging'"),
        ({"host": "a.b", "issuer": "ca-staging-production"}, "names the environment 'staging'"),
        ({"issuer": "ca"}, "app.issuer: has no effect without a host"),
        ({"path": "/x"}, "app.path: has no effect without a host"),
        ({"gateway": {"name": "x"}}, "app.gateway: has no effect without a host"),
        ({"host": "a.b", "exposure": "httproute", "ingress_class": "x"}, "app.ingress_class: is only for an Ingress"),
        ({"security": {"user": 0}}, "app.security.user: 0 is root, which runAsNonRoot forbids"),
        ({"security": {"root": True, "user": 568}}, "app.security.user: is 568, but root is set"),
        ({"security": {"capabilities": ["CAP_CHOWN"]}}, "app.security.capabilities[0]: CAP_CHOWN is not a capability"),
        ({"service": {"pool": "x"}}, "app.service.pool: is only for LoadBalancer"),
        ({"service": {"address": "192.0.2.1"}}, "app.service.address: is only for LoadBalancer"),
        ({"service": {"external_traffic_policy": "Local"}}, "app.service.external_traffic_policy: is only for"),
        ({"storage": [{**CLAIM, "size": "5"}]}, "app.storage[0].size: 5 is not a size"),
        ({"storage": [{**CLAIM, "size": None}]}, "app.storage[0].size: is empty, not a size"),
        ({"storage": [{**CLAIM, "server": "x"}]}, "app.storage[0].server: is not for pvc"),
        ({"storage": [{**NFS, "share": "volume1"}]}, "app.storage[0].share: volume1 is not an absolute path"),
        ({"storage": [{**NFS, "share": "/a/../b"}]}, "app.storage[0].share: /a/../b goes up with .."),
        ({"storage": [{**NFS, "server": "nas:/volume1"}]}, "app.storage[0].server: nas:/volume1 is not a host"),
        ({"storage": [{**NFS, "mount": "/"}]}, "app.storage[0].mount: / is the image's own file system"),
        ({"storage": [CLAIM, {**NFS, "name": "data"}]}, "app.storage: the name data is there 2 times"),
        ({"storage": [CLAIM, {**NFS, "mount": "/data/"}]}, "app.storage: the mount /data is there 2 times"),
        ({"storage": [{**CLAIM, "name": "tmp"}]}, "app.storage[0].name: tmp is the name of the volume at /tmp"),
        ({"storage": [{"type": "config", "name": "c", "mount": "/c"}]}, "app.storage[0].files: is required for config"),
        (
            {"storage": [{"type": "config", "name": "c", "mount": "/c", "files": {"..a": "x"}}]},
            "app.storage[0].files: ..a is not the name of a file",
        ),
        (
            {"storage": [{"type": "config", "name": "c", "mount": "/c", "files": {"a": "x" * 1_000_001}}]},
            "a ConfigMap takes 1 MiB",
        ),
        ({"storage": [CLAIM], "replicas": 2}, "app.replicas: 2 pods on several nodes cannot share the volume data"),
        ({"storage": [CLAIM], "strategy": "RollingUpdate"}, "app.strategy: a new pod would wait for the volume data"),
        ({"kind": "statefulset", "strategy": "Recreate"}, "app.strategy: is only for a deployment"),
        ({"port": None}, "app.probe: there is no TCP port that could be asked whether it works"),
        ({"probe": {"port": "web"}}, "app.probe.port: web is not the name of a TCP port"),
        (
            {"port": None, "ports": [{"name": "dns", "port": 53, "protocol": "UDP"}]},
            "app.probe: there is no TCP port that could be asked whether it works",
        ),
        (
            {"port": None, "ports": [{"name": "dns", "port": 53, "protocol": "UDP"}], "probe": {"port": "dns"}},
            "app.probe.port: dns is not the name of a TCP port",
        ),
        ({"probe": {"type": "exec"}}, "app.probe.command: is required for exec"),
        ({"resources": {"requests": {"memory": "1Gi"}}}, "memory: 1Gi is more than the limit of 256Mi"),
        ({"resources": {"limits": {"memory": "much"}}}, "memory: much is not a quantity"),
        ({"env": {"A B": "x"}}, 'app.env: "A B" is not the name of an environment variable'),
        ({"env": {"DB_PASSWORD": "planted"}}, "app.env.DB_PASSWORD: looks like a secret"),
        ({"env": {"A": ["x"]}}, "app.env: the value of A is not text"),
        ({"chart": CHART}, "app: has an image and a chart"),
        ({"image": None}, "app: has nothing to run"),
        ({"image": None, "chart": CHART}, "app.port: is only for an image. Put it into chart.values"),
        ({"image": None, "port": None, "chart": {**CHART, "version": ">=3"}}, "app.chart.version: >=3 is not an exact"),
        (
            {"image": None, "port": None, "chart": {**CHART, "repository": "http://x"}},
            "app.chart.repository: http://x is",
        ),
        ({"own_files": ["service.yaml"]}, "app.own_files: service.yaml is written by add_app"),
        ({"own_files": ["sub/app.yaml"]}, "app.own_files: sub/app.yaml is what the root application reads"),
        ({"own_files": ["../x.yaml"]}, "app.own_files[0]: ../x.yaml is not a relative path"),
        ({"image": None, "port": None, "chart": CHART, "own_files": ["x.yaml"]}, "app.own_files: are not for a chart"),
        ({"manifests": [{"kind": "X"}]}, "app.manifests[0]: has no apiVersion"),
        (
            {
                "manifests": [
                    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}}
                ]
            },
            "app.manifests[0]: is the Secret s in plain text",
        ),
        (
            {"manifests": [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "whoami"}}]},
            "app.manifests: Service whoami is there twice",
        ),
    ],
)
def test_what_is_wrong_is_told_with_the_way_out(options, said):
    found = problems(**options)
    assert any(said in problem for problem in found), found
    assert all(problem.endswith((".", ")")) or ". " in problem for problem in found)


def test_no_secret_is_in_a_message():
    assert "planted" not in str(problems(env={"DB_PASSWORD": "planted", "API_KEY": "planted"}))
    assert container(env={"DB_PASSWORD_FILE": "/run/secret", "TOKEN": ""})["env"][0]["value"] == "/run/secret"


def test_everything_wrong_is_told_at_once():
    found = problems(name="Web", image="nginx:latest", port=0, host="x", storage=[{"type": "pvc"}])
    assert [problem.partition(":")[0] for problem in found] == [
        "app.name",
        "app.image",
        "app.port",
        "app.host",
        "app.storage[0].name",
        "app.storage[0].mount",
    ]


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
VOLUMES = st.sampled_from([CLAIM, {**CLAIM, "access_mode": "ReadWriteMany"}, NFS, {**CLAIM, "keep": True}])
APPS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "image": st.sampled_from([IMAGE, f"r.example.com/a@sha256:{'0' * 64}"]),
        "port": st.integers(1, 65535),
    },
    optional={
        "namespace": NAMES,
        "kind": st.sampled_from(["deployment", "statefulset"]),
        "host": st.sampled_from(["a.example.com", "b.example.com"]),
        "env": st.dictionaries(NAMES, st.one_of(st.text(max_size=8), st.integers(), st.booleans()), max_size=2),
        "storage": st.lists(VOLUMES, max_size=1),
        "probe": st.sampled_from([{"path": "/ping"}, {"command": ["true"]}, {}]),
        "security": st.sampled_from([{"user": 568}, {"read_only_root": False}, {}]),
        "service": st.sampled_from([{"type": "LoadBalancer", "pool": "ingress"}, {}]),
    },
)


@settings(max_examples=25, deadline=None)
@given(APPS)
def test_whatever_is_generated_meets_the_policy_and_reads_as_it_was_meant(options):
    app = gitops_app.read(options)
    files = gitops_app.files(app)
    assert files == gitops_app.files(gitops_app.read(options))
    written = [
        document
        for name, text in files.items()
        if name != "kustomization.yaml"
        for document in yaml.safe_load_all(text)
    ]
    assert sorted(map(str, written)) == sorted(map(str, gitops_app.objects(app)))
    assert [str(violation) for violation in violations(written)] == []
