"""What is found in a folder: files as a stranger would write them, and what is no file at all."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_qcred.core.errors import OtherAccountError, RedirectedError
from jupyter_qcred.kernel.adapters import registry
from jupyter_qcred.kernel.guard import variables
from jupyter_qcred.kernel.guard.look import MOST, look
from jupyter_qcred.kernel.guard.read import LIMIT

FILES = (".env", "ibm-credentials.env", "dwave.conf", "qiskit-ibm.json", "config.toml")


def soon(folder):
    """Look, and fail where that has no end."""
    found = []
    thread = threading.Thread(target=lambda: found.append(look(folder)), daemon=True)
    thread.start()
    thread.join(60)
    assert found, "it hangs"
    return found[0]


def told(folder):
    """Code and words of each, without the folder's own path."""
    return [
        (trap.error.code, trap.error.reason.replace(str(folder.resolve()), ""))
        for trap in soon(folder)
    ]


def test_an_ordinary_folder_has_nothing(tmp_path):
    """Settings for other things, vendors' own addresses and examples are no reason to speak."""
    (tmp_path / ".env").write_text(
        "DEBUG=1\nDATABASE_URL=postgres://localhost/x\nAWS_REGION=us-east-1\n# IONQ_API_URL=x\n"
        "IONQ_API_URL=https://api.ionq.co/v0.4\nQISKIT_IBM_URL='https://cloud.ibm.com'\n"
        "export NEXUS_DOMAIN=nexus.quantinuum.com # the usual one\nIONQ_API_KEY=\n"
        "HTTPS_PROXY=http://proxy.example:3128\n"
    )
    (tmp_path / "dwave.conf").write_text(
        "[defaults]\nendpoint = https://na-west-1.cloud.dwavesys.com/sapi/v2\nsolver = x\n"
    )
    (tmp_path / "ibm-credentials.env").write_text("WATSON_URL=https://x.example\n")
    (tmp_path / "config.toml").write_text('title = "A site"\n[server]\nurl = "https://x.example"\n')
    (tmp_path / "qiskit-ibm.json").write_text("[]")
    assert told(tmp_path) == []


def test_what_is_read_unasked_names_its_reader(tmp_path):
    """File, line, variable, where to, and which SDK; nothing else of a value."""
    (tmp_path / ".env").write_text(
        "\n  export QISKIT_IONQ_API_URL = 'https://me:hunter2@evil.example:8443/hunter2'\n"
        'IONQ_API_KEY="hunter2"\n'
    )
    assert told(tmp_path) == [
        ("redirected", "/.env, line 2: QISKIT_IONQ_API_URL leads qiskit-ionq to evil.example"),
        ("other_account", "/.env, line 3: IONQ_API_KEY gives qiskit-ionq another account"),
    ]
    assert "hunter2" not in repr(look(tmp_path))


def test_what_has_to_be_loaded_is_said_to_be_so(tmp_path):
    """A ``.env`` does nothing to most SDKs before ``load_dotenv()``."""
    (tmp_path / ".env").write_text(
        "AWS_ENDPOINT_URL_BRAKET=https://evil.example\nREQUESTS_CA_BUNDLE=./ca.pem\n"
    )
    words = [
        "/.env, line 1: AWS_ENDPOINT_URL_BRAKET leads Amazon Braket to evil.example",
        "/.env, line 2: REQUESTS_CA_BUNDLE changes whose certificates every SDK trusts",
    ]
    assert told(tmp_path) == [("redirected", f"{each}, once the file is loaded") for each in words]


def test_each_kind_of_file_is_known(tmp_path):
    """Those which SDKs take from the working directory, in their own formats."""
    (tmp_path / "ibm-credentials.env").write_text(
        "GLOBAL_SEARCH_URL=https://evil.example\nGLOBAL_CATALOG-URL=https://evil.example\n"
        "GLOBAL_SEARCH_DISABLE_SSL=true\n"
    )
    (tmp_path / "dwave.conf").write_text(
        "[defaults]\nProxy:\n  http://evil.example\n[qpu]\ntoken = hunter2\npermissive_ssl=true\n"
    )
    (tmp_path / "qiskit-ibm.json").write_text(
        '{\n "mine": {\n  "\\u0075rl": "https://evil.example"}}'
    )
    (tmp_path / "config.toml").write_text('[braket.global]\ns3_destination_folder = ["a", "b"]\n')
    rows = [
        (Path(trap.path).name, trap.line, trap.variable, trap.effect, trap.host, trap.reader)
        for trap in soon(tmp_path)
    ]
    ibm, dwave = "qiskit-ibm-runtime", "dwave-cloud-client"
    assert rows == [
        ("ibm-credentials.env", 1, "GLOBAL_SEARCH_URL", "address", "evil.example", ibm),
        ("ibm-credentials.env", 2, "GLOBAL_CATALOG-URL", "address", "evil.example", ibm),
        ("ibm-credentials.env", 3, "GLOBAL_SEARCH_DISABLE_SSL", "trust", "", ibm),
        ("dwave.conf", 2, "proxy", "address", "evil.example", dwave),
        ("dwave.conf", 5, "token", "account", "", dwave),
        ("dwave.conf", 6, "permissive_ssl", "trust", "", dwave),
        ("qiskit-ibm.json", 1, "url", "address", "evil.example", ""),
        ("config.toml", 2, "s3_destination_folder", "address", "", "PennyLane"),
    ]


