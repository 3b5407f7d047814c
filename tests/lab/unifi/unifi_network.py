# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""STAND-IN for a UniFi OS console: its login and the BGP endpoint of UniFi Network, nothing else.

What it does like the real one: X-API-KEY, or a login with the cookie TOKEN and a CSRF token that changes; a limit on
logins; GET as a list of none or one, POST that replaces and needs two fields, DELETE; the text is kept as it is and
never checked; the site, the fields and the gateway are checked in this order; the text is loaded into FRR.

What it leaves out: everything else of UniFi, adoption of devices, roles of accounts, the override of WAN monitors,
and the moment between an answer and its effect: FRR has the configuration before the answer is sent.

Configuration: /etc/unifi-network/config.json (or the first argument), read anew for every request.
  api_key, username, password, site    who may do what, where
  listen                               [address, port]; read once (default 0.0.0.0, 443)
  certificate, key                     PEM files; read once
  state                                file for what was configured (default /var/lib/unifi-network/bgp.json)
  frr                                  whether to load it into the FRR of this host (default true)
  faults                               unsupported: no gateway that can do BGP; rate_limit: seconds between logins;
                                       html: every answer is a page; drop: POST answers 200 and keeps nothing;
                                       internal: every answer is HTTP 500
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CONFIG = Path("/etc/unifi-network/config.json")
STATE = Path("/var/lib/unifi-network/bgp.json")
FRR_CONF = Path("/etc/frr/frr.conf")
FRR_RELOAD = "/usr/lib/frr/frr-reload.py"
FRR_BASE = "frr defaults traditional\nlog syslog informational\nservice integrated-vtysh-config\n"
REQUIRED = ("frr_bgpd_config", "uploaded_file_name")
KNOWN = {*REQUIRED, "enabled", "description"}
LENGTHS = {"description": 128, "uploaded_file_name": 256}
DEVICE_MAC = "02:00:00:00:00:01"


