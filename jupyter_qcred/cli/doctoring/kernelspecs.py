"""Which kernelspecs bypass us, and which lose on the way what a kernel needs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_client.kernelspec import KernelSpecManager

from jupyter_qcred.deliver.boot import boots
from jupyter_qcred.deliver.enable import PROVISIONER

from .finding import Check, Finding, Problem, Seen, Severity, advice, command
from .probe import Probe, probe
from .site import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .finding import Step
    from .site import Site

_AT_ONCE: Final = 4
_OLDEST: Final = (3, 11)

PINNED = Problem(
    "kernelspecs.pinned",
    Severity.WARNING,
    "The kernelspec names a provisioner of its own, so that its kernels get no credentials and "
    "inherit the server's environment. The fix names ours and keeps the other below it. Leave it "
    "as it is where that was done on purpose.",
)
DROPPED = Problem(
    "kernelspecs.drops-descriptors",
    Severity.ERROR,
    "The kernelspec's command starts Python by a wrapper that closes inherited descriptors, as "
    "`conda run` does: what carries the credentials does not reach the kernel. The fix names the "
    "Python that the wrapper starts.",
)
SHELL = Problem(
    "kernelspecs.shell-line",
    Severity.ERROR,
    "The kernelspec starts ipykernel by a line for a shell, in which nothing can be put. The fix "
    "writes the same command as a list.",
)
UNENCRYPTED = Problem(
    "kernelspecs.unencrypted",
    Severity.WARNING,
    "The kernelspec does not say that its kernel can encrypt, as those of an older ipykernel. Its "
    "messages are plain TCP, which other users of the machine can read.",
)
OLD_PYTHON = Problem(
    "kernelspecs.old-python",
    Severity.ERROR,
    "The kernel's Python is older than 3.11, which our half needs. Its kernels start as ever, "
    "without credentials.",
)
BROKEN = Problem(
    "kernelspecs.broken",
    Severity.WARNING,
    "The kernelspec's program is not there, as after its environment was removed.",
)


def look(_site: Site) -> Seen:
    """Look at all of them; each Python is started once, for a moment."""
    specs = _specs()
    if not specs:
        return Seen("there is none", failed=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        probed = dict(zip(specs, pool.map(_probed, specs.values()), strict=True))
    findings = [
        finding
        for name, spec in sorted(specs.items())
        for finding in _findings(name, spec, probed[name])
    ]
    return Seen(_words(specs), tuple(findings))


def _specs() -> dict[str, Any]:
    """Return what Jupyter shows, and what it hides because the provisioner it names is missing."""
    manager: Any = KernelSpecManager()
    found = {}
    for name in manager.find_kernel_specs():
        try:
            found[name] = manager.get_kernel_spec(name)
        except Exception:  # noqa: BLE001, S112 - a file that Jupyter leaves out as well
            continue
    return found


def _words(specs: dict[str, Any]) -> str:
    ready = sorted(name for name, spec in specs.items() if boots(spec.argv))
    other = sorted(specs.keys() - set(ready))
    told = f"{', '.join(ready) or 'none'} can get credentials"
    return f"{told}; {', '.join(other)} cannot: no ipykernel command" if other else told


def _probed(spec: Any) -> Probe | None:
    return probe(spec) if boots(spec.argv) else None


def _findings(name: str, spec: Any, probed: Probe | None) -> Iterator[Finding]:
    file = Path(spec.resource_dir) / "kernel.json"
    pinned = spec.metadata.get("kernel_provisioner", {}).get("provisioner_name", PROVISIONER)
    if pinned != PROVISIONER:
        yield Finding(PINNED, f"{name} ({file}) names {pinned}", _fix(PINNED, name))
    if probed is None:
        if as_list(spec.argv):
            yield Finding(SHELL, f"{name} ({file}) starts by a shell", _fix(SHELL, name))
        return
    yield from _of_probe(name, spec, probed)
    if "curve" not in spec.metadata.get("supported_encryption", ()):
        yield Finding(UNENCRYPTED, f"{name} ({file})", _fix(UNENCRYPTED, name))


def _of_probe(name: str, spec: Any, probed: Probe) -> Iterator[Finding]:
    if probed.missing:
        remove = command(quoted("jupyter", "kernelspec", "remove", "-y", name))
        yield Finding(BROKEN, f"{name}: there is no {probed.missing}", (remove,))
    elif probed.version and probed.version < _OLDEST:
        version = ".".join(map(str, probed.version))
        yield Finding(
            OLD_PYTHON,
            f"{name}: {probed.executable} is Python {version}",
            (advice("Make the environment anew with Python 3.11 or newer"),),
        )
    elif probed.arrived is False and spec.argv[0] != probed.executable:
        wrapper = Path(spec.argv[0]).name
        seen = f"{name}: {wrapper} passes no descriptor on to {probed.executable}"
        yield Finding(DROPPED, seen, _fix(DROPPED, name))


def _fix(problem: Problem, name: str) -> tuple[Step, ...]:
    return (command(quoted("jupyter", "qcred", "doctor", "--fix", f"{problem.id}:{name}")),)


def as_list(argv: list[str]) -> list[str] | None:
    """Return ``sh -c "exec python -m ipykernel_launcher …"`` as a list; None for anything else."""
    import shlex

    if len(argv) != 3 or Path(argv[0]).name not in {"sh", "bash"} or argv[1] not in {"-c", "-lc"}:
        return None
    try:
        words = shlex.split(argv[2])
    except ValueError:
        return None
    words = words[1:] if words[:1] == ["exec"] else words
    plain = not any(sign in argv[2] for sign in "&|;<>$`()*?~#\n") and "=" not in words[0]
    return words if plain and boots(words) else None


CHECK: Final = Check(
    "kernelspecs",
    "kernelspecs",
    "Reads every kernelspec that Jupyter finds, and starts the Python of each for a moment, by its "
    "own command, to see whether a descriptor gets there.",
    (PINNED, DROPPED, SHELL, UNENCRYPTED, OLD_PYTHON, BROKEN),
    look,
)
