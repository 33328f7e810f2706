"""The words for a value which is a vendor's long-lived key, the same wherever it is shown."""

from __future__ import annotations

from typing import Final

STATIC_KEY: Final = "static-key"
"""Label of a lease of such a value."""

STATIC_KEY_MEANS: Final = "ending the lease does not invalidate it"
