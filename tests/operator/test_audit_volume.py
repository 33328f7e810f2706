"""How much the audit file takes: what the guide says, also when several servers share it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from jupyter_qcred.audit import audit
from jupyter_qcred.audit.file import AuditFile

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "operators.md"
WRITERS, LINES = 4, 600

WRITER = """
import json, sys
from pathlib import Path
from jupyter_qcred.audit.file import AuditFile
path, who, lines = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
file = AuditFile(path, max_bytes=2048, backups=1000)
sys.stdin.readline()  # all begin at once
for number in range(lines):
    file.write(json.dumps({"who": who, "number": number}).encode() + b"\\n")
file.close()
"""


def files(path: Path) -> list[Path]:
    """Return the file and the older ones."""
    return sorted(path.parent.glob(f"{path.name}*"))


def test_it_takes_as_much_as_the_guide_says(tmp_path: Path) -> None:
    """A server that audits without an end keeps the newest, and five files at most."""
    (size, older) = re.findall(r"rotated at\s+(\d+) MiB, and keeps (\w+) older", PAGE.read_text())[
        0
    ]
    limit, kept = int(size) << 20, ["none", "one", "two", "three", "four"].index(older)
    path = tmp_path / "audit.jsonl"
    file = AuditFile(path, max_bytes=audit._MAX_BYTES, backups=audit._BACKUPS)
    line = b"x" * ((1 << 20) - 1) + b"\n"
    for _ in range(limit // len(line) * (kept + 3)):
        file.write(line)
    file.close()
    sizes = [one.stat().st_size for one in files(path)]
    assert len(sizes) == 1 + kept
    assert max(sizes) <= limit
    assert sum(sizes) > limit * kept
    assert {one.stat().st_mode & 0o777 for one in files(path)} == {0o600}


def test_servers_that_share_it_lose_no_line(tmp_path: Path) -> None:
    """Whoever rotates does so once: nobody's line is lost, torn or put into the wrong order."""
    path = tmp_path / "audit.jsonl"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, path, str(who), str(LINES)], stdin=subprocess.PIPE
        )
        for who in range(WRITERS)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"\n")
        writer.stdin.close()
    assert [writer.wait(120) for writer in writers] == [0] * WRITERS
    lines = [json.loads(line) for one in files(path) for line in one.read_bytes().splitlines()]
    told = sorted((line["who"], line["number"]) for line in lines)
    assert told == [(who, number) for who in range(WRITERS) for number in range(LINES)]
    sizes = [one.stat().st_size for one in files(path) if one != path]
    assert min(sizes) > 1024  # each was full when it was put away
