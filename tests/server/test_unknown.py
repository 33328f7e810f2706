"""Secrets nobody issued here: found by format, allowed by fingerprint, known from before."""

from __future__ import annotations

import copy
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from corpus.clean import clean_notebooks

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.detect import Fingerprints
from jupyter_qcred.redact import Redactor
from jupyter_qcred.server.issued_file import MOST, IssuedFile
from jupyter_qcred.server.own_file import own_key
from jupyter_qcred.server.rules import RuleBook
from jupyter_qcred.server.save_check import SaveCheck
from jupyter_qcred.server.save_policy import SavePolicy
from jupyter_qcred.server.unknown import Allowed, Unknown

if TYPE_CHECKING:
    from pathlib import Path

LOG = logging.getLogger("test")
FOUND = "hvs.CAESIJ1kQ0mV7yWbX3rT9pLz2uNfHd8sKcE4aGxYoRtBvMqPGh4KHGh2cy5KbWlXc0ZtU2dQ"
DEAD = "tZ8qK1vN5xR2wL7mB4cJ9hF3dS6gP0yAuEoTiQ"


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.wall_time = datetime(2026, 5, 1, tzinfo=UTC)

    def now(self) -> float:
        return self.wall_time.timestamp()

    def wall(self) -> datetime:
        return self.wall_time


class Desk:
    """A save check with rules of its own directory."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self.home = home
        self.clock = Clock()
        self.issued = IssuedFile(home / "issued.json", settings.pop("days", 90), self.clock)
        self.left: list[Allowed] = []
        text_files = settings.pop("text_files", False)
        metadata = settings.pop("metadata", False)
        self.book = RuleBook(
            settings.pop("detect", True),
            settings.pop("ignored", []),
            settings.pop("allowed", []),
            home / "allowed.json",
            home / "key",
            self.issued,
            LOG,
        )
        self.redactor = Redactor()
        policy = SavePolicy(Unknown(self.book, self.left.append), text_files, metadata)
        self.check = SaveCheck(self.redactor, policy)

    def notebook(self, content: Any) -> tuple[Any, Any]:
        model = {"type": "notebook", "format": "json", "content": content}
        checked, findings = self.check.or_refuse(model, "a.ipynb", LOG)
        return checked["content"], findings

    def file(self, path: str, text: str) -> tuple[str, Any]:
        model = {"type": "file", "format": "text", "content": text}
        checked, findings = self.check.or_refuse(model, path, LOG)
        return checked["content"], findings


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def plain(tmp_path: Path) -> Desk:
    """A desk without detectors: what it finds it remembers."""
    return Desk(tmp_path, detect=False)


def notebook(text: str) -> dict[str, Any]:
    outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=f"got {text}\n"),
        nbformat.v4.new_output(
            "display_data", {"text/html": f"<b>{text}</b>", "image/png": "iVBO"}
        ),
        nbformat.v4.new_output("error", ename="E", evalue=text, traceback=["a\n", f"{text}\n"]),
    ]
    cell = nbformat.v4.new_code_cell(f"token = '{text}'", outputs=outputs, id="a")
    cell.metadata["deep"] = [{"list": ["one\n", f"{text}\n"], "other": [1, [text]]}]
    text_cell = nbformat.v4.new_markdown_cell(f"see {text}", id="b")
    made = nbformat.v4.new_notebook(cells=[cell, text_cell], metadata={"papermill": {"p": text}})
    return json.loads(json.dumps(made))


def test_a_secret_is_found_by_its_format_wherever_it_stands(desk: Desk) -> None:
    """Source, outputs, lists of lines and metadata; the caller's notebook is left alone."""
    content = notebook(FOUND)
    before = copy.deepcopy(content)
    saved, findings = desk.notebook(content)
    assert FOUND not in json.dumps(saved)
    assert content == before
    (rule,) = findings
    assert findings[rule] == 9
    assert json.dumps(saved).count(f"[redacted:{rule}]") == 9
    assert saved["cells"][0]["metadata"]["deep"][0]["list"] == ["one\n", f"[redacted:{rule}]\n"]
    assert saved["cells"][0]["outputs"][1]["data"]["image/png"] == "iVBO"
    nbformat.validate(saved)


def test_redacting_again_changes_nothing(desk: Desk) -> None:
    """What was saved is clean, and a clean notebook is the very object."""
    saved, _ = desk.notebook(notebook(FOUND))
    model = {"type": "notebook", "format": "json", "content": saved}
    assert desk.check.or_refuse(model, "a.ipynb", LOG)[0] is model


