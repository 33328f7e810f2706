"""Whether the issuer can be reached, and lets this user's servers in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerSealedError,
    NeedsLoginError,
    NotEntitledError,
    NotStoredError,
    QcredError,
)

from .finding import (
    OPERATOR,
    RESTART,
    Check,
    Finding,
    Problem,
    Seen,
    Severity,
    Step,
    advice,
    command,
)
from .site import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .issuer_visit import Visit
    from .site import Site

NOTHING_STORED = Problem(
    "issuer.nothing-stored",
    Severity.WARNING,
    "No Vault is configured, and no key was ever stored on this machine: there is nothing that a "
    "kernel could get.",
)
SETTINGS = Problem(
    "issuer.settings",
    Severity.ERROR,
    "A setting of the issuer is wrong or missing.",
)
UNREACHABLE = Problem(
    "issuer.unreachable",
    Severity.ERROR,
    "The issuer does not answer, or not as Vault or OpenBao does.",
)
SEALED = Problem(
    "issuer.sealed",
    Severity.ERROR,
    "The issuer is up and sealed: its operator has to unseal it.",
)
LOGIN = Problem(
    "issuer.login",
    Severity.ERROR,
    "The issuer refuses the login of this machine's servers, or what they log in with is missing.",
)
EMBEDDED = Problem(
    "issuer.embedded",
    Severity.ERROR,
    "The embedded OpenBao does not start.",
)


def look(site: Site) -> Seen:
    """Ask for its health, and log in."""
    findings = tuple(_findings(site.visit))
    if findings:
        return Seen("", findings)
    name = "the embedded OpenBao" if site.visit.embedded else site.visit.client().issuer
    if site.visit.by_person:
        return Seen(f"{name} answers; people log in there, as `jupyter qcred status` shows")
    return Seen(f"{name} answers and lets your servers in")


def _findings(visit: Visit) -> Iterator[Finding]:
    try:
        if visit.empty():
            put = command("jupyter qcred put ibm-quantum")
            yield Finding(NOTHING_STORED, "nothing is stored on this machine", (put,))
            return
        visit.settings()
    except NotStoredError:
        return
    except QcredError as error:
        yield _of_settings(error, embedded=visit.embedded)
        return
    yield from _answers(visit)


def _of_settings(error: QcredError, *, embedded: bool) -> Finding:
    problem = EMBEDDED if embedded else SETTINGS
    return Finding(problem, error.reason, (advice(error.next_step), RESTART))


def _answers(visit: Visit) -> Iterator[Finding]:
    try:
        visit.client()
    except QcredError as error:
        yield _of_settings(error, embedded=visit.embedded)
        return
    try:
        answer, _ = visit.health()
    except ConfigError as error:
        yield _of_settings(error, embedded=visit.embedded)
        return
    except QcredError as error:
        yield Finding(UNREACHABLE, error.reason, (advice(error.next_step),))
        return
    if answer.body.get("sealed") is True or answer.status == 501:
        yield _sealed(visit)
    elif "initialized" not in answer.body:
        seen = f"{visit.client().issuer} answers with HTTP {answer.status}, not as Vault does"
        yield Finding(UNREACHABLE, seen, (advice("Correct VaultIssuer.address"), RESTART))
    elif not visit.by_person:
        yield from _lets_in(visit)


def _sealed(visit: Visit) -> Finding:
    unseal = quoted("bao", "operator", "unseal", *at(visit))
    return Finding(SEALED, f"{visit.client().issuer} is sealed", (command(unseal),), OPERATOR)


def _lets_in(visit: Visit) -> Iterator[Finding]:
    try:
        visit.login()
    except (NeedsLoginError, NotEntitledError) as error:
        yield Finding(LOGIN, error.reason, _log_in(visit, error))
    except IssuerSealedError:
        yield _sealed(visit)
    except QcredError as error:
        yield Finding(UNREACHABLE, error.reason, (advice(error.next_step),))


def _log_in(visit: Visit, error: QcredError) -> tuple[Step, ...]:
    settings = visit.settings()
    if settings.auth_method == "token_file" and settings.token_file == "~/.vault-token":  # noqa: S105 - a path
        return (command(quoted("bao", "login", "-no-print", *at(visit))),)
    return (advice(error.next_step),)


def at(visit: Visit) -> list[str]:
    """Return the options by which ``bao`` finds the issuer."""
    settings = visit.settings()
    options = [f"-address={settings.address}"]
    options += [f"-namespace={settings.namespace}"] if settings.namespace else []
    return options + ([f"-ca-cert={settings.ca_file}"] if settings.ca_file else [])


CHECK: Final = Check(
    "issuer",
    "the issuer of credentials",
    "Asks Vault or OpenBao for its health, and logs in as your servers do. The login is dropped "
    "again; of an AppRole's secret id with a limited number of uses it takes one.",
    (NOTHING_STORED, SETTINGS, UNREACHABLE, SEALED, LOGIN, EMBEDDED),
    look,
)
