"""Figures for Prometheus: they are those of the audit, and no label grows without bound."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import nbformat
import pytest
import requests
import yaml
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from support import deployment
from support.api import Api
from support.command import command
from support.deployment import CANARY, KEY, LIVE, PROFILES, audit
from support.jupyter import JupyterServer
from support.leases import ONCE, ONCE_PROFILE, provide_once
from support.openbao import OpenBao, wait_until
from support.processes import processes_naming, stop_all
from support.sweep import texts_with

from jupyter_qcred.audit.events import AlertKind, Denied, Issued, Redacted, Revoked, What
from jupyter_qcred.core.errors import IssuerSealedError
from jupyter_qcred.deliver.service import CredentialService
from jupyter_qcred.server.metrics import FIGURES, OTHER, Metrics, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOUND = "hvs.CAESIJ1kQ0mV7yWbX3rT9pLz2uNfHd8sKcE4aGxYoRtBvMqPGh4KHGh2cy5KbWlXc0ZtU2dQ"
REFUSED = "not-for-you"

Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """Return what a sample is found by."""
    return name, frozenset(labels.items())


LABELS: dict[str, Callable[[dict[str, Any]], dict[str, str]]] = {
    "issued": lambda e: {"what": e["what"], "credential": e["credential"]},
    "delivered": lambda e: {"credential": e["credential"]},
    "renewed": lambda e: {
        "credential": e["credential"], "replaced": "true" if e["replaced"] else "false",
    },
    "revoked": lambda e: {
        "what": e["what"], "credential": e["credential"], "outcome": e["outcome"],
    },
    "denied": lambda e: {"credential": e["credential"], "reason": e["reason"]},
    "redacted": lambda e: {
        "rule": e["credential"], "where": "save" if e["where"] == "save" else "output",
    },
    "allowed": lambda e: {"rule": e["rule"]},
    "alert": lambda e: {"kind": e["kind"], "what": e["what"]},
    "stored": lambda e: {"credential": e["credential"], "change": e["change"]},
}  # fmt: skip
"""How each kind of event is counted, written a second time."""

WORDS = {*get_args(AlertKind), *get_args(What), "save", "output", "issue"}
"""What labels of our own can hold."""

NAMES = {"redacted": "qcred_redactions_total", "alert": "qcred_alerts_total"}


def recount(events: list[dict[str, Any]]) -> Figures:
    """Count the audit anew."""
    figures: Counter[Any] = Counter()
    for event in events:
        kind = event["__schema__"].split("/")[-2]
        name = NAMES.get(kind, f"qcred_{kind}_total")
        number = event["count"] if kind == "redacted" else 1
        figures[key(name, **LABELS[kind](event))] += number
    return {sample: number for sample, number in figures.items() if number}


def scraped(server: JupyterServer) -> str:
    """Return what Prometheus would get."""
    answer = requests.get(
        f"{server.url}metrics", headers={"Authorization": server.authorization}, timeout=30
    )
    assert answer.status_code == 200
    return answer.text


def samples(text: str) -> Figures:
    """Return our samples by name and labels."""
    return {
        key(sample.name, **sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("qcred_")
    }


def counted(text: str) -> Figures:
    """Return those that count events."""
    return {
        sample: number
        for sample, number in samples(text).items()
        if number and sample[0].endswith("_total") and sample[0] != "qcred_issuer_errors_total"
    }


@pytest.fixture
def server(fresh_openbao: OpenBao, tmp_path: Path) -> Iterator[JupyterServer]:
    provide_once(fresh_openbao)
    refused = {"vendor": "ionq", "source": "kv2:elsewhere/key", "deliver": "use"}
    made = deployment.server(
        fresh_openbao, tmp_path / "home", PROFILES | {ONCE: ONCE_PROFILE, REFUSED: refused}
    )
    try:
        yield made.start()
    finally:
        made.close()


def test_the_figures_are_those_of_the_audit(server: JupyterServer, fresh_openbao: OpenBao) -> None:
    """After issues, renewals, refusals, redactions, revocations, an outage and a kernel's end."""
    api = Api(server)
    assert counted(scraped(server)) == {}
    kernel, other = (server.open_notebook(name) for name in ("a.ipynb", "b.ipynb"))
    use = f"import jupyter_qcred as qcred; held = [qcred.get(n) for n in {[KEY, LIVE, ONCE]}]"
    assert kernel.execute(use).ok
    assert other.execute(use).ok
    assert "NotEntitledError" in kernel.execute(f"qcred.get('{REFUSED}')").text
    assert "UnknownCredentialError" in kernel.execute("qcred.get('nobody-knows-it')").text
    kernel.execute("print(held[0].reveal()); held[0].reveal()")
    source = f"a = '{CANARY}'\nb = '{FOUND}'"
    server.save("a.ipynb", nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]))
    for lease in api.get("leases", kernel=kernel.id)["leases"]:
        api.post(f"leases/{lease['lease_id']}/renew")
    fresh_openbao.stop()
    api.post("revoke", {"credential": ONCE}, status=202)
    wait_until("the outage shows", lambda: gauge(server, "qcred_issuer_up") == 0, 60)
    assert gauge(server, "qcred_revocations_outstanding") >= 2
    fresh_openbao.start()
    other.delete()
    wait_until("one kernel is left", lambda: gauge(server, "qcred_kernels") == 1, 60)
    wait_until("all is settled", lambda: gauge(server, "qcred_revocations_outstanding") == 0, 90)

    def expected() -> Figures:
        figures = recount(audit(server.home))
        # Asked from a kernel's code, and so not a label.
        reason = {"reason": "unknown_credential"}
        asked = figures.pop(key("qcred_denied_total", credential="nobody-knows-it", **reason))
        return figures | {key("qcred_denied_total", credential=OTHER, **reason): asked}

    def agreed() -> str:
        text = scraped(server)
        return text if counted(text) == expected() else ""

    # What happens between the two looks would be a difference of theirs: then both look again.
    text = wait_until("the figures are those of the audit", agreed, 60)
    figures = counted(text)
    assert {name for name, _ in figures} >= {
        "qcred_issued_total", "qcred_delivered_total", "qcred_renewed_total",
        "qcred_revoked_total", "qcred_denied_total", "qcred_redactions_total",
    }  # fmt: skip
    assert gauge(server, "qcred_credentials_held", credential=KEY) == 1
    assert 0 < gauge(server, "qcred_server_token_expires_seconds") <= 600
    assert gauge(server, "qcred_audit_events_lost") == 0
    assert gauge(server, "qcred_issuer_up") == 1
    assert errors(text, "issuer_unreachable") >= 3
    issued = sum(n for (_, labels), n in figures.items() if ("what", "credential") in labels)
    assert gauge(server, "qcred_issuer_request_seconds_count", operation="issue") >= 6
    assert issued >= 6
    assert texts_with(CANARY, [text]) == []


