# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever options an application has, what is made of it keeps to the policy, but for what the options ask for."""

from __future__ import annotations

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard import examine
from ansible_collections.homeops.cluster.plugins.module_utils._secret_guard_sops import Configs
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from tests.manifest_policy import violations

NAMES = ("alpha", "beta", "gamma")


def maybe(**options):
    return st.fixed_dictionaries({}, optional=options)


def volume(kind, **more):
    return st.fixed_dictionaries(
        {"type": st.just(kind), **{key: st.just(value) for key, value in more.items()}},
        optional={"read_only": st.booleans(), "sub_path": st.sampled_from(["a", "a/b"])},
    )


MODES = st.sampled_from(["ReadWriteOnce", "ReadWriteMany"])
VOLUMES = st.one_of(
    st.tuples(volume("pvc", size="1Gi"), maybe(access_mode=MODES, storage_class=st.just("fast"), keep=st.booleans())),
    st.tuples(volume("nfs", server="192.0.2.20", share="/share"), st.just({})),
    st.tuples(volume("config", files={"app.ini": "[a]\nb = 1\n"}), st.just({})),
    st.tuples(volume("secret", secret="token"), st.just({})),
    st.tuples(volume("claim", claim="shared"), st.just({})),
    st.tuples(volume("empty"), maybe(size=st.just("1Gi"), medium=st.just("Memory"))),
).map(lambda parts: {**parts[0], **parts[1]})


@st.composite
def storage(draw):
    volumes = draw(st.lists(VOLUMES, max_size=3))
    return [{**one, "name": name, "mount": f"/mnt/{name}"} for one, name in zip(volumes, NAMES)]


@st.composite
def ports(draw):
    numbers = draw(st.lists(st.sampled_from([80, 443, 8080, 9000]), max_size=3, unique=True))
    return [
        {
            "name": name,
            "port": number,
            **draw(maybe(protocol=st.sampled_from(["TCP", "UDP"]), service_port=st.just(number + 10000))),
        }
        for name, number in zip(NAMES, numbers)
    ]


APPLICATION = st.fixed_dictionaries(
    {"name": st.just("web"), "image": st.just("registry.example/web:1.2.3"), "ports": ports(), "storage": storage()},
    optional={
        "kind": st.sampled_from(["deployment", "statefulset"]),
        "namespace": st.just("home"),
        "replicas": st.integers(1, 3),
        "args": st.just(["--verbose"]),
        "env": st.just({"TZ": "Etc/UTC", "TOKEN_FILE": "/token", "DEBUG": False, "WORKERS": 2}),
        "env_from": st.just(["credentials"]),
        "service": maybe(
            type=st.sampled_from(["ClusterIP", "Headless", "LoadBalancer", "NodePort"]),
            annotations=st.just({"home.example/note": "text"}),
        ),
        "hosts": st.lists(st.sampled_from(["a.home.example", "b.home.example"]), max_size=2, unique=True),
        "exposure": st.sampled_from(["ingress", "httproute", "none"]),
        "gateway": maybe(route_namespace=st.just("gateway")),
        "probe": st.one_of(
            maybe(path=st.just("/ping"), startup_seconds=st.integers(5, 600)),
            st.just({"type": "none"}),
            st.just({"type": "exec", "command": ["true"]}),
        ),
        "resources": maybe(requests=st.just({"cpu": "1"}), limits=st.just({"memory": "2Gi", "cpu": 2})),
        "security": maybe(
            user=st.just(568),
            group=st.just(568),
            fs_group=st.just(568),
            root=st.booleans(),
            read_only_root=st.booleans(),
            capabilities=st.lists(st.just("NET_ADMIN"), max_size=1),
            service_account_token=st.booleans(),
        ),
        "anti_affinity": st.sampled_from(["preferred", "required"]),
        "node_selector": st.just({"kubernetes.io/arch": "amd64"}),
    },
)
SHARED = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Ti"}}},
}

# Many combinations of options are refused, which is another test's matter.
LENIENT = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
}


def excuses(options):
    """What the application's own options ask for, and the policy would not have."""
    security = options["security"]
    if security.get("root"):
        yield "root"
    if security.get("capabilities"):
        yield "capabilities"
    if options["probe"]["type"] == "none":
        yield "probes"


@given(APPLICATION)
@settings(max_examples=300, **LENIENT)
def test_what_is_generated_keeps_to_the_policy(application, app):
    try:
        made = application(app)
    except ClusterError:
        event("refused")
        assume(False)
    event("made")
    namespace = made.options["namespace"]
    shared = [{**SHARED, "metadata": {"name": "shared", "namespace": namespace}}]
    found = violations([*made.objects, *shared])
    assert {violation.rule for violation in found} == set(excuses(made.options)), found


@given(APPLICATION)
@settings(max_examples=50, **LENIENT)
def test_nothing_generated_is_taken_for_a_secret(application, app):
    try:
        made = application(app)
    except ClusterError:
        assume(False)
    for path, text in made.files.items():
        assert list(examine(f"kubernetes/apps/web/{path}", text.encode(), Configs({}))) == []
