"""``scan --tutorial``: what a notebook does with keys, whether or not there is one in it."""

from __future__ import annotations

import json

import pytest

PASTE, PROMPT, PRINT, ACCOUNT = (
    f"tutorial-{what}" for what in ("paste", "prompt", "print", "account")
)

BAD = [
    # a place to paste a key, whatever stands there now
    ('service = QiskitRuntimeService(channel="c", token="MY TOKEN")', PASTE),
    ('provider = IonQProvider("YOUR KEY")', PASTE),
    ('Service(api_key="0123")', PASTE),
    ('boto3.Session(aws_access_key_id="A", region_name="us-east-1")', PASTE),
    ('token = "..."', PASTE),
    ('API_KEY: str = "x" + "y"', PASTE),
    ('self.token = f"abc"', PASTE),
    ('api_key = ""  # put your key here', PASTE),
    ('os.environ["QISKIT_IBM_TOKEN"] = "abc"', PASTE),
    ('os.environ.setdefault("IONQ_API_KEY", "abc")', PASTE),
    ('os.environ.update({"DWAVE_API_TOKEN": "abc"})', PASTE),
    ('config = {"token": "abc"}', PASTE),
    ('headers = {"Authorization": "Bearer abcdef"}', PASTE),
    ('a, token = 1, "abc"', PASTE),
    ("%env IONQ_API_KEY=abc", PASTE),
    ("%set_env IONQ_API_KEY abc", PASTE),
    ("!export IONQ_API_KEY=abc", PASTE),
    ("%%bash\nexport AWS_SECRET_ACCESS_KEY=abc", PASTE),
    ("%%writefile settings.sh\nIONQ_API_KEY=abc", PASTE),
    # asked for
    ('token = getpass.getpass("Token: ")', PROMPT),
    ("make(getpass())", PROMPT),
    ('key = input("Your API key: ")', PROMPT),
    ("token = input().strip()", PROMPT),
    ('x = click.prompt("?", hide_input=True)', PROMPT),
    ("w = widgets.Password()", PROMPT),
    ("%%bash\nread -rs KEY", PROMPT),
    # shown
    ("print(token)", PRINT),
    ('print(f"with {token[:4]}")', PRINT),
    ("token", PRINT),
    ("key = cred.reveal()\nprint(key)", PRINT),
    ("cred.reveal()", PRINT),
    ("display(service.active_account())", PRINT),
    ('mine = os.getenv("IONQ_API_KEY")\nmine', PRINT),
    ('h = {"Authorization": f"Bearer {token}"}\nprint(h)', PRINT),
    ('print(os.environ["IONQ_API_KEY"])', PRINT),
    ("print(dict(os.environ))", PRINT),
    ('logging.info("token %s", token)', PRINT),
    ('print("a" if quiet else token)', PRINT),
    ('import base64\nprint(base64.b64encode(token.encode("ascii")))', PRINT),
    ("%env", PRINT),
    ("!printenv", PRINT),
    ("!echo $IONQ_API_KEY", PRINT),
    ("text = !cat ~/.qiskit/qiskit-ibm.json", PRINT),
    # written to where it outlives the session
    ("QiskitRuntimeService.save_account(token=token)", ACCOUNT),
    ("import qnexus as qnx\nqnx.login()", ACCOUNT),
    ("from qnexus import login_with_credentials\nlogin_with_credentials()", ACCOUNT),
    ('open(os.path.expanduser("~/.aws/credentials"), "w")', ACCOUNT),
    ('Path.home().joinpath(".ionq").write_text(text)', ACCOUNT),
    ("!dwave config create", ACCOUNT),
    ("!pip install x && aws configure", ACCOUNT),
    ("%%bash\naz login", ACCOUNT),
    ("%%writefile ~/.aws/credentials\n[default]", ACCOUNT),
    ("!echo $X >> ~/.qiskit/qiskitrc", ACCOUNT),
]

