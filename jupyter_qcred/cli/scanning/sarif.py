"""Findings as SARIF 2.1.0, which code hosts and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from jupyter_qcred.core.version import __version__

from .home import RULE, TITLE
from .tutorial.fault import TITLES

if TYPE_CHECKING:
    from jupyter_qcred.detect import Detectors

    from .hit import Hit
    from .work import Outcome

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL: Final = {"level": "error"}


def as_sarif(outcome: Outcome, detectors: Detectors) -> str:
    """Return a log with one run; its rules are all that were used."""
    rules = [_rule(one.id, one.title, one.url) for one in detectors.all]
    if any(hit.rule == RULE for hit in outcome.hits):
        rules.append(_rule(RULE, TITLE))
    found = {hit.rule for hit in outcome.hits}
    rules += [_rule(name, title) for name, title in TITLES.items() if name in found]
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    notes = [
        {"level": "error", "message": {"text": f"{path} could not be looked at: {why}"}}
        for path, why in outcome.failed.items()
    ]
    run = {
        "tool": {
            "driver": {
                "name": "jupyter-qcred",
                "semanticVersion": __version__,
                "rules": rules,
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {"executionSuccessful": not notes, "toolExecutionNotifications": notes},
        ],
        "results": [_result(hit, index) for hit in outcome.hits],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _rule(name: str, title: str, url: str = "") -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": name,
        "shortDescription": {"text": title},
        "defaultConfiguration": _LEVEL,
        "properties": {"tags": ["security"], "security-severity": "8.0"},
    }
    return rule | ({"helpUri": url} if url.startswith("https://") else {})


def _result(hit: Hit, index: dict[str, int]) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(hit.path)},
            "region": {"startLine": hit.line or 1},
        }
    }
    if hit.cell is not None:
        location["logicalLocations"] = [{"name": hit.where, "kind": "member"}]
    result: dict[str, Any] = {
        "ruleId": hit.rule,
        "ruleIndex": index[hit.rule],
        "level": "error",
        "message": {"text": _message(hit)},
        "locations": [location],
        "partialFingerprints": {"secret/v1": hit.fingerprint},
    }
    return result | ({"properties": {"commit": hit.commit}} if hit.commit else {})


def _message(hit: Hit) -> str:
    text = f"{hit.rule} in {hit.where or 'the file'}"
    return f"{text}: {hit.what}: {hit.why}; instead: {hit.instead}" if hit.what else text


def _uri(path: str) -> str:
    raw = path.replace("\\", "/").encode("utf-8", "surrogateescape")
    return f"file://{quote(raw)}" if path.startswith("/") else quote(raw)
