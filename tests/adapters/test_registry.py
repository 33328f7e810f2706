"""Which adapter serves a vendor, and what is said where none does."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import jupyter_qcred as qcred
from jupyter_qcred.kernel.adapters import registry, sdk
from jupyter_qcred.kernel.adapters.sdk import Sdk
from jupyter_qcred.testing.held import HeldKernel

PACKAGE = Path(qcred.__file__).parent

OTHER = """
from jupyter_qcred.kernel.adapters.sdk import Sdk

class Adapter:
    sdk = Sdk(distribution="{sdk}", least="1", below="99")

    def credential(self, credential):
        return "native:" + credential.reveal()

    def client(self, credential, **options):
        return ("{sdk}", options)

class Broken:
    def __init__(self):
        raise RuntimeError("secret words of somebody")
"""


@pytest.fixture
def kernel():
    """Holds nothing yet."""
    return HeldKernel()


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install packages that bring adapters: a module and its metadata, as pip leaves them."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(distribution, points):
        module = distribution.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(OTHER.replace("{sdk}", distribution))
        info = tmp_path / f"{module}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.5\n"
        )
        lines = "\n".join(f"{name} = {module}:{kind}" for name, kind in points.items())
        (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{lines}\n")

    return install


def test_an_installed_package_brings_its_adapter(kernel, install):
    """Its entry point is enough; options reach it as they are."""
    install("acme-quantum", {"acme": "Adapter"})
    kernel.deliver("acme", {"value": "the-key"})
    options = {"shots": 3, "name": "theirs"}
    assert qcred.client("acme", **options) == ("acme-quantum", options)
    assert qcred.credential("acme") == "native:the-key"
    assert "acme" in registry.vendors()


def test_one_vendor_may_have_several_sdks(kernel, install):
    """The first one by default, the named one on request, and a wrong name is answered."""
    install("acme-one", {"acme.one": "Adapter"})
    install("acme-two", {"acme.two": "Adapter"})
    kernel.deliver("acme", {"value": "the-key"})
    assert qcred.client("acme")[0] == "acme-one"
    assert qcred.client("acme", sdk="acme-two")[0] == "acme-two"
    with pytest.raises(qcred.NoAdapterError, match="acme-one, acme-two"):
        qcred.client("acme", sdk="acme-three")


def test_an_unknown_vendor_is_answered_with_those_that_exist(kernel, install):
    """And with what works for every vendor."""
    install("acme-quantum", {"acme": "Adapter"})
    kernel.deliver("nobody", {"value": "the-key"})
    with pytest.raises(qcred.NoAdapterError, match=r"nobody.*acme.*reveal") as caught:
        qcred.client("nobody")
    assert "the-key" not in str(caught.value)


def test_a_broken_adapter_of_somebody_else_is_named_without_its_words(kernel, install):
    """What its exception says may be anything."""
    install("acme-quantum", {"acme": "Broken"})
    kernel.deliver("acme", {"value": "the-key"})
    with pytest.raises(qcred.SdkError, match=r"acme_quantum:Broken.*RuntimeError") as caught:
        qcred.client("acme")
    assert "secret words" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_sdk_gives_the_line_for_pip():
    """With the versions that were tested."""
    missing = Sdk(distribution="qcred-no-such-sdk", least="1.2", below="2")
    with pytest.raises(qcred.SdkError, match=r"%pip install 'qcred-no-such-sdk>=1\.2,<2'"):
        missing.load("json")


@pytest.mark.parametrize(
    ("found", "private", "fits"),
    [
        ("1.1.9", False, False),
        ("1.2", False, True),
        ("1.2.0rc1", True, True),
        ("1.99.1", True, True),
        ("2", True, False),
        ("2.0.1", True, False),
        ("2.0.1", False, True),
    ],
)
def test_a_version_that_does_not_fit_is_refused(monkeypatch, found, private, fits):
    """An older one always, a newer one where the adapter uses what the SDK promises nobody."""
    monkeypatch.setattr(sdk, "version", lambda name: found)
    checked = Sdk(distribution="acme", least="1.2", below="2.0", private=private)
    if fits:
        checked.check()
        return
    with pytest.raises(qcred.SdkError, match=rf"acme {found}.*acme>=1\.2,<2\.0"):
        checked.check()


def test_an_sdk_that_cannot_be_imported_is_no_bare_import_error(monkeypatch):
    """Its metadata is there and its modules are not."""
    monkeypatch.setattr(sdk, "version", lambda name: "1.5")
    broken = Sdk(distribution="acme", least="1.2", below="2")
    with pytest.raises(qcred.SdkError, match="qcred_no_such_module is missing or broken"):
        broken.load("qcred_no_such_module.inside")


def test_what_is_built_in_is_registered_as_everybody_s_is():
    """By entry points of the same names, which show others how it is done."""
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    assert project["entry-points"][registry.GROUP] == registry.BUILTIN


PROGRAM = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
names = json.loads(sys.argv[2])
for name in names:
    importlib.import_module("jupyter_qcred.kernel.adapters." + name)
from jupyter_qcred.kernel.adapters import registry
found = [registry._adapters(vendor) for vendor in registry.vendors()]
count = sum(len(list(adapters)) for adapters in found)
foreign = {m.split(".")[0] for m in sys.modules} - sys.stdlib_module_names
print(json.dumps([count, len(registry.BUILTIN), sorted(foreign - {"jupyter_qcred", "__main__"})]))
"""


def test_the_adapters_load_nothing_but_the_standard_library():
    """And are found without metadata, where our half came from the server with the kernel."""
    names = [path.stem for path in (PACKAGE / "kernel" / "adapters").glob("*.py")]
    names.remove("__init__")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, str(PACKAGE.parent), json.dumps(names)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found, known, foreign = json.loads(done.stdout)
    assert found == known
    assert foreign == []
