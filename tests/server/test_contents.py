"""Whatever the contents manager, a save writes no value, or nothing at all."""

from __future__ import annotations

import asyncio
import base64
import copy
import inspect
import json
import logging
import threading
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
import requests
from jupyter_server.services.contents.checkpoints import GenericCheckpointsMixin
from jupyter_server.services.contents.filecheckpoints import (
    AsyncGenericFileCheckpoints,
    GenericFileCheckpoints,
)
from jupyter_server.services.contents.filemanager import (
    AsyncFileContentsManager,
    FileContentsManager,
)
from jupyter_server.services.contents.largefilemanager import (
    AsyncLargeFileManager,
    LargeFileManager,
)
from jupyter_server.services.contents.manager import ContentsManager
from support.jupyter import TOKEN, JupyterServer
from tornado.web import HTTPError
from traitlets.config import Config

from jupyter_qcred.redact import Redactor
from jupyter_qcred.redact.matcher import Matcher
from jupyter_qcred.server.contents import redacting_contents_manager

if TYPE_CHECKING:
    from pathlib import Path

VALUE = "Qk3vT9zLw0_xR7mNp2sYb8cHd5fGj1aE4uWiOq6tZlKV"
MARK = "[redacted:ibm-quantum]"

MANAGERS = [AsyncLargeFileManager, LargeFileManager, AsyncFileContentsManager, FileContentsManager]
LARGE = [AsyncLargeFileManager, LargeFileManager]


class BreakableMatcher(Matcher):
    """Raises when told to: stands for any failure inside the search."""

    broken = False
    threads: set[str]

    def find(self, data: bytes) -> list:
        self._look(data)
        return super().find(data)

    def find_in(self, texts: Any) -> dict:
        self._look(texts)
        return super().find_in(texts)

    def _look(self, data: Any) -> None:
        self.threads.add(threading.current_thread().name)
        if self.broken:
            raise RuntimeError(f"cannot look at {data!r}")


class Place:
    """A redacting manager over a directory."""

    def __init__(self, base: type[ContentsManager], root: Path, **config: Any) -> None:
        self.root = root
        self.told: list[tuple[str, dict[str, int]]] = []
        self.searcher = type("Searcher", (BreakableMatcher,), {"threads": set()})
        self.redactor = type("Breakable", (Redactor,), {"matcher_type": self.searcher})()
        self.redactor.arm("ibm-quantum", [VALUE])
        cls = redacting_contents_manager(base, self.redactor, self.on_redacted)
        self.manager = cls(root_dir=str(root), delete_to_trash=False, **config)
        self.plain = base(root_dir=str(root), delete_to_trash=False, **config)

    def on_redacted(self, receipt: Any) -> None:
        self.told.append((receipt.path, dict(receipt.findings)))

    def save(self, path: str, kind: str, content: Any, form: str = "text", **more: Any) -> Any:
        model = {"type": kind, "content": content, "format": form, **more}
        return result(lambda: self.manager.save(model, path))

    def on_disk(self, path: str) -> str:
        return (self.root / path).read_text("utf-8")

    def everything(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.root.rglob("*") if path.is_file())


def result(call: Any) -> Any:
    """Call, and wait if that is what the manager wants, on a loop of its own."""

    async def run() -> Any:
        found = call()
        return await found if inspect.isawaitable(found) else found

    return asyncio.run(run())


@pytest.fixture(params=MANAGERS, ids=lambda base: base.__name__)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(request.param, tmp_path)


@pytest.fixture(params=LARGE, ids=lambda base: base.__name__)
def large(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(request.param, tmp_path)


def notebook(text: str) -> dict[str, Any]:
    output = nbformat.v4.new_output("stream", name="stdout", text=text)
    cell = nbformat.v4.new_code_cell(f"token = '{text}'", outputs=[output], id="a")
    cell.metadata["note"] = {text: [text]}
    return json.loads(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))


def status(call: Any) -> int:
    try:
        call()
    except HTTPError as error:
        return error.status_code
    return 200


def refused(call: Any) -> HTTPError:
    with pytest.raises(HTTPError) as info:
        call()
    assert VALUE not in repr(info.value.__dict__)
    assert info.value.__cause__ is None
    assert info.value.__suppress_context__
    return info.value


