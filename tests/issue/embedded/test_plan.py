"""The configuration that OpenBao is started with."""

from __future__ import annotations

import json

import pytest

from jupyter_qcred.issue.embedded.layout import Layout
from jupyter_qcred.issue.embedded.plan import Plan, identities
from jupyter_qcred.issue.vault.roles import POLICIES


@pytest.fixture
def plan(tmp_path):
    return Plan(Layout(tmp_path), 600, 3600)


@pytest.fixture
def first_start(plan):
    """Requests of the self-initialisation, in order."""
    (stanza,) = json.loads(plan.config("unix:///run/b.sock"))["initialize"]
    return stanza["request"]


def test_secrets_are_named_by_file(plan, first_start):
    """OpenBao reads each secret id from its 0600 file: the configuration holds none."""
    given = [each["data"]["secret_id"] for each in first_start if "secret_id" in each["data"]]
    files = [str(plan.layout.secret_id(name)) for name in identities()]
    wanted = {"eval_source": "file", "eval_type": "string"}
    assert given == [{**wanted, "path": file} for file in files]


def test_a_login_proves_that_everything_before_is_done(first_start):
    """The first secret id comes after every policy, role and mount."""
    paths = [each["path"] for each in first_start]
    first = next(i for i, path in enumerate(paths) if path.endswith("/custom-secret-id"))
    assert all(path.startswith("auth/approle/role/") for path in paths[first:])
    assert {f"sys/policies/acl/{name}" for name in POLICIES} <= set(paths[:first])


def test_the_first_start_asks_nothing_of_the_fresh_mount(first_start):
    """A KV engine refuses requests until it is ready, and a refusal ends self-initialisation."""
    assert not [each["path"] for each in first_start if each["path"].startswith("qcred/")]


def test_there_is_a_unix_socket_or_a_loopback_port(plan):
    """Never both, and never another interface."""
    (unix,) = json.loads(plan.config("unix:///run/b.sock"))["listener"]
    assert unix["unix"]["address"] == "/run/b.sock"
    assert unix["unix"]["socket_mode"] == "0600"
    (tcp,) = json.loads(plan.config("http://127.0.0.1:4321"))["listener"]
    assert tcp == {"tcp": {"address": "127.0.0.1:4321", "tls_disable": True}}


@pytest.mark.parametrize("changed", [(601, 3600), (600, 3601)])
def test_a_changed_setting_changes_the_fingerprint(plan, changed):
    """So that the next hold brings the roles up to date; the same settings do not."""
    assert Plan(plan.layout, *changed).fingerprint() != plan.fingerprint()
    assert Plan(plan.layout, 600, 3600).fingerprint() == plan.fingerprint()
