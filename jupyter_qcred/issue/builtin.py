"""The quantum clouds we know by name, and a ready profile for each.

A user who stores a key with ``jupyter qcred put ionq`` needs no configuration: the profile ``ionq``
is here. Field names are those of the vendor's own configuration, or of the secrets engine which
issues the credential (``access_key``, ``secret_key`` of ``aws``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from jupyter_qcred.issue.profile import DeliverWhen, Profile, Source, SourceKind


@dataclass(frozen=True, slots=True)
class Vendor:
    """One quantum cloud.

    Attributes:
        name: the word used in profiles, in adapters and in ``[redacted:…]``.
        title: for people.
        main: the field that is the credential itself where a key has several secret parts; empty
            leaves the choice to the profile's rule (the only one, else ``value``, ``token`` …).
        public: fields that are settings, not secrets.
        addresses: those of them that say by a URL where the credential is sent.
        hosts: those that say it by a host, with a port or without.
    """

    name: str
    title: str
    main: str = ""
    public: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()


def _vendor(
    name: str, title: str, addresses: str = "", others: str = "", *, hosts: str = "", main: str = ""
) -> tuple[str, Vendor]:
    urls, names = frozenset(addresses.split()), frozenset(hosts.split())
    return name, Vendor(name, title, main, urls | names | set(others.split()), urls, names)


VENDORS: Final[dict[str, Vendor]] = dict(
    (
        _vendor("alice-bob", "Alice & Bob Felis Cloud", "url"),
        _vendor(
            "amazon-braket",
            "Amazon Braket",
            "endpoint s3_endpoint",
            "region bucket device",
            main="secret_key",
        ),
        _vendor("aqt", "AQT Arnica", "url", "client_id"),
        _vendor(
            "azure-quantum",
            "Azure Quantum",
            "arm_endpoint",
            "tenant_id client_id subscription_id resource_group resource_id workspace location"
            " arm_credential",
        ),
        _vendor("dwave", "D-Wave Leap", "url endpoint", "region solver project"),
        _vendor("google-quantum", "Google Quantum AI", "", "project processor", hosts="endpoint"),
        _vendor(
            "ibm-quantum",
            "IBM Quantum Platform",
            "url runtime_url iam_url global_search_url global_catalog_url",
            "channel instance region",
        ),
        _vendor("ionq", "IonQ Quantum Cloud", "url remote_host"),
        _vendor("iqm", "IQM Resonance", "url server_url", "quantum_computer"),
        _vendor("oqc", "OQC Cloud", "url", "qpu_id"),
        _vendor("pasqal", "Pasqal Cloud", "url", "project_id username"),
        _vendor("qbraid", "qBraid", "url"),
        _vendor("quandela", "Quandela Cloud", "url", "platform"),
        _vendor("quantinuum", "Quantinuum Nexus", "url", "username project", hosts="domain"),
        _vendor("rigetti-qcs", "Rigetti QCS", "url grpc_url issuer", "client_id"),
        _vendor("strangeworks", "Strangeworks", "url", "workspace"),
        _vendor("superstaq", "Infleqtion Superstaq", "url remote_host"),
        _vendor("xanadu", "Xanadu Cloud", "url", "port", hosts="host"),
    )
)


def builtin_profiles(mount: str = "qcred") -> dict[str, Profile]:
    """Return a profile for each known vendor, reading ``<name>`` of a KV v2 engine.

    All are delivered at first use: most of them are empty for most people, and asking for eighteen
    absent keys at each kernel start would be noise in the issuer's audit log.

    Args:
        mount: where the engine is mounted; ``jupyter qcred init`` makes ``qcred``.
    """
    return {
        vendor.name: Profile(
            name=vendor.name,
            vendor=vendor.name,
            source=Source(SourceKind.KV2, f"{mount}/{vendor.name}", mount=mount),
            main=vendor.main,
            public=vendor.public,
            deliver=DeliverWhen.USE,
            builtin=True,
        )
        for vendor in VENDORS.values()
    }
