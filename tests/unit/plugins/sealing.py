# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Sealed Secrets controller's key pair, and unsealing as the controller does it."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NOW = datetime.datetime.now(datetime.timezone.utc)


@dataclasses.dataclass(frozen=True)
class ControllerKey:
    private_key: rsa.RSAPrivateKey
    certificate: str

    @classmethod
    def new(cls, days: int = 3650, private_key=None) -> ControllerKey:
        """Like the controller's own; of negative days it has expired."""
        private_key = private_key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(x509.Name([]))
            .public_key(private_key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(days=4000))
            .not_valid_after(NOW + datetime.timedelta(days=days))
            .sign(private_key, hashes.SHA256())
        )
        return cls(private_key, certificate.public_bytes(serialization.Encoding.PEM).decode())

    def pem(self) -> bytes:
        return self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )

    def unseal(self, ciphertext: str, label: bytes) -> bytes:
        data = base64.b64decode(ciphertext, validate=True)
        (length,) = struct.unpack(">H", data[:2])
        session_key = self.private_key.decrypt(
            data[2 : 2 + length],
            padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=label),
        )
        return AESGCM(session_key).decrypt(bytes(12), data[2 + length :], None)
