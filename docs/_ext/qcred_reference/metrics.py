"""Every figure on `/metrics`."""

from __future__ import annotations

from typing import Final

from jupyter_qcred.server.metrics import FIGURES, OTHER
from qcred_reference import markdown
from qcred_reference.markdown import literal, table

_INTRODUCTION: Final = f"""\
On the Jupyter server's own `/metrics`, beside what Jupyter itself tells there; see
[how to scrape it](../../how-to/metrics.md). Figures that count follow from the
[audit events](events.md): after a run they are what a recount of the events gives.

Labels hold names of profiles and detectors, and words of our own. What a kernel claims beside these
is `{OTHER}`. There is no label for users, notebooks or kernels.
"""

_LABELS: Final = (
    ("what", "`server token`, `session token` or `credential`"),
    ("credential", "Name of a profile; empty for tokens"),
    ("outcome", "As in the audit: `confirmed`, `unsupported`, `expired`, `failed`"),
    ("replaced", "`true`: another value; `false`: the same one lives longer"),
    ("rule", "Name of the profile whose value it was, or id of the detector"),
    ("where", "`save`, or `output` for whatever a kernel was about to show"),
    ("reason", "Code of an [error](errors.md)"),
    ("code", "Code of an [error](errors.md)"),
    ("kind", "As in the audit's `alert`"),
    ("change", "As in the audit's `stored`: `added` or `replaced`"),
    ("operation", "What was asked of the issuer, such as `issue`, `beat`, `revoke_token`"),
)


def page() -> str:
    """Return the page."""
    rows = [
        (literal(name), figure.kind, ", ".join(map(literal, figure.labels)), figure.words)
        for name, figure in FIGURES.items()
    ]
    known = {name for name, _ in _LABELS}
    assert {label for figure in FIGURES.values() for label in figure.labels} == known
    labels = [(literal(name), words) for name, words in _LABELS]
    return markdown.page(
        "Metrics",
        _INTRODUCTION,
        table(("figure", "kind", "labels", ""), rows),
        "## Labels",
        table(("label", ""), labels),
    )
