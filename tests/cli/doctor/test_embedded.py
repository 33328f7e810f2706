"""What is wrong at the embedded OpenBao: provoked there, and mended by `jupyter qcred init`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.remains import remains

from jupyter_qcred.issue.embedded.client import Client
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao
from jupyter_qcred.issue.embedded.plan import KEEPER, PUT
from jupyter_qcred.issue.embedded.setup import secret_id
from jupyter_qcred.issue.vault import roles

from .conftest import setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Person

INIT = "jupyter qcred init"
KEY = "a-key-of-somebody-0123456789abcdef"
NOTHING = 'path "nothing" { capabilities = ["read"] }'


class Laptop:
    """A person who has stored a key, and whose OpenBao can be put out of order."""

    def __init__(self, person: Person) -> None:
        self.person = person
        stored = person.shell("jupyter-qcred put ionq --stdin", input=KEY)
        assert stored.returncode == 0, stored.stderr
        self.embedded = EmbeddedOpenBao(directory=str(person.home / "data" / "qcred" / "openbao"))

    def write(self, path: str, data: dict[str, Any]) -> None:
        """Write as the keeper, the only one who may."""
        with self.embedded.hold() as hold:
            client = Client(hold.address)
            client.login(KEEPER, secret_id(self.embedded.layout, KEEPER))
            client.request("POST", path, data)

    def lose(self, policy: str) -> None:
        """Take all rights out of a policy."""
        self.write(f"sys/policies/acl/{policy}", {"policy": NOTHING})

    def mend(self, problem: str) -> None:
        """See that the one step is `init`, take it, and see that all is well."""
        found = self.person.problem(problem)
        assert found is not None, self.person.said[-2:]
        assert [(step["way"], step["text"]) for step in found["fix"]] == [("command", INIT)]
        self.person.mend(problem)
        checks = self.person.doctor("issuer", "rights", "sources")
        assert {check["verdict"] for check in checks.values()} == {"fine"}


@pytest.fixture
def laptop(person: Person) -> Iterator[Laptop]:
    """Its key is in no file and in no word at the end."""
    made = Laptop(person)
    yield made
    assert KEY not in "".join(person.said)
    assert remains(person.home, person.said) == []


@pytest.mark.parametrize(
    ("problem", "policy"),
    [
        ("rights.login", roles.USER_POLICY),
        ("rights.server", roles.SERVER_ROLE),
        ("rights.kernel", roles.KERNEL_ROLE),
        ("sources.right", roles.SOURCES_POLICY),
    ],
)
def test_a_policy_that_was_changed(laptop: Laptop, problem: str, policy: str) -> None:
    """Of each token of the tree, and of the keys."""
    laptop.lose(policy)
    laptop.mend(problem)


def test_who_may_not_store_is_told_the_same_command(laptop: Laptop) -> None:
    """`put` names it, and works after it."""
    laptop.lose(PUT)
    refused = laptop.person.shell("jupyter-qcred put iqm --stdin", input=KEY)
    assert refused.returncode == 1
    assert f"`{INIT}`" in refused.stderr
    assert laptop.person.shell(INIT).returncode == 0
    assert laptop.person.shell("jupyter-qcred put iqm --stdin", input=KEY).returncode == 0
    listed = laptop.person.shell("jupyter-qcred list --json")
    assert json.loads(listed.stdout)["stored"] == ["ionq", "iqm"]


def test_a_profile_that_reads_elsewhere(laptop: Laptop) -> None:
    """No policy of the embedded OpenBao will ever allow it: the profile has to be corrected."""
    profiles = {"ionq": {"vendor": "ionq", "source": "kv2:secret/team/ionq"}}
    file = setting(laptop.person, CredentialService={"profiles": profiles})
    laptop.person.mend("sources.right", Correct=file.unlink)