# -- notebooks


def test_a_notebook_is_saved_without_the_value(place: Place) -> None:
    """Source, output, metadata and keys are redacted, and whoever asked is told once."""
    content = notebook(VALUE)
    before = copy.deepcopy(content)
    saved = place.save("a.ipynb", "notebook", content, "json")
    assert VALUE.encode() not in place.everything()
    assert json.loads(place.on_disk("a.ipynb"))["cells"][0]["outputs"][0]["text"] == [MARK]
    assert saved["type"] == "notebook"
    assert saved["content"] is None
    assert place.told == [("a.ipynb", {"ibm-quantum": 4})]
    assert content == before, "the caller's notebook is left alone"


def test_a_clean_notebook_is_the_same_file_as_without_us(place: Place) -> None:
    """Byte for byte, and nobody is told anything."""
    content = notebook("8f14e45fceea167a5a36dedd4bea2543 é \u2028 \U0001f511")
    place.save("ours.ipynb", "notebook", copy.deepcopy(content), "json")
    model = {"type": "notebook", "content": content, "format": "json"}
    result(lambda: place.plain.save(model, "theirs.ipynb"))
    assert (place.root / "ours.ipynb").read_bytes() == (place.root / "theirs.ipynb").read_bytes()
    assert place.told == []


@pytest.mark.parametrize("armed", [True, False])
def test_a_clean_model_reaches_the_base_class_itself(tmp_path: Path, armed: bool) -> None:
    """The very object is handed on, also while nothing is armed."""
    seen: list[object] = []

    class Seeing(LargeFileManager):
        def save(self, model: Any, path: str = "") -> Any:
            seen.append(model)
            return super().save(model, path)

    place = Place(Seeing, tmp_path)
    if not armed:
        place.redactor = Redactor()
        cls = redacting_contents_manager(Seeing, place.redactor, place.on_redacted)
        place.manager = cls(root_dir=str(tmp_path))
    model = {"type": "notebook", "content": notebook("clean"), "format": "json"}
    place.manager.save(model, "a.ipynb")
    assert seen[0] is model
    assert place.searcher.threads == ({threading.current_thread().name} if armed else set())


def test_while_nothing_is_armed_everything_is_saved_as_it_is(place: Place) -> None:
    """Without a value to look for there is nothing to do."""
    base = type(place.plain)
    manager = redacting_contents_manager(base, Redactor(), place.on_redacted)(
        root_dir=str(place.root)
    )
    model = {"type": "file", "content": VALUE, "format": "text"}
    result(lambda: manager.save(model, "a.txt"))
    result(lambda: manager.save(dict(model, chunk=1), "b.txt"))
    result(lambda: manager.create_checkpoint("a.txt"))
    result(lambda: manager.restore_checkpoint("checkpoint", "a.txt"))
    assert place.on_disk("a.txt") == place.on_disk("b.txt") == VALUE


@pytest.mark.parametrize("text", [json.dumps, lambda content: json.dumps(content, indent=1)])
def test_a_notebook_saved_as_a_file_is_redacted(place: Place, text: Any) -> None:
    """A client may send the text of a notebook instead of the notebook."""
    place.save("a.ipynb", "file", text(notebook(VALUE)))
    assert VALUE not in place.on_disk("a.ipynb")
    assert (
        nbformat.reads(place.on_disk("a.ipynb"), as_version=4).cells[0].source.endswith(f"{MARK}'")
    )


# -- files


@pytest.mark.parametrize("path", ["a.py", "a.md", "a.env", "data", "b.json"])
def test_text_files_are_redacted(place: Place, path: str) -> None:
    """A script or settings file with a live value is as much a leak as a notebook."""
    place.save(path, "file", f"KEY='{VALUE}'\n")
    assert place.on_disk(path) == f"KEY='{MARK}'\n"
    assert place.told == [(path, {"ibm-quantum": 1})]


def test_a_text_file_that_was_uploaded_is_redacted(place: Place) -> None:
    """Browsers send uploads in base64: a text among them is redacted as text."""
    content = base64.encodebytes(f"é {VALUE}\n".encode()).decode()
    place.save("a.env", "file", content, "base64")
    assert place.on_disk("a.env") == f"é {MARK}\n"


