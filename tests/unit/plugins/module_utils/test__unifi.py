# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import http.client
import json
import ssl
import urllib.error

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._unifi import BgpConfig, Client, Credentials, Response

CONSOLE = "https://192.0.2.1"
URL = f"{CONSOLE}/proxy/network/v2/api/site/default/bgp/config"
LOGIN = f"{CONSOLE}/api/auth/login"
KEY = Credentials(api_key="k3y")
ACCOUNT = Credentials(username="admin", password="s3cret")
OURS = BgpConfig(
    "! Managed by homeops.cluster for cluster home.\nrouter bgp 65000\n neighbor CLUSTER-home password hunter1\n"
    "! End of homeops.cluster for cluster home.\n",
    "a.conf",
    "ours",
    True,
)
THEIRS = BgpConfig("router bgp 65000\n", "b.conf", "", True)


@dataclasses.dataclass
class Call:
    """One expected request and its answer; headers are the ones that matter."""

    method: str
    url: str
    answer: object
    headers: dict = dataclasses.field(default_factory=dict)
    body: object = None


class Console:
    """Answers the expected requests in their order; another, or one more, fails."""

    def __init__(self, *calls):
        self.calls = list(calls)

    def __call__(self, method, url, headers, body):
        call = self.calls.pop(0)
        assert (method, url) == (call.method, call.url)
        secret = {name: value for name, value in headers.items() if name not in ("Accept", "Content-Type")}
        assert secret == call.headers
        assert (json.loads(body) if body is not None else None) == call.body
        if isinstance(call.answer, Exception):
            raise call.answer
        return call.answer


def answer(document, status=200, **headers):
    body = document if isinstance(document, str) else json.dumps(document)
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def stored(config):
    return {**config.to_api(), "_id": "1", "site_id": "2", "device_mac": "02:00:00:00:00:01"}


def by_key(method, document, body=None, status=200, **headers):
    return Call(method, URL, answer(document, status, **headers), {"X-API-KEY": "k3y"}, body)


def no_sleep(seconds):
    raise AssertionError(f"slept {seconds} s")


def drive(calls, act, credentials=KEY, sleep=no_sleep, *, site="default", url=CONSOLE):
    console = Console(*calls)
    try:
        return act(Client(console, url, site, credentials, sleep))
    finally:
        assert console.calls == []


@pytest.mark.parametrize(("documents", "expected"), [([], None), ([stored(OURS)], OURS)])
def test_read(documents, expected):
    assert drive([by_key("GET", documents)], Client.read) == expected


def test_write_sends_every_known_field_and_reads_back():
    drive(
        [by_key("POST", stored(OURS), OURS.to_api(), status=201), by_key("GET", [stored(OURS)])],
        lambda c: c.apply(OURS),
    )


def test_delete_reads_back():
    drive([by_key("DELETE", "", {}), by_key("GET", [])], lambda client: client.apply(None))


@pytest.mark.parametrize(("found", "message"), [([], "is not there"), ([stored(THEIRS)], "is a different one")])
def test_a_write_that_had_no_effect_is_an_error(found, message):
    with pytest.raises(ClusterError, match=message):
        drive([by_key("POST", {}, OURS.to_api()), by_key("GET", found)], lambda client: client.apply(OURS))


def test_a_site_and_a_trailing_slash_become_one_address():
    url = f"{CONSOLE}/proxy/network/v2/api/site/up%20there%2Fx/bgp/config"
    drive([Call("GET", url, answer([]), {"X-API-KEY": "k3y"})], Client.read, site="up there/x", url=CONSOLE + "/")


WHO = {"username": "admin", "password": "s3cret"}
WELCOME = answer({}, set_cookie="OTHER=1; path=/\nTOKEN=t0ken; path=/; httponly", x_csrf_token="c1")
SESSION = {"Cookie": "TOKEN=t0ken", "X-Csrf-Token": "c1"}


def test_one_login_serves_every_request_and_the_csrf_token_is_followed():
    calls = [
        Call("POST", LOGIN, WELCOME, {}, WHO),
        Call("GET", URL, answer([]), SESSION),
        Call("POST", URL, answer({}, x_updated_csrf_token="c2", x_csrf_token="c1"), SESSION, OURS.to_api()),
        Call("GET", URL, answer([stored(OURS)]), {**SESSION, "X-Csrf-Token": "c2"}),
    ]
    drive(calls, lambda client: (client.read(), client.apply(OURS)), ACCOUNT)


@pytest.mark.parametrize("attribute", ["httponly", "Partitioned", "SameSite=None; Priority=High"])
def test_the_session_is_found_whatever_attributes_its_cookie_has(attribute):
    welcome = answer({}, set_cookie=f"TOKEN=t0ken; path=/; {attribute}; secure", x_csrf_token="c1")
    drive([Call("POST", LOGIN, welcome, {}, WHO), Call("GET", URL, answer([]), SESSION)], Client.read, ACCOUNT)


@pytest.mark.parametrize(("header", "seconds"), [({"retry_after": "7"}, 7), ({}, 45), ({"retry_after": "soon"}, 45)])
def test_a_limited_login_is_tried_once_more_after_the_time_that_is_asked_for(header, seconds):
    slept = []
    calls = [
        Call("POST", LOGIN, answer({}, 429, **header), {}, WHO),
        Call("POST", LOGIN, WELCOME, {}, WHO),
        Call("GET", URL, answer([]), SESSION),
    ]
    drive(calls, Client.read, ACCOUNT, slept.append)
    assert slept == [seconds]


