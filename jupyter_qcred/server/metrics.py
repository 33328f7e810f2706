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
from dataclasses import dataclass
from itertools import product
from math import isfinite
from typing import TYPE_CHECKING, Final, Literal, get_args

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from jupyter_qcred.audit.events import (
    Alert,
    AlertKind,
    Allowed,
    Delivered,
    Denied,
    Issued,
    Redacted,
    Renewed,
    Revoked,
    Stored,
    What,
)
from jupyter_qcred.detect import Detectors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client import Metric

    from jupyter_qcred.audit.events import AuditEvent
    from jupyter_qcred.core.errors import QcredError
    from jupyter_qcred.deliver.parts import Parts
    from jupyter_qcred.deliver.service import CredentialService

OTHER: Final = "other"

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Figure:
    """What one figure is.

    Attributes:
        words: one sentence, for Prometheus and the reference.
        labels: names of its labels.
        kind: of Prometheus.
    """

    words: str
    labels: tuple[str, ...] = ()
    kind: Literal["counter", "gauge", "histogram"] = "counter"


FIGURES: Final[Mapping[str, Figure]] = {
    "qcred_issued_total": Figure("Tokens and credentials issued.", ("what", "credential")),
    "qcred_delivered_total": Figure(
        "Credentials that a kernel acknowledged, a replaced value again.", ("credential",)
    ),
    "qcred_renewed_total": Figure(
        "Credentials whose life was extended, or whose value was replaced.",
        ("credential", "replaced"),
    ),
    "qcred_revoked_total": Figure(
        "Revocations that were answered, or that time made needless.",
        ("what", "credential", "outcome"),
    ),
    "qcred_denied_total": Figure(
        "Requests of kernels that were refused, by the error's code.", ("credential", "reason")
    ),
    "qcred_redactions_total": Figure(
        "Values that were replaced by a placeholder, in saves and in outputs.", ("rule", "where")
    ),
    "qcred_allowed_total": Figure(
        "Texts that were left as they are because an allow list says so.", ("rule",)
    ),
    "qcred_stored_total": Figure(
        "Keys that browsers put into the store through this server.", ("credential", "change")
    ),
    "qcred_alerts_total": Figure("What somebody should look at.", ("kind", "what")),
    "qcred_issuer_request_seconds": Figure(
        "How long requests to the issuer took, whatever came of them.",
        ("operation",),
        "histogram",
    ),
    "qcred_issuer_errors_total": Figure(
        "Requests to the issuer that failed, by the error's code.", ("operation", "code")
    ),
    "qcred_issuer_up": Figure(
        "1 while the issuer answers, 0 while it does not; missing before the first request.",
        kind="gauge",
    ),
    "qcred_kernels": Figure("Kernels with a channel to this server.", kind="gauge"),
    "qcred_credentials_held": Figure("Credentials in kernels now.", ("credential",), "gauge"),
    "qcred_revocations_outstanding": Figure(
        "Revocations that are owed and not answered for.", kind="gauge"
    ),
    "qcred_server_token_expires_seconds": Figure(
        "Seconds until the server token dies, and all below it, unless it is renewed.",
        kind="gauge",
    ),
    "qcred_audit_events_lost": Figure("Audit events that a sink did not take.", kind="gauge"),
}
"""All figures, by the name that Prometheus knows."""


class Metrics(Collector):
    """The figures of one server. Safe to call from any thread."""

    def __init__(self, service: CredentialService) -> None:
        self._service = service
        self._names: set[str] = set()
        self._own = CollectorRegistry()
        self._counters = {
            name: Counter(name, figure.words, figure.labels, registry=self._own)
            for name, figure in FIGURES.items()
            if figure.kind == "counter"
        }
        # From the beginning: nobody is alerted to the first increase of what was not there.
        for kind, what in product(get_args(AlertKind), get_args(What)):
            self._counters["qcred_alerts_total"].labels(kind, what)
        self._requests = Histogram(
            name := "qcred_issuer_request_seconds",
            FIGURES[name].words,
            FIGURES[name].labels,
            buckets=_BUCKETS,
            registry=self._own,
        )

    # -- counting ------------------------------------------------------------------------------

    def event(self, event: AuditEvent) -> None:
        """Count an audit event."""
        match event:
            case Issued():
                self._names.add(event.credential)  # which we issued, so that it is a profile's
                self._count("issued", event.what, event.credential)
            case Delivered():
                self._count("delivered", self._name(event.credential))
            case Renewed():
                replaced = "true" if event.replaced else "false"
                self._count("renewed", self._name(event.credential), replaced)
            case Revoked():
                self._count("revoked", event.what, self._name(event.credential), event.outcome)
            case Denied():
                self._count("denied", self._name(event.credential), event.reason)
            case Redacted():
                where = "save" if event.where == "save" else "output"
                self._count("redactions", self._name(event.credential), where, by=event.count)
            case Allowed():
                self._count("allowed", self._name(event.rule))
            case Stored():
                self._count("stored", self._name(event.credential), event.change)
            case Alert():
                self._count("alerts", event.kind, event.what)

    def request(self, operation: str, seconds: float, error: QcredError | None) -> None:
        """Count a request to the issuer."""
        self._requests.labels(operation).observe(seconds)
        if error is not None:
            self._count("issuer_errors", operation, error.code)

    def _count(self, what: str, *labels: str, by: int = 1) -> None:
        self._counters[f"qcred_{what}_total"].labels(*labels).inc(by)

    def _name(self, name: str) -> str:
        if not name or name in self._names or name in _detectors():
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
        yield _gauge("qcred_kernels", len(sessions))
        held = Count(
            self._name(entry.lease.credential)
            for session in sessions
            for entry in session.desk.holdings.entries()
        )
        credentials = _gauge("qcred_credentials_held")
        for name, number in held.items():
            credentials.add_metric([name], number)
        yield credentials
        parts = self._service.made_parts
        if parts is not None:
            yield from _of_parts(parts, self._service.clock.now())


def _of_parts(parts: Parts, now: float) -> Iterator[Metric]:
    yield _gauge("qcred_revocations_outstanding", parts.revoker.outstanding)
    yield _gauge("qcred_audit_events_lost", parts.audit.dropped)
    if not parts.supply.contacted:
        return
    yield _gauge("qcred_issuer_up", int(parts.guard.whole.outage() is None))
    token = parts.server_token
    if token.intent is not None and isfinite(token.expires_at):
        left = max(0.0, token.expires_at - now)
        yield _gauge("qcred_server_token_expires_seconds", left)


def _gauge(name: str, value: float | None = None) -> GaugeMetricFamily:
    figure = FIGURES[name]
    return GaugeMetricFamily(name, figure.words, value=value, labels=figure.labels or None)


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
