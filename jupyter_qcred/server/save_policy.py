"""What a save looks for besides the armed values, and what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .unknown import Unknown


@dataclass(frozen=True, slots=True)
class SavePolicy:
    """Settings of ``SaveCheck``; without any, it redacts what the redactor knows.

    Attributes:
        unknown: finds what nobody told us of; in notebooks.
        text_files: in other text files, too.
        metadata: notebooks say in their metadata what is redacted in them.
        values: the armed values, with the names of their credentials, for a save without outputs
            when redaction fails; without them there is none.
    """

    unknown: Unknown | None = None
    text_files: bool = False
    metadata: bool = False
    values: Callable[[], Mapping[str, str]] | None = None


KNOWN_ONLY = SavePolicy()
