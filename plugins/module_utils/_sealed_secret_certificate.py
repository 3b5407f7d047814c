# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The certificate to seal with: from a text, from a file, or from the cluster and then kept in that file."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError, Problem
from ansible_collections.homeops.cluster.plugins.module_utils._sealed_secret_crypto import Certificate, load_certificate

NOTICE = datetime.timedelta(days=30)  # the controller makes a new key as often


class Controller(t.Protocol):
    """The Sealed Secrets controller in the cluster; tests hand in a fake."""

    def certificate(self) -> bytes:
        """What it publishes. Raises ClusterError."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """C(content) is to be written to the file it is kept in, if it is given."""

    certificate: Certificate
    source: str
    content: t.Optional[str] = None


def choose(
    *,
    text: t.Optional[str],
    path: t.Optional[str],
    kept: t.Optional[str],
    controller: t.Optional[Controller],
    refresh: bool,
    now: datetime.datetime,
) -> Choice:
    """C(kept) is what the file holds. The cluster is asked only for what the file cannot give. Raises ClusterError."""
    if text:
        return Choice(load_certificate(text.encode("utf-8"), "certificate_content"), "content")
    if kept is not None and not (controller and refresh):
        found = load_certificate(kept.encode("utf-8"), path or "certificate")
        if not controller or not found.expired(now):
            return Choice(found, "file")
    if not controller:
        if path:
            problem = Problem(
                path, "there is no such certificate", "Get it with kubeseal --fetch-cert, or give controller"
            )
        else:
            problem = Problem("certificate", "is missing", "Give certificate, certificate_content or controller")
        raise ClusterError(problem)
    content = controller.certificate()
    certificate = load_certificate(content, "the certificate of the Sealed Secrets controller")
    fetched = content.decode("ascii", errors="replace")
    return Choice(certificate, "cluster", fetched if path and fetched != kept else None)


def refuse_expired(certificate: Certificate, now: datetime.datetime) -> None:
    """Its private key may be gone, and the values with it. Raises ClusterError."""
    if certificate.expired(now):
        raise ClusterError(
            Problem(
                "certificate",
                f"{certificate.fingerprint} expired on {certificate.expires:%Y-%m-%d}, and there are values to seal",
                "Get the current one (refresh with controller, or kubeseal --fetch-cert),"
                " or say allow_expired: true if the controller still has its private key",
            )
        )


def advice(certificate: Certificate, now: datetime.datetime) -> t.Iterator[str]:
    """What is worth a warning."""
    day = f"{certificate.expires:%Y-%m-%d}"
    if certificate.expired(now):
        yield f"The certificate {certificate.fingerprint} expired on {day}."
    elif certificate.expires - now < NOTICE:
        yield f"The certificate {certificate.fingerprint} expires on {day}. Get the next one in time."
