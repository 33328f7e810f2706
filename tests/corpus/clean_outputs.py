"""Outputs that show no secret: images, arrays, hashes, colours, other scripts, old disguises."""

from __future__ import annotations

import base64
import gzip
import hashlib
import itertools
import json
import string
import uuid
import zlib
from typing import TYPE_CHECKING, Final

from corpus.outputs import display, error, result, stream

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from corpus.outputs import Outputs

_PIXEL: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"


def _images(rng: random.Random) -> Outputs:
    png = _PIXEL + base64.b64encode(rng.randbytes(rng.randint(3000, 30_000))).decode()
    jpeg = base64.encodebytes(b"\xff\xd8\xff\xe0" + rng.randbytes(9000)).decode()
    return [
        display("image/png", png, {"image/png": {"width": 640}}),
        display("image/jpeg", jpeg),
        display("image/gif", base64.b64encode(b"GIF89a" + rng.randbytes(500)).decode()),
        display("text/html", f'<img src="data:image/png;base64,{png[:4000]}">'),
        display("application/pdf", base64.b64encode(b"%PDF-1.7\n" + rng.randbytes(900)).decode()),
    ]


def _svg(rng: random.Random) -> Outputs:
    path = " ".join(f"L {rng.random() * 600:.6f} {rng.random() * 400:.6f}" for _ in range(200))
    mark = f"m{rng.getrandbits(40):010x}"
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg"><path id="{mark}" d="M 0 0 {path}"/></svg>'
    return [display("image/svg+xml", drawing.splitlines(keepends=True))]


def _arrays(rng: random.Random) -> Outputs:
    rows = [", ".join(f"{rng.gauss(0, 1):.8e}" for _ in range(6)) for _ in range(40)]
    text = "array([[" + "],\n       [".join(rows) + "]])"
    integers = " ".join(str(rng.randint(32, 126)) for _ in range(300))
    return [result("text/plain", text), stream(f"[{integers}]\n"), stream(f"{list(range(200))}\n")]


def _counts(rng: random.Random) -> Outputs:
    counts = {f"{rng.getrandbits(27):027b}": rng.randint(1, 99) for _ in range(120)}
    samples = "\n".join(f"{rng.getrandbits(156):0156b}" for _ in range(12))
    hexed = {hex(rng.getrandbits(120)): 3 for _ in range(40)}
    return [
        result("text/plain", repr(counts)),
        display("application/json", counts),
        stream(f"{samples}\n{hexed}\n"),
    ]


def _hashes(rng: random.Random) -> Outputs:
    data = [rng.randbytes(20) for _ in range(20)]
    lines = [f"{hashlib.sha1(one).hexdigest()} refs/heads/topic" for one in data]
    lines += [f"{hashlib.sha256(one).hexdigest()}  data.npz" for one in data]
    lines += [f"sha512:{hashlib.sha512(one).hexdigest()}" for one in data[:4]]
    lines += [one[:16].hex(":") for one in data[:4]]
    digests = [base64.b64encode(hashlib.sha512(one).digest()).decode() for one in data[:4]]
    lines += [f'"integrity": "sha512-{digest}"' for digest in digests]
    return [stream("\n".join(lines) + "\n")]


def _uuids(rng: random.Random) -> Outputs:
    made = [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(60)]
    jobs = ["".join(rng.choices(string.ascii_lowercase + string.digits, k=20)) for _ in range(30)]
    return [
        stream("\n".join(made + jobs)),
        display("application/json", dict.fromkeys(jobs, made)),
    ]


def _widget(rng: random.Random) -> Outputs:
    model = f"{rng.getrandbits(128):032x}"
    view = {"model_id": model, "version_major": 2, "version_minor": 0}
    plain = f"IntProgress(value=0, layout=Layout(width='auto'), model_id='{model}')"
    mime = "application/vnd.jupyter.widget-view+json"
    return [{**display(mime, view), "data": {mime: view, "text/plain": plain}}]


