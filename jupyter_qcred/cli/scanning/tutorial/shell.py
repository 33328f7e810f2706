"""What a shell and IPython's magics are told to do with keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .advice import ask, leave_out, put
from .fault import ACCOUNT, PASTE, PRINT, PROMPT, Fault
from .names import FILES, is_variable, vendor_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .cells import Code, Line

_SETS: Final = re.compile(
    r"(?:%(?:env|set_env)\s+|export\s+|set\s+|setx\s+)?([A-Za-z_]\w*)(?:\s*=\s*|\s+)(.+)"
)
_ACCOUNTS: Final = re.compile(
    r"\b(?:dwave\s+(?:config\s+create|setup|auth\s+login|install)|aws\s+(?:configure|sso\s+login|"
    r"login)|az\s+login|gcloud\s+auth\b.*\blogin|(?:qnx|qnexus)\s+login|qbraid\s+configure|"
    r"xcc\s+config\s+set|qcs\s+auth)\b"
)
_LISTS: Final = re.compile(r"(?:%env|env|printenv(?:\s+\S+)?|set|export(?:\s+-p)?)\s*(?:\|.*)?")
_READS: Final = re.compile(r"\b(?:cat|less|more|head|tail|type|bat)\b")
_TARGET: Final = re.compile(r"(?:>>?|\btee\b(?:\s+-a)?|%%(?:write)?file)\s*(\S+)")
_ECHO: Final = re.compile(r"\becho\b.*\$\{?(\w+)")


def faults(code: Code, about: str) -> Iterator[Fault]:
    """Yield the faults in the lines that are not Python.

    Args:
        code: a cell.
        about: text of the whole notebook, which may tell the vendor.
    """
    if code.writes and FILES.search(code.writes):
        name = vendor_of(code.writes, about)
        yield Fault(ACCOUNT, 1, f"%%writefile {_shown(code.writes)}", put(name))
    for line in code.shell:
        yield from _line(line, about, quiet=bool(code.writes))


def _line(line: Line, about: str, *, quiet: bool) -> Iterator[Fault]:
    text = line.text.strip()
    name = vendor_of(text, about)
    if (sets := _SETS.fullmatch(text)) and is_variable(sets[1]) and _is_value(sets[2]):
        yield Fault(PASTE, line.number, f"{sets[1]}=…", ask(name))
    elif (words := _ACCOUNTS.search(text)) and not quiet:
        yield Fault(ACCOUNT, line.number, " ".join(words[0].split()), put(name))
    elif (target := _TARGET.search(text)) and FILES.search(target[1]):
        yield Fault(ACCOUNT, line.number, f"… > {_shown(target[1])}", put(name))
    elif quiet:
        return
    elif re.match(r"read\s+-\w*s", text):
        yield Fault(PROMPT, line.number, "read -s", ask(name, fallback=True))
    elif _LISTS.fullmatch(text) or ((echo := _ECHO.search(text)) and is_variable(echo[1])):
        yield Fault(PRINT, line.number, text.split()[0], leave_out())
    elif _READS.search(text) and FILES.search(text):
        yield Fault(PRINT, line.number, f"{text.split()[0]} {_shown(text)}", leave_out())


def _is_value(text: str) -> bool:
    """Whether it is a value, rather than a variable or a command that gives one."""
    return bool(text.strip("'\" ")) and not text.strip("'\" ").startswith(("$", "{", "`"))


def _shown(text: str) -> str:
    found = FILES.search(text)
    return found[0] if found else "…"
