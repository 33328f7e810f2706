"""How each vendor's credential is kept and how it ends: one table, for warnings and the reference.

Lives are those that the vendors document (November 2026); where one says nothing, nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Care:
    """One vendor's.

    Attributes:
        life: of what a kernel gets at best, in words.
        ends: what ends it at the vendor, in words.
        exchange: what gives kernels something shorter than the stored key; empty where the vendor
            has nothing.
        federated: the exchange takes an identity token as well, and no key is stored at all.
        keyless: and it takes nothing else.
        stored: secret fields to store; none stands for one value without a name.
        beside: other fields to store, which are no secrets.
        engine: a secrets engine of Vault or OpenBao that issues it, and what it gives.
    """

    life: str
    ends: str
    exchange: str = ""
    federated: bool = False
    keyless: bool = False
    stored: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    engine: str = ""


_UNTIL: Final = "It lives until it is deleted at {}."
_DELETE: Final = "Delete it at {}, and store another."


def _static(where: str, *beside: str, life: str = "") -> Care:
    return Care(life or _UNTIL.format(where), _DELETE.format(where), beside=beside)


CARE: Final[Mapping[str, Care]] = MappingProxyType(
    {
        "alice-bob": _static("Alice & Bob"),
        "amazon-braket": Care(
            "A role's session lives for 15 minutes, or as long as the profile's `ttl` says: 12 "
            "hours at most.",
            "AWS ends no session by itself. Deny the role whatever was issued before now (a policy "
            "with the condition `aws:TokenIssueTime`), and delete the key that is stored.",
            exchange="aws-sts",
            federated=True,
            stored=("access_key", "secret_key"),
            beside=("region",),
            engine="`aws`: `dynamic:aws/sts/ROLE` gives a role's session, which dies at its own "
            "end; `dynamic:aws/creds/ROLE` a user of its own, which is deleted with the lease",
        ),
        "aqt": _static("AQT"),
        "azure-quantum": Care(
            "An access token lives for 60 to 90 minutes.",
            "Entra ends no access token by itself. Delete the application's secret, or what it "
            "trusts; what was given lives to its end.",
            exchange="entra",
            federated=True,
            stored=("client_secret",),
            beside=("client_id", "tenant_id"),
            engine="`azure`: it gives a client secret and no token, so let an exchange take it: "
            "`from: dynamic:azure/creds/ROLE`",
        ),
        "dwave": _static("D-Wave Leap", life="A SAPI token lives until it is reset in Leap."),
        "google-quantum": Care(
            "An access token lives for 15 minutes, or as long as the profile's `ttl` says.",
            "Google ends no access token by itself. Disable the service account, or take away what "
            "it trusts.",
            exchange="gcp",
            federated=True,
            keyless=True,
            engine="`gcp`: `dynamic:gcp/roleset/ROLE/token` gives an access token without a lease",
        ),
        "ibm-quantum": Care(
            "A bearer lives for an hour at most. An API key lives until it is deleted.",
            "IBM Cloud ends no bearer by itself. Delete the API key at IBM Cloud IAM; the last "
            "bearer dies within the hour.",
            exchange="ibm-iam",
            engine="`ibmcloud`, a plugin: it gives an API key, so let an exchange take it: `from: "
            "dynamic:ibmcloud/creds/ROLE`",
        ),
        "ionq": _static("IonQ"),
        "iqm": _static("IQM", "server_url"),
        "oqc": _static("OQC", "url"),
        "pasqal": _static("Pasqal", "project_id", life="An access token lives as long as it says."),
        "qbraid": _static("qBraid"),
        "quandela": _static("Quandela"),
        "quantinuum": Care(
            "An access token ends when it says so itself; the refresh token behind it is what is "
            "stored.",
            "Log out at Nexus, which ends the refresh token; the last access token dies at its "
            "end.",
            exchange="quantinuum",
        ),
        "rigetti-qcs": _static("Rigetti", life="An access token lives as long as it says."),
        "strangeworks": _static("Strangeworks"),
        "superstaq": _static("Infleqtion"),
        "xanadu": _static("Xanadu"),
    }
)
"""By the vendor's name, as in ``jupyter_qcred.issue.builtin.VENDORS``."""
