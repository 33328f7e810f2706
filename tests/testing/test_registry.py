"""Exchanges of other packages: found by name, never in the place of ours, and named when broken."""

from __future__ import annotations

import pytest

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.issue.exchange.registry import GROUP, NAMES, exchange_named, known
from jupyter_qcred.issue.profile_file import profiles_from_mapping

MODULE = """
class Exchange:
    name = "acme"
    title = "Acme"
    takes = "`api_key`"
    options = {}

class Renamed(Exchange):
    name = "another"

class Broken:
    def __init__(self):
        raise RuntimeError("secret words of somebody")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package that brings exchanges, as pip leaves it."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(**points):
        (tmp_path / "acme_exchanges.py").write_text(MODULE)
        info = tmp_path / "acme_exchanges-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-exchanges\nVersion: 1\n")
        lines = [f"{name} = acme_exchanges:{kind}" for name, kind in points.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))

    return install


def read(exchange: str):
    """Read a profile with this exchange."""
    source = {"kind": "exchange", "exchange": exchange, "from": "kv2:qcred/acme"}
    return profiles_from_mapping({"acme": {"vendor": "acme", "source": source}}, "test")


def test_a_profile_may_name_an_exchange_of_another_package(install):
    """Its entry point is enough."""
    install(acme="Exchange")
    assert known() == (*NAMES, "acme")
    assert exchange_named("acme").title == "Acme"
    assert read("acme")["acme"].source.exchange == "acme"


def test_no_package_takes_the_place_of_a_built_in_exchange(install):
    """Whoever could would be handed every key of that vendor."""
    install(**{"ibm-iam": "Exchange"})
    assert known() == NAMES
    assert exchange_named("ibm-iam").title == "IBM Cloud IAM"


@pytest.mark.parametrize(("kind", "why"), [("Broken", "RuntimeError"), ("Renamed", "another name")])
def test_a_broken_one_is_named_where_the_profile_stands(install, kind, why):
    """Without the words of its exception, which may be anything."""
    install(acme=kind)
    with pytest.raises(ConfigError, match=rf"acme_exchanges:{kind}.*{why}") as caught:
        read("acme")
    assert "secret words" not in str(caught.value)


def test_one_that_is_not_installed_is_told_apart_from_a_slip(install):
    """The profile is refused with the names that there are; an old profile says what is missing."""
    install(acme="Exchange")
    with pytest.raises(ConfigError, match=r"did you mean acme\?.*quantinuum, acme"):
        read("acmee")
    with pytest.raises(ConfigError, match="no installed package brings the exchange gone"):
        exchange_named("gone")