def test_a_cell_seen_clean_is_found_when_it_changes(desk: Desk) -> None:
    """Only what is as it was is not looked at again."""
    clean = notebook("nothing")
    desk.notebook(clean)
    for _ in range(2):
        changed = copy.deepcopy(clean)
        changed["cells"][1]["source"] = FOUND
        saved, findings = desk.notebook(changed)
        assert sum(findings.values()) == 1
        assert FOUND not in json.dumps(saved)


def test_ids_and_pictures_are_left_alone(desk: Desk) -> None:
    """What is the format's own, or no text, is not looked at for formats."""
    content = notebook("clean")
    content["cells"][0]["id"] = FOUND[:60]
    content["cells"][0]["outputs"][1]["data"]["image/png"] = "AKIAIOSFODNN7EXAMPLQ" * 9
    assert desk.notebook(content)[1] == {}


def test_a_container_that_stands_there_twice_is_redacted_in_both_places(desk: Desk) -> None:
    """Software that makes notebooks may share a list."""
    shared = [{"k": [FOUND]}]
    content = notebook("clean")
    content["cells"][0]["metadata"] = {"one": shared, "two": shared}
    assert FOUND not in json.dumps(desk.notebook(content)[0])


@pytest.mark.parametrize("levels", [100, 5_000, 50_000])
def test_depth_lets_nothing_through(desk: Desk, levels: int) -> None:
    """However deep, it is found, in time that grows with the size alone."""
    deep: Any = FOUND
    for _ in range(levels):
        deep = {"k": [deep]}
    content = notebook("clean")
    content["cells"][0]["metadata"] = deep
    node = desk.notebook(content)[0]["cells"][0]["metadata"]
    while not isinstance(node, str):
        node = node["k"][0]
    assert FOUND not in node


def test_a_notebook_sent_as_text_is_redacted(desk: Desk) -> None:
    """In every layout, also where it is no notebook at all."""
    for text in (json.dumps(notebook(FOUND)), f"no json {FOUND}"):
        saved, findings = desk.file("a.ipynb", text)
        assert FOUND not in saved
        assert findings


def test_text_files_are_redacted_by_format_on_request(tmp_path: Path) -> None:
    """A script may need what it holds: only who asks for it has it redacted."""
    text = f"TOKEN={FOUND}\n"
    assert Desk(tmp_path).file("a.py", text) == (text, {})
    saved, findings = Desk(tmp_path, text_files=True).file("a.py", text)
    assert FOUND not in saved
    assert findings


def test_detectors_can_be_turned_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """All of them, or one by its id; one that does not exist is told, and all are used."""
    (rule,) = Desk(tmp_path).notebook(notebook(FOUND))[1]
    assert Desk(tmp_path, detect=False).notebook(notebook(FOUND))[1] == {}
    assert rule not in Desk(tmp_path, ignored=[rule]).notebook(notebook(FOUND))[1]
    assert Desk(tmp_path, ignored=["no-such"]).notebook(notebook(FOUND))[1]
    assert "ignored_rules is not used" in caplog.text


# -- allowed


@pytest.mark.parametrize("by", ["user", "operator"])
def test_an_allowed_text_stays_and_is_told(tmp_path: Path, by: str) -> None:
    """A false hit is allowed by its fingerprint; each file that uses it is told."""
    fingerprint = Fingerprints(own_key(tmp_path / "key")).of(FOUND)
    entry = {"fingerprint": fingerprint, "reason": "an example", "who": "alice"}
    if by == "user":
        (tmp_path / "allowed.json").write_text(json.dumps([entry]))
    desk = Desk(tmp_path, allowed=[entry] if by == "operator" else [])
    content = notebook(FOUND)
    assert desk.notebook(content) == (content, {})
    assert {(one.path, one.allowance.who) for one in desk.left} == {("a.ipynb", "alice")}


def test_an_allow_list_is_read_when_it_changes(desk: Desk) -> None:
    """No restart for a false hit; and what is taken off the list is redacted again."""
    fingerprint = desk.book.fingerprints.of(FOUND)
    entry = {"fingerprint": fingerprint, "reason": "an example", "who": "alice"}
    assert desk.notebook(notebook(FOUND))[1]
    (desk.home / "allowed.json").write_text(json.dumps([entry]))
    assert desk.notebook(notebook(FOUND))[1] == {}
    (desk.home / "allowed.json").unlink()
    assert desk.notebook(notebook(FOUND))[1]


