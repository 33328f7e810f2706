"""A page for people that stands for itself: no script, no style from elsewhere, no link."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from html import escape
from typing import Final

_STYLE: Final = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { display: grid; place-items: center; min-height: 90vh; margin: 0; padding: 1.5rem; }
main { max-width: 34rem; }
h1 { font-size: 1.4rem; margin: 0 0 0.5rem; }
p { margin: 0.5rem 0; }
"""

_DIGEST: Final = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy of such a page."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says.

    Attributes:
        title: as its heading as well.
        reason: one sentence without the full stop.
        next_step: what the reader can do; empty where there is nothing to do.
    """

    title: str
    reason: str
    next_step: str


def rendered(page: Page) -> str:
    """Return the page as HTML. Text is escaped, whatever it holds."""
    lines = "".join(
        f"<p>{escape(text.rstrip('.'))}.</p>\n" for text in (page.reason, page.next_step) if text
    )
    title = escape(page.title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{title}</h1>\n{lines}</main>\n</body>\n</html>\n"
    )
