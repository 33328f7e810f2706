"""What a browser asks for when a person stores a key there."""

from __future__ import annotations

import json
from pathlib import Path

from jupyter_qcred.issue.care import CARE

FIELDS = Path(__file__).parents[2] / "labextension" / "src" / "fields.json"


def test_the_browser_asks_for_the_parts_that_a_vendor_s_key_has() -> None:
    """Those of our own table: a vendor that is not listed there has one part without a name."""
    several = {
        name: {"secret": list(care.stored), "plain": list(care.beside)}
        for name, care in CARE.items()
        if care.stored or care.beside
    }
    assert json.loads(FIELDS.read_text(encoding="utf-8")) == several
