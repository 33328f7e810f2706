"""A newer package, or a changed setting, brings an existing instance up to date."""

from __future__ import annotations

import json

import pytest

from jupyter_qcred.core.errors import ConfigError, NotStoredError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.embedded.client import Client
from jupyter_qcred.issue.embedded.plan import JUPYTER, KEEPER


def server_token_ttl(embedded, hold):
    client = Client(hold.address)
    client.login(JUPYTER, Secret(embedded.layout.secret_id(JUPYTER).read_text()))
    answer = client.request("POST", "auth/token/create/qcred-server", {})
    return answer["auth"]["lease_duration"]


def test_a_changed_setting_is_in_force_at_the_next_hold(embedded, same):
    """The period of the server token follows its trait, on the running instance."""
    with embedded.hold() as hold:
        assert server_token_ttl(embedded, hold) == 600
        later = same()
        later.server_token_period = 120
        with later.hold() as second:
            assert server_token_ttl(later, second) == 120


def test_init_mends_what_an_older_version_set_up(embedded, same):
    """A policy and a role of another time are replaced, and the stored keys stay."""
    with embedded.hold() as hold:
        embedded.put("ionq", {"value": Secret("K")})
        keeper = Client(hold.address)
        keeper.login(KEEPER, Secret(embedded.layout.secret_id(KEEPER).read_text()))
        keeper.request(
            "POST",
            "sys/policies/acl/qcred-put",
            {"policy": 'path "nothing" { capabilities = ["deny"] }'},
        )
        keeper.request("POST", "auth/token/roles/qcred-server", {"token_period": 99})
        embedded.layout.applied.write_text(json.dumps({"applied": "older", "version": "0.0"}))
        same().init()
        assert server_token_ttl(embedded, hold) == 600
        assert embedded.stored() == ["ionq"]


def test_init_again_changes_nothing(embedded, stopped):
    """Idempotent: no file but logs and the running instance's own is written."""
    embedded.init()
    stopped()
    lasting = [
        embedded.layout.unseal_key,
        embedded.layout.applied,
        *embedded.layout.directory.glob("*.secret-id"),
    ]
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in lasting}
    assert embedded.init() == embedded.directory
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in lasting} == before


@pytest.mark.parametrize("name", ["", "IBM", "a b", "../x", "-a", "a/b", "a" * 65, "é", "a\n"])
def test_a_name_that_could_be_a_path_is_refused_before_anything_starts(embedded, name):
    """Names reach a URL: only lower-case letters, digits and hyphens do."""
    for call in (lambda: embedded.put(name, {"value": Secret("K")}), lambda: embedded.remove(name)):
        with pytest.raises(ConfigError, match="can't be a credential's name"):
            call()
    assert not embedded.layout.directory.exists()


def test_removing_what_is_not_there_is_said(embedded):
    """Nothing of that name: a typing error should not look like success."""
    with pytest.raises(NotStoredError, match="Nothing is stored under ionq"):
        embedded.remove("ionq")