GOOD = [
    'quantum = qcred.requires("ionq", fallback="simulator")',
    'cred = qcred.get("ionq")\ncred',
    'headers = {"Authorization": f"Bearer {cred.reveal()}"}',
    'token = os.environ["IONQ_API_KEY"]\nclient = make(token)\nclient',
    "print(len(token), token is None, bool(token))",
    'print("token:", "set" if token else "missing")',
    'token = ""',
    "token = None\ntoken_count = 3\nprint(token_count)",
    'tokenizer = make(pad_token="<pad>")',
    'sorted(rows, key="name")',
    'name = input("Your name: ")\nname',
    "print(counts)",
    "%matplotlib inline\n!pip install qiskit\n%timeit run()",
    "%env OMP_NUM_THREADS=2",
    "files = !ls",
    "%%bash\nset -e\nexport PATH=$HOME/bin:$PATH\nexport TOKEN=$OTHER",
    "%%time\nawait run()\n'\\d'",
    "%%html\n<b>token = 'abc'</b>",
    'text = """\n%env IONQ_API_KEY=abc\n"""',
    "make?",
    'open("results.json", "w")',
    'open(".env")',
    "token;",
]


def notebook(*sources, metadata=None):
    """Return a notebook's text, with one Markdown cell before these."""
    cells = [{"cell_type": "markdown", "metadata": {}, "source": "# A tutorial"}]
    cells += [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
         "source": source.splitlines(keepends=True)}
        for source in sources
    ]  # fmt: skip
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata or {}, "cells": cells}
    )


@pytest.fixture
def tutorial(place, found):
    """Write a notebook of code cells, and return what is found in it."""

    def look(*sources, metadata=None):
        (place / "n.ipynb").write_text(notebook(*sources, metadata=metadata))
        return found("--tutorial", "n.ipynb")

    return look


@pytest.fixture
def each(place, found):
    """Return what is found in each of many notebooks of one code cell."""

    def look(sources):
        names = {f"{number:03}.ipynb": source for number, source in enumerate(sources)}
        for name, source in names.items():
            (place / name).write_text(notebook(source))
        told = {source: [] for source in sources}
        for one in found("--tutorial", *names):
            told[names[one["path"]]].append(one)
        return told

    return look


def test_what_a_tutorial_should_not_do_is_refused(each):
    """With its line, what it is, why, and what to write in its place; and only the one thing."""
    told = each([source for source, _ in BAD])
    for source, rule in BAD:
        rules = {one["rule"]: one for one in told[source]}
        assert rule in rules, source
        # What is asked for may be shown at once.
        assert rules.keys() - {rule} <= {PROMPT}, source
        one, lines = rules[rule], source.splitlines()
        line = 1 if lines[0].startswith("%%writefile ~") else len(lines)
        assert (one["cell"], one["cell_line"], one["place"]) == (2, line, "source"), source
        assert all(one[part] for part in ("what", "why", "instead")), source


def test_what_a_tutorial_may_do_passes(each):
    """Among it what only looks like keys."""
    assert {source: told for source, told in each(GOOD).items() if told} == {}


def test_the_line_to_write_instead_names_the_vendor(each, tutorial):
    """By what stands there, or by what the notebook imports."""
    cases = {
        'os.environ["QISKIT_IBM_TOKEN"] = "abc"': "ibm-quantum",
        'provider = IonQProvider("abc")': "ionq",
        'from dwave.system import DWaveSampler\nDWaveSampler(token="abc")': "dwave",
        'import boto3\nboto3.Session(aws_secret_access_key="abc")': "amazon-braket",
        'from azure.quantum import Workspace\ntoken = "abc"': "azure-quantum",
        'token = "abc"': "NAME",
    }
    told = {source: found[0]["instead"] for source, found in each(cases).items()}
    assert told == {source: f'quantum = qcred.requires("{name}")' for source, name in cases.items()}
    (asked,) = tutorial("import cirq_ionq\nkey = getpass()")
    assert asked["instead"] == 'quantum = qcred.requires("ionq", fallback="ask")'


