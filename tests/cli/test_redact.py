"""``jupyter qcred redact``, as a person and a pipeline run it."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import string
import subprocess
import sys

import nbformat
import pytest

KEY = "canary-7d0c51e9ab2f4c68b1d3e5f7a9c0b2d4"
OTHER = "second-canary-0123456789abcdef01234567"


def code(source="x = 1", *outputs, name="c1"):
    """A code cell."""
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "execution_count": 1,
        "source": source,
        "outputs": list(outputs),
    }


def notebook(*cells):
    """A notebook of this format."""
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}


@pytest.fixture
def place(tmp_path):
    """A directory with known values."""
    (tmp_path / "home").mkdir()
    known = tmp_path / "known.json"
    known.write_text(json.dumps({"ibm-quantum": KEY, "ionq": [OTHER, "a-third-value-987654321"]}))
    known.chmod(0o600)
    return tmp_path


@pytest.fixture
def redact(place):
    """Run the command to its end; return the finished process."""

    def start(*words, known="known.json"):
        given = ["--known", known] if known else []
        return subprocess.run(
            [sys.executable, "-m", "jupyter_qcred.cli.main", "redact", *given, *map(str, words)],
            cwd=place,
            env={"PATH": os.environ["PATH"], "HOME": str(place / "home")},
            capture_output=True,
            text=True,
            check=False,
        )

    return start


# -- files ----------------------------------------------------------------------------------------


def test_a_notebook_loses_its_values_and_stays_a_notebook(place, redact):
    """In place, as Jupyter writes it; a second time there is nothing to do."""
    file = place / "a.ipynb"
    html = {"output_type": "display_data", "metadata": {}, "data": {"text/html": [f"<b>{KEY}"]}}
    encoded = base64.b64encode(f"user:{KEY}".encode()).decode()
    file.write_text(
        json.dumps(notebook(code([f"k = '{KEY}'\n", "π = 3"], html), code(encoded, name="c2")))
    )
    file.chmod(0o640)
    done = redact("a.ipynb")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"a\.ipynb  ibm-quantum: \d+\n", done.stdout)
    text = file.read_text()
    assert KEY not in text
    assert "[redacted:ibm-quantum]" in text
    assert "π = 3" in text
    nbformat.validate(json.loads(text))
    assert text == nbformat.writes(nbformat.reads(text, nbformat.NO_CONVERT)) + "\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert redact("a.ipynb").stdout == "a.ipynb  clean\n"
    assert file.read_text() == text
    assert sorted(path.name for path in place.iterdir()) == ["a.ipynb", "home", "known.json"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("odd.ipynb", json.dumps(notebook(code("x")), indent=7).encode() + b"\n\n"),
        ("old.ipynb", b'{"nbformat": 3, "worksheets": [{"cells": []}], "metadata": {}}'),
        ("newer.ipynb", b'{"nbformat": 99, "cells": []}'),
        ("broken.ipynb", b'{"cells": ['),
        ("deep.ipynb", b"[" * 100_000),
        ("surrogate.ipynb", b'{"nbformat": 4, "nbformat_minor": 5, "cells": [], "x": "\\ud800"}'),
        ("nan.ipynb", b'{"nbformat": 4, "nbformat_minor": 5, "cells": [], "x": NaN}'),
        ("crlf.txt", b"a\r\nb\r"),
        ("bom.txt", b"\xef\xbb\xbftext"),
        ("latin.txt", b"caf\xe9"),
        ("binary.bin", bytes(range(256))),
        ("empty.ipynb", b""),
    ],
)
def test_clean_files_stay_byte_for_byte(place, redact, name, content):
    """Whatever they are: the file is not even written again, and a copy is the same."""
    file = place / name
    file.write_bytes(content)
    before = file.stat()
    done = redact(name)
    assert (done.returncode, done.stdout) == (0, f"{name}  clean\n"), done.stderr
    assert file.read_bytes() == content
    assert file.stat().st_ino == before.st_ino
    assert redact(name, "--output", "out").returncode == 0
    assert (place / "out" / name).read_bytes() == content


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("old.ipynb", '{"nbformat": 3, "worksheets": [{"cells": [{"input": "KEY"}]}]}'),
        ("newer.ipynb", '{"nbformat": 99, "cells": ["KEY"]}'),
        ("broken.ipynb", '{"cells": ["KEY"'),
        ("list.ipynb", '["KEY"]'),
        ("deep.ipynb", "[" * 100_000 + '"KEY"'),
        ("lone.ipynb", '{"nbformat": 4, "cells": [], "metadata": {"x": "\\ud800 KEY"}}'),
        ("nan.ipynb", '{"nbformat": 4, "cells": [], "metadata": {"a": NaN, "x": "KEY"}}'),
        ("script.py", "k = 'KEY'\r\n"),
        ("notes.md", "\ufeffKEY"),
    ],
)  # fmt: skip
def test_strange_files_lose_their_values_too(place, redact, name, content):
    """None of them ends in a crash, or with the value."""
    file = place / name
    file.write_bytes(content.replace("KEY", KEY).encode())
    done = redact(name)
    assert done.returncode == 0, done.stderr
    assert KEY.encode() not in file.read_bytes()
    assert "redacted:ibm-quantum" in file.read_text()
    assert redact(name).stdout == f"{name}  clean\n"


def test_output_keeps_the_originals(place, redact):
    """Results have the same names, and modes, in a directory that is made."""
    before = f"token: {KEY}\n"
    (place / "sub").mkdir()
    (place / "sub" / "a.md").write_text(before)
    (place / "b.sh").write_text("echo\n")
    (place / "b.sh").chmod(0o755)
    done = redact("sub/a.md", "b.sh", "--output", "new/dir", "--json")
    assert json.loads(done.stdout) == {"sub/a.md": {"ibm-quantum": 1}, "b.sh": {}}
    assert (place / "sub" / "a.md").read_text() == before
    assert (place / "new/dir/a.md").read_text() == "token: [redacted:ibm-quantum]\n"
    assert (place / "new/dir/b.sh").stat().st_mode & 0o777 == 0o755


def test_a_file_behind_a_link_changes_and_the_link_stays(place, redact):
    """As an editor would do it."""
    (place / "real.md").write_text(KEY)
    (place / "link.md").symlink_to("real.md")
    assert redact("link.md").returncode == 0
    assert (place / "link.md").is_symlink()
    assert (place / "real.md").read_text() == "[redacted:ibm-quantum]"


def test_a_refused_file_is_left_and_the_others_are_done(place, redact):
    """A binary file with a value: the message says why, the exit code is 1."""
    binary = b"\xff\0" + KEY.encode()
    (place / "a.bin").write_bytes(binary)
    (place / "b.md").write_text(OTHER)
    done = redact("a.bin", "b.md", "--json")
    assert done.returncode == 1
    assert "a.bin: Not redacted: this file is not text" in done.stderr
    assert KEY not in done.stdout + done.stderr
    assert json.loads(done.stdout) == {"b.md": {"ionq": 1}}
    assert (place / "a.bin").read_bytes() == binary
    assert redact("a.bin", "--output", "out").returncode == 1
    assert not (place / "out" / "a.bin").exists()


def test_a_notebook_is_written_as_nbformat_writes_it(place, redact):
    """Whatever is in it: the same bytes as from a server."""
    lines = f"a\r\nb\u2028c\n{KEY}\n\n"
    data = {"text/plain": lines, "image/svg+xml": "<svg>\n</svg>", "application/json": ["a\n", 1]}
    data |= {"image/png": "aGk=\n", "application/javascript": "1\n2", "application/x+json": lines}
    cells = [
        code(lines, {"output_type": "stream", "name": "stdout", "text": lines}, name="a"),
        code(
            [],
            {"output_type": "display_data", "data": data, "metadata": {"z": 1, "a": 2}},
            {"output_type": "execute_result", "execution_count": 1, "data": data, "metadata": {}},
            {"output_type": "error", "ename": "E", "evalue": "é", "traceback": ["a\nb", KEY]},
            name="b",
        ),
        {"cell_type": "raw", "id": "c", "metadata": {"trusted": True}, "source": ["a\n", "b"]},
        {
            "cell_type": "markdown",
            "id": "d",
            "metadata": {},
            "source": lines,
            "attachments": {"x": {"text/plain": ["a\n", KEY], "image/png": "aGk="}},
        },
    ]
    about = {"orig_nbformat": 4, "signature": "x", "kernelspec": {"name": "python3"}}
    given = {**notebook(*cells), "metadata": about}
    (place / "a.ipynb").write_text(json.dumps(given))
    assert redact("a.ipynb").returncode == 0
    text = (place / "a.ipynb").read_text()
    assert KEY not in text
    assert "signature" not in text
    assert text == nbformat.writes(nbformat.reads(text, nbformat.NO_CONVERT)) + "\n"
    before = nbformat.from_dict(
        json.loads(json.dumps(given).replace(KEY, "[redacted:ibm-quantum]"))
    )
    assert text == nbformat.writes(before) + "\n"


def test_what_has_the_format_of_a_secret_is_redacted_as_on_a_save(place, redact):
    """Without any known value; only in notebooks, unless a setting says otherwise."""
    drawn = random.Random(5).choices(string.ascii_letters + string.digits, k=44)
    line = f'QiskitRuntimeService(channel="ibm_cloud", token="{"".join(drawn)}")'
    (place / "a.ipynb").write_text(json.dumps(notebook(code(line))))
    (place / "a.py").write_text(line)
    done = redact("a.ipynb", "a.py", "--json", known=None)
    assert json.loads(done.stdout) == {"a.ipynb": {"ibm-cloud": 1}, "a.py": {}}
    assert "[redacted:ibm-cloud]" in (place / "a.ipynb").read_text()
    (place / "home" / ".jupyter").mkdir()
    settings = place / "home" / ".jupyter" / "jupyter_qcred_config.py"
    settings.write_text("c.SaveRedaction.redact_text_files = True\n")
    assert json.loads(redact("a.py", "--json", known=None).stdout) == {"a.py": {"ibm-cloud": 1}}


def test_settings_have_the_defaults_of_a_server():
    """They are written down twice, because a server's module takes seconds to load."""
    from jupyter_qcred.cli.redaction.saving import DEFAULTS
    from jupyter_qcred.server.saving import SaveRedaction

    own = {
        name: trait.default()
        for name, trait in SaveRedaction.class_traits(config=True).items()
        if trait.this_class is SaveRedaction
    }
    own.pop("documents_in_memory", None)  # of documents that a server keeps, not of files
    assert own == DEFAULTS