@pytest.mark.parametrize("text", ["", "{", '[{"fingerprint": "x"}]', "[" * 100_000, '{"a": 1}'])
def test_a_broken_allow_list_allows_nothing(
    desk: Desk, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told in the log, and saves go on."""
    (desk.home / "allowed.json").write_text(text)
    assert desk.notebook(notebook(FOUND))[1]
    assert "is not used" in caplog.text


# -- earlier sessions


def test_a_dead_value_of_an_earlier_session_is_redacted(plain: Desk) -> None:
    """It has no format of its own; a fingerprint is enough."""
    assert plain.notebook(notebook(DEAD))[1] == {}
    plain.book.remember("ionq", [DEAD])
    later = Desk(plain.home, detect=False)
    saved, findings = later.notebook(notebook(DEAD))
    assert findings == {"ionq": 9}
    assert DEAD not in json.dumps(saved)
    assert "[redacted:ionq]" in saved["cells"][1]["source"]


def test_the_file_holds_no_value_and_is_private(plain: Desk) -> None:
    """Neither the value nor a part of it, and nobody else reads it."""
    plain.book.remember("ionq", [DEAD, "short", f"{DEAD} of two words"])
    text = (plain.home / "issued.json").read_text()
    assert len(json.loads(text)) == 1
    assert not any(DEAD[at : at + 6] in text for at in range(len(DEAD) - 6))
    for name in ("issued.json", "key"):
        assert (plain.home / name).stat().st_mode & 0o777 == 0o600


def test_a_name_that_is_known_goes_before_a_guess(plain: Desk) -> None:
    """Where a detector hits the same text, the credential's name is told."""
    assert "ionq" not in Desk(plain.home).notebook(notebook(DEAD))[1]
    plain.book.remember("ionq", [DEAD])
    assert Desk(plain.home).notebook(notebook(DEAD))[1] == {"ionq": 9}


def test_old_entries_go(plain: Desk) -> None:
    """Beyond the age limit nothing is kept, and not more than a number."""
    plain.book.remember("ionq", [DEAD])
    plain.clock.wall_time += timedelta(days=89)
    assert plain.issued.known()
    plain.clock.wall_time += timedelta(days=2)
    assert plain.issued.known() == {}
    plain.book.remember("many", [f"a-value-of-some-length-{n}" for n in range(MOST + 10)])
    assert len(plain.issued.known()) == MOST


def test_who_wants_no_memory_has_none(tmp_path: Path) -> None:
    """0 days: no file is made."""
    Desk(tmp_path, days=0).book.remember("ionq", [DEAD])
    assert not (tmp_path / "issued.json").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"a": ["x", "y", 3]}', "{" * 99_999])
def test_a_damaged_file_is_an_empty_one(plain: Desk, text: str) -> None:
    """Saves go on, and the next issue writes it anew."""
    (plain.home / "issued.json").write_text(text)
    assert plain.notebook(notebook(DEAD))[1] == {}
    plain.book.remember("ionq", [DEAD])
    assert Desk(plain.home, detect=False).notebook(notebook(DEAD))[1]


def test_what_this_server_issued_is_the_redactors_work(plain: Desk) -> None:
    """Its fingerprints are for later servers: here the value itself is armed."""
    plain.book.remember("ionq", [DEAD])
    assert plain.book().earlier is None
    plain.redactor.arm("ionq", [DEAD])
    assert plain.notebook(notebook(DEAD))[1]


def test_a_directory_that_cannot_be_written_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An issue never fails for it; the log names the credential and no value."""
    (tmp_path / "file").touch()
    Desk(tmp_path / "file" / "below").book.remember("ionq", [DEAD])
    assert "ionq is not remembered" in caplog.text
    assert DEAD not in caplog.text


def test_a_damaged_key_is_named(tmp_path: Path) -> None:
    """A key of another length is no key."""
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(ConfigError, match="damaged"):
        own_key(tmp_path / "key")


def test_no_clean_notebook_is_changed(desk: Desk) -> None:
    """Hashes, ids, arrays, counts, pictures and the rest of science look like no secret."""
    desk.book.remember("ionq", [DEAD])
    for content in clean_notebooks():
        model = {"type": "notebook", "format": "json", "content": content}
        assert desk.check.or_refuse(model, "a.ipynb", LOG)[0] is model