def test_a_limited_request_is_made_once_more_too():
    slept = []
    drive([by_key("GET", {}, status=429, retry_after="7"), by_key("GET", [])], Client.read, sleep=slept.append)
    assert slept == [7]


LIMITED = Call("POST", LOGIN, answer({}, 429, retry_after="1"), {}, WHO)


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ([LIMITED, LIMITED], "too many requests or logins"),
        ([Call("POST", LOGIN, answer({}, 429, retry_after="3600"), {}, WHO)], "too many requests or logins"),
        (
            [Call("POST", LOGIN, answer({"code": "X", "message": "y"}, 403), {}, WHO)],
            "login of 'admin' was refused .*X y",
        ),
        ([Call("POST", LOGIN, answer({}, 499), {}, WHO)], r"refused \(HTTP 499\).*without a second factor"),
        ([Call("POST", LOGIN, answer("<html>", 502), {}, WHO)], r"the application failed \(HTTP 502\)"),
        ([Call("POST", LOGIN, answer("<html>"), {}, WHO)], "no session to a login"),
        (
            [Call("POST", LOGIN, WELCOME, {}, WHO), Call("GET", URL, answer({}, 401), SESSION)],
            r"the session ended \(HTTP 401\)",
        ),
    ],
)
def test_logins_that_fail_are_told_apart(calls, message):
    with pytest.raises(ClusterError, match=message):
        drive(calls, Client.read, ACCOUNT, lambda seconds: None)


def untrusted():
    error = ssl.SSLCertVerificationError()
    error.verify_message = "self-signed certificate"
    return urllib.error.URLError(error)


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (answer({"message": "x"}, 401), "API key is wrong or was revoked .*Integrations"),
        (answer({}, 403), r"the account may not do this.*\(HTTP 403\)"),
        (answer({"code": "api.err.BgpUnsupportedDevice"}, 404), "no gateway that can do BGP .*UDM Pro"),
        (answer({"meta": {"rc": "error", "msg": "api.err.NoSiteContext"}}, 404), "no site 'default'.*NoSiteContext"),
        (answer("<html>", 404), r"no site 'default'.*\(HTTP 404\)"),
        (answer({}, 429, retry_after="121"), "too many requests .*Wait a minute and run again$"),
        (answer({"message": "line 3: password hunter2"}, 400), r"refused \(HTTP 400: line 3: password \*+\)"),
        (answer([1], 500), "the application failed"),
        (answer("", 302, location="https://elsewhere"), "leads elsewhere .*https://elsewhere"),
        (answer("<html>"), "a page for browsers"),
        (answer(""), "something that is not JSON"),
        (answer({}), "not a list of configurations"),
        (answer([1]), "not a list of configurations"),
        (untrusted(), "certificate cannot be verified .*ca_path"),
        (urllib.error.URLError(ssl.SSLError(1, "wrong version number")), "not TLS as it should be"),
        (
            urllib.error.URLError(ConnectionRefusedError(111, "Connection refused")),
            "not reachable .*Connection refused",
        ),
        (TimeoutError("timed out"), "not reachable .*timed out"),
        (TimeoutError(), "not reachable .*TimeoutError"),
        (FileNotFoundError(2, "No such file"), "ca_path: this file cannot be read .No such file"),
        (IsADirectoryError(21, "Is a directory"), "ca_path: this file cannot be read .Is a directory"),
        (PermissionError(13, "Permission denied"), "ca_path: this file cannot be read .Permission denied"),
        (urllib.error.URLError(PermissionError(1, "Operation not permitted")), "not reachable"),
        (ssl.SSLError(1, "[X509: NO_CERTIFICATE_OR_CRL_FOUND] no certificate"), "ca_path: .*not a certificate"),
        (http.client.BadStatusLine("SSH-2.0"), "does not speak HTTP"),
    ],
)
def test_reasons_for_no_configuration_are_told_apart(outcome, message):
    with pytest.raises(ClusterError, match=message):
        drive([Call("GET", URL, outcome, {"X-API-KEY": "k3y"})], Client.read)


@pytest.mark.parametrize(
    ("url", "credentials", "message"),
    [
        ("192.0.2.1", KEY, "url: this is not the https address"),
        ("http://192.0.2.1", KEY, "url: this is not the https address"),
        ("https://", KEY, "url: this is not the https address"),
        ("https://[::1", KEY, "url: this is not the https address"),
        ("https://192.0.2.1:port", KEY, "url: this is not the https address"),
        ("https://admin:s3cret@192.0.2.1", KEY, "url: this is not the https address"),
        (CONSOLE, Credentials(api_key="s3cret\n"), r"api_key: .*\| trim"),
        (CONSOLE, Credentials(api_key="s3cr\u00e9t"), r"api_key: .*\| trim"),
    ],
)
def test_what_cannot_be_sent_safely_is_refused_before_anything_is_sent(url, credentials, message):
    with pytest.raises(ClusterError, match=message) as error:
        drive([], Client.read, credentials, url=url)
    assert "s3cr" not in str(error.value)


def test_a_configuration_is_shown_without_its_passwords():
    assert "password ********\n" in OURS.as_dict()["text"]
    assert OURS.as_text() == (
        "enabled: true\ndescription: ours\nfile_name: a.conf\n\n"
        "! Managed by homeops.cluster for cluster home.\nrouter bgp 65000\n neighbor CLUSTER-home password ********\n"
        "! End of homeops.cluster for cluster home.\n"
    )
