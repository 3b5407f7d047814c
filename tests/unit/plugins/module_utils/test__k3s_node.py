# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import io
import os

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _k3s_files as layout
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_cluster import Server
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_host import TLS, Files, Unit
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_node import SERVER_TOKEN, STARTED, Desired, Node
from ansible_collections.homeops.cluster.plugins.module_utils._k3s_release import Binary, Release
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError

VERSION = "v1.35.4+k3s1"
TOKEN = "correct-horse-battery"
PROGRAM = b"the K3s program"
CA = "certificate authority"
MEMBER = "/var/lib/rancher/k3s/server/db/etcd/member"


class Killed(BaseException):
    """SIGKILL: nothing may catch it."""


class Clock:
    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class World:
    """One host with real files below a root; systemd, the API and the network are played. Unknown calls fail."""

    def __init__(self, root):
        self.files = Files(str(root))
        self.clock = Clock()
        self.calls = []
        self.units = {}
        self.starts_broken = False
        self.pid = 100
        self.ready_others = {}
        self.answering = {}
        self.cluster_nodes = {}
        self.downloads = 0
        self.kill_at = None
        self.killed = []
        self.store, self.files.store = self.files.store, self._counted(self.files.store)

    def _counted(self, function):
        """Every step that changes something can be the last one before a kill."""

        def call(*args, **kwargs):
            if self.kill_at is not None:
                self.kill_at -= 1
                if self.kill_at < 0:
                    raise Killed
            return function(*args, **kwargs)

        return call

    # systemd
    def unit(self, name):
        if not self.files.exists(f"/etc/systemd/system/{name}.service"):
            return Unit()
        return self.units.get(name, Unit("loaded"))

    def __call__(self, *args):
        self._counted(self._systemctl)(*args)

    def _systemctl(self, *args):
        self.calls.append(" ".join(args))
        verb, name = args[0], args[-1]
        unit = self.units.get(name, Unit("loaded"))
        if verb in ("start", "restart"):
            self.pid += 1
            state = "activating" if self.starts_broken else "active"
            unit = Unit("loaded", state, unit.enabled, main_pid=self.pid)
            if not self.starts_broken:
                self._k3s_runs(name)
        elif verb == "enable":
            unit = Unit("loaded", unit.active, True, main_pid=unit.main_pid)
        elif verb == "stop" or args[:2] == ("disable", "--now"):
            unit = Unit("loaded", "inactive", unit.enabled and verb == "stop")
        else:
            assert args == ("daemon-reload",), args
            return
        self.units[name] = unit

    def _k3s_runs(self, name):
        node = "server1" if name == "k3s" else "agent1"
        if name == "k3s":
            os.makedirs(self.files.at(MEMBER), exist_ok=True)
            self.store(f"{TLS}/server-ca.crt", 0o600, [CA.encode()])
            self.store(SERVER_TOKEN, 0o600, [f"K10abc::server:{TOKEN}\n".encode()])
        else:
            os.makedirs(self.files.at("/var/lib/rancher/k3s/agent"), exist_ok=True)
        self.cluster_nodes[node] = {"metadata": {"name": node}}

    def log(self, name, lines=20):
        return f"fatal: the token K10abc::server:{TOKEN} or {TOKEN} is not accepted"

    # the API
    def ready(self, address="127.0.0.1"):
        if address == "127.0.0.1":
            return self.unit("k3s").running
        return self.ready_others[address]

    def answers(self, address, port):
        assert port == 6443
        return self.answering[address]

    def nodes(self):
        return list(self.cluster_nodes.values())

    def request(self, path, method="GET", address="127.0.0.1"):
        name = path.rpartition("/")[2]
        if method == "DELETE":
            self.calls.append(f"DELETE {path}")
            self.cluster_nodes.pop(name, None)
            return 200, ""
        return (200, "{}") if name in self.cluster_nodes else (404, "")

    # the network and programs
    def open_url(self, address):
        self.downloads += 1
        digest = hashlib.sha256(PROGRAM).hexdigest()
        return io.BytesIO(f"{digest}  k3s\n".encode() if address.endswith(".txt") else PROGRAM)

    def run(self, argv):
        if argv[0] == "restorecon":
            raise FileNotFoundError(argv[0])
        assert argv[1:] == ["--version"], argv
        return 0, f"k3s version {VERSION} (abc)\n", ""

    # processes
    def leftovers(self):
        return []

    def kill_leftovers(self):
        self.killed.append("leftovers")

    def unmount(self):
        self.killed.append("mounts")

    def node(self, role="server", check=False, servers=None, host=None):
        host = host or ("server1" if role == "server" else "agent1")
        member = self.files.exists(MEMBER)
        own = Server("server1", reachable=True, address="192.0.2.11", member=member, cluster_id="A" if member else "")
        return Node(
            files=self.files,
            systemd=self,
            api=self,
            processes=self,
            binary=Binary(self.files, self.run, self.open_url, "x86_64"),
            role=role,
            host=host,
            servers=[own] if servers is None else servers,
            wait_timeout=30,
            check=check,
            clock=self.clock,
        )