@pytest.mark.parametrize(
    "address",
    [
        "https://api.ionq.co.evil.example", "https://api.ionq.co@evil.example",
        "https://evil.example/api.ionq.co", "https://evilionq.co", "http://api.ionq.co/v0.4",
        "https://api.ionq.co:8443", r"https://evil.example\@api.ionq.co", "${WHERE}",
        "https://api.ionq.co?x", "https://\N{CYRILLIC SMALL LETTER A}pi.ionq.co", "'https://api.ionq.co",
    ],
)  # fmt: skip
def test_what_only_looks_like_the_vendor_s_address_is_told(tmp_path, address):
    """Whoever reads it may read it otherwise than we do."""
    (tmp_path / ".env").write_text(f"IONQ_API_URL={address}\n", encoding="utf-8")
    (found,) = told(tmp_path)
    assert "IONQ_API_URL" in found[1]


def test_the_nearest_dotenv_upward_is_the_one(tmp_path):
    """As python-dotenv looks for it: a folder of that name is passed by, one file is taken."""
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (below / ".env").mkdir()
    (tmp_path / ".env").write_text("IONQ_API_URL=https://evil.example\n")
    assert [trap.path for trap in look(below)] == [str(tmp_path.resolve() / ".env")]
    (tmp_path / "a" / ".env").write_text("X=1\n")
    assert look(below) == ()


def test_clients_of_ours_are_only_said_to_be_safe_where_they_are():
    """The words differ by vendor and variable, and the vendors are those with an adapter."""
    assert set(registry.vendors()) == variables.PINNED
    assert variables.ENVIRONMENT.keys() >= variables.NOT_PINNED


def test_next_steps_are_about_clients_of_ours_where_these_are_pinned(tmp_path):
    """A bundle of authorities changes them too, and then nothing of the sort is said."""
    (tmp_path / ".env").write_text("IONQ_API_URL=x\nIONQ_API_KEY=x\nAWS_CA_BUNDLE=x\nAQT_TOKEN=x\n")
    steps = [trap.error.next_step for trap in look(tmp_path)]
    assert [step.partition(". ")[0] for step in steps] == [
        "Clients of `qcred.client` send no key there",
        "Clients of `qcred.client` do not use it",
        *["Remove it, unless you know what it is for"] * 2,
    ]
    kinds = [type(trap.error) for trap in look(tmp_path)]
    assert kinds == [RedirectedError, OtherAccountError, RedirectedError, OtherAccountError]


# -- what is no file at all -----------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES)
def test_a_device_without_an_end_is_not_read(tmp_path, file):
    """A link to one; the reader that would go on for ever is named."""
    (tmp_path / file).symlink_to("/dev/zero")
    expected = [] if file in {"ibm-credentials.env", "qiskit-ibm.json"} else ["no ordinary file"]
    found = told(tmp_path)
    assert len(found) == len(expected)
    assert all(words in one[1] for words, one in zip(expected, found, strict=True))


@pytest.mark.parametrize("file", FILES)
def test_a_pipe_that_nobody_writes_to_holds_up_nobody(tmp_path, file):
    """Opening it as others do would wait for ever."""
    os.mkfifo(tmp_path / file)
    assert all("no ordinary file" in words for _, words in told(tmp_path))


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_any_size_takes_bounded_time(tmp_path, file):
    """What stands behind a terabyte of nothing is not looked for, and that is said."""
    with (tmp_path / file).open("wb") as made:
        made.truncate(1 << 40)
    assert all("longer than any such file" in words for _, words in told(tmp_path))


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    "unit",
    [
        b" ", b"=", b"\n", b" a", b"a\n ", b"[", b'{"url":', b"a.", b"'", b'"', b"\\", b"$", b"://",
        b"token=x\n", b"\xff\xfe", b"\x00", b"export ", b'{"a":1,"url":"x"},', b" \n  x=\n",
    ],
)  # fmt: skip
def test_no_text_takes_long(tmp_path, file, unit):
    """As much as is read of one thing over and over, which slow parsers choke on."""
    (tmp_path / file).write_bytes(unit * (LIMIT // len(unit)))
    assert len(soon(tmp_path)) <= MOST


def test_links_in_a_circle_and_names_that_are_none(tmp_path):
    """Neither a folder nor a file of that sort is anything."""
    (tmp_path / ".env").symlink_to(tmp_path / ".env")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "dwave.conf").symlink_to("/dev/null")
    for folder in (
        tmp_path,
        tmp_path / "circle",
        tmp_path / "none",
        Path("a\0b"),
        Path("x" * 9999),
    ):
        assert [trap for trap in soon(folder) if str(tmp_path) in trap.path] == []


def test_a_path_that_cannot_be_printed_does_no_harm(tmp_path):
    """Line breaks, control characters and what is no text at all are replaced."""
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/a\n\x1b[2J\xff\xe2\x80\xae")
    os.mkdir(folder)
    Path(folder, ".env").write_text("IONQ_API_URL=https://evil.example\n")
    (trap,) = look(folder)
    trap.error.reason.encode("utf-8")
    assert trap.error.reason.isprintable()


@given(st.binary(max_size=300), st.sampled_from(FILES))
def test_no_bytes_are_too_strange(tmp_path_factory, data, file):
    """Whatever a file holds, it is an answer and no exception."""
    folder = tmp_path_factory.mktemp("any")
    (folder / file).write_bytes(data)
    for trap in look(folder):
        assert trap.error.reason.isprintable()
