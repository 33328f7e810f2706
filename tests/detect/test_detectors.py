"""What each detector finds and leaves, by the examples in its own file."""

from __future__ import annotations

import json
import random
import re
import tomllib
from importlib import resources

import pytest

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.detect import Detector, Detectors
from jupyter_qcred.detect.detector import _ID
from jupyter_qcred.detect.examples import Example, fill
from jupyter_qcred.detect.fragments import _USE, FRAGMENTS
from jupyter_qcred.detect.probe import LONGEST_AHEAD

ALL = Detectors.builtin()
GOOD = [
    pytest.param(one, template, id=f"{one.id}-{number}")
    for one in ALL.all
    for number, template in enumerate(one.good)
]
BAD = [
    pytest.param(one, template, id=f"{one.id}-{number}")
    for one in ALL.all
    for number, template in enumerate(one.bad)
]
SEEDS = range(12)


def examples(template: str) -> list[Example]:
    """Several draws, as the file has it and with its escapes turned into what they stand for."""
    real = template.replace("\\n", "\n").replace("\\x1b", "\x1b")
    coloured = template.replace("\\x1b", "\x1b")
    return [fill(one, random.Random(seed)) for seed in SEEDS for one in (coloured, real)]


def spans(detectors: Detectors, text: str) -> tuple[tuple[int, int], ...]:
    return tuple((finding.start, finding.end) for finding in detectors.find(text))


@pytest.mark.parametrize(("detector", "template"), GOOD)
def test_a_good_example_is_found_alone_and_among_all(detector: Detector, template: str) -> None:
    """Exactly the secret is found, and named by this detector although others are at work."""
    alone = ALL.only([detector.id])
    for example in examples(template):
        assert spans(alone, example.text) == example.secrets
        assert spans(ALL, example.text) == example.secrets
        assert {finding.rule for finding in ALL.find(example.text)} == {detector.id}


@pytest.mark.parametrize(("detector", "template"), GOOD)
def test_a_good_example_is_found_in_the_text_of_a_file(detector: Detector, template: str) -> None:
    """Neither JSON round it, nor letters of other scripts before it, hide a secret."""
    for example in examples(template)[:6]:
        inside = json.dumps({"source": ["first line\n", example.text]}, indent=1)
        found = [inside[start:end] for start, end in spans(ALL, inside)]
        secrets = [json.dumps(example.text[start:end])[1:-1] for start, end in example.secrets]
        assert found == secrets
        before = "Überprüfung für 量子 \U0001f600\ud800 "
        moved = tuple((len(before) + one, len(before) + two) for one, two in example.secrets)
        assert spans(ALL, before + example.text) == moved


@pytest.mark.parametrize(("detector", "template"), BAD)
def test_a_bad_example_is_left_alone(detector: Detector, template: str) -> None:
    """What looks like the secret but is none is no finding."""
    alone = ALL.only([detector.id])
    for example in examples(template):
        assert alone.find(example.text) == []


@pytest.mark.parametrize("detector", ALL.all, ids=lambda one: one.id)
def test_a_detector_is_bounded_and_keeps_to_its_barriers(detector: Detector) -> None:
    """No regex can match without end, and none matches over a NUL or what was redacted."""
    body = _USE.sub(lambda use: FRAGMENTS[use[1]], detector.regex)
    assert re._parser.parse(body).getwidth()[1] < 100_000
    if detector.near:
        assert re._parser.parse(detector.ahead).getwidth()[1] <= LONGEST_AHEAD
    for template in detector.good:
        example = fill(template, random.Random(1))
        start, end = example.secrets[0]
        middle = (start + end) // 2
        for barrier in "\x00\x01":
            cut = example.text[:middle] + barrier + example.text[middle:]
            assert all(one >= middle or two <= middle for one, two in spans(ALL, cut))


def test_files_are_named_after_their_detectors() -> None:
    """One detector a file, an id that can be a placeholder, and documentation by https."""
    files = [
        file
        for file in resources.files("jupyter_qcred.detect").joinpath("detectors").iterdir()
        if file.name.endswith(".toml")
    ]
    for file in files:
        data = tomllib.loads(file.read_text("utf-8"))
        assert file.name == f"{data['id']}.toml"
        assert _ID.fullmatch(data["id"])
        assert data.get("url", "https://").startswith("https://")
        assert data["good"]
        assert data["bad"]
    assert [detector.id for detector in ALL.all] == sorted(file.name[:-5] for file in files)


