"""What an exchange is: what it needs, what it gives, and the one call that does it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from jupyter_qcred.core.duration import parse_duration
from jupyter_qcred.core.errors import ConfigError, NotStoredError
from jupyter_qcred.issue.exchange.endpoint import is_endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.issue.exchange.line import Line

_USUAL: Final = ("value", "token", "api_key", "password")
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,65536}")


def is_value(text: object) -> bool:
    """Whether this can be a credential: printable ASCII without spaces (RFC 6749, A.12)."""
    return isinstance(text, str) and _TOKEN.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of an exchange in a profile.

    Attributes:
        about: what it says, for the reference and for messages.
        required: there is no sense in the exchange without it.
        fits: whether a text can be its value.
        example: a value that fits, for messages.
    """

    about: str
    required: bool = False
    fits: Callable[[str], bool] = bool
    example: str = ""


def endpoint(about: str, *, required: bool = False) -> Option:
    """Return an option for an address that keys are sent to."""
    return Option(
        f"{about}; https, or http on the loopback interface",
        required,
        fits=is_endpoint,
        example="https://iam.example.com/token",
    )


def _is_life(text: str) -> bool:
    try:
        return parse_duration(text) >= 1
    except ValueError:
        return False


LIFETIME: Final = Option(
    "life of a token, to assume where the answer does not tell", fits=_is_life, example="15m"
)
"""The option of exchanges whose vendors need not say how long a token lives."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was read for one exchange.

    Attributes:
        fields: secret texts by name, as they are stored.
        federated: they are an identity token of the issuer's own, not a stored key.
        credential: the profile's name, for messages.
        public: stored beside them, and no secrets by the profile.
    """

    fields: Mapping[str, Secret]
    federated: bool
    credential: str
    public: Mapping[str, str] = field(default_factory=dict)

    def find(self, *names: str) -> Secret | None:
        """Return the first of these fields that is there and not empty."""
        return next((self.fields[name] for name in names if self.fields.get(name)), None)

    def need(self, *names: str) -> Secret:
        """Return the first of these fields that is there.

        Raises:
            ConfigError: none is.
        """
        found = self.find(*names)
        if found is None:
            there = ", ".join(f"`{name}`" for name in sorted(self.fields)) or "none"
            raise ConfigError(
                f"what is stored for {self.credential} has no field `{names[0]}`; "
                f"its secret fields: {there}",
                next_step=f"Store it with the field `{names[0]}`",
                credential=self.credential,
            )
        return found

    def fact(self, name: str, options: Options) -> str | Secret:
        """Return what the profile says, or what is stored: an id, which may count as a secret.

        Raises:
            ConfigError: neither has it.
        """
        return options.get(name) or self.public.get(name) or self.need(name)

    def key(self, *names: str) -> Secret:
        """Return the field that is the key: a named one, the only one, or one usually called so.

        Raises:
            ConfigError: none has the looks of it.
            NotStoredError: it is empty.
        """
        if len(self.fields) == 1:
            (only,) = self.fields.values()
            if not only:
                raise NotStoredError(
                    f"the key stored for {self.credential} is empty", credential=self.credential
                )
            return only
        return self.need(*names, *_USUAL)


@dataclass(frozen=True, slots=True)
class Options:
    """What a profile says about its exchange.

    Attributes:
        given: by name, as they stand there.
        ttl: longest life in seconds that the profile asks for; None leaves it to the exchange.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    ttl: float | None = None

    def get(self, name: str, default: str = "") -> str:
        """Return an option; the default where the profile does not have it."""
        return self.given.get(name, default)

    @property
    def lifetime(self) -> float | None:
        """Seconds to assume where an answer does not say how long its token lives."""
        return parse_duration(self.given["lifetime"]) if "lifetime" in self.given else None


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What a vendor gave.

    Attributes:
        values: secret fields by name.
        main: the field that is the credential itself.
        ttl: seconds it lives from now; always known, since nobody can end it earlier.
        public: fields that are no secrets.
    """

    values: Mapping[str, Secret]
    main: str
    ttl: float
    public: Mapping[str, str] = field(default_factory=dict)


class Exchange(Protocol):
    """One vendor's way. Stateless: one object serves every profile and thread."""

    @property
    def name(self) -> str:
        """What a profile calls it: ``ibm-iam``."""
        ...

    @property
    def title(self) -> str:
        """Who is asked, for people: ``IBM Cloud IAM``."""
        ...

    @property
    def options(self) -> Mapping[str, Option]:
        """What a profile may say about it, by name."""
        ...

    @property
    def takes(self) -> str:
        """Which fields it takes from its source, for the reference."""
        ...

    def exchange(self, inputs: Inputs, options: Options, line: Line) -> Exchanged:
        """Hand the inputs in, once; return what the vendor gave. Blocks.

        Raises:
            ConfigError: inputs or options do not fit, or the vendor says that they do not.
            NotEntitledError: the vendor does not take the key or token, or grants nothing for it.
            IssuerError: the vendor failed, limits the rate, or gave no answer that makes sense.
        """
        ...
