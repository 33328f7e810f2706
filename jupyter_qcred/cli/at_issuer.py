"""``jupyter qcred revoke --at-issuer``: the operator's side."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from traitlets import TraitError

from jupyter_qcred.core.duration import format_duration
from jupyter_qcred.core.errors import (
    ConfigError,
    NeedsLoginError,
    QcredError,
    UnknownCredentialError,
)
from jupyter_qcred.deliver.settings import load_config
from jupyter_qcred.issue.profile import SourceKind
from jupyter_qcred.issue.vault.issuer import VaultIssuer
from jupyter_qcred.issue.vault.operator import CREATE, Operator

from .embedded import REFUSED, show_error
from .paper import Paper, count, printable
from .progress import Progress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from traitlets.config import Config

    from jupyter_qcred.issue.vault.operator import Found, Result

_MOST_ROWS: Final = 50


def run(args: argparse.Namespace) -> int:
    """Find, show, ask, revoke; return the exit code."""
    try:
        config = load_config()
        settings = _settings(args, config)
        with (
            closing(settings),
            Progress(sys.stderr) as progress,
            Operator(settings, progress) as operator,
        ):
            found = _find(args, config, settings, operator)
            progress.clear()
            if not args.json:
                print(_listed(found, operator.issuer))
            if args.dry_run or not found:
                return _tell(args, operator.issuer, found, [])
            if not args.yes and not _agreed(found):
                return REFUSED
            results = operator.revoke(found)
            progress.clear()
            return _tell(args, operator.issuer, found, results)
    except NeedsLoginError as error:
        # What is configured here may be the login of servers, which no operator has.
        own = "" if args.token_file else ". Or say where a token of yours is, by --token-file FILE"
        step = f"{error.next_step}{own}"
        return show_error(args, NeedsLoginError(error.reason, next_step=step))
    except TraitError as error:
        # Our traits' messages name the setting and what is wrong with it, never a secret.
        return show_error(args, ConfigError(str(error)))
    except QcredError as error:
        return show_error(args, error)


def _settings(args: argparse.Namespace, config: Config) -> VaultIssuer:
    """Return whom to ask, and who asks.

    Raises:
        ConfigError: neither the settings nor the arguments name an issuer.
    """
    given: dict[str, Any] = {"address": args.address} if args.address else {}
    if args.token_file:
        given |= {"auth_method": "token_file", "token_file": args.token_file}
    if not (args.address or config.get("VaultIssuer", {}).get("address")):
        raise ConfigError(
            "No issuer is configured on this machine", next_step="Say which, by --address URL"
        )
    return VaultIssuer(config=config, **given)


def _find(
    args: argparse.Namespace, config: Config, settings: VaultIssuer, operator: Operator
) -> list[Found]:
    if not args.credential:
        # The server's own token as well: with it the server opens the next session at once.
        ours = [role for role in (settings.server_role, settings.kernel_role) if role]
        return operator.tokens([args.role] if args.role else ours, args.user or "")
    path = _source(args.credential, config)
    if path.startswith(CREATE):
        return operator.tokens([path.removeprefix(CREATE)])
    return operator.leases(path)


def _source(credential: str, config: Config) -> str:
    """Return the path at which Vault issues a credential with an end of its own.

    Raises:
        UnknownCredentialError: no profile here has that name.
        ConfigError: there is nothing at the issuer that could be revoked.
    """
    from jupyter_qcred.deliver.catalogue import Catalogue
    from jupyter_qcred.deliver.service import CredentialService
    from jupyter_qcred.issue.supply import IssuerSupply

    service = CredentialService(config=config)
    profile = Catalogue(service, IssuerSupply(service)).profiles().get(credential)
    if profile is None:
        raise UnknownCredentialError(
            f"No profile of this machine is named {credential}",
            next_step="Run this where the servers' profiles are configured",
        )
    if profile.source.kind is SourceKind.EXCHANGE:
        raise ConfigError(
            f"{credential} is what {profile.vendor} gives in exchange: it ends by itself, and "
            "nobody can end it earlier",
            next_step="`--role` ends the sessions that hold it, so that there is no next one",
        )
    if profile.source.kind is not SourceKind.DYNAMIC:
        raise ConfigError(
            f"{credential} is a static key or a signed token: the issuer only stores or signs it, "
            "and cannot end what was handed out",
            next_step=f"Revoke the key at {profile.vendor}, and store a new one; `--role` ends the "
            "sessions that hold it",
        )
    return profile.source.path


def _listed(found: Sequence[Found], issuer: str) -> str:
    paper = Paper(sys.stdout)
    if not found:
        paper.line(f"Nothing at {printable(issuer)} matches.")
        return paper.text()
    noun = "lease" if found[0].kind == "lease" else "token"
    paper.line(paper.bold(f"{count(len(found), noun)} at {printable(issuer)}"))
    rows = [
        (
            one.role or one.path,
            one.user or "-",
            one.kernel or "-",
            one.server or "-",
            one.issued.strftime("%Y-%m-%d %H:%M:%S") if one.issued else "-",
            "-" if one.expires_in is None else format_duration(one.expires_in),
            one.handle.rpartition("/")[2][:8],
        )
        for one in found[:_MOST_ROWS]
    ]
    paper.table(("made by", "user", "kernel", "server", "issued (UTC)", "lives", "handle"), rows)
    if len(found) > _MOST_ROWS:
        paper.line(f"  … and {len(found) - _MOST_ROWS:,} more")
    return paper.text()


def _agreed(found: Sequence[Found]) -> bool:
    users = {one.user for one in found} - {""}
    whose = f" of {count(len(users), 'user')}" if users else ""
    question = f"Revoke all {len(found):,}{whose}, and what hangs on them? [y/N] "
    print(question, end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() in {"y", "yes"}:
        return True
    print("Nothing was revoked.", file=sys.stderr)
    return False


def _tell(
    args: argparse.Namespace, issuer: str, found: Sequence[Found], results: Sequence[Result]
) -> int:
    failed = [result for result in results if not result.confirmed]
    if args.json:
        told = {
            "issuer": issuer,
            "dry_run": args.dry_run,
            "found": [_as_json(one) for one in found],
            "confirmed": len(results) - len(failed),
            "failed": [{"handle": one.found.handle, "reason": one.reason} for one in failed],
        }
        print(json.dumps(told, indent=1))
    elif results:
        paper = Paper(sys.stdout)
        done = f"Revoked {len(results) - len(failed):,} of {len(results):,}"
        paper.line(paper.bad(f"{done}; {len(failed):,} failed.") if failed else f"{done}.")
        for reason in sorted({one.reason for one in failed}):
            paper.line(f"  {printable(reason)}")
        print(paper.text())
    elif found:
        print("Nothing was revoked: this was a dry run.")
    return REFUSED if failed else 0


def _as_json(found: Found) -> dict[str, Any]:
    issued = found.issued.isoformat() if found.issued else None
    return {**asdict(found), "issued": issued}
