"""Profiles in a YAML file, or in a setting of the same shape.

::

    profiles:
      ibm-quantum:                      # what users write: qcred.get("ibm-quantum")
        source: kv2:secret/team/ibm     # kind:path, with the mount first
        public: [instance]              # fields that are settings, not secrets
        labels: {project: q7}           # for audit and display
      braket:
        vendor: amazon-braket           # may be left out where the name is a vendor's
        source:                         # the long form, for mounts with slashes and parameters
          kind: dynamic                 # kv1, kv2, dynamic or oidc
          path: aws/sts/braket          # the full path without v1/
          parameters: {ttl: 1h}         # the body of the request, dynamic only
        main: secret_key                # the field that reveal() returns
        ttl: 1h                         # longest life we ask for
        deliver: use                    # start (the default) or use

For KV engines the mount is the first part of the path unless ``mount`` says otherwise:
``{kind: kv2, mount: teams/q, path: teams/q/ibm}``. Where ``main`` or ``public`` is left out, a
known vendor's own fields are taken (``jupyter_qcred.issue.builtin``).

A file is read whole or not at all: unknown and repeated keys, custom tags and merge keys are
errors. An error names file, line and column, says what is accepted, and never quotes a value. Keys
have no place here; a file that holds one is refused in words that say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.issue.profile_check import read_profiles
from jupyter_qcred.issue.profile_fields import fields_of
from jupyter_qcred.issue.profile_tree import (
    MAX_CHARACTERS,
    Problems,
    Table,
    tree_from_plain,
    tree_from_yaml,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jupyter_qcred.issue.profile import Profile


def load_profiles(text: str, where: str) -> dict[str, Profile]:
    """Read the profiles in a YAML text.

    Args:
        text: the document.
        where: the file's name, for messages.

    Raises:
        ConfigError: anything is wrong; the message lists every problem with its line and column.
    """
    problems = Problems(where)
    root = tree_from_yaml(text, problems)
    if root is None:
        problems.raise_if_any()
    profiles: dict[str, Profile] = {}
    if isinstance(root, Table):
        fields = fields_of(root, ("profiles",), problems)
        if "profiles" in fields:
            profiles = read_profiles(fields["profiles"], problems)
        elif not problems.found:
            problems.add(root.place, "expected the key profiles")
    else:
        problems.add(
            (1, 1) if root is None else root.place,
            "expected the key profiles, with a mapping of names below it",
        )
    problems.raise_if_any()
    return profiles


def load_profiles_file(path: Path) -> dict[str, Profile]:
    """Read the profiles in a YAML file.

    Raises:
        ConfigError: the file cannot be read, is not UTF-8, or ``load_profiles`` refuses it.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(4 * MAX_CHARACTERS + 1)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(
            f"cannot read the profiles in {path}: {error.strerror or type(error).__name__}",
            next_step="Check the file's name and its permissions",
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text at byte {error.start}") from None
    return load_profiles(text, str(path))


def profiles_from_mapping(mapping: Mapping[str, object], where: str) -> dict[str, Profile]:
    """Read profiles given as plain dicts, such as a setting ``c.….profiles = {...}``.

    Args:
        mapping: names to profiles, in the shape of the YAML file below ``profiles``.
        where: the setting's name, for messages.

    Raises:
        ConfigError: anything is wrong; the message lists every problem with its place.
    """
    problems = Problems(where)
    root = tree_from_plain(mapping, "profiles", problems)
    profiles = read_profiles(root, problems) if root is not None else {}
    problems.raise_if_any()
    return profiles
