# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster's end of BGP kept by one task of cilium_bgp_policy, and by one task of kubernetes.core.k8s per object.

The API server is the lab's, with Cilium's own kinds. A proxy before it counts the requests; the times are without it.
"""

from __future__ import annotations

import base64
import collections
import contextlib
import http.server
import json
import ssl
import tempfile
import threading
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

import yaml

from tests.bench.timing import ROOT, RUNS, lab, timed

TITLE = "The cluster's end of BGP"
NAME = "bench"
KEYS = ("certificate", "key")
PEERS = 9  # with a Secret and a CiliumBGPPeerConfig each, and the two objects of the policy: 20
WRITTEN = ("secrets", "ciliumbgppeerconfigs", "ciliumbgpadvertisements", "ciliumbgpclusterconfigs")

POLICY = {
    "name": NAME,
    "local_asn": 65010,
    "peers": [
        {"name": f"peer{number}", "address": f"198.51.100.{number}", "asn": 65000, "password": f"password-{number}"}
        for number in range(1, PEERS + 1)
    ],
    "node_selector": {"matchLabels": {"example.com/bench": "nobody"}},
    "wait": False,
}


class Counter(http.server.BaseHTTPRequestHandler):
    """Passes each request on to the API server with the kubeconfig's client certificate, and counts it."""

    protocol_version = "HTTP/1.1"
    upstream: t.ClassVar[str]
    context: t.ClassVar[ssl.SSLContext]
    requests: t.ClassVar[collections.Counter[str]]

    def pass_on(self) -> None:
        self.requests[self.command] += 1
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        headers = {key: self.headers[key] for key in ("Accept", "Content-Type") if self.headers[key]}
        request = urllib.request.Request(self.upstream + self.path, body, headers, method=self.command)
        try:
            answer = urllib.request.urlopen(request, context=self.context)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            content = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815

    def log_message(self, *_arguments: t.Any) -> None:
        """Nothing."""


@contextlib.contextmanager
def counted(kubeconfig: Path, folder: Path) -> t.Iterator[tuple[Path, collections.Counter[str]]]:
    """A kubeconfig that leads through the proxy, and what has been counted so far."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    files = {}
    for key, content in (("ca", cluster["certificate-authority-data"]), *((k, user[f"client-{k}-data"]) for k in KEYS)):
        files[key] = folder / f"{key}.pem"
        files[key].write_bytes(base64.b64decode(content))
        files[key].chmod(0o600)
    context = ssl.create_default_context(cafile=str(files["ca"]))
    context.load_cert_chain(files["certificate"], files["key"])
    seen: collections.Counter[str] = collections.Counter()
    handler = type("Handler", (Counter,), {"upstream": cluster["server"], "context": context, "requests": seen})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    through = {**config, "users": [{"name": config["users"][0]["name"], "user": {}}]}
    through["clusters"] = [{**config["clusters"][0], "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}]
    path = folder / "through-the-proxy"
    path.write_text(yaml.safe_dump(through))
    try:
        yield path, seen
    finally:
        server.shutdown()
        server.server_close()


def live(kubeconfig: Path) -> list[dict[str, t.Any]]:
    """The policy's objects as somebody would write them into tasks."""
    selector = f"homeops.cluster/bgp-policy={NAME}"
    command = ("kubectl", "get", ",".join(WRITTEN), "-A", "-l", selector, "-o", "json")
    items = json.loads(timed(*command, KUBECONFIG=str(kubeconfig)).output)["items"]
    kept = ("name", "namespace", "labels")
    return [
        {
            **{key: value for key, value in item.items() if key not in ("metadata", "status")},
            "metadata": {key: item["metadata"][key] for key in kept if key in item["metadata"]},
        }
        for item in items
    ]


def play(path: Path, *tasks: dict[str, t.Any]) -> Path:
    group = ("group/homeops.cluster.cluster", "group/kubernetes.core.k8s")
    defaults = {name: {"kubeconfig": "{{ lookup('env', 'KUBECONFIG') }}"} for name in group}
    head = {"hosts": "localhost", "connection": "local", "gather_facts": False, "module_defaults": defaults}
    python = {"vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}
    path.write_text(yaml.safe_dump([{**head, **python, "tasks": list(tasks)}]))
    return path


def compare(kubeconfig: Path) -> str:
    with tempfile.TemporaryDirectory() as name, counted(kubeconfig, Path(name)) as (proxied, seen):
        folder = Path(name)
        ours = play(folder / "ours.yml", {"homeops.cluster.cilium_bgp_policy": POLICY})
        absent = play(folder / "absent.yml", {"homeops.cluster.cilium_bgp_policy": {"name": NAME, "state": "absent"}})
        direct, through = {"KUBECONFIG": str(kubeconfig)}, {"KUBECONFIG": str(proxied)}
        first = timed("ansible-playbook", str(ours), **direct)
        try:
            objects = live(kubeconfig)
            theirs = play(folder / "theirs.yml", *({"kubernetes.core.k8s": {"definition": item}} for item in objects))
            requests, times = [], []
            for path in (ours, theirs):
                timed("ansible-playbook", str(path), **through)  # what kubernetes.core keeps between its tasks is there
                seen.clear()
                timed("ansible-playbook", str(path), **through)
                requests.append(sum(seen.values()))
                times.append(timed("ansible-playbook", str(path), runs=RUNS, **direct))
        finally:
            timed("ansible-playbook", str(absent), **direct)
    return SECTION.format(
        count=len(objects),
        first=first,
        requests=requests,
        times=times,
        fewer=requests[1] / requests[0],
        faster=times[1].median / times[0].median,
    )


def measure() -> str:
    lab("up", LAB_SERVERS="1", LAB_AGENTS="0")
    try:
        return compare(ROOT / ".lab" / "test" / "kubeconfig")
    finally:
        lab("down")


SECTION = """{count} objects of one policy, unchanged, on the lab's API server with Cilium's own kinds.

| kept by | API requests | wall time | changed |
|---|---|---|---|
| one task of `cilium_bgp_policy` | {requests[0]} | {times[0]} | {times[0].changed} |
| one task of `kubernetes.core.k8s` per object | {requests[1]} | {times[1]} | {times[1].changed} |

**{fewer:.1f} times** fewer requests and **{faster:.1f} times** as fast.
Making them took {first}, each tried by the server before.
"""
