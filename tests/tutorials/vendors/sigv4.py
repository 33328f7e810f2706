"""Check a signature of AWS (Signature Version 4), from what came over the wire.

Source: docs.aws.amazon.com/IAM/latest/UserGuide, "Create a signed AWS API request".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORM = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([\w-]+)/(\d{8})/([\w-]+)/([\w-]+)/aws4_request, ?"
    r"SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})"
)


def signer(headers: Mapping[str, str], secrets: Mapping[str, str]) -> str:
    """Return the id of the key that signed a request; empty: none of these did.

    Args:
        headers: with ``:method``, ``:path`` and ``:sha256`` (of the body) among them.
        secrets: secret keys by their ids.
    """
    found = _FORM.fullmatch(headers.get("Authorization", ""))
    if found is None or found[1] not in secrets:
        return ""
    key_id, day, region, service, signed, signature = found.groups()
    said = headers.get("X-Amz-Content-SHA256", headers[":sha256"])
    if said not in (headers[":sha256"], "UNSIGNED-PAYLOAD"):
        return ""
    parts = urlsplit(headers[":path"])
    path = parts.path if service == "s3" else quote(parts.path, safe="/~-._")
    query = "&".join(
        f"{quote(name, safe='~-._')}={quote(value, safe='~-._')}"
        for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True))
    )
    lines = [f"{name}:{' '.join(headers[name].split())}\n" for name in signed.split(";")]
    asked = "\n".join([headers[":method"], path, query, "".join(lines), signed, said])
    scope = f"{day}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(asked.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", headers["X-Amz-Date"], scope, digest])
    key = f"AWS4{secrets[key_id]}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    right = hmac.digest(key, text.encode(), "sha256").hex()
    return key_id if hmac.compare_digest(right, signature) else ""