def test_a_clean_binary_file_is_saved_as_it_is(place: Place) -> None:
    """Archives and pictures are not touched."""
    data = bytes(range(256)) * 50
    place.save("a.bin", "file", base64.b64encode(data).decode(), "base64")
    assert (place.root / "a.bin").read_bytes() == data


@pytest.mark.parametrize("data", [b"\0" + VALUE.encode(), b"\xff\xfe" + VALUE.encode()])
def test_a_binary_file_with_a_value_is_refused(place: Place, data: bytes) -> None:
    """It can't be redacted without spoiling it, so it is not written; the words say what to do."""
    encoded = base64.b64encode(data).decode()
    error = refused(lambda: place.save("a.bin", "file", encoded, "base64"))
    assert error.status_code == 400
    assert "ibm-quantum" in str(error.reason)
    assert not (place.root / "a.bin").exists()


@pytest.mark.parametrize("content", ["abc\xff", "abc"])
def test_a_content_that_is_not_what_it_says_is_refused(place: Place, content: str) -> None:
    """What can't be decoded can't be checked."""
    refused(lambda: place.save("a.bin", "file", content, "base64"))
    assert not (place.root / "a.bin").exists()


def test_folders_are_made_as_before(place: Place) -> None:
    """A model without content passes."""
    result(lambda: place.manager.save({"type": "directory"}, "folder"))
    assert (place.root / "folder").is_dir()


# -- uploads in chunks


def upload(place: Place, data: bytes, size: int, path: str = "up.txt") -> None:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    for number, piece in enumerate(pieces, 1):
        place.save(
            path,
            "file",
            base64.b64encode(piece).decode(),
            "base64",
            chunk=number if number < len(pieces) else -1,
        )


@pytest.mark.parametrize("size", [7, 20, 43, 45, 60])
def test_a_value_across_the_border_of_chunks_is_redacted(large: Place, size: int) -> None:
    """However an upload is cut, also inside a character, the file is that of the whole."""
    text = f"first é {VALUE} then {VALUE[:20]} é\n{VALUE}"
    upload(large, text.encode(), size)
    assert large.on_disk("up.txt") == large.redactor.text(text).text
    assert sum(findings["ibm-quantum"] for _, findings in large.told) == 2


def test_text_chunks_are_redacted(large: Place) -> None:
    """A client may send chunks as text."""
    for number, piece in ((1, f"a {VALUE[:9]}"), (2, VALUE[9:30]), (-1, f"{VALUE[30:]} é\n")):
        large.save("up.txt", "file", piece, chunk=number)
    assert large.on_disk("up.txt") == f"a {MARK} é\n"


@pytest.mark.parametrize("size", [10, 64, 1000])
def test_a_clean_upload_is_written_as_it_is(large: Place, size: int) -> None:
    """Every byte of a clean file arrives, text or not."""
    data = (bytes(range(256)) + VALUE[:20].encode()) * 5 + VALUE[:20].encode()
    upload(large, data, size, "up.bin")
    assert (large.root / "up.bin").read_bytes() == data
    assert large.told == []


def test_a_binary_upload_with_a_value_is_given_up(large: Place) -> None:
    """Nothing of the value is on disk, and the rest of the upload is refused."""
    data = bytes(range(256)) * 2 + VALUE.encode() + b"end" * 100
    error = refused(lambda: upload(large, data, 256, "up.bin"))
    assert error.status_code == 400
    assert VALUE.encode() not in large.everything()
    refused(lambda: large.save("up.bin", "file", "QUJD", "base64", chunk=4))


def test_a_chunk_without_its_beginning_is_refused(large: Place) -> None:
    """After a restart of the server nobody knows what the chunk before ended with."""
    (large.root / "up.txt").write_text(VALUE[:20])
    error = refused(lambda: large.save("up.txt", "file", VALUE[20:], chunk=-1))
    assert error.status_code == 400
    assert "Upload the file again" in str(error.reason)
    assert large.on_disk("up.txt") == VALUE[:20]


