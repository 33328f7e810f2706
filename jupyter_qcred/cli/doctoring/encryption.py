"""Whether the messages of kernels are encrypted on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import zmq

from .finding import RESTART, Check, Finding, Problem, Seen, Severity
from .site import setting_step, stop_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .site import Site

_SECTION: Final = "KernelManager"
_NAME: Final = "transport_encryption"
_ON: Final = frozenset({None, "auto", "required"})

OFF = Problem(
    "encryption.off",
    Severity.ERROR,
    "A setting turns the encryption between server and kernels off. Other users of the machine can "
    "read what kernels send; credentials never travel there, outputs do.",
)


def look(site: Site) -> Seen:
    """Look at it."""
    if not zmq.has("curve"):
        return Seen("the installed ZeroMQ has no CURVE, so kernels use plain TCP", failed=True)
    return Seen("on, for each kernelspec that says it can", tuple(_findings(site)))


def _findings(site: Site) -> Iterator[Finding]:
    said = site.settings.get(_SECTION, _NAME)
    if said not in _ON:
        where = site.settings.origin(_SECTION, _NAME)
        step = setting_step(site, OFF, _SECTION, _NAME, value="auto")
        yield Finding(OFF, f"{where} sets {_SECTION}.{_NAME} to {said}", (step, RESTART))
    for server, parts in site.parts:
        if parts["transport_encryption"] not in _ON and said in _ON:
            seen = f"{server.url} was started with {parts['transport_encryption']}"
            yield Finding(OFF, seen, stop_steps(server))


CHECK: Final = Check(
    "encryption",
    "encryption of kernels' messages",
    "Looks at the setting KernelManager.transport_encryption, in the files and in running servers. "
    "Which kernelspecs take part is seen by the check kernelspecs.",
    (OFF,),
    look,
)
