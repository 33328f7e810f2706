"""Run all four until stdin ends; print where they are, and what an operator would set up.

The one argument is a file, to which each request is added as a line.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tutorials.vendors.braket import Braket
from tutorials.vendors.dwave import Dwave
from tutorials.vendors.ibm import Ibm
from tutorials.vendors.ionq import Ionq

if TYPE_CHECKING:
    from jupyter_qcred.testing.vendor import Call

NAMES = {"ibm": "ibm-quantum", "braket": "amazon-braket", "ionq": "ionq", "dwave": "dwave"}


class Told(list["Call"]):
    """Calls, each of which is written down as well."""

    def __init__(self, vendor: str, file: Path) -> None:
        super().__init__()
        self._vendor = vendor
        self._file = file

    def append(self, call: Call) -> None:
        super().append(call)
        line = json.dumps({"vendor": self._vendor, **call._asdict()})
        with self._file.open("a") as file:
            file.write(f"{line}\n")


def main(file: Path) -> None:
    file.touch()
    made = [Ibm(), Braket(), Ionq(), Dwave()]
    told = {}
    for one in made:
        name = NAMES[one.name]
        one.vendor.calls = Told(name, file)
        told[name] = {"url": one.vendor.url, "profile": one.profile(), "stored": one.stored()}
    print(json.dumps(told), flush=True)
    sys.stdin.read()
    for one in made:
        one.vendor.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