# -- known values ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o610])
def test_values_that_others_may_read_are_refused(place, redact, mode):
    """With the command that mends it; nothing was touched."""
    (place / "known.json").chmod(mode)
    (place / "a.md").write_text(KEY)
    done = redact("a.md")
    assert done.returncode == 2
    assert "chmod 600 known.json" in done.stderr
    assert (place / "a.md").read_text() == KEY


@pytest.mark.parametrize(
    "content", ["", "[]", f'["{KEY}"]', f'{{"{KEY}": 5}}', f'{{"a": [["{KEY}"]]}}', KEY]
)
def test_values_of_another_shape_are_refused_and_not_shown(place, redact, content):
    """The names are not shown either: somebody may have swapped them."""
    (place / "known.json").write_text(content)
    (place / "a.md").write_text("x")
    done = redact("a.md")
    assert done.returncode == 2
    assert '{"NAME": "VALUE"}' in done.stderr
    assert KEY not in done.stderr + done.stdout


def test_a_value_that_is_too_short_is_told(place, redact):
    """It would be found in ordinary text; the others are redacted."""
    (place / "known.json").write_text(json.dumps({"a": "short", "b": KEY}))
    (place / "a.md").write_text(f"short {KEY}")
    done = redact("a.md")
    assert done.returncode == 0
    assert "entry 1 of known.json has a value that is too short" in done.stderr
    assert (place / "a.md").read_text() == "short [redacted:b]"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing.md"], "does not exist"),
        (["sub"], "is not a file"),
        ([], "FILE"),
        (["a.md", "sub/a.md", "--output", "out"], "two files are called a.md"),
        (["a.md", "--output", "."], "is in the output directory"),
        (["a.md", "--output", "b.md"], "is not a directory"),
        (["a.md", "--live", "--json"], "--json needs --output"),
    ],
)
def test_wrong_usage_is_exit_code_2(place, redact, words, said):
    """And touches nothing."""
    (place / "sub").mkdir()
    for name in ("a.md", "b.md", "sub/a.md"):
        (place / name).write_text(KEY)
    done = redact(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert all((place / name).read_text() == KEY for name in ("a.md", "b.md", "sub/a.md"))


def test_settings_of_the_server_count(place, redact):
    """The shortest value that is redacted is that of a save."""
    (place / "home" / ".jupyter").mkdir()
    settings = place / "home" / ".jupyter" / "jupyter_qcred_config.py"
    settings.write_text("c.CredentialService.min_secret_length = 4\n")
    (place / "known.json").write_text('{"a": "tiny!"}')
    (place / "a.md").write_text("a tiny! one")
    done = redact("a.md")
    assert (done.returncode, done.stderr) == (0, "")
    assert (place / "a.md").read_text() == "a [redacted:a] one"


def test_help_has_examples_and_exit_codes(redact):
    """``--help`` alone is enough to use it."""
    shown = redact("--help").stdout
    assert "examples:" in shown
    assert "Exit codes: 0 done, 1 a file was refused, 2 usage." in shown


# -- messages -------------------------------------------------------------------------------------


def message(kind, content, parent="p", **header):
    """A message as a line of JSON."""
    return json.dumps(
        {
            "header": {"msg_type": kind, **header},
            "parent_header": {"msg_id": parent},
            "content": content,
        }
    )


def stream(text, parent="p", name="stdout"):
    """A piece of a stream."""
    return message("stream", {"name": name, "text": text}, parent)


IDLE = message("status", {"execution_state": "idle"})


@pytest.fixture
def live(place, redact):
    """Redact messages; return what would be sent as (type, parent, content)."""

    def run(*lines):
        (place / "m.jsonl").write_text("\n".join(lines) + "\n")
        done = redact("--live", "m.jsonl")
        assert done.returncode == 0, done.stderr
        assert KEY not in done.stdout
        told = [json.loads(line) for line in done.stdout.splitlines()]
        return [
            (one["header"]["msg_type"], one["parent_header"]["msg_id"], one["content"])
            for one in told
        ]

    return run


def texts(sent, parent="p", name="stdout"):
    """The text of a stream, as its reader sees it."""
    return "".join(
        content["text"]
        for kind, of, content in sent
        if (kind, of) == ("stream", parent) and content["name"] == name
    )


@pytest.mark.parametrize("at", [4, 20, len(KEY) - 1])
def test_a_value_split_over_messages_does_not_come_out(live, at):
    """Whatever comes between the pieces, and nothing else is lost."""
    sent = live(
        stream(f"before {KEY[:at]}"),
        stream("a warning\n", name="stderr"),
        stream("of another cell", parent="q"),
        stream(f"{KEY[at:]} after"),
        IDLE,
    )
    assert texts(sent) == "before [redacted:ibm-quantum] after"
    assert texts(sent, name="stderr") == "a warning\n"
    assert texts(sent, parent="q") == "of another cell"
    assert sent[-1][0] == "status"


def test_held_text_comes_out_before_what_ends_it(live):
    """At idle, before a display and at the end of the file: as a kernel sends it."""
    beginning = KEY[:9]
    sent = live(
        stream(f"a {beginning}"),
        message("display_data", {"data": {"text/plain": f"see {KEY}"}, "metadata": {}}),
        stream(f"b {beginning}"),
        IDLE,
        stream(f"thread {beginning}"),
    )
    assert texts(sent) == f"a {beginning}b {beginning}thread {beginning}"
    kinds = [kind for kind, _, _ in sent]
    display, idle = kinds.index("display_data"), kinds.index("status")
    assert texts(sent[:display]) == f"a {beginning}"
    assert texts(sent[display:idle]) == f"b {beginning}"
    assert sent[display][2]["data"] == {"text/plain": "see [redacted:ibm-quantum]"}
    assert kinds.count("status") == 1


def test_every_type_of_message_passes_the_kernel_s_code(live):
    """Errors, replies, comms; keys of a mapping too."""
    sent = live(
        message("error", {"ename": "E", "evalue": KEY, "traceback": [f"\x1b[31m{KEY}\x1b[0m"]}),
        message("execute_reply", {"status": "ok", "payload": [{"data": {KEY: 1}}]}),
        message("comm_msg", {"comm_id": "c", "data": {"state": {"value": KEY}}}),
        message("input_request", {"prompt": KEY, "password": False}),
    )
    assert [kind for kind, _, _ in sent] == [
        "error",
        "execute_reply",
        "comm_msg",
        "input_request",
    ]
    assert "[redacted:ibm-quantum]" in json.dumps(sent)


def test_the_same_messages_give_the_same_result(place, redact):
    """Nothing in it comes from the clock or by chance; what was given is kept."""
    header = {"msg_id": "m1", "date": "2026-01-01T00:00:00Z", "session": "s"}
    lines = [
        message("stream", {"name": "stdout", "text": f"a {KEY[:12]}"}, **header),
        IDLE,
    ]
    (place / "m.jsonl").write_text("\n".join(lines))
    first, second = redact("--live", "m.jsonl"), redact("--live", "m.jsonl")
    assert first.stdout == second.stdout
    told = [json.loads(line) for line in first.stdout.splitlines()]
    assert told[0]["header"] == {"msg_type": "stream", **header}
    assert all(one["header"].get("msg_id") in {None, "m1"} for one in told)


def test_messages_go_to_a_directory_with_a_receipt(place, redact):
    """For support: what can be passed on."""
    (place / "m.jsonl").write_text("\n".join([stream(KEY), "", IDLE]))
    done = redact("--live", "m.jsonl", "--output", "out", "--json")
    assert json.loads(done.stdout) == {"m.jsonl": {"ibm-quantum": 1}}
    assert texts_of(place / "out" / "m.jsonl") == ["[redacted:ibm-quantum]"]
    assert KEY in (place / "m.jsonl").read_text()


def texts_of(file):
    """The stream texts of a file of messages."""
    told = [json.loads(line) for line in file.read_text().splitlines()]
    return [one["content"]["text"] for one in told if "text" in one["content"]]


@pytest.mark.parametrize(
    "broken",
    [
        "no JSON",
        "[]",
        "{}",
        '{"header": {}}',
        '{"header": {"msg_type": 5}}',
        '{"header": {"msg_type": "x", "msg_id": 5}}',
        '{"header": {"msg_type": "x"}, "parent_header": []  , "content": {}}x',
        '{"header": {"msg_type": "x"}, "parent_header": "p"}',
        "[" * 100_000,
    ],
)
def test_a_broken_line_is_named_by_its_number(place, redact, broken):
    """Nothing of the file comes out, and nothing of the line."""
    (place / "m.jsonl").write_text("\n".join([stream(KEY), broken, IDLE]))
    done = redact("--live", "m.jsonl")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "m.jsonl: line 2 is no message" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < 300


def test_strange_contents_are_sent_as_a_kernel_sends_them(live):
    """A type of one's own, a key that is not of the protocol."""
    odd = json.loads(stream(f"odd {KEY}")) | {"buffers": ["x"], "own": 1}
    sent = live(json.dumps(odd), message("own_type", {"a": [KEY]}), IDLE)
    assert [content for _, _, content in sent[:2]] == [
        {"name": "stdout", "text": "odd [redacted:ibm-quantum]"},
        {"a": ["[redacted:ibm-quantum]"]},
    ]


def test_what_a_kernel_can_not_send_is_named_by_its_line(place, redact):
    """Half a surrogate pair is no text that a kernel's packer takes."""
    (place / "m.jsonl").write_text("\n".join([IDLE, stream(f"\ud800 {KEY}")]))
    done = redact("--live", "m.jsonl")
    assert (done.returncode, done.stdout) == (1, "")
    assert "m.jsonl: line 2 can't be sent as a message" in done.stderr
