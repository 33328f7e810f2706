"""Reading where a credential is stored: ``kv2:secret/team/ibm`` or the long form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from jupyter_qcred.issue.profile import Source, SourceKind
from jupyter_qcred.issue.profile_fields import FIELD, fields_of, listed, maybe, pairs_of, text_of
from jupyter_qcred.issue.profile_tree import Table, Text

if TYPE_CHECKING:
    from jupyter_qcred.issue.profile_tree import Node, Problems

_KINDS: Final = tuple(kind.value for kind in SourceKind)
_KV: Final = frozenset({SourceKind.KV1, SourceKind.KV2})
_OIDC: Final = "identity/oidc/token/"
_SEGMENT: Final = r"[A-Za-z0-9_.+=@~:,-]{1,128}"
_PATH: Final = re.compile(rf"(?=.{{1,512}}\Z){_SEGMENT}(?:/{_SEGMENT})*")
_FORM: Final = (
    "a text such as kv2:secret/team/ibm (kv1:, kv2:, dynamic: or oidc:), or a mapping with "
    "kind, path, and where needed mount and parameters"
)


def read_source(node: Node, problems: Problems) -> Source | None:
    """Return the source; what is wrong goes to ``problems``."""
    if isinstance(node, Text):
        return _short(node, problems)
    if isinstance(node, Table):
        return _long(node, problems)
    problems.add(node.place, f"expected {_FORM}")
    return None


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
    problems.add(
        node.place, f"unknown kind of source{maybe(text, _KINDS)}; accepted: {listed(_KINDS)}"
    )
    return None


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
