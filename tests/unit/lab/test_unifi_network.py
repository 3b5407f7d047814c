# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The UniFi stand-in, asked by the collection's own client over real TLS: every failure is told apart."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import threading
import urllib.request
from pathlib import Path

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._unifi import BgpConfig, Client, Credentials
from ansible_collections.homeops.cluster.plugins.modules.unifi_bgp import transport

PROGRAM = Path(__file__).parents[2] / "lab" / "unifi" / "unifi_network.py"
KEY = Credentials(api_key="k3y")
ACCOUNT = Credentials(username="admin", password="s3cret")
CONFIG = BgpConfig("! Managed by homeops.cluster for cluster home.\nrouter bgp 65000\n", "frr.conf", "cluster", True)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    directory = tmp_path_factory.mktemp("certificate")
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", "/CN=unifi", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return key, certificate


class Console:
    """A running stand-in."""

    def __init__(self, directory, key, certificate):
        self.path = directory / "config.json"
        self.certificate = certificate
        self.config = {
            "api_key": "k3y",
            "username": "admin",
            "password": "s3cret",
            "site": "default",
            "listen": ["127.0.0.1", 0],
            "certificate": str(certificate),
            "key": str(key),
            "state": str(directory / "bgp.json"),
            "frr": False,
        }
        self.fault()
        self.server = load().create(self.path)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def fault(self, **faults):
        self.path.write_text(json.dumps({**self.config, "faults": faults}))

    def client(self, credentials=KEY, site="default", url=None, sleep=None, **options):
        request = transport(**{"validate_certs": True, "ca_path": str(self.certificate), "timeout": 5, **options})
        return Client(request, url or self.url, site, credentials, sleep or (lambda seconds: None))

    def ask(self, method, body, **headers):
        """A request as no client of ours would send it."""
        send = transport(validate_certs=False, ca_path=None, timeout=5)
        answer = send(method, self.client().url, {"X-API-KEY": "k3y", **headers}, json.dumps(body))
        return answer.status, json.loads(answer.body)


def load():
    spec = importlib.util.spec_from_file_location("unifi_network", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def console(tmp_path, certificate):
    running = Console(tmp_path, *certificate)
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.mark.parametrize("credentials", [KEY, ACCOUNT], ids=["api key", "login"])
def test_a_configuration_is_created_replaced_and_deleted(console, credentials):
    client = console.client(credentials)
    assert client.read() is None
    client.apply(CONFIG)
    client.apply(BgpConfig("router bgp 65001\n", "other.conf", "", False))
    client.apply(None)
    assert console.client().read() is None


def test_the_text_is_kept_as_it_is_in_a_private_file(console):
    console.client().apply(CONFIG)
    state = Path(console.config["state"])
    document = json.loads(state.read_text())[0]
    assert document["frr_bgpd_config"] == CONFIG.text
    assert {"_id", "site_id", "device_mac"} < set(document)
    assert state.stat().st_mode & 0o777 == 0o600


FULL = CONFIG.to_api()


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"uploaded_file_name": "x"}, 400, "frr_bgpd_config"),
        ({"frr_bgpd_config": "x"}, 400, "uploaded_file_name"),
        ({**FULL, "device_mac": "x"}, 400, "device_mac"),
        ({**FULL, "description": "x" * 129}, 400, "description"),
        ([], 400, "JSON object"),
    ],
)
def test_a_bad_write_is_refused_before_the_gateway_is_looked_at(console, body, status, said):
    console.fault(unsupported=True)
    found, answer = console.ask("POST", body)
    assert (found, said in answer["message"]) == (status, True)


def test_a_write_replaces_and_does_not_merge(console):
    console.client().apply(CONFIG)
    console.ask("POST", {"frr_bgpd_config": "x", "uploaded_file_name": "y"})
    assert console.client().read() == BgpConfig("x", "y", "", False)


def test_a_write_in_a_session_needs_the_csrf_token(console):
    client = console.client(ACCOUNT)
    client.read()
    cookie = client._session["Cookie"]
    send = transport(validate_certs=False, ca_path=None, timeout=5)
    assert send("POST", client.url, {"Cookie": cookie}, json.dumps(FULL)).status == 403
    assert send("GET", client.url, {"Cookie": cookie}, None).status == 200


def refusing_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("faults", "options", "message"),
    [
        pytest.param({}, {"credentials": Credentials(api_key="wrong")}, "API key is wrong", id="wrong key"),
        pytest.param(
            {}, {"credentials": Credentials("", "admin", "x")}, "login of 'admin' was refused", id="wrong password"
        ),
        pytest.param({"rate_limit": 900}, {"credentials": ACCOUNT}, "too many requests or logins", id="rate limit"),
        pytest.param({"unsupported": True}, {}, "no gateway that can do BGP", id="unsupported device"),
        pytest.param({}, {"site": "other"}, "there is no site 'other'", id="unknown site"),
        pytest.param({"html": True}, {}, "not a UniFi OS console", id="not a console"),
        pytest.param({"internal": True}, {}, "the application failed", id="broken application"),
        pytest.param({"drop": True}, {}, "is not there when it is read back", id="deleted meanwhile"),
        pytest.param({}, {"ca_path": None}, "certificate cannot be verified", id="bad TLS"),
        pytest.param({}, {"ca_path": "/nowhere.pem"}, "ca_path: this file cannot be read", id="no such ca_path"),
        pytest.param({}, {"url": f"https://127.0.0.1:{refusing_port()}"}, "not reachable", id="unreachable"),
    ],
)
def test_failures_are_told_apart(console, faults, options, message):
    if faults.get("rate_limit"):
        console.client(ACCOUNT).read()
    console.fault(**faults)
    with pytest.raises(ClusterError, match=message):
        console.client(**options).apply(CONFIG)


def test_a_server_without_tls_is_told_apart(console):
    with socket.create_server(("127.0.0.1", 0)) as plain:
        threading.Thread(target=lambda: plain.accept()[0].sendall(b"SSH-2.0-x\r\n"), daemon=True).start()
        with pytest.raises(ClusterError, match="not TLS as it should be"):
            console.client(url=f"https://127.0.0.1:{plain.getsockname()[1]}").read()


def test_not_configured_yet_is_not_a_failure(console):
    assert console.client().read() is None


def test_without_verification_no_certificate_is_needed(console):
    assert console.client(validate_certs=False, ca_path=None).read() is None


def test_the_proxy_of_the_environment_is_not_asked(console, monkeypatch):
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{refusing_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert console.client().read() is None


def test_a_page_elsewhere_is_no_api(console):
    request = urllib.request.Request(f"{console.url}/")
    context = load().ssl._create_unverified_context()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(request, context=context, timeout=5)
