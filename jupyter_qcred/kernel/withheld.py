"""What is sent in the place of a message that could not be checked.

Each type of message keeps the shape its readers need (Jupyter messaging protocol 5.4), so that a
client which waits for a reply gets one; a type that has no text becomes a stream message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

WITHHELD: Final = (
    "[output withheld: looking for credentials in it failed, so it was not sent. "
    "Run the cell again; if that does not help, restart the kernel.]"
)

_DISPLAYS: Final = frozenset({"display_data", "update_display_data", "execute_result"})
_STATES: Final = frozenset({"busy", "idle", "starting", "restarting", "dead"})
_NAME: Final = "OutputWithheld"


def withheld(  # noqa: PLR0911 - one return per shape
    kind: str, content: object
) -> tuple[str, dict[str, Any]]:
    """Return the type and content to send for a message of type ``kind``.

    Of the old content only numbers and words of the protocol are taken over.
    """
    old = content if isinstance(content, Mapping) else {}
    if kind == "status":
        state = old.get("execution_state")
        return kind, {"execution_state": state if state in _STATES else "idle"}
    if kind == "clear_output":
        return kind, {"wait": old.get("wait") is True}
    if kind in _DISPLAYS:
        return kind, {"data": {"text/plain": WITHHELD}, "metadata": {}, **_count(old)}
    if kind == "error":
        return kind, {"ename": _NAME, "evalue": WITHHELD, "traceback": [WITHHELD]}
    if kind == "execute_input":
        return kind, {"code": f"# {WITHHELD}", **_count(old)}
    if kind == "input_request":
        return kind, {"prompt": WITHHELD, "password": old.get("password") is True}
    if kind.endswith("_reply"):
        error = {"status": "error", "ename": _NAME, "evalue": WITHHELD, "traceback": []}
        return kind, {**error, **_count(old)}
    return "stream", {"name": "stderr", "text": f"{WITHHELD}\n"}


def _count(old: Mapping[str, Any]) -> dict[str, int]:
    number = old.get("execution_count")
    return {"execution_count": number} if type(number) is int else {}