class RefusedError(Exception):
    """An answer that is not 200."""

    def __init__(self, status: int, code: str, message: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.body = {"code": code, "message": message, "errorCode": status}
        self.headers = headers or {}


class Network:
    """What the console remembers: who is logged in, and the configuration of its one site."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.sessions: dict[str, str] = {}
        self.last_login = float("-inf")

    @property
    def config(self) -> dict[str, Any]:
        return dict(json.loads(self.path.read_text(encoding="utf-8")))

    def fault(self, name: str) -> Any:
        return self.config.get("faults", {}).get(name)

    @property
    def state(self) -> Path:
        return Path(self.config.get("state", STATE))

    def login(self, credentials: dict[str, Any]) -> tuple[str, str]:
        """The values of cookie and CSRF token. Every try counts for the limit, successes too."""
        limit = self.fault("rate_limit") or 0
        left = self.last_login + limit - time.monotonic()
        if left > 0:
            headers = {"Retry-After": str(int(left) + 1)}
            raise RefusedError(
                429, "AUTHENTICATION_FAILED_LIMIT_REACHED", "You've reached the login attempt limit", headers
            )
        self.last_login = time.monotonic()
        config = self.config
        if any(not config.get(name) or credentials.get(name) != config[name] for name in ("username", "password")):
            raise RefusedError(403, "AUTHENTICATION_FAILED_INVALID_CREDENTIALS", "Invalid username or password")
        token, csrf = secrets.token_urlsafe(), secrets.token_urlsafe()
        self.sessions[token] = csrf
        return token, csrf

    def authorize(self, headers: Any, *, write: bool) -> dict[str, str]:
        """The headers that go with the answer: a session's CSRF token changes with every write."""
        key = headers.get("X-API-KEY")
        if key is not None:
            if key != (self.config.get("api_key") or secrets.token_urlsafe()):
                raise RefusedError(401, "UNAUTHORIZED", "Invalid API key")
            return {}
        cookie = SimpleCookie(headers.get("Cookie", "")).get("TOKEN")
        if cookie is None or cookie.value not in self.sessions:
            raise RefusedError(401, "UNAUTHORIZED", "No session")
        if not write:
            return {}
        if headers.get("X-Csrf-Token") != self.sessions[cookie.value]:
            raise RefusedError(403, "FORBIDDEN", "Invalid CSRF token")
        self.sessions[cookie.value] = secrets.token_urlsafe()
        return {"X-Updated-Csrf-Token": self.sessions[cookie.value]}

    def read(self) -> list[dict[str, Any]]:
        if self.fault("unsupported"):
            raise RefusedError(404, "api.err.BgpUnsupportedDevice", "BGP is not supported by the gateway")
        return list(json.loads(self.state.read_text(encoding="utf-8"))) if self.state.exists() else []

    def replace(self, document: dict[str, Any]) -> dict[str, Any]:
        for field in REQUIRED:
            if not document.get(field):
                raise RefusedError(400, "api.err.InvalidPayload", f"{field} must not be empty")
        for field in sorted(set(document) - KNOWN):
            raise RefusedError(400, "api.err.InvalidPayload", f"unrecognized field {field}")
        for field, length in LENGTHS.items():
            if len(document.get(field) or "") > length:
                raise RefusedError(400, "api.err.InvalidPayload", f"{field} is longer than {length}")
        current = self.read()
        identity = current[0]["_id"] if current else secrets.token_hex(12)
        stored = {
            "_id": identity,
            "site_id": hashlib.sha256(self.config["site"].encode()).hexdigest()[:24],
            "device_mac": DEVICE_MAC,
            "description": document.get("description") or "",
            "enabled": bool(document.get("enabled")),
            "frr_bgpd_config": document["frr_bgpd_config"],
            "uploaded_file_name": document["uploaded_file_name"],
        }
        if not self.fault("drop"):
            self.keep([stored])
            self.apply(stored["frr_bgpd_config"] if stored["enabled"] else "")
        return stored

    def delete(self) -> None:
        self.read()
        self.keep([])
        self.apply("")

    def keep(self, documents: list[dict[str, Any]]) -> None:
        self.state.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.state, json.dumps(documents), 0o600)

    def apply(self, text: str) -> None:
        """Like the device does, and like there what goes wrong shows in the log and in FRR only."""
        if not self.config.get("frr", True):
            return
        write_whole(FRR_CONF, FRR_BASE + text, 0o640, owner="frr")
        for command in ([FRR_RELOAD, "--reload", str(FRR_CONF)], ["systemctl", "restart", "frr"]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return
            print(f"{command[0]} failed: {done.returncode}", file=sys.stderr, flush=True)


def write_whole(path: Path, text: str, mode: int, *, owner: str | None = None) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.chmod(temporary, mode)
    if owner:
        shutil.chown(temporary, owner, owner)
    os.replace(temporary, path)


class Handler(BaseHTTPRequestHandler):
    """Routes a request to the console; C(network) is set by serve()."""

    network: Network
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer()

    do_POST = do_DELETE = do_GET  # noqa: N815

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length).decode("utf-8", errors="replace")
        with self.network.lock:
            try:
                status, headers, body = self.route(content)
            except RefusedError as refused:
                status, headers, body = refused.status, refused.headers, refused.body
        self.reply(status, headers, body)

    def route(self, content: str) -> tuple[int, dict[str, str], Any]:
        if self.network.fault("html"):
            return 200, {"Content-Type": "text/html"}, None
        if self.network.fault("internal"):
            raise RefusedError(500, "api.err.ServerError", "internal error")
        path = self.path.split("?")[0]
        if (self.command, path) == ("POST", "/api/auth/login"):
            token, csrf = self.network.login(document(content))
            cookie = f"TOKEN={token}; path=/; secure; httponly; samesite=strict"
            return 200, {"Set-Cookie": cookie, "X-Csrf-Token": csrf}, {"username": self.network.config["username"]}
        prefix, suffix = "/proxy/network/v2/api/site/", "/bgp/config"
        if not (path.startswith(prefix) and path.endswith(suffix)):
            return 404, {"Content-Type": "text/html"}, None
        headers = self.network.authorize(self.headers, write=self.command != "GET")
        if path[len(prefix) : -len(suffix)] != self.network.config["site"]:
            raise RefusedError(404, "api.err.NoSiteContext", "No such site")
        if self.command == "GET":
            return 200, headers, self.network.read()
        if self.command == "POST":
            return 200, headers, self.network.replace(document(content))
        self.network.delete()
        return 200, headers, {}

    def reply(self, status: int, headers: dict[str, str], body: Any) -> None:
        page = b"<!DOCTYPE html><title>not the API</title>"
        content = page if headers.get("Content-Type") else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def document(content: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RefusedError(400, "api.err.InvalidPayload", "the body must be a JSON object")
    return found


class Server(ThreadingHTTPServer):
    """TLS per connection, so that a client that does not speak it holds up nobody."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], network: Network, context: ssl.SSLContext) -> None:
        self.context = context
        super().__init__(address, type("Handler", (Handler,), {"network": network}))

    def finish_request(self, request: Any, client_address: Any) -> None:
        try:
            request.settimeout(30)
            with self.context.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, client_address)
        except OSError as error:
            print(f"{client_address[0]}: {error}", file=sys.stderr, flush=True)


def create(path: Path) -> Server:
    network = Network(path)
    config = network.config
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(config["certificate"], config["key"])
    address, port = config.get("listen", ["0.0.0.0", 443])
    return Server((address, port), network, context)


def main() -> None:
    create(Path(sys.argv[1]) if len(sys.argv) > 1 else CONFIG).serve_forever()


if __name__ == "__main__":
    main()