def _plotly(rng: random.Random) -> Outputs:
    values = [rng.gauss(0, 1) for _ in range(400)]
    packed = {"dtype": "f8", "bdata": base64.b64encode(rng.randbytes(800)).decode()}
    figure = {
        "data": [{"type": "scatter", "y": values, "x": packed, "uid": str(uuid.UUID(int=7))}],
        "layout": {"template": {"data": {"bar": [{"error_x": {"color": "#2a3f5f"}}]}}},
        "config": {"plotlyServerURL": "https://plot.ly"},
    }
    return [display("application/vnd.plotly.v1+json", figure)]


def _vega(rng: random.Random) -> Outputs:
    rows = [{"state": f"{n:05b}", "p": rng.random()} for n in range(32)]
    name = f"data-{rng.getrandbits(128):032x}"
    chart = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"name": name},
        "datasets": {name: rows},
        "mark": {"type": "bar"},
    }
    return [display("application/vnd.vegalite.v5+json", chart)]


def _traceback(rng: random.Random) -> Outputs:
    lines = [
        f"\x1b[1;32m    {number}\x1b[0m \x1b[38;5;241m=\x1b[39m call(\x1b[38;5;28mself\x1b[39m, "
        f"{rng.random():.9f})"
        for number in range(30)
    ]
    address = f"0x{rng.getrandbits(47):012x}"
    words = f"<qiskit.circuit.Parameter object at {address}> is not bound"
    return [error(words, "\x1b[0;31m" + "-" * 75 + "\x1b[0m", *lines, f"ValueError: {words}")]


def _latex(rng: random.Random) -> Outputs:
    terms = " + ".join(
        rf"{rng.random():.4f}\,\sigma_{{{rng.choice('xyz')}}}^{{({n})}}" for n in range(40)
    )
    return [
        result("text/latex", rf"$\displaystyle H = {terms} \,\left|\psi\right\rangle$"),
        display(
            "text/latex", r"\begin{bmatrix} \textbackslash{} & \_ & \% & \textasciitilde{}\end"
        ),
    ]


def _scripts(rng: random.Random) -> Outputs:
    ranges = (
        (0x4E00, 0x9FA5),
        (0x5D0, 0x5EA),
        (0x627, 0x64A),
        (0x1F600, 0x1F64F),
        (0x1100, 0x1160),
    )
    texts = ["".join(chr(rng.randint(first, last)) for _ in range(120)) for first, last in ranges]
    marks = "\u200d".join("👩🔬💻🧑🚀") + " soft\u00adhyphen zero\u200bwidth e\u0301 \ufeff"
    return [stream("\n".join([*texts, marks])), display("text/html", f"<p dir=rtl>{texts[1]}</p>")]


def _progress(rng: random.Random) -> Outputs:
    frames = [
        f"\r\x1b[2K{percent:3d}%|\x1b[32m{'█' * (percent // 5):<20}\x1b[0m| "
        f"{percent}/100 [{rng.random() * 60:05.2f}<00:00, {rng.random() * 9:.2f}it/s]"
        for percent in range(0, 101, 4)
    ]
    return [
        *(stream(frame, "stderr") for frame in frames),
        stream("\x1b[?25l\x1b[1A\x1b[K\x1b]0;title\x07done\x1b[?25h\n", "stderr"),
    ]


def _letters(rng: random.Random) -> Outputs:
    dna = "\n".join("".join(rng.choices("ACGT", k=70)) for _ in range(60))
    protein = "".join(rng.choices("ACDEFGHIKLMNPQRSTVWY", k=900))
    apart = " ".join(rng.choices(string.ascii_letters + string.digits, k=300))
    listed = repr(rng.choices(string.ascii_lowercase, k=200))
    return [stream(f">chr1\n{dna}\n"), stream(f"{protein}\n{apart}\n{listed}\n")]


def _dumps(rng: random.Random) -> Outputs:
    rows = []
    for at in range(0, 1600, 16):
        row = rng.randbytes(16)
        rows.append(f"{at:08x}  {row.hex(' ')}  |{'.' * 16}|")
    packed = [zlib.compress(rng.randbytes(50) * 20), gzip.compress(b"counts\n" * 500, mtime=0)]
    return [
        stream("\n".join(rows) + "\n"),
        stream("\n".join(base64.b64encode(one).decode() for one in packed)),
        stream(f"{rng.randbytes(200)!r}\n"),
    ]