def test_a_value_armed_during_an_upload_is_redacted_from_then_on(tmp_path: Path) -> None:
    """The first chunk may come before the first credential."""
    place = Place(LargeFileManager, tmp_path)
    redactor = Redactor()
    manager = redacting_contents_manager(LargeFileManager, redactor, place.on_redacted)(
        root_dir=str(tmp_path)
    )
    model = {"type": "file", "format": "text"}
    manager.save({**model, "content": "one\n", "chunk": 1}, "up.txt")
    manager.save({**model, "content": "two\n", "chunk": 2}, "up.txt")
    redactor.arm("ibm-quantum", [VALUE])
    manager.save({**model, "content": f"{VALUE}\n", "chunk": -1}, "up.txt")
    assert place.on_disk("up.txt") == f"one\ntwo\n{MARK}\n"


def test_very_many_open_uploads_do_not_fill_the_memory(large: Place) -> None:
    """Uploads that were never finished are given up, oldest first."""
    for number in range(70):
        large.save(f"{number}.txt", "file", "a", chunk=1)
    refused(lambda: large.save("0.txt", "file", "b", chunk=-1))
    large.save("69.txt", "file", "b", chunk=-1)
    assert large.on_disk("69.txt") == "ab"


# -- other ways into a file


def test_a_copy_of_an_old_file_is_redacted(place: Place) -> None:
    """A file that was written before the value was known does not multiply."""
    (place.root / "old.ipynb").write_text(json.dumps(notebook(VALUE)))
    (place.root / "old.py").write_text(f"key = '{VALUE}'\n")
    result(lambda: place.manager.copy("old.ipynb", "new.ipynb"))
    result(lambda: place.manager.copy("old.py", "new.py"))
    assert VALUE not in place.on_disk("new.ipynb")
    assert place.on_disk("new.py") == f"key = '{MARK}'\n"


def test_a_new_file_with_content_is_redacted(place: Place) -> None:
    """Creating a file is a save as well."""
    model = {"type": "file", "format": "text", "content": VALUE}
    result(lambda: place.manager.new(model, "new.txt"))
    assert place.on_disk("new.txt") == MARK


def old_checkpoint(place: Place, path: str, text: str) -> None:
    """A checkpoint from before the value was armed."""
    (place.root / path).write_text(text)
    result(lambda: place.plain.create_checkpoint(path))


def test_a_restored_checkpoint_is_redacted(place: Place) -> None:
    """An old text comes back without the value."""
    old_checkpoint(place, "a.ipynb", json.dumps(notebook(VALUE)))
    old_checkpoint(place, "a.txt", f"{VALUE}\n")
    old_checkpoint(place, "clean.txt", "clean\n")
    for path in ("a.ipynb", "a.txt", "clean.txt"):
        (place.root / path).write_text("{}")
        result(lambda path=path: place.manager.restore_checkpoint("checkpoint", path))
    assert VALUE not in place.on_disk("a.ipynb")
    assert MARK in place.on_disk("a.ipynb")
    assert place.on_disk("a.txt") == f"{MARK}\n"
    assert place.on_disk("clean.txt") == "clean\n"
    assert [path for path, _ in place.told] == ["a.ipynb", "a.txt"]


@pytest.mark.parametrize("current", ["current text\n", "not a notebook", None])
@pytest.mark.parametrize("path", ["a.txt", "a.ipynb"])
def test_a_checkpoint_that_cannot_be_checked_is_not_restored(
    place: Place, path: str, current: str | None
) -> None:
    """The file is as it was before, also if there was none or it was broken."""
    text = json.dumps(notebook(VALUE)) if path.endswith(".ipynb") else VALUE
    old_checkpoint(place, path, text)
    (place.root / path).unlink()
    if current is not None:
        (place.root / path).write_text(current)
    place.searcher.broken = True
    restore = lambda: result(lambda: place.manager.restore_checkpoint("checkpoint", path))  # noqa: E731
    assert refused(restore).status_code == 503
    if current is None:
        assert not (place.root / path).exists()
    else:
        assert place.on_disk(path) == current


