"""Reading where a credential is stored: ``kv2:secret/team/ibm`` or the long form.

An exchange has a source of its own below ``from``, in either form.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.issue.exchange.options import COMMON
from jupyter_qcred.issue.exchange.registry import NAMES, exchange_named, known
from jupyter_qcred.issue.profile import ExchangeSource, Source, SourceKind
from jupyter_qcred.issue.profile_fields import FIELD, fields_of, listed, maybe, pairs_of, text_of
from jupyter_qcred.issue.profile_tree import Table, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.issue.exchange.exchange import Exchange, Option
    from jupyter_qcred.issue.profile_tree import Node, Problems

_KINDS: Final = tuple(kind.value for kind in SourceKind if kind is not SourceKind.EXCHANGE)
_KV: Final = frozenset({SourceKind.KV1, SourceKind.KV2})
_OIDC: Final = "identity/oidc/token/"
_SEGMENT: Final = r"[A-Za-z0-9_.+=@~:,-]{1,128}"
_PATH: Final = re.compile(rf"(?=.{{1,512}}\Z){_SEGMENT}(?:/{_SEGMENT})*")
_LONGEST_OPTION: Final = 4096
_FORM: Final = (
    "a text such as kv2:secret/team/ibm (kv1:, kv2:, dynamic: or oidc:), or a mapping with "
    "kind, path, and where needed mount and parameters"
)


def read_source(node: Node, problems: Problems) -> Source | None:
    """Return the source; what is wrong goes to ``problems``."""
    if isinstance(node, Text):
        return _short(node, problems)
    if isinstance(node, Table):
        return _exchange(node, problems) if _is_exchange(node) else _long(node, problems)
    problems.add(node.place, f"expected {_FORM}")
    return None


def _stored(node: Node, problems: Problems) -> Source | None:
    """Return a source that is no exchange."""
    if isinstance(node, Table):
        return _long(node, problems)
    return read_source(node, problems)


def _short(node: Text, problems: Problems) -> Source | None:
    prefix, colon, rest = (node.text or "").partition(":")
    if not colon:
        problems.add(node.place, f"expected {_FORM}")
        return None
    kind = _kind(Text(node.place, prefix), problems)
    path = _path(Text(node.place, rest), problems)
    if kind is None or path is None:
        return None
    if kind is SourceKind.KV2 and path.split("/")[1:2] == ["data"]:
        problems.add(
            node.place,
            "leave out data/: kv2:secret/team/ibm reads secret/data/team/ibm (if a key is really "
            "below data/, write the source as a mapping)",
        )
        return None
    return _placed(node, Source(kind, path), problems)


def _long(table: Table, problems: Problems) -> Source | None:
    fields = fields_of(table, ("kind", "mount", "path", "parameters"), problems)
    if missing := {"kind", "path"} - fields.keys():
        problems.add(table.place, f"the source needs {listed(sorted(missing))}")
        return None
    kind = _kind(fields["kind"], problems)
    path = _path(fields["path"], problems)
    mount = _path(fields["mount"], problems) if "mount" in fields else ""
    parameters = pairs_of(
        fields.get("parameters"), "parameters", problems, form=FIELD, longest=4096
    )
    if kind is None or path is None or mount is None:
        return None
    if parameters and kind is not SourceKind.DYNAMIC:
        problems.add(fields["parameters"].place, "parameters are for kind dynamic only")
    if mount and kind not in _KV:
        problems.add(fields["mount"].place, "a mount is for kinds kv1 and kv2 only")
    return _placed(fields["path"], Source(kind, path, mount, parameters), problems)


def _placed(node: Node, source: Source, problems: Problems) -> Source | None:
    """Check the path against its kind, and fill in the mount."""
    kind, path = source.kind, source.path
    if kind in _KV:
        mount = source.mount or path.partition("/")[0]
        if path.startswith(f"{mount}/"):
            return Source(kind, path, mount, source.parameters)
        problems.add(
            node.place, "the path must go on below its mount, as team/ibm does in secret/team/ibm"
        )
        return None
    if kind is SourceKind.OIDC and not path.startswith(_OIDC):
        problems.add(node.place, f"an oidc path is {_OIDC}ROLE")
        return None
    return source


def _kind(node: Node, problems: Problems) -> SourceKind | None:
    text = text_of(node, "a kind of source", problems)
    if text is None:
        return None
    if text in _KINDS:
        return SourceKind(text)
    if text == SourceKind.EXCHANGE:
        problems.add(
            node.place, "an exchange is a mapping with kind, exchange and from, in no other source"
        )
        return None
    kinds = (*_KINDS, SourceKind.EXCHANGE.value)
    problems.add(
        node.place, f"unknown kind of source{maybe(text, kinds)}; accepted: {listed(kinds)}"
    )
    return None


# ---- exchanges ----------------------------------------------------------------------------------


def _is_exchange(table: Table) -> bool:
    return any(
        key.text == "kind" and isinstance(node, Text) and node.text == SourceKind.EXCHANGE
        for key, node in table.entries
    )


def _exchange(table: Table, problems: Problems) -> ExchangeSource | None:
    accepted = ("kind", "exchange", "from", "options", "settings")
    fields = fields_of(table, accepted, problems)
    if missing := {"exchange", "from"} - fields.keys():
        problems.add(table.place, f"the exchange needs {listed(sorted(missing))}")
        return None
    name = text_of(fields["exchange"], "an exchange's name", problems)
    origin = _stored(fields["from"], problems)
    settings = pairs_of(fields.get("settings"), "settings", problems, form=FIELD, longest=1024)
    if name is None:
        return None
    exchange = _named(name, fields["exchange"], problems)
    if exchange is None:
        return None
    accepted_options = {**exchange.options, **COMMON}
    options = _options(table, fields.get("options"), accepted_options, problems)
    if origin is None:
        return None
    return ExchangeSource(
        SourceKind.EXCHANGE,
        origin.path,
        origin.mount,
        origin.parameters,
        exchange=name,
        origin=origin,
        options=options,
        settings=settings,
    )


def _named(name: str, node: Node, problems: Problems) -> Exchange | None:
    # What is installed is looked up for names that are not ours only.
    names = NAMES if name in NAMES else known()
    if name not in names:
        problems.add(node.place, f"unknown exchange{maybe(name, names)}; accepted: {listed(names)}")
        return None
    try:
        return exchange_named(name)
    except ConfigError as error:
        problems.add(node.place, error.reason)
        return None


def _options(
    table: Table, node: Node | None, accepted: Mapping[str, Option], problems: Problems
) -> dict[str, str]:
    if node is not None and not isinstance(node, Table):
        problems.add(node.place, "expected a mapping of options, text to text")
        return {}
    fields = {} if node is None else fields_of(node, accepted, problems)
    needed = {name for name, option in accepted.items() if option.required}
    if missing := needed - fields.keys():
        place = table.place if node is None else node.place
        problems.add(place, f"the exchange needs the options {listed(sorted(missing))}")
    read: dict[str, str] = {}
    for name, value in fields.items():
        text = text_of(value, "text", problems)
        if text is None:
            continue
        option = accepted[name]
        if len(text) <= _LONGEST_OPTION and text.isprintable() and option.fits(text):
            read[name] = text
        else:
            such = f", such as {option.example}" if option.example else ""
            problems.add(value.place, f"not a value of the option {name} ({option.about}){such}")
    return read


def _path(node: Node, problems: Problems) -> str | None:
    text = text_of(node, "a path", problems)
    if text is None:
        return None
    segments = text.split("/")
    if segments[0] == "v1":
        problems.add(node.place, "leave out v1/: write the path as in `vault read PATH`")
    elif _PATH.fullmatch(text) is None or not {".", ".."}.isdisjoint(segments):
        problems.add(
            node.place,
            "not a path: letters, digits and _.+=@~:,- in parts joined by single slashes, "
            "no slash at either end, at most 512 characters",
        )
    else:
        return text
    return None
