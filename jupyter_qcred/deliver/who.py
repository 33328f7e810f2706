"""Whose process this is, in words that fit into logs and into metadata at an issuer."""

from __future__ import annotations

import getpass
import os


def user_name() -> str:
    """Return the Hub's name for the user, else the operating system's."""
    return label(os.environ.get("JUPYTERHUB_USER") or getpass.getuser())


def label(text: str) -> str:
    """A client's string, fit for metadata and logs: printable, at most 64 characters."""
    return "".join(c if c.isprintable() else "?" for c in text[:64])