@pytest.mark.parametrize(
    ("base", "checkpoints"),
    [
        (LargeFileManager, GenericFileCheckpoints),
        (AsyncLargeFileManager, AsyncGenericFileCheckpoints),
    ],
)
def test_checkpoints_of_other_kinds_are_redacted_when_restored(
    base: Any, checkpoints: Any, tmp_path: Path
) -> None:
    """Checkpoints that restore through save, as those of databases do, pass our save."""
    assert issubclass(checkpoints, GenericCheckpointsMixin)
    place = Place(base, tmp_path, checkpoints_class=checkpoints)
    old_checkpoint(place, "a.txt", VALUE)
    result(lambda: place.manager.restore_checkpoint("checkpoint", "a.txt"))
    assert place.on_disk("a.txt") == MARK


# -- failures


FAILING: dict[str, dict[str, Any]] = {
    "a.ipynb": {"type": "notebook", "content": notebook(VALUE), "format": "json"},
    "b.ipynb": {"type": "file", "content": json.dumps(notebook(VALUE)), "format": "text"},
    "c.txt": {"type": "file", "content": VALUE, "format": "text"},
    "d.txt": {
        "type": "file",
        "content": base64.b64encode(VALUE.encode()).decode(),
        "format": "base64",
    },
    "e.txt": {"type": "file", "content": VALUE, "format": "text", "chunk": 1},
}