def _minified(rng: random.Random) -> Outputs:
    names = ["".join(rng.choices(string.ascii_letters, k=2)) for _ in range(2500)]
    script = ";".join(
        f"function {a}(e,t){{return {b}(t,e,{n})}}"
        for n, (a, b) in enumerate(itertools.pairwise(names))
    )
    page = "".join(
        f'<div class="{one}" data-k="{rng.getrandbits(64):x}"><b>{one}</b></div>' for one in names
    )
    return [display("application/javascript", script), display("text/html", page)]


def _tables(rng: random.Random) -> Outputs:
    rows = [f"│ {rng.getrandbits(80):020x} │ {rng.random():<10.6f} │" for _ in range(25)]
    cells = "".join(f"<td>{rng.random():.6f}</td>" for _ in range(200))
    spans = "".join(f"<span>{one}</span><wbr>" for one in rng.choices(string.ascii_letters, k=200))
    return [
        stream("┌──────┐\n" + "\n".join(rows) + "\n└──────┘\n"),
        display("text/html", f"<table><tr>{cells}</tr></table><p>{spans}</p>"),
    ]


def _long_line(rng: random.Random) -> Outputs:
    line = json.dumps([{"qubit": n, "t1": rng.random()} for n in range(3000)])
    return [stream(line), display("text/plain", line), display("application/json", {"all": line})]


def _quoted(rng: random.Random) -> Outputs:
    text = json.dumps({"path": "C:\\Users\\lab", "q": 'say "it"', "n": rng.random()})
    url = "https://x.example/?q=%7B%22a%22%3A1%7D&next=%2Fhub%2Flogin%3Ftoken%3D&b=a+b"
    return [stream(f"{text}\n{json.dumps(text)}\n{json.dumps(json.dumps(text))}\n{url}\n")]


def _surrogates(rng: random.Random) -> Outputs:
    lone = "".join(chr(rng.randint(0xD800, 0xDFFF)) + "a" for _ in range(20))
    return [stream(f"os.listdir: {lone}\n"), display("application/json", {lone: [lone]})]


def _placeholders(rng: random.Random) -> Outputs:
    names = ("ibm-quantum", "ionq", "nobody", "a/b@c")
    return [stream("".join(f"[redacted:{rng.choice(names)}] " for _ in range(30)))]


def _nothing(_rng: random.Random) -> Outputs:
    return []


def _odd_json(rng: random.Random) -> Outputs:
    value: object = rng.random()
    for depth in range(60):
        value = [value, depth] if depth % 2 else {"": value, "k" * depth: None}
    numbers = {"big": 10**40, "small": -1e-300, "t": True, "nothing": None}
    return [display("application/json", value), display("application/json", numbers)]


def _requirements(rng: random.Random) -> Outputs:
    lines = [f"package{n}==1.{n} --hash=sha256:{rng.getrandbits(256):064x}" for n in range(40)]
    return [stream("\n".join(lines)), stream(f"Bearer realm=x, key-id: {rng.getrandbits(64):x}\n")]


KINDS: Final[dict[str, Callable[[random.Random], Outputs]]] = {
    "images": _images,
    "svg": _svg,
    "arrays": _arrays,
    "counts": _counts,
    "hashes": _hashes,
    "uuids": _uuids,
    "widget": _widget,
    "plotly": _plotly,
    "vega": _vega,
    "traceback": _traceback,
    "latex": _latex,
    "scripts": _scripts,
    "progress": _progress,
    "letters": _letters,
    "dumps": _dumps,
    "minified": _minified,
    "tables": _tables,
    "long line": _long_line,
    "quoted": _quoted,
    "surrogates": _surrogates,
    "placeholders": _placeholders,
    "nothing": _nothing,
    "odd json": _odd_json,
    "requirements": _requirements,
}
