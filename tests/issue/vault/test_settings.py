"""Settings are checked before anything is asked upstream."""

from __future__ import annotations

import pytest
from traitlets import TraitError
from traitlets.config import Config

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.vault.issuer import VaultIssuer
from jupyter_qcred.issue.vault.settings import VaultSettings

HERE = "https://bao.example:8200"
PROOF = "a-proof-of-identity-77"


@pytest.mark.parametrize(
    "address",
    [
        "https://bao.example:8200",
        "https://bao.example/",
        "https://[2001:db8::1]:8200",
        "http://127.0.0.1:8200",
        "http://localhost:8200",
        "http://[::1]:8200",
        "unix:///run/openbao/s.sock",
    ],
)
def test_an_address_is_accepted(address, make_issuer):
    """HTTPS anywhere, plain HTTP on this machine, unix sockets."""
    issuer = make_issuer(address=address, auth_method="token", token=PROOF)
    assert issuer.describe().endswith(address.rstrip("/"))


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("bao.example:8200", "https://host:port"),
        ("ftp://bao.example", "https://host:port"),
        ("https://", "https://host:port"),
        ("https://bao.example:99999", "host and port"),
        ("https://bao.example:0", "https://host:port"),
        ("https://bao.example/v1", "end after host and port"),
        ("https://bao.example?x=1", "end after host and port"),
        (f"https://me:{PROOF}@bao.example", "no user name and no password"),
        ("unix://run/openbao.sock", "absolute path"),
        ("unix:///" + "x" * 120, "107 bytes"),
        (5, "unicode string"),
    ],
)
def test_an_address_is_refused_with_the_form_to_write(address, hint):
    """As soon as it is set; a password in it is not repeated."""
    with pytest.raises(TraitError, match=hint) as caught:
        VaultIssuer(address=address)
    assert PROOF not in str(caught.value)


def test_tokens_do_not_cross_the_network_in_the_clear(make_issuer):
    """Plain HTTP to another machine has to be allowed in so many words."""
    settings = {"address": "http://bao.example:8200", "auth_method": "token", "token": PROOF}
    with pytest.raises(ConfigError, match="allow_plain_http"):
        VaultIssuer(**settings)
    assert make_issuer(allow_plain_http=True, **settings).describe()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "VaultIssuer.address"),
        ({"address": HERE, "auth_method": "token"}, "token"),
        ({"address": HERE, "auth_method": "token_file", "token_file": ""}, "token_file"),
        ({"address": HERE, "auth_method": "approle"}, "role_id"),
        ({"address": HERE, "auth_method": "jwt"}, "jwt_file or jwt_env"),
        ({"address": HERE, "auth_method": "kubernetes"}, "auth_role"),
        ({"address": HERE, "auth_method": "userpass"}, "username"),
        ({"address": HERE, "auth_method": "userpass", "username": "u"}, "password_file"),
        ({"address": HERE, "ca_file": "/no/such.pem"}, "ca_file"),
    ],
)
def test_a_missing_setting_is_named_at_once(settings, named):
    """Not at the first kernel's start."""
    with pytest.raises(ConfigError, match=named):
        VaultIssuer(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"auth_method": "ldap"},
        {"lease_only": "maybe"},
        {"read_timeout": 0},
        {"connect_timeout": -1.0},
        {"revoke_timeout": 1e9},
        {"server_role": "../sys"},
        {"auth_mount": "a/../b"},
        {"namespace": "caf\u00e9"},
    ],
    ids=str,
)
def test_a_value_that_cannot_be_meant_is_refused(settings):
    """Traitlets names the setting."""
    with pytest.raises(TraitError, match=next(iter(settings))):
        VaultIssuer(address=HERE, **settings)


def test_secret_settings_are_masked_from_the_moment_they_are_set(make_issuer):
    """Neither the object, nor its settings, nor its help show them."""
    issuer = make_issuer(address=HERE, auth_method="token", token=PROOF, secret_id=PROOF)
    assert issuer.token == Secret(PROOF)
    shown = [
        repr(issuer),
        repr(issuer.trait_values(config=True)),
        repr(issuer.identity()),
        issuer.class_get_help(issuer),
    ]
    assert not [text for text in shown if PROOF in text]


@pytest.mark.filterwarnings("ignore:Config option")
@pytest.mark.parametrize("name", ["token", "secret_id"])
def test_secrets_have_no_place_in_configuration(name):
    """A server logs its configuration at DEBUG: the value belongs into a file or a variable."""
    config = Config(VaultIssuer={name: PROOF, "address": HERE})
    with pytest.raises(ConfigError, match=f"set {name}_file") as caught:
        VaultIssuer(config=config)
    assert PROOF not in str(caught.value)


def test_a_token_comes_from_the_environment_variable_that_is_named(make_issuer, monkeypatch):
    """`VAULT_TOKEN` unless the setting says otherwise."""
    monkeypatch.setenv("VAULT_TOKEN", PROOF)
    assert make_issuer(address=HERE, auth_method="token").identity().token == Secret(PROOF)
    monkeypatch.setenv("OTHER_TOKEN", "another")
    named = make_issuer(address=HERE, auth_method="token", token_env="OTHER_TOKEN")
    assert named.identity().token == Secret("another")


@pytest.mark.parametrize("value", [PROOF.encode(), [PROOF], 77])
def test_a_secret_of_a_wrong_type_is_not_shown_either(value):
    """Traitlets would put the value into its message."""
    with pytest.raises(TraitError, match="token") as caught:
        VaultIssuer(address=HERE, token=value)
    assert "77" not in f"{caught.value!r}"


def test_every_setting_explains_itself():
    """`jupyter server --help-all` and the documentation are made of these texts."""
    own = VaultSettings.class_own_traits(config=True)
    assert len(own) > 20
    for name, trait in own.items():
        assert len(trait.help) > 15, name
        assert trait.help.endswith("."), name


def test_paths_may_start_at_home(openbao, make_issuer, monkeypatch, tmp_path):
    """``~`` is expanded, in the default as well."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".vault-token").write_text(openbao.login_token())
    assert make_issuer(openbao, auth_method="token_file").open_server().own
    with pytest.raises(ConfigError, match=f"{tmp_path}/ca.pem"):
        VaultIssuer(address=HERE, ca_file="~/ca.pem")
