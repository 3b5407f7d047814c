# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sealing with a certificate: which one is taken, and what is made with it."""

from __future__ import annotations

import json
import ssl

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError
from ansible_collections.homeops.cluster.plugins.module_utils._sealed_secret_certificate import (
    advice,
    choose,
    refuse_expired,
)
from ansible_collections.homeops.cluster.plugins.module_utils._sealed_secret_controller import ClusterController
from ansible_collections.homeops.cluster.plugins.module_utils._sealed_secret_crypto import load_certificate, seal
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from sealing import NOW, ControllerKey

CURRENT, NEXT, EXPIRED, SOON = (ControllerKey.new(days) for days in (3650, 3650, -1, 10))
CERTIFICATE = load_certificate(CURRENT.certificate.encode(), "x")


@settings(max_examples=40, deadline=None)
@given(value=st.binary(max_size=500), label=st.text(max_size=50))
def test_what_is_sealed_is_opened_under_its_label_only(value, label):
    sealed = seal(CERTIFICATE, label.encode("utf-8", "surrogatepass"), value)
    assert CURRENT.unseal(sealed, label.encode("utf-8", "surrogatepass")) == value
    with pytest.raises((ValueError, InvalidTag)):
        CURRENT.unseal(sealed, b"another" + label.encode("utf-8", "surrogatepass"))
    assert seal(CERTIFICATE, label.encode("utf-8", "surrogatepass"), value) != sealed


def with_an_unknown_key(pem):
    """The same certificate for a kind of key that nobody knows."""
    der = ssl.PEM_cert_to_DER_cert(pem)
    rsa_encryption = bytes.fromhex("06092a864886f70d010101")
    return ssl.DER_cert_to_PEM_cert(der.replace(rsa_encryption, rsa_encryption[:-1] + b"\x63"))


@pytest.mark.parametrize(
    ("pem", "message"),
    [
        (b"", "is not a certificate in PEM form"),
        (b"planted", "is not a certificate in PEM form"),
        (CURRENT.certificate.encode()[:-60], "is not a certificate in PEM form"),
        (CURRENT.pem(), "is not a certificate in PEM form"),
        (
            ControllerKey.new(private_key=ec.generate_private_key(ec.SECP256R1())).certificate.encode(),
            "is not a certificate of an RSA key",
        ),
        (with_an_unknown_key(CURRENT.certificate).encode(), "is not a certificate of an RSA key"),
    ],
    ids=["empty", "text", "cut off", "private key", "elliptic curve", "unknown key"],
)
def test_what_is_no_certificate(pem, message):
    with pytest.raises(ClusterError, match=f"x: {message}"):
        load_certificate(pem, "x")


class FakeController:
    def __init__(self, certificate):
        self._certificate, self.asked = certificate, 0

    def certificate(self):
        self.asked += 1
        return self._certificate.encode()


def chosen(text=None, path="cert.pem", kept=None, controller=None, refresh=False):
    return choose(text=text, path=path, kept=kept, controller=controller, refresh=refresh, now=NOW)


def fingerprint(key):
    return load_certificate(key.certificate.encode(), "x").fingerprint


@pytest.mark.parametrize(
    ("arguments", "asked", "source", "key", "written"),
    [
        ({"text": CURRENT.certificate}, 0, "content", CURRENT, False),
        ({"kept": CURRENT.certificate}, 0, "file", CURRENT, False),
        ({"kept": CURRENT.certificate, "controller": NEXT}, 0, "file", CURRENT, False),
        ({"kept": None, "controller": NEXT}, 1, "cluster", NEXT, True),
        ({"kept": EXPIRED.certificate, "controller": NEXT}, 1, "cluster", NEXT, True),
        ({"kept": CURRENT.certificate, "controller": NEXT, "refresh": True}, 1, "cluster", NEXT, True),
        ({"kept": CURRENT.certificate, "controller": CURRENT, "refresh": True}, 1, "cluster", CURRENT, False),
        ({"kept": "damaged", "controller": NEXT, "refresh": True}, 1, "cluster", NEXT, True),
        ({"kept": None, "path": None, "controller": NEXT}, 1, "cluster", NEXT, False),
        ({"kept": EXPIRED.certificate}, 0, "file", EXPIRED, False),
    ],
)
def test_the_cluster_is_asked_only_if_it_must_be(arguments, asked, source, key, written):
    controller = FakeController(arguments["controller"].certificate) if "controller" in arguments else None
    choice = chosen(**{**arguments, "controller": controller})
    assert (choice.source, choice.certificate.fingerprint) == (source, fingerprint(key))
    assert choice.content == (key.certificate if written else None)
    assert (controller.asked if controller else 0) == asked


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": "cert.pem"}, "cert.pem: there is no such certificate"),
        ({"path": None}, "certificate: is missing"),
        ({"kept": "damaged"}, "cert.pem: is not a certificate"),
        ({"text": "damaged"}, "certificate_content: is not a certificate"),
    ],
)
def test_no_certificate(arguments, message):
    with pytest.raises(ClusterError, match=message):
        chosen(**arguments)


def test_an_expired_certificate():
    expired = load_certificate(EXPIRED.certificate.encode(), "x")
    with pytest.raises(
        ClusterError, match=r"expired on 2\d\d\d-\d\d-\d\d, and there are values to seal.*allow_expired"
    ):
        refuse_expired(expired, NOW)
    refuse_expired(CERTIFICATE, NOW)
    assert [text.split(" ")[3] for text in advice(expired, NOW)] == ["expired"]
    assert [text.split(" ")[3] for text in advice(load_certificate(SOON.certificate.encode(), "x"), NOW)] == ["expires"]
    assert list(advice(CERTIFICATE, NOW)) == []


class FakeCluster:
    """Whoever may use kubeseal may read this Service and ask it, and no more: no list of Services."""

    def __init__(self, service, answers):
        self.answers = answers
        answers["/api/v1/namespaces/ns/services/ssc"] = json.dumps(service).encode() if service else None

    def fetch(self, path):
        return self.answers.pop(path)


@pytest.mark.parametrize(("ports", "port"), [([{"name": "http", "port": 8080}], "http"), ([{"port": 8080}], "")])
def test_the_controller_is_asked_as_kubeseal_asks(ports, port):
    answers = {f"/api/v1/namespaces/ns/services/http:ssc:{port}/proxy/v1/cert.pem": b"pem"}
    cluster = FakeCluster({"spec": {"ports": ports}}, answers)
    assert ClusterController(lambda: cluster, "ssc", "ns").certificate() == b"pem"
    assert answers == {}


@pytest.mark.parametrize(
    ("service", "message"),
    [(None, "service ssc in namespace ns: there is none"), ({"spec": {}}, "has no /v1/cert.pem")],
)
def test_no_controller(service, message):
    cluster = FakeCluster(service, {"/api/v1/namespaces/ns/services/http:ssc:/proxy/v1/cert.pem": None})
    with pytest.raises(ClusterError, match=message):
        ClusterController(lambda: cluster, "ssc", "ns").certificate()
