# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The BGP configuration of a UniFi gateway, through the (undocumented) API of the UniFi Network application.

The application keeps at most one configuration per site. POST replaces it as a whole, so every field is always sent.
"""

from __future__ import annotations

import dataclasses
import http.client
import json
import ssl
import typing as t
import urllib.error
import urllib.parse

from ansible_collections.homeops.cluster.plugins.module_utils._frr import redact
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

LOGIN = "/api/auth/login"
RATE_LIMIT_SECONDS = 45  # how long a window was seen to last, for an answer that does not say
RATE_LIMIT_PATIENCE = 120
DESCRIPTION_LENGTH = 128
FILE_NAME_LENGTH = 256


@dataclasses.dataclass(frozen=True)
class Response:
    """An HTTP answer. Names of headers are lower case; those that occur more than once are a line each."""

    status: int
    headers: t.Mapping[str, str]
    body: str


class Transport(t.Protocol):
    """Does one HTTP request and follows no redirection. Raises OSError or HTTPException when there is no answer."""

    def __call__(self, method: str, url: str, headers: t.Mapping[str, str], body: t.Optional[str]) -> Response: ...


@dataclasses.dataclass(frozen=True)
class Credentials:
    """An API key, or a local account."""

    api_key: str = ""
    username: str = ""
    password: str = ""


@dataclasses.dataclass(frozen=True)
class BgpConfig:
    """What the application keeps. Two that are equal need no request."""

    text: str
    file_name: str
    description: str
    enabled: bool

    @classmethod
    def from_api(cls, document: t.Mapping[str, t.Any]) -> BgpConfig:
        return cls(
            text=str(document.get("frr_bgpd_config") or ""),
            file_name=str(document.get("uploaded_file_name") or ""),
            description=str(document.get("description") or ""),
            enabled=bool(document.get("enabled")),
        )

    def to_api(self) -> t.Dict[str, t.Any]:
        return {
            "frr_bgpd_config": self.text,
            "uploaded_file_name": self.file_name,
            "description": self.description,
            "enabled": self.enabled,
        }

    def problems(self) -> t.Iterator[Problem]:
        """What the application would refuse; it does not look at the statements themselves."""
        if not self.text.strip():
            yield Problem("config", "it is empty", "Give FRR's statements, or set state to absent")
        if not 0 < len(self.file_name) <= FILE_NAME_LENGTH:
            yield Problem("file_name", f"{len(self.file_name)} characters", f"Write 1 to {FILE_NAME_LENGTH}")
        if len(self.description) > DESCRIPTION_LENGTH:
            yield Problem("description", f"{len(self.description)} characters", f"Write {DESCRIPTION_LENGTH} or fewer")

    def as_dict(self) -> t.Dict[str, t.Any]:
        """Without the passwords in the configuration."""
        return {**dataclasses.asdict(self), "text": redact(self.text)}

    def as_text(self) -> str:
        """For a diff, without the passwords."""
        fields = {"enabled": str(self.enabled).lower(), "description": self.description, "file_name": self.file_name}
        return "".join([*(f"{key}: {value}\n" for key, value in fields.items()), "\n", redact(self.text)])


class Client:
    """Reads and writes the configuration of one site; logs in when it must, and only once."""

    def __init__(
        self,
        transport: Transport,
        url: str,
        site: str,
        credentials: Credentials,
        sleep: t.Callable[[float], None],
    ) -> None:
        problems = list(_access_problems(url, credentials))
        if problems:
            raise ClusterError(*problems)
        self._transport = transport
        self._base = url.rstrip("/")
        self._site = site
        self._credentials = credentials
        self._sleep = sleep
        self._session: t.Dict[str, str] = {"X-API-KEY": credentials.api_key} if credentials.api_key else {}
        self.url = f"{self._base}/proxy/network/v2/api/site/{urllib.parse.quote(site, safe='')}/bgp/config"

    def read(self) -> t.Optional[BgpConfig]:
        documents = self._call("GET")
        if not isinstance(documents, list) or not all(isinstance(document, dict) for document in documents):
            raise self._strange("something that is not a list of configurations")
        return BgpConfig.from_api(documents[0]) if documents else None

    def apply(self, desired: t.Optional[BgpConfig]) -> None:
        """Write it, or delete what is there, and read back."""
        if desired:
            self._call("POST", desired.to_api())
        else:
            self._call("DELETE", {})
        found = self.read()
        if found != desired:
            state = "is not there" if found is None else "is a different one"
            what = f"the write was accepted, but the configuration {state} when it is read back"
            raise ClusterError(
                Problem(self.url, what, "Somebody else may be changing it: run again when they are done")
            )

    def _call(self, method: str, document: t.Optional[t.Mapping[str, t.Any]] = None) -> t.Any:
        if not self._session:
            self._login()
        response = self._request(method, self.url, document)
        if response.status >= 300:
            raise ClusterError(self._refusal(response))
        try:
            return json.loads(response.body) if response.body.strip() or method == "GET" else None
        except ValueError as error:
            raise self._strange(
                "a page for browsers" if "<" in response.body else "something that is not JSON"
            ) from error

    def _login(self) -> None:
        url = self._base + LOGIN
        document = {"username": self._credentials.username, "password": self._credentials.password}
        response = self._request("POST", url, document)
        if response.status == 429 or response.status >= 500:
            raise ClusterError(self._refusal(response))
        if response.status in (400, 401, 403, 499):  # 499 asks for a second factor
            what = (
                f"the login of {self._credentials.username!r} was refused (HTTP {response.status}{_detail(response)})"
            )
            remedy = "Use a local account of the console without a second factor, and its password; or an API key"
            raise ClusterError(Problem(url, what, remedy))
        token = _cookie(response, "TOKEN")
        if response.status >= 300 or not token:
            raise self._strange(f"no session to a login (HTTP {response.status})")
        self._session = {"Cookie": f"TOKEN={token}", **self._session}

    def _request(self, method: str, url: str, document: t.Optional[t.Mapping[str, t.Any]]) -> Response:
        """The answer; a limited request was not carried out, so it is made once more after the time asked for."""
        response = self._request_once(method, url, document)
        if response.status == 429 and _retry_after(response) <= RATE_LIMIT_PATIENCE:
            self._sleep(_retry_after(response))
            response = self._request_once(method, url, document)
        return response

    def _request_once(self, method: str, url: str, document: t.Optional[t.Mapping[str, t.Any]]) -> Response:
        headers = {"Accept": "application/json", **self._session}
        body = None
        if document is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(document)
        try:
            response = self._transport(method, url, headers, body)
        except (OSError, http.client.HTTPException) as error:
            raise ClusterError(_no_answer(self._base, error)) from error
        token = response.headers.get("x-updated-csrf-token") or response.headers.get("x-csrf-token")
        if token and not self._credentials.api_key:
            self._session["X-Csrf-Token"] = token
        return response

    def _refusal(self, response: Response) -> Problem:
        """Each reason by itself, because each has another way out."""
        status, detail = response.status, _detail(response)
        if status == 404 and _code(response) == "api.err.BgpUnsupportedDevice":
            what = "no gateway that can do BGP is adopted at this site (api.err.BgpUnsupportedDevice)"
            remedy = "Use a UDM Pro, SE, Pro Max or an enterprise gateway, with UniFi OS 4.1.13 or newer"
            return Problem(self.url, what, remedy)
        if 300 <= status < 400:
            what = f"the answer leads elsewhere (HTTP {status}, {response.headers.get('location', 'nowhere')})"
            return Problem(self.url, what, "Give the address of the UniFi OS console itself, with https")
        if status == 429:
            hint = "" if self._credentials.api_key else "; an API key is not limited like logins are"
            what = "too many requests or logins in a short time (HTTP 429)"
            return Problem(self.url, what, f"Wait a minute and run again{hint}")
        unauthorized = (
            (
                "the API key is wrong or was revoked",
                "Create one in the console under Control Plane > Integrations, and give it as api_key",
            )
            if self._credentials.api_key
            else ("the session ended", "Run again; if it persists, use an API key")
        )
        what, remedy = {
            400: ("the configuration was refused", "Correct what the message names"),
            401: unauthorized,
            403: (
                "the account may not do this, or the CSRF token was not accepted",
                "Give the account the role of an administrator of UniFi Network",
            ),
            404: (
                f"there is no site {self._site!r}, or this application is too old for BGP",
                "Give the site's short name, as in the address of the console's pages (the first site is 'default')",
            ),
        }.get(status, ("the application failed", "Look at the console, then run again"))
        return Problem(self.url, f"{what} (HTTP {status}{detail})", remedy)

    def _strange(self, what: str) -> ClusterError:
        remedy = "This is not a UniFi OS console, or the address has a path: give it as https://ADDRESS"
        return ClusterError(Problem(self._base, f"it answers with {what}", remedy))


def _access_problems(url: str, credentials: Credentials) -> t.Iterator[Problem]:
    """What would send a secret in the clear, or show it in a message. Neither value is shown here."""
    try:
        parts = urllib.parse.urlsplit(url)
        good = parts.scheme == "https" and parts.hostname and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        good = False
    if not good:
        what = "this is not the https address of a UniFi OS console, without a user in it"
        yield Problem("url", what, "Write it like https://192.0.2.1")
    key = credentials.api_key
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        what = "it holds white space, a line break or a character outside ASCII"
        yield Problem("api_key", what, "Write the key alone; a value read from a file may need '| trim'")


def _cookie(response: Response, name: str) -> str:
    """The value of a cookie, whatever attributes it has: http.cookies drops one with an attribute it does not know."""
    pairs = (line.split(";")[0].partition("=") for line in response.headers.get("set-cookie", "").splitlines())
    return next((value.strip() for key, separator, value in pairs if key.strip() == name), "")


def _error_body(response: Response) -> t.Mapping[str, t.Any]:
    """The error of both generations of the API in one shape."""
    try:
        body = json.loads(response.body)
    except ValueError:
        return {}
    if not isinstance(body, dict):
        return {}
    meta = body.get("meta")
    return {"code": meta.get("msg"), "message": ""} if isinstance(meta, dict) else body


def _code(response: Response) -> str:
    return str(_error_body(response).get("code") or "")


def _detail(response: Response) -> str:
    body = _error_body(response)
    said = " ".join(str(part) for part in (body.get("code"), body.get("message")) if part)
    return f": {redact(said)}" if said else ""


def _retry_after(response: Response) -> int:
    text = response.headers.get("retry-after", "")
    return int(text) if text.isdecimal() else RATE_LIMIT_SECONDS


def _no_answer(base: str, error: Exception) -> Problem:
    # What comes from the network is wrapped; a file is read before there is a connection.
    if isinstance(error, (FileNotFoundError, IsADirectoryError, PermissionError)):
        what = f"this file cannot be read ({error.strerror})"
        return Problem("ca_path", what, "Give the file with the console's certificate")
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        what = f"its certificate cannot be verified ({reason.verify_message})"
        remedy = (
            "The console signs its certificate itself: save it (openssl s_client -connect HOST:443 -showcerts), "
            "compare its fingerprint and give the file as ca_path; or give the console a certificate for this address"
        )
        return Problem(base, what, remedy)
    if isinstance(reason, ssl.SSLError) and "X509" in str(reason):
        return Problem("ca_path", f"this is not a certificate ({reason})", "Give the console's certificate as PEM")
    if isinstance(reason, ssl.SSLError):
        return Problem(base, f"this is not TLS as it should be ({reason})", "Give the console's HTTPS address and port")
    if isinstance(reason, http.client.HTTPException):
        return Problem(base, f"this does not speak HTTP ({reason!r})", "Give the console's HTTPS address and port")
    remedy = "Check the address, that the console is up, and that no firewall lies between"
    return Problem(base, f"not reachable ({str(reason) or type(reason).__name__})", remedy)