def test_what_one_cell_reads_another_may_not_show(tutorial):
    """Cells are read in their order; a name that has got another value is free."""
    first = 'mine = os.environ["IONQ_API_KEY"]'
    (shown,) = tutorial(first, "print(mine)")
    assert (shown["rule"], shown["cell"]) == (PRINT, 3)
    assert tutorial(first, "mine = 3", "print(mine)") == []


def test_nothing_of_what_stands_in_the_code_is_told(tutorial, scan, key):
    """Texts are left out of what is shown: they are what this is about."""
    source = f'token = "{key}"\nprint("the words", token)\nmake(api_key="{key}" + "x")'
    told = json.dumps(tutorial(source))
    assert key not in told
    assert "the words" not in told
    for kind in ("text", "github", "sarif"):
        done = scan("--tutorial", "n.ipynb", "--format", kind)
        assert done.returncode == 1
        assert key not in done.stdout + done.stderr
        assert "tutorial-paste" in done.stdout
        assert "qcred.requires(" in done.stdout


def test_a_real_key_is_found_as_ever(tutorial, key):
    """By its format, wherever it stands; the way it is used is a finding of its own."""
    source = f'service = QiskitRuntimeService(token="{key}")'
    assert {one["rule"] for one in tutorial(source)} == {"ibm-cloud", PASTE}


def test_the_metadata_say_what_the_code_asks_for(tutorial):
    """A list that leaves a name out would keep it from the kernel; no list is fine."""
    code = 'import jupyter_qcred as qcred\nq = qcred.requires("ionq")\nqcred.get("dwave")'
    listed = {"qcred": {"requires": ["ionq"]}}
    (missing,) = tutorial(code, metadata=listed)
    assert missing["rule"] == "tutorial-manifest"
    assert missing["cell_line"] == 3
    assert missing["instead"] == '{"qcred": {"requires": ["ionq", "dwave"]}} in the metadata'
    assert tutorial(code) == []
    assert tutorial(code, metadata={"qcred": {"requires": ["dwave", "ionq"]}}) == []


def test_programs_are_read_too(place, found):
    """A folder's notebooks and helpers; other files only for keys in them."""
    (place / "helper.py").write_text('import os\n\n\ndef token():\n    return getpass("key")\n')
    (place / "notes.md").write_text('token = "abc"\n')
    (told,) = found("--tutorial", ".")
    assert (told["path"], told["line"], told["rule"]) == ("helper.py", 5, PROMPT)


def test_what_can_t_be_read_does_not_pass(place, scan, tutorial):
    """Another language, or cells that are no Python: exit code 2, and which."""
    for source, metadata, words in (
        ("x <- 3 +", {"kernelspec": {"language": "R"}}, "its cells are R"),
        ("def (", {}, "cell 2 is no Python that can be read"),
    ):
        cells = [{"cell_type": "raw", "source": ""}, {"cell_type": "code", "source": source}]
        (place / "n.ipynb").write_text(json.dumps({"cells": cells, "metadata": metadata}))
        done = scan("--tutorial", "n.ipynb")
        assert done.returncode == 2
        assert words in done.stderr


def test_a_finding_can_be_accepted(tutorial, scan):
    """In a baseline, as any other; and it is not looked for with what git has stored."""
    assert tutorial('token = "abc"')
    assert scan("--tutorial", "n.ipynb", "--write-baseline", "b.json").returncode == 0
    assert scan("--tutorial", "n.ipynb", "--baseline", "b.json").returncode == 0
    assert tutorial('token = "abc"', "print(token)")
    assert scan("--tutorial", "n.ipynb", "--baseline", "b.json").returncode == 1
    assert scan("--tutorial", "--staged").returncode == 2


def test_without_the_option_nothing_is_read_as_code(place, found):
    """A hook that looks for keys finds keys."""
    (place / "n.py").write_text('token = getpass("key")\nprint(token)\n')
    assert found("n.py") == []