def test_keys_that_browsers_store_are_counted(tmp_path: Path) -> None:
    """As the audit has them; what a command stores meanwhile is in the audit alone."""
    server = JupyterServer(tmp_path / "home")
    try:
        api = Api(server.start())
        api.put("credentials/ionq", {"value": CANARY})
        api.put("credentials/ionq", {"value": CANARY[::-1], "replace": True})
        assert command(server, "put", "iqm", given=CANARY).returncode == 0
        stored = [event for event in audit(server.home) if "/stored/" in event["__schema__"]]
        assert {event["by"] for event in stored} == {"browser", "put"}
        figures = counted(scraped(server))
        assert recount([event for event in stored if event["by"] == "browser"]) == {
            sample: number
            for sample, number in figures.items()
            if sample[0] == "qcred_stored_total"
        }
        assert figures[key("qcred_stored_total", credential="ionq", change="replaced")] == 1
    finally:
        server.close()
        stop_all(processes_naming(tmp_path))


def gauge(server: JupyterServer, name: str, **labels: str) -> float:
    return samples(scraped(server))[key(name, **labels)]


def errors(text: str, code: str) -> float:
    """Return how many requests to the issuer failed in one way."""
    return sum(
        number
        for (name, labels), number in samples(text).items()
        if name == "qcred_issuer_errors_total" and ("code", code) in labels
    )


