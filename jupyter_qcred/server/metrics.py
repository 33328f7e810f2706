"""Figures for Prometheus, on the server's own ``/metrics``.

What is counted comes from the audit events, what is measured from the requests to the issuer, and
what stands now is read when somebody asks. No part of the service counts by itself, so that the
figures and the audit cannot differ.

Labels are names of profiles and detectors and words of our own. Whatever else a kernel may claim is
``other``: a metric must neither grow without bound nor repeat what a kernel says.
"""

from __future__ import annotations

import functools
from collections import Counter as Count
from contextlib import suppress
from math import isfinite
from typing import TYPE_CHECKING, Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from jupyter_qcred.audit.events import (
    Alert,
    Allowed,
    Delivered,
    Denied,
    Issued,
    Redacted,
    Renewed,
    Revoked,
)
from jupyter_qcred.detect import Detectors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

    from jupyter_qcred.audit.events import AuditEvent
    from jupyter_qcred.core.errors import QcredError
    from jupyter_qcred.deliver.parts import Parts
    from jupyter_qcred.deliver.service import CredentialService

OTHER: Final = "other"

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics(Collector):
    """The figures of one server. Safe to call from any thread."""

    def __init__(self, service: CredentialService) -> None:
        self._service = service
        self._issued_names: set[str] = set()
        self._own = CollectorRegistry()
        counter = functools.partial(Counter, registry=self._own)
        self._issued = counter(
            "qcred_issued", "Tokens and credentials that were issued.", ("what", "credential")
        )
        self._delivered = counter(
            "qcred_delivered", "Credentials that a kernel acknowledged.", ("credential",)
        )
        self._renewed = counter(
            "qcred_renewed",
            "Credentials whose life was extended, or whose value was replaced.",
            ("credential", "replaced"),
        )
        self._revoked = counter(
            "qcred_revoked",
            "Revocations that were answered, or that time made needless.",
            ("what", "credential", "outcome"),
        )
        self._denied = counter(
            "qcred_denied", "Requests of kernels that were refused.", ("credential", "reason")
        )
        self._redacted = counter(
            "qcred_redactions", "Values that were replaced by a placeholder.", ("rule", "where")
        )
        self._allowed = counter(
            "qcred_allowed", "Texts that were left because an allow list says so.", ("rule",)
        )
        self._alerts = counter("qcred_alerts", "What somebody should look at.", ("kind", "what"))
        self._requests = Histogram(
            "qcred_issuer_request_seconds",
            "How long requests to the issuer took, whatever came of them.",
            ("operation",),
            buckets=_BUCKETS,
            registry=self._own,
        )
        self._errors = counter(
            "qcred_issuer_errors", "Requests to the issuer that failed.", ("operation", "code")
        )

    # -- counting ------------------------------------------------------------------------------

    def event(self, event: AuditEvent) -> None:
        """Count an audit event."""
        match event:
            case Issued():
                if event.credential:
                    self._issued_names.add(event.credential)  # by us, so it is a profile's
                self._issued.labels(event.what, self._name(event.credential)).inc()
            case Delivered():
                self._delivered.labels(self._name(event.credential)).inc()
            case Renewed():
                replaced = "true" if event.replaced else "false"
                self._renewed.labels(self._name(event.credential), replaced).inc()
            case Revoked():
                name = self._name(event.credential)
                self._revoked.labels(event.what, name, event.outcome).inc()
            case Denied():
                self._denied.labels(self._name(event.credential), event.reason).inc()
            case Redacted():
                where = "save" if event.where == "save" else "output"
                self._redacted.labels(self._name(event.credential), where).inc(event.count)
            case Allowed():
                self._allowed.labels(self._name(event.rule)).inc()
            case Alert():
                self._alerts.labels(event.kind, event.what).inc()

    def request(self, operation: str, seconds: float, error: QcredError | None) -> None:
        """Count a request to the issuer."""
        self._requests.labels(operation).observe(seconds)
        if error is not None:
            self._errors.labels(operation, error.code).inc()

    def _name(self, name: str) -> str:
        if not name or name in self._issued_names or name in _detectors():
            return name
        parts = self._service.made_parts
        return name if parts is not None and name in parts.catalogue.names() else OTHER

    # -- telling -------------------------------------------------------------------------------

    def collect(self) -> Iterator[Metric]:
        """Return all figures, as Prometheus asks for them."""
        for metric in self._own.collect():
            # When a series began is of no use where the process's start is known.
            metric.samples = [one for one in metric.samples if not one.name.endswith("_created")]
            yield metric
        yield from self._standing()

    def _standing(self) -> Iterator[Metric]:
        """Read what other threads change at this moment: whole objects, and nothing twice."""
        sessions = self._service.sessions()
        yield _gauge("qcred_kernels", "Kernels with a channel to this server.", len(sessions))
        held = Count(
            self._name(entry.lease.credential)
            for session in sessions
            for entry in session.desk.holdings.entries()
        )
        credentials = GaugeMetricFamily(
            "qcred_credentials_held", "Credentials in kernels now.", labels=["credential"]
        )
        for name, number in held.items():
            credentials.add_metric([name], number)
        yield credentials
        parts = self._service.made_parts
        if parts is not None:
            yield from _of_parts(parts, self._service.clock.now())


def _of_parts(parts: Parts, now: float) -> Iterator[Metric]:
    yield _gauge(
        "qcred_revocations_outstanding",
        "Revocations that are owed and not answered for.",
        parts.revoker.outstanding,
    )
    yield _gauge(
        "qcred_audit_events_lost", "Audit events that a sink did not take.", parts.audit.dropped
    )
    if not parts.supply.contacted:
        return
    up = parts.guard.whole.outage() is None
    yield _gauge("qcred_issuer_up", "1 while the issuer answers, 0 while it does not.", int(up))
    token = parts.server_token
    if token.intent is not None and isfinite(token.expires_at):
        yield _gauge(
            "qcred_server_token_expires_seconds",
            "Seconds until the server token dies, and all below it, unless it is renewed.",
            max(0.0, token.expires_at - now),
        )


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)


@functools.cache
def _detectors() -> frozenset[str]:
    return frozenset(detector.id for detector in Detectors.builtin().all)


_registered: list[Metrics] = []


def publish(metrics: Metrics) -> None:
    """Put the figures on ``/metrics`` of this process, in place of those of an earlier server."""
    for former in _registered:
        with suppress(KeyError):
            REGISTRY.unregister(former)
    _registered[:] = [metrics]
    REGISTRY.register(metrics)