def desired(**more):
    settings = {"release": Release(VERSION, "https://mirror"), "config": {"node-name": "server1"}, "token": TOKEN}
    return Desired(**{**settings, **more})


AGENT = desired(config={"node-name": "agent1", "server": "https://192.0.2.11:6443"})


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def tree(world):
    return sorted(os.path.join(base, name) for base, _dirs, names in os.walk(world.files.root) for name in names)


def headers(result):
    return [change.header for change in result.changes]


EVERYTHING = [
    "/usr/local/bin/k3s",
    "/usr/local/bin/crictl",
    "/usr/local/bin/ctr",
    "/usr/local/bin/kubectl",
    "/etc/rancher/k3s/token",
    "/etc/rancher/k3s/config.yaml",
    "/etc/systemd/system/k3s.service",
    "/etc/rancher/k3s/config.yaml.d/50-join.yaml",
    "k3s.service",
]


def test_check_mode_predicts_the_first_run_without_network_and_touches_nothing(world):
    predicted = world.node(check=True).start(desired())
    assert headers(predicted) == EVERYTHING
    assert (world.calls, world.downloads, tree(world)) == ([], 0, [])
    real = world.node().start(desired())
    assert real == predicted
    assert real.changed
    assert real.bootstrap == "init"
    assert not real.restart_required


def test_second_run_changes_nothing_and_needs_no_network(world):
    world.node().start(desired())
    world.calls.clear()
    world.downloads = 0
    again = world.node().start(desired())
    assert not again.changed
    assert again.bootstrap == "keep"
    assert (world.calls, world.downloads) == ([], 0)
    assert not world.node(check=True).start(desired()).changed


def test_secrets_lie_in_files_that_only_root_can_read(world):
    world.node().start(desired(registries={"a": {"password": "x"}}, environment={"A_TOKEN": "y"}))
    for path in (
        layout.TOKEN,
        layout.CONFIG,
        layout.REGISTRIES,
        layout.environment_path("server"),
        layout.JOIN,
        STARTED,
    ):
        assert world.files.mode(path) == 0o600, path
    assert TOKEN not in (world.files.read(layout.CONFIG) or "")


def test_a_running_k3s_is_not_restarted_but_the_need_is_told_until_it_happened(world):
    world.node().start(desired())
    world.calls.clear()
    changed = desired(config={"node-name": "server1", "disable": ["traefik"]})
    predicted = world.node(check=True).start(changed)
    first = world.node().start(changed)
    assert headers(first) == headers(predicted) == [layout.CONFIG]
    assert first.restart_required
    assert predicted.restart_required
    assert world.calls == ["daemon-reload"]
    # killed before the handler: the next run knows
    second = world.node().start(changed)
    assert (headers(second), second.restart_required, second.changed) == ([], True, True)
    pid = world.unit("k3s").main_pid
    world.node().restart()
    assert world.unit("k3s").main_pid != pid
    assert not world.node().start(changed).changed


@pytest.mark.parametrize("role", ["server", "agent"])
def test_killed_at_any_step_the_next_run_converges(tmp_path, role):
    for step in range(50):
        world = World(tmp_path / str(step))
        world.answering = {"192.0.2.11": True}
        wanted = desired() if role == "server" else AGENT
        world.kill_at = step
        try:
            world.node(role).start(wanted)
        except Killed:
            pass
        else:
            break
        world.kill_at = None
        result = world.node(role).start(wanted)
        assert not result.restart_required, step
        assert world.unit(layout.UNITS[role]).running, step
        assert world.unit(layout.UNITS[role]).enabled, step
        assert not world.node(role).start(wanted).changed, step
    assert step > 8
    assert not [path for path in tree(world) if path.endswith(".new")]