@pytest.mark.parametrize("path", FAILING)
def test_what_cannot_be_checked_is_not_written(
    place: Place, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure inside redaction is a 503 with words for the user; the old file stays."""
    (place.root / path).write_text("the old text")
    place.searcher.broken = True
    with caplog.at_level(logging.DEBUG):
        error = refused(lambda: result(lambda: place.manager.save(dict(FAILING[path]), path)))
    assert error.status_code == 503
    for words in (error.reason, error.log_message):
        assert "nothing was written" in str(words)
        assert "Your work is still in the browser" in str(words)
    assert place.on_disk(path) == "the old text"
    assert place.told == []
    assert "RuntimeError in _look" in caplog.text
    assert VALUE not in caplog.text


def test_after_a_failure_the_next_save_works(place: Place) -> None:
    """Nothing is left behind by a refused save."""
    place.searcher.broken = True
    refused(lambda: place.save("a.txt", "file", VALUE))
    place.searcher.broken = False
    place.save("a.txt", "file", VALUE)
    assert place.on_disk("a.txt") == MARK


def deep(levels: int, leaf: str) -> Any:
    value: Any = leaf
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [100, 1_100, 20_000])
def test_a_very_deep_notebook_is_redacted_or_refused(place: Place, levels: int) -> None:
    """Depth never lets a value through; too deep for nbformat is its own error, and no file."""
    content = notebook("clean")
    content["metadata"]["deep"] = deep(levels, VALUE)
    assert status(lambda: place.save("a.ipynb", "notebook", content, "json")) in {200, 500}
    assert VALUE.encode() not in place.everything()


def test_a_lone_surrogate_is_redacted_or_refused(place: Place) -> None:
    """Text that is no valid Unicode never lets a value through."""
    content = notebook(f"\ud83d {VALUE}")
    assert status(lambda: place.save("a.ipynb", "notebook", content, "json")) in {200, 500}
    assert VALUE.encode() not in place.everything()


def test_a_listener_that_raises_does_not_fail_the_save(place: Place) -> None:
    """The file is saved, and saved well: reporting is an extra."""
    base = type(place.plain)

    def raising(receipt: object) -> None:
        raise RuntimeError(receipt)

    manager = redacting_contents_manager(base, place.redactor, raising)(root_dir=str(place.root))
    model = {"type": "file", "content": VALUE, "format": "text"}
    assert result(lambda: manager.save(model, "a.txt"))["path"] == "a.txt"
    assert place.on_disk("a.txt") == MARK


def test_what_the_base_class_raises_reaches_the_client(place: Place) -> None:
    """A save into nowhere is refused with the words of the base class, and nobody is told."""
    theirs: list[HTTPError] = []
    model = {"type": "file", "content": VALUE, "format": "strange"}
    for manager in (place.manager, place.plain):
        with pytest.raises(HTTPError) as info:
            result(lambda manager=manager: manager.save(dict(model), "a.txt"))
        theirs.append(info.value)
    assert str(theirs[0]) == str(theirs[1])
    assert place.told == []


# -- the class


def test_the_class_takes_the_configuration_of_its_base(tmp_path: Path) -> None:
    """Settings for the class that the user configured apply, at every level of its hierarchy."""
    cls = redacting_contents_manager(AsyncLargeFileManager, Redactor(), lambda *_: None)
    config = Config(
        {
            "AsyncLargeFileManager": {"root_dir": str(tmp_path)},
            "FileContentsManager": {"use_atomic_writing": False},
            "ContentsManager": {"untitled_file": "nameless"},
        }
    )
    manager = cls(config=config)
    assert cls.__name__ == "RedactingAsyncLargeFileManager"
    assert manager.root_dir == str(tmp_path)
    assert manager.use_atomic_writing is False
    assert manager.untitled_file == "nameless"


def test_an_asynchronous_manager_does_not_block_its_loop(tmp_path: Path) -> None:
    """The search runs in a thread of ours, that of a synchronous manager where it is called."""
    place = Place(AsyncLargeFileManager, tmp_path)
    place.save("a.ipynb", "notebook", notebook(VALUE), "json")
    assert all(name.startswith("qcred-redact") for name in place.searcher.threads)
    other = Place(LargeFileManager, tmp_path)
    other.save("b.ipynb", "notebook", notebook(VALUE), "json")
    assert other.searcher.threads == {threading.current_thread().name}


class MemoryManager(ContentsManager):
    """As managers of databases are: no files, and a save of its own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stored: dict[str, Any] = {}

    def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        self.stored[path] = model
        return {"path": path, "type": model["type"]}


class AwaitableMemoryManager(MemoryManager):
    """A manager that is asynchronous without saying so by its class."""

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:  # type: ignore[override]
        return super().save(model, path)


@pytest.mark.parametrize("base", [MemoryManager, AwaitableMemoryManager])
def test_any_manager_and_any_type_of_document_is_redacted(base: Any) -> None:
    """Types and formats that other software invents are walked whole."""
    redactor = Redactor()
    redactor.arm("ibm-quantum", [VALUE])
    manager = redacting_contents_manager(base, redactor, lambda *_: None)()
    model = {"type": "drawing", "format": "json", "content": {"shapes": [{"label": VALUE}]}}
    result(lambda: manager.save(model, "a.draw"))
    assert manager.stored["a.draw"]["content"] == {"shapes": [{"label": MARK}]}
    assert model["content"] == {"shapes": [{"label": VALUE}]}


CONFIG = f"""
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_qcred.redact import Redactor
from jupyter_qcred.redact.matcher import Matcher
from jupyter_qcred.server.contents import redacting_contents_manager

class Failing(Matcher):
    def find_in(self, texts):
        if any("fail" in text for text in texts):
            raise ValueError(texts)
        return super().find_in(texts)

class Broken(Redactor):
    matcher_type = Failing

redactor = Broken()
redactor.arm("ibm-quantum", ["{VALUE}"])
c.ServerApp.contents_manager_class = redacting_contents_manager(
    AsyncLargeFileManager, redactor, lambda receipt: None
)
c.ServerApp.jpserver_extensions = {{"jupyter_qcred": False}}
"""


def test_a_browser_is_told_why_nothing_was_written(tmp_path: Path) -> None:
    """Over HTTP a save is redacted, and a refused one answers in the words JupyterLab shows."""
    server = JupyterServer(tmp_path, CONFIG)
    try:
        server.start()
        server.save("a.ipynb", notebook(VALUE))
        saved = (server.root / "a.ipynb").read_bytes()
        assert VALUE.encode() not in saved
        answer = requests.put(
            f"{server.url}api/contents/a.ipynb",
            json={"type": "notebook", "content": notebook(f"fail {VALUE}")},
            headers={"Authorization": f"token {TOKEN}"},
            timeout=60,
        )
        assert answer.status_code == 503
        assert "nothing was written" in answer.json()["message"]
        assert "still in the browser" in answer.json()["reason"]
        assert (server.root / "a.ipynb").read_bytes() == saved
        assert VALUE not in answer.text
        assert VALUE not in server.log()
    finally:
        server.close()
