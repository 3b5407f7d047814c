# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Sealing as the Sealed Secrets controller undoes it. Needs the controller's certificate, no cluster."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import os
import struct
import traceback
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    CRYPTOGRAPHY_IMPORT_ERROR: t.Optional[str] = traceback.format_exc()
else:
    CRYPTOGRAPHY_IMPORT_ERROR = None

SESSION_KEY_BYTES = 32
# Each value has a session key of its own, which is used once: one nonce will do, and the controller expects this one.
NONCE = bytes(12)


@dataclasses.dataclass(frozen=True)
class Certificate:
    """What the controller publishes at /v1/cert.pem. It is no secret."""

    fingerprint: str
    expires: datetime.datetime
    public_key: rsa.RSAPublicKey = dataclasses.field(repr=False)

    def expired(self, now: datetime.datetime) -> bool:
        return now > self.expires


def load_certificate(pem: bytes, where: str) -> Certificate:
    """The first certificate of C(pem), as kubeseal takes it. Raises ClusterError."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        public_key = certificate.public_key()
    except ValueError as error:
        raise ClusterError(
            Problem(where, "is not a certificate in PEM form", "Get it with kubeseal --fetch-cert, or give controller")
        ) from error
    except UnsupportedAlgorithm:
        public_key = None
    if not isinstance(public_key, rsa.RSAPublicKey):
        raise ClusterError(
            Problem(
                where, "is not a certificate of an RSA key", "Give the certificate of the Sealed Secrets controller"
            )
        )
    return Certificate(
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex()[:32],
        expires=certificate.not_valid_after_utc,
        public_key=public_key,
    )


def seal(certificate: Certificate, label: bytes, value: bytes) -> str:
    """Only who has the private key can open it, and only under the same label."""
    session_key = os.urandom(SESSION_KEY_BYTES)
    wrapped = certificate.public_key.encrypt(
        session_key, padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=label)
    )
    sealed = struct.pack(">H", len(wrapped)) + wrapped + AESGCM(session_key).encrypt(NONCE, value, None)
    return base64.b64encode(sealed).decode("ascii")