def test_a_server_joins_only_once_the_cluster_answers(world):
    servers = [
        Server("server1", reachable=True, address="192.0.2.11"),
        Server("server2", reachable=True, address="192.0.2.12", member=True, active=True, ready=True, cluster_id="A"),
    ]
    world.answering = {"192.0.2.12": False}
    with pytest.raises(ClusterError, match=r"waited 30 s for the cluster at https://192\.0\.2\.12:6443"):
        world.node(servers=servers).start(desired())
    assert "start --no-block k3s" not in world.calls
    world.answering = {"192.0.2.12": True}
    world.node(servers=servers).start(desired())
    assert world.files.read(layout.JOIN) == layout.yaml_file({"server": "https://192.0.2.12:6443"})


def three_servers(world):
    own = Server("server1", reachable=True, address="192.0.2.11", member=world.files.exists(MEMBER))
    return [own, *(Server(f"server{n}", reachable=True, address=f"192.0.2.1{n}") for n in (2, 3))]


def test_the_founder_finds_back_to_the_cluster_when_it_boots_without_its_data(world):
    world.node(servers=three_servers(world)).start(desired())
    points_to_another = layout.yaml_file({"server": "https://192.0.2.12:6443"})
    assert world.files.read(layout.JOIN) == points_to_another
    assert not world.node(servers=three_servers(world)).start(desired()).changed
    # killed between the start and that; or there was one server, and now there are three
    world.files.write(layout.JOIN, layout.yaml_file({"cluster-init": True}), 0o600)
    again = world.node(servers=three_servers(world)).start(desired())
    assert (headers(again), again.restart_required) == ([layout.JOIN], False)
    assert world.files.read(layout.JOIN) == points_to_another


def test_a_single_server_stays_the_founder(world):
    world.node().start(desired())
    assert world.files.read(layout.JOIN) == layout.yaml_file({"cluster-init": True})


def test_a_server_with_an_external_datastore_is_in_the_cluster_until_it_loses_its_data(world):
    world.node().start(desired(environment={"K3S_DATASTORE_ENDPOINT": "mysql://u:p@tcp(192.0.2.9)/k3s"}))
    os.rmdir(world.files.at(MEMBER))
    assert world.node().member
    world.files.remove(f"{TLS}/server-ca.crt")
    assert not world.node().member


def test_a_cluster_is_not_founded_with_a_token_that_nobody_could_join_with(world):
    with pytest.raises(ClusterError, match="token: has the long form"):
        world.node().start(desired(token="K10abc::server:pw"))
    assert world.calls == []
    # a custom authority is there before the cluster
    world.files.write(f"{TLS}/server-ca.crt", CA, 0o600)
    assert world.node(check=True).start(desired(token="K10abc::server:pw")).changed


@pytest.mark.parametrize(
    ("path", "restart"),
    [(layout.BINARY, True), (layout.CONFIG, False), (layout.JOIN, False), ("/usr/local/bin/ctr", False)],
)
def test_check_mode_predicts_whether_a_repair_needs_a_restart(world, path, restart):
    world.node().start(desired())
    if path == layout.BINARY:  # somebody put another one there and restarted K3s
        world.files.write(path, "another program", 0o755)
    elif path.startswith("/usr"):
        world.files.remove(path)
    else:
        os.chmod(world.files.at(path), 0o644)
    predicted = world.node(check=True).start(desired())
    real = world.node().start(desired())
    assert (predicted.restart_required, real.restart_required) == (restart, restart)
    assert headers(predicted) == headers(real)


def test_an_agent_joins_the_endpoint(world):
    world.answering = {"192.0.2.11": True}
    result = world.node("agent").start(AGENT)
    assert "k3s-agent.service" in headers(result)
    assert result.bootstrap == "join"
    assert not world.files.exists(layout.JOIN)
    assert world.node("agent").observe("192.0.2.21") == {
        "host": "agent1",
        "address": "192.0.2.21",
        "node_name": "agent1",
        "role": "agent",
        "version": VERSION,
        "active": True,
        "enabled": True,
        "ready": True,
        "member": False,
        "has_data": True,
        "cluster_id": "",
        "nodes": {},
    }


def test_a_server_that_does_not_get_ready_shows_its_log_without_secrets(world):
    world.starts_broken = True
    with pytest.raises(ClusterError) as error:
        world.node().start(desired())
    assert "k3s is not ready after 30 s" in str(error.value)
    assert "(hidden) is not accepted" in str(error.value)
    assert TOKEN not in str(error.value)


def test_a_start_that_hangs_is_begun_again_with_corrected_settings(world):
    world.starts_broken = True
    with pytest.raises(ClusterError):
        world.node().start(desired())
    world.starts_broken = False
    world.calls.clear()
    world.node().start(desired(config={"node-name": "server1", "disable": ["traefik"]}))
    assert world.calls == ["daemon-reload", "restart --no-block k3s"]


