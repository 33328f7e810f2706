"""Against the parsers that SDKs use: what these take for a setting, we find as well."""

from __future__ import annotations

import configparser
import io
import json
import tomllib

import dotenv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_qcred.kernel.guard import settings, variables
from jupyter_qcred.kernel.guard.look import look

# python-dotenv warns of lines that it can't read, which are most of these.
pytestmark = pytest.mark.filterwarnings("ignore")

BREAKS = ["\n", "\r", "\r\n", "\n\n", "\x0b", "\x0c", "\x85", "\u2028", "\n\t", "\n  "]
OWN = ["https://api.ionq.co/v0.4", "https://cloud.dwavesys.com/sapi/", "true", "false"]
EVIL = ["https://evil.example", "evil", "https://api.ionq.co.evil.example", "${A}", "%(a)s", "x y"]
SIGNS = ["=", " = ", ":", " : ", "\t=", "==", "= ", "=\n "]
QUOTES = ["", "'", '"', "\\'", '\\"']
NOISE = ["#", " #", ";", "export ", "export\t", "A=", "A='", 'A="', "[x]", "[defaults]", "\ufeff"]


def texts(names):
    """Files that are nearly right."""
    piece = st.sampled_from([*names, *BREAKS, *OWN, *EVIL, *SIGNS, *QUOTES, *NOISE])
    line = st.builds(
        "{}{}{}{}{}{}{}".format,
        st.sampled_from(["", "export ", "  ", "\x0b"]), st.sampled_from(QUOTES[:2]),
        st.sampled_from(names), st.sampled_from(QUOTES[:2]), st.sampled_from(SIGNS),
        st.sampled_from([*OWN, *EVIL, "'https://evil.example'", '"https://evil.example"']),
        st.sampled_from(BREAKS),
    )  # fmt: skip
    return st.lists(st.one_of(piece, line), max_size=12).map("".join)


def found_in(folder, name, text):
    (folder / name).write_bytes(text.encode("utf-8"))
    return {trap.variable for trap in look(folder)}


@given(texts(["IONQ_API_URL", "IONQ_API_KEY", "AWS_ENDPOINT_URL_S3", "DWAVE_API_ENDPOINT"]))
def test_what_dotenv_reads_is_found(tmp_path_factory, text):
    """python-dotenv, which qiskit-ionq and ``load_dotenv()`` use."""
    folder = tmp_path_factory.mktemp("env")
    found = found_in(folder, ".env", text)
    for name, value in dotenv.dotenv_values(folder / ".env").items():
        meant = variables.meaning(name)
        if meant is None or variables.harmless(meant.vendor, meant.effect, name, value or ""):
            continue
        assert name in found


@given(texts(["GLOBAL_SEARCH_URL", "GLOBAL_CATALOGxURL", "GLOBAL_SEARCH_DISABLE_SSL"]))
def test_what_ibm_s_sdk_reads_is_found(tmp_path_factory, text):
    """ibm-cloud-sdk-core 3.28, ``__read_from_credential_file``: three lines of its own code."""
    folder = tmp_path_factory.mktemp("ibm")
    found = found_in(folder, "ibm-credentials.env", text)
    with (folder / "ibm-credentials.env").open(encoding="utf-8") as lines:
        for line in lines:
            name, sign, value = line.strip().partition("=")
            for service in ("GLOBAL_SEARCH", "GLOBAL_CATALOG"):
                if not sign or not name.startswith(service):
                    continue
                if name[len(service) + 1 :] == "URL" and value:
                    assert name in found
                if name[len(service) + 1 :] == "DISABLE_SSL" and value.lower() == "true":
                    assert name in found


@given(texts(["endpoint", "Token", "proxy", "permissive_ssl", "client"]))
def test_what_configparser_reads_is_found(tmp_path_factory, text):
    """As dwave-cloud-client reads a ``dwave.conf`` (0.14, ``load_config_from_files``)."""
    folder = tmp_path_factory.mktemp("dwave")
    found = found_in(folder, "dwave.conf", text)
    parser = configparser.ConfigParser(default_section="defaults", interpolation=None)
    try:
        with (folder / "dwave.conf").open(encoding="utf-8") as file:
            parser.read_file(file)
    except configparser.Error:
        return
    for section in ("defaults", *parser.sections()):
        for name, value in parser[section].items():
            effect = variables.DWAVE.get(name)
            if effect is not None and not variables.harmless("dwave", effect, name, value or ""):
                assert name in found


@given(
    st.recursive(
        st.sampled_from([*OWN, *EVIL, None, True, False, 7]),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from(["url", "token", "verify", "x"]), inner, max_size=4),
        ),
        max_leaves=12,
    ),
    st.integers(0, 2),
)
def test_every_account_of_a_json_file_is_seen(value, indent):
    """At any depth, however it is set out, with the line of its name."""
    text = json.dumps({"account": value}, indent=indent or None)
    found = list(settings.of_json(text, variables.QISKIT_IBM))
    for one in found:
        assert f'"{one.name}"' in text.splitlines()[one.line - 1]
    expected = []

    def walk(item):
        for key, below in item.items() if isinstance(item, dict) else enumerate(item):
            if isinstance(below, dict | list):
                walk(below)
            elif key in variables.QISKIT_IBM:
                expected.append(key)

    walk({"account": value})
    assert sorted(expected) == sorted(one.name for one in found)


@given(
    st.dictionaries(
        st.sampled_from(["main", "braket", "ionq.global", "site"]),
        st.dictionaries(st.sampled_from(["url", "token", "shots"]), st.sampled_from(EVIL)),
    ),
    st.sampled_from(["[{}]\n", "[ {} ] # x\n", "\n[{}]\n"]),
    st.sampled_from(['{} = "{}"\n', "{}='{}'\n", '"{}" = "{}" # x\n']),
)
def test_what_pennylane_hands_to_devices_is_found(tables, head, line):
    """Compared with the standard library's parser, for files as people write them."""
    text = "".join(
        head.format(table) + "".join(line.format(*pair) for pair in pairs.items())
        for table, pairs in tables.items()
    )
    found = {(one.section, one.name, one.value) for one in settings.of_toml(text)}
    for table, pairs in tables.items():
        read = tomllib.load(io.BytesIO(text.encode()))
        for part in table.split("."):
            read = read[part]
        for name, value in pairs.items():
            assert read[name] == value
            assert (table, name, value) in found