def test_every_vendor_asked_for_is_there() -> None:
    """Quantum clouds and what researchers use beside them."""
    vendors = " ".join(detector.vendor for detector in ALL.all)
    for vendor in (
        *("IBM", "AWS", "Microsoft", "Google", "IonQ", "D-Wave", "Quantinuum", "Rigetti"),
        *("qBraid", "Pasqal", "IQM", "Xanadu", "HashiCorp", "OpenBao", "GitHub", "GitLab"),
        *("Hugging Face", "Slack", "PyPI", "npm", "Jupyter"),
    ):
        assert vendor in vendors


def test_a_set_can_be_narrowed() -> None:
    """``only`` and ``without`` make new sets and leave the shared one as it is."""
    count = len(ALL.all)
    assert [one.id for one in ALL.only(["jwt", "ionq"]).all] == ["ionq", "jwt"]
    assert len(ALL.without(["jwt"]).all) == count - 1
    assert len(Detectors.builtin().all) == count
    assert ALL.only([]).find("token = 'anything'") == []


@pytest.mark.parametrize("narrowed", [ALL.only, ALL.without])
def test_an_unknown_id_is_refused(narrowed: object) -> None:
    """A misspelt id would leave a detector on, or everything off, and nobody would know."""
    with pytest.raises(ConfigError, match="no detector 'jwtt'"):
        narrowed(["jwtt"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"regex": "abc"}, "no group 'secret'"),
        ({"anchors": ["Token"]}, "'Token' cannot be used"),
        ({"anchors": ["ab"]}, "'ab' cannot be used"),
        ({"anchors": []}, "no anchors"),
        ({"entropy": "high"}, "'entropy' has a value of another kind"),
        ({"near": [1]}, "near is not"),
        ({"near": [1, 2]}, "near has no ahead"),
        ({"checks": ["crc"]}, "'crc' cannot be used"),
        ({"id": "Upper Case"}, "bad id"),
        ({"priority": True}, "'priority' has a value of another kind"),
    ],
)
def test_a_wrong_file_is_refused(change: dict[str, object], said: str) -> None:
    """A detector that can't work says so when it is read, not when a secret passes it."""
    data = {
        "id": "a",
        "title": "A",
        "vendor": "Any",
        "regex": "(?P<secret>abc)",
        "anchors": ["abc"],
        "good": ["abc"],
        "bad": ["abd"],
    }
    assert Detector.parse(data).id == "a"
    with pytest.raises(ConfigError, match=re.escape(said)):
        Detector.parse({**data, **change})
    with pytest.raises(ConfigError, match="no 'title'"):
        Detector.parse({key: value for key, value in data.items() if key != "title"})


def test_two_detectors_of_one_id_are_refused() -> None:
    """A finding would not say which it was."""
    with pytest.raises(ConfigError, match="the same id"):
        Detectors([ALL.all[0], ALL.all[0]])


def test_the_most_specific_detector_names_a_secret() -> None:
    """A GitHub token in an assignment is one finding, not two."""
    text, ((start, end),) = fill('github_token = "⟦{github:ghp_}⟧"', random.Random(3))
    assert ALL.find(text) == [(start, end, "github-token")]
    assert ALL.without(["github-token"]).find(text) == [(start, end, "generic-secret")]


def test_colours_hide_nothing() -> None:
    """A traceback that highlights source has colours inside an assignment, and between a word
    and the secret right behind it."""
    text, secrets = fill(
        '\x1b[32mprovider\x1b[39m = IonQ\x1b[0mProvider(\x1b[38;5;28m"⟦{A-Za-z0-9*32}⟧\x1b[39m")',
        random.Random(1),
    )
    assert spans(ALL, text) == secrets
    for escape in ("\\u001b", "\\x1b", "\x1b"):
        text, ((start, end),) = fill(f"{escape}[31m⟦{{github:ghp_}}⟧{escape}[0m", random.Random(1))
        assert ALL.find(text) == [(start, end, "github-token")]
        middle = f"{text[: start + 9]}{escape}[1;4m{text[start + 9 :]}"
        (found,) = ALL.find(middle)
        assert middle[found.start : found.end].startswith("ghp_")
        assert middle[found.end :] == text[end:]