def test_what_is_no_longer_wanted_goes_away_if_it_was_ours(world):
    world.node().start(desired(registries={"mirrors": {}}, environment={"A": "1"}))
    result = world.node().start(desired())
    assert headers(result) == [layout.REGISTRIES, layout.environment_path("server")]
    assert not world.files.exists(layout.REGISTRIES)
    world.files.write(layout.REGISTRIES, "mirrors: {}\n", 0o600)
    world.node().restart()
    assert not world.node().start(desired()).changed


@pytest.mark.parametrize(
    ("role", "wanted", "message"),
    [
        ("agent", AGENT, "server1 runs K3s as server, and shall be agent|agent1: runs K3s as server"),
        ("server", desired(token="another"), "token: differs"),
    ],
)
def test_what_would_break_a_running_server_is_refused(world, role, wanted, message):
    world.node().start(desired())
    with pytest.raises(ClusterError, match=message):
        world.node(role).start(wanted)


def servers_of_three():
    return [
        Server(f"server{n}", reachable=True, address=f"192.0.2.1{n}", member=True, cluster_id="A") for n in (1, 2, 3)
    ]


def test_a_server_is_not_restarted_while_another_one_is_not_ready(world):
    world.node().start(desired())
    world.calls.clear()
    world.ready_others = {"192.0.2.12": True, "192.0.2.13": False}
    with pytest.raises(ClusterError, match="server1: was not restarted: server3 is not ready"):
        world.node(servers=servers_of_three()).restart()
    assert world.calls == []
    world.ready_others["192.0.2.13"] = True
    assert world.node(servers=servers_of_three()).restart().changed
    assert world.calls == ["restart --no-block k3s"]


def test_restart_is_predicted_without_asking_anybody(world):
    world.node().start(desired())
    world.calls.clear()
    assert world.node(check=True, servers=servers_of_three()).restart().changed
    assert world.calls == []


def test_stop(world):
    world.node().start(desired())
    assert world.node(check=True).stop().changed
    assert world.unit("k3s").running
    assert world.node().stop().changed
    assert not world.unit("k3s").running
    assert not world.node().stop().changed


def test_reset_removes_everything_and_only_what_is_ours(world):
    world.files.write("/usr/local/bin/kubectl", "a program of the user", 0o755)
    world.files.write("/etc/cni/net.d/10-other.conf", "", 0o644)
    world.node().start(desired(environment={"A": "1"}))
    predicted = world.node(check=True).reset()
    assert world.killed == []
    assert world.node().reset() == predicted
    assert world.killed == ["leftovers", "mounts"]
    left = [path[len(world.files.root) :] for path in tree(world)]
    assert left == ["/etc/cni/net.d/10-other.conf", "/usr/local/bin/kubectl"]
    assert not world.node().reset().changed


def test_reset_leaves_another_kubernetes_alone(world):
    world.files.write("/var/lib/kubelet/config.yaml", "kubeadm's", 0o644)
    assert not world.node().reset().changed
    assert world.killed == []
    assert world.files.exists("/var/lib/kubelet/config.yaml")


def test_a_node_is_evicted_through_a_living_server(world):
    world.node().start(desired())
    world.calls.clear()
    world.cluster_nodes["server2"] = {"metadata": {"name": "server2"}}
    assert world.node(check=True).evict("server2", "192.0.2.12").changed
    assert world.calls == []
    assert world.node().evict("server2", "192.0.2.12").changed
    assert world.calls == ["DELETE /api/v1/nodes/server2"]
    assert not world.node().evict("server2", "192.0.2.12").changed


def test_nothing_is_evicted_through_a_server_that_is_not_ready(world):
    with pytest.raises(ClusterError, match="server1: is not ready, Node server2 cannot be removed"):
        world.node().evict("server2", "192.0.2.12")


def test_observe_a_bare_host_and_a_server(world):
    world.run = lambda argv: (nothing for nothing in ()).throw(FileNotFoundError(argv[0]))
    bare = world.node().observe("192.0.2.11")
    assert {bare["role"], bare["version"], bare["cluster_id"]} == {"none", ""}
    assert not any((bare["active"], bare["enabled"], bare["ready"], bare["member"], bare["has_data"], bare["nodes"]))
    del world.run
    world.node().start(desired())
    server = world.node().observe("192.0.2.11")
    assert server["role"] == "server"
    assert server["ready"]
    assert server["member"]
    assert server["cluster_id"] == hashlib.sha256(CA.encode()).hexdigest()
    assert server["nodes"] == {"server1": {"address": "", "ready": False, "voter": None}}
