"""The Vault issuer passes the contract of issuers, plain and behind its breakers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from jupyter_qcred.core.clock import SystemClock
from jupyter_qcred.issue.guard import GuardedIssuer
from jupyter_qcred.issue.profile import Profile, Source, SourceKind
from jupyter_qcred.testing import IssuerContract

if TYPE_CHECKING:
    from support.openbao import OpenBao


def kv(name: str) -> Profile:
    return Profile(name, "ibm", Source(SourceKind.KV2, f"qcred/{name}", "qcred"))


@pytest.fixture(scope="module")
def upstream(openbao: OpenBao) -> OpenBao:
    """Static keys, and one-time passwords as leases."""
    openbao.root.sys.enable_secrets_engine("ssh", path="otp")
    otp = {"key_type": "otp", "default_user": "u", "cidr_list": "10.0.0.0/8"}
    openbao.root.write_data("otp/roles/one", data=otp)
    openbao.policy("otp", 'path "otp/creds/*" { capabilities = ["update"] }')
    openbao.install_qcred(kernel_policies=["qcred-kernel", "qcred-sources", "otp"])
    openbao.put("stored", value="a-static-key-0123456789")
    return openbao


class TestVault(IssuerContract):
    """On a real OpenBao, with the shipped policies and one engine that leases."""

    @pytest.fixture
    def issuer(self, upstream, make_issuer):
        """With a login that a user gave."""
        return make_issuer(upstream)

    @pytest.fixture
    def stored(self):
        """A key in the KV engine."""
        return kv("stored")

    @pytest.fixture
    def leased(self):
        """A one-time password."""
        source = Source(SourceKind.DYNAMIC, "otp/creds/one", parameters={"ip": "10.0.0.1"})
        return Profile("otp", "x", source, "key")

    @pytest.fixture
    def missing(self):
        """Nothing was ever stored there."""
        return kv("missing")

    @pytest.fixture
    def forbidden(self):
        """The root's own."""
        return Profile("forbidden", "x", Source(SourceKind.DYNAMIC, "sys/policies/acl/root"))


class TestGuarded(TestVault):
    """Behind its breakers it is the same issuer."""

    @pytest.fixture
    def issuer(self, upstream, make_issuer):
        """The same, guarded."""
        made = make_issuer(upstream)
        log = logging.getLogger("test")
        return GuardedIssuer(lambda: made, made.describe, SystemClock(), log)
