"""What a profile says of itself comes before what is stored, and is what adapters look for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import jupyter_qcred.kernel.adapters
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.builtin import VENDORS
from jupyter_qcred.issue.issuer import IssuedCredential
from jupyter_qcred.issue.profile import Profile, Source, SourceKind
from jupyter_qcred.issue.profile_settings import with_settings
from jupyter_qcred.kernel.adapters import registry
from jupyter_qcred.kernel.adapters.variables import MAIN, VARIABLES

ADAPTERS = Path(jupyter_qcred.kernel.adapters.__file__).parent


def issued(values, public):
    return IssuedCredential(
        values={name: Secret(value) for name, value in values.items()}, public=public,
        main="value", upstream_lease=None, ttl=None, renewable=False, revocable=False,
    )  # fmt: skip


def profile(**settings):
    return Profile("ionq", "ionq", Source(SourceKind.KV2, "qcred/ionq", "qcred"), settings=settings)


def test_an_address_of_the_profile_comes_before_a_stored_one():
    """Whoever may write the key does not decide where it is sent."""
    stored = issued({"value": "key"}, {"url": "https://evil.example", "remote_host": "x"})
    pinned = with_settings(stored, profile(url="https://api.ionq.co/v0.4"))
    assert pinned.public == {"url": "https://api.ionq.co/v0.4", "remote_host": "x"}
    assert pinned.values == stored.values


def test_a_secret_field_of_the_same_name_has_no_say():
    """Where all fields are asked for at once, there is one of that name."""
    stored = issued({"value": "key", "url": "https://evil.example"}, {})
    pinned = with_settings(stored, profile(url="https://api.ionq.co/v0.4"))
    assert set(pinned.values) == {"value"}


def test_without_settings_nothing_changes():
    """Most profiles have none."""
    stored = issued({"value": "key"}, {"url": "https://a.example"})
    assert with_settings(stored, profile()) is stored


def read_by(vendor):
    """Names of the public fields which a vendor's adapters ask for, in their own code."""
    places = [place for name, place in registry.BUILTIN.items() if name.split(".")[0] == vendor]
    names = set()
    for place in places:
        module = ADAPTERS / (place.partition(":")[0].rpartition(".")[2] + ".py")
        names |= set(re.findall(r'public(?:\.get\(|\[)"(\w+)"', module.read_text("utf-8")))
    return names


@pytest.mark.parametrize("vendor", registry.vendors())
def test_what_an_adapter_reads_can_be_said_in_a_profile(vendor):
    """Each field is declared with its vendor, so that it is public and its name is checked."""
    names = read_by(vendor)
    assert names
    assert names - VENDORS[vendor].public == set()


def test_what_fills_variables_can_be_said_in_a_profile():
    """The same for ``qcred.use``, but for the secrets themselves."""
    secrets = {
        *("access_key", "access_key_id", "aws_access_key_id"),
        *("secret_key", "secret_access_key", "aws_secret_access_key"),
        *("session_token", "security_token", "aws_session_token", MAIN),
    }
    for vendor, table in VARIABLES.items():
        names = {name for variable in table.values() for name in variable.filled_by}
        assert names - secrets - VENDORS[vendor].public == set()


def test_addresses_are_known_as_such():
    """What sounds like one is checked like one."""
    for vendor in VENDORS.values():
        where = {name for name in vendor.public if re.search(r"url|host|endpoint|domain", name)}
        assert where - vendor.addresses - vendor.hosts == set()
        assert vendor.addresses | vendor.hosts <= vendor.public