def test_figures_are_for_those_who_may_see_the_server_s_own(server: JupyterServer) -> None:
    """They stand on Jupyter's own page, with its own rules."""
    assert requests.get(f"{server.url}metrics", timeout=30).status_code == 403
    assert "http_request_duration_seconds" in scraped(server)


@pytest.fixture
def metrics(tmp_path: Path) -> Metrics:
    return Metrics(CredentialService(audit_file="", journal_directory=str(tmp_path)))


def told(metrics: Metrics) -> Figures:
    return {
        key(sample.name, **sample.labels): sample.value
        for family in metrics.collect()
        for sample in family.samples
    }


def about(**fields: Any) -> dict[str, Any]:
    return {"user": "alice", "server": "s", **fields}


def test_a_kernel_cannot_make_labels(metrics: Metrics) -> None:
    """Whatever it asks for or says that it redacted, a thousand names are one figure."""
    metrics.event(Issued(**about(credential=KEY, what="credential", issuer="bao")))
    for number in range(1000):
        metrics.event(Denied(**about(credential=f"{CANARY}-{number}", reason="not_entitled")))
        metrics.event(
            Redacted(**about(credential=f"{CANARY}-{number}", where=f"x{number}", count=2))
        )
    metrics.event(Redacted(**about(credential=KEY, where="save", count=1)))
    metrics.event(Redacted(**about(credential="vault-token", where="stream", count=3)))
    figures = told(metrics)
    reason = {"reason": "not_entitled"}
    assert figures[key("qcred_denied_total", credential=OTHER, **reason)] == 1000
    assert figures[key("qcred_redactions_total", rule=OTHER, where="output")] == 2000
    assert figures[key("qcred_redactions_total", rule=KEY, where="save")] == 1
    assert figures[key("qcred_redactions_total", rule="vault-token", where="output")] == 3
    assert len(figures) < 30
    assert CANARY not in str(figures)


def test_requests_to_the_issuer_are_measured(metrics: Metrics) -> None:
    """How many, how long, and how they failed, by what they were for."""
    metrics.request("issue", 0.02, None)
    metrics.request("issue", 0.04, IssuerSealedError("sealed"))
    figures = told(metrics)
    name = "qcred_issuer_request_seconds"
    assert figures[key(f"{name}_count", operation="issue")] == 2
    assert figures[key(f"{name}_sum", operation="issue")] == pytest.approx(0.06)
    assert figures[key(f"{name}_bucket", operation="issue", le="0.025")] == 1
    assert figures[key("qcred_issuer_errors_total", operation="issue", code="issuer_sealed")] == 1


def test_a_second_server_in_the_process_takes_the_place_of_the_first(
    metrics: Metrics, tmp_path: Path
) -> None:
    """As in a test suite: no figure stands there twice."""
    second = Metrics(CredentialService(audit_file="", journal_directory=str(tmp_path)))
    publish(metrics)
    publish(second)
    publish(second)
    try:
        metrics.event(Revoked(**about(what="session token", outcome="confirmed", issuer="bao")))
        labels = {"what": "session token", "credential": "", "outcome": "confirmed"}
        assert REGISTRY.get_sample_value("qcred_revoked_total", labels) is None
        second.event(Revoked(**about(what="session token", outcome="confirmed", issuer="bao")))
        assert REGISTRY.get_sample_value("qcred_revoked_total", labels) == 1
    finally:
        REGISTRY.unregister(second)


RULES = Path(__file__).parents[2] / "docs" / "how-to" / "examples" / "alerts.yaml"


def test_the_shipped_rules_speak_of_figures_that_there_are() -> None:
    """Each expression names a figure and labels of it, with words that occur."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    expressions = [rule["expr"] for group in groups for rule in group["rules"]]
    assert len(expressions) >= 6
    for expression in expressions:
        (found,) = re.findall(r"\b(qcred_\w+)(?:\{([^}]*)\})?", expression)
        name, selectors = found
        figure = FIGURES[re.sub(r"_(bucket|count|sum)$", "", name)]
        labels = dict(one.split("=") for one in selectors.split(",") if one)
        assert labels.keys() <= set(figure.labels), expression
        for word in labels.values():
            assert word.strip('"') in WORDS, expression
