"""Browsers see no value of a kernel that does not redact by itself, whatever brings them there."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.browser import LEGACY, V1, Browser, text_of
from support.deployment import CANARY, KEY, LIVE, events
from support.foreign import foreign_kernel
from support.openbao import wait_until
from support.sweep import texts_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

MASK = f"[redacted:{KEY}]"

LINE = "import sys; write = lambda text: (sys.stdout.write(text), sys.stdout.flush())"

SLIPS = [
    "print(value)",
    "value",
    "write('split '); write(value[:11]); write(value[11:30]); write(value[20:] + ' end\\n')",
    "print(value, file=sys.stderr)",
    "import json; print(json.dumps({'nested': json.dumps({'key': value})}))",
    "import base64; print([base64.b64encode(b'x' * n + value.encode()) for n in range(3)])",
    "print(value.encode().hex())",
    "from IPython.display import HTML; HTML(f'<b>{value}</b>')",
    "from IPython.display import display; h = display(value, display_id=True); h.update([value])",
    "raise RuntimeError(f'refused: {value}')",
    "from comm import create_comm as c; c('t', data={'v': value}, buffers=[value.encode()])",
    "input(value + '? ')",
    "import getpass; getpass.getpass(value)",
    "import threading; t = threading.Thread(target=print, args=(value,)); t.start(); t.join()",
    "get_ipython().set_next_input(value)",
    "from IPython.core.page import page; page(value)",
    f"'{CANARY}'  # pasted",
]


def arm(server: JupyterServer) -> Any:
    """Let another kernel of the server have the credential: so the server knows the value."""
    kernel = server.open_notebook("other.ipynb")
    kernel.execute("import jupyter_qcred as qcred")
    kernel.execute(f"qcred.get('{KEY}')")
    return kernel


@pytest.fixture(scope="module")
def server(openbao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    deployment.provide(openbao)
    # The limit is for the class that we compose with: its settings apply.
    limit = "--ZMQChannelsWebsocketConnection.iopub_data_rate_limit=1e9"
    made = deployment.server(openbao, tmp_path_factory.mktemp("live"), args=(limit,))
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture(params=[V1, LEGACY], ids=["v1", "legacy"])
def browser(server: JupyterServer, request: pytest.FixtureRequest) -> Iterator[Browser]:
    made = Browser(server, foreign_kernel(server), request.param)
    if not server.kernels:
        arm(server)
    made.execute(LINE)
    made.execute(f"value = '{CANARY}'")
    yield made
    made.close()


def test_no_slip_reaches_the_browser(browser: Browser) -> None:
    """Whatever a cell does with the value, in either protocol, on any channel."""
    shown = [browser.execute(code, say=CANARY) for code in SLIPS]
    for code, messages in zip(SLIPS, shown, strict=True):
        assert MASK in json.dumps(messages, default=repr), code
    for name in ("value", "str"):
        browser.request("inspect_request", {"code": name, "cursor_pos": 3, "detail_level": 0})
    history = {"hist_access_type": "tail", "n": 99, "output": True, "raw": True}
    assert MASK in json.dumps(browser.request("history_request", history))
    assert texts_with(CANARY, browser.seen) == []
    assert CANARY[:25] not in "".join(browser.seen)


def test_a_split_value_is_one_placeholder_in_its_place(browser: Browser) -> None:
    """Text before and after is complete and in order."""
    messages = browser.execute(
        "write('one '); write(value[:11]); write(value[11:]); write(' two'); 'result'"
    )
    assert text_of(messages) == f"one {MASK} two"
    kinds = [m["msg_type"] for m in messages if m["channel"] == "iopub"]
    assert kinds.index("execute_result") > max(i for i, k in enumerate(kinds) if k == "stream")
    ids = [message["header"]["msg_id"] for message in messages]
    assert len(ids) == len(set(ids))


def test_what_only_begins_like_a_value_comes_soon(browser: Browser) -> None:
    """A held end arrives while the cell still runs; if the rest comes after all, it does not."""
    number = browser.send(
        "execute_request",
        {"code": "write(value[:20]); input(); write(value[20:]); print()", "allow_stdin": True},
    )
    # The question comes by another channel, before or after the text.
    came = browser.until(lambda message: message["msg_type"] in {"input_request", "stream"})
    came += browser.until(lambda message: message["msg_type"] in {"input_request", "stream"})
    assert text_of(came) == CANARY[:20]
    browser.send("input_reply", {"value": ""}, "stdin")
    messages = browser.until(lambda message: message["content"].get("execution_state") == "idle")
    assert messages[-1]["parent_header"]["msg_id"] == number
    assert text_of(messages) == f"{MASK}\n"


def test_output_of_a_thread_after_the_cell_is_let_out(browser: Browser) -> None:
    """Nothing is lost when no message follows that would let it out."""
    browser.execute(
        "import threading, time\n"
        "def late():\n    go.wait(); write('late ' + value[:20])\n"
        "go = threading.Event(); t = threading.Thread(target=late); t.start()"
    )
    browser.execute("go.set(); t.join()")
    while f"late {CANARY[:20]}" not in text_of(browser.messages):
        browser.receive()


def test_a_binary_buffer_keeps_its_length(browser: Browser) -> None:
    """Whoever reads numbers out of it finds them where they were."""
    messages = browser.execute(
        "from comm import create_comm\n"
        "create_comm('t', data={'n': 1}, buffers=[bytes(9) + value.encode() + bytes(7), bytes(5)]);"
    )
    (opened,) = [message for message in messages if message["msg_type"] == "comm_open"]
    first, second = map(bytes, opened["buffers"])
    assert len(first) == 9 + len(CANARY) + 7
    assert first.startswith(bytes(9) + MASK.encode())
    assert first.endswith(b"*" + bytes(7))
    assert second == bytes(5)


def test_clean_output_is_the_kernels_own(browser: Browser) -> None:
    """Structure, numbers and pictures arrive as they were."""
    data = base64.b64encode(bytes(range(256)) * 99).decode()
    code = (
        "from IPython.display import publish_display_data as p\n"
        f"p({{'image/png': '{data}', 'application/json': {{'a': [1.5, None, float('inf')]}}}},"
        " {'k': {'width': 3}})"
    )
    (shown,) = [m for m in browser.execute(code) if m["msg_type"] == "display_data"]
    assert shown["content"]["data"]["image/png"] == data
    assert shown["content"]["data"]["application/json"]["a"][:2] == [1.5, None]
    assert shown["content"]["metadata"] == {"k": {"width": 3}}


def test_a_long_message_keeps_its_place(browser: Browser) -> None:
    """What is searched in a thread is overtaken by nothing, and no browser waits for it."""
    messages = browser.execute(
        "for n in range(5):\n"
        "    print(n); write('x' * 400_000 + value[:20]); write(value[20:] + 'y' * 400_000 + '\\n')"
    )
    whole = "".join(f"{n}\n{'x' * 400_000}{MASK}{'y' * 400_000}\n" for n in range(5))
    assert text_of(messages) == whole
    assert texts_with(CANARY, browser.seen) == []


def test_a_restarted_kernel_is_still_redacted(server: JupyterServer, browser: Browser) -> None:
    """The connection outlives the process; what it knew of streams does no harm."""
    kernel = foreign_kernel(server)
    second = Browser(server, kernel, browser.protocol)
    second.execute(f"print('{CANARY[:20]}', end='')")
    server.api("POST", f"api/kernels/{kernel}/restart")
    second.ready()
    assert text_of(second.execute(f"print('{CANARY}')")) == f"{MASK}\n"
    second.close()
    third = Browser(server, kernel, browser.protocol)
    assert text_of(third.execute(f"print('{CANARY}')")) == f"{MASK}\n"
    third.close()


def test_the_audit_tells_which_kernel_showed_it(server: JupyterServer, browser: Browser) -> None:
    """A finding of the server's is recorded, with the kernel and the kind of message."""
    browser.execute("for n in range(100): print(value, n)")
    wait_until(
        "the finding is recorded", lambda: events(server.home, "redacted", where="stream"), 10
    )
    (found, *_) = events(server.home, "redacted", where="stream")
    assert found["kernel"]
    assert found["credential"] == KEY
    assert len(events(server.home, "redacted", where="stream")) < 50


def test_a_kernel_that_redacts_itself_is_left_alone(
    server: JupyterServer, browser: Browser
) -> None:
    """Its own session knows its values before it has them; the server looks at nothing again.

    So a value that was issued to another kernel passes, should a person carry it over; in a kernel
    of another kind it does not.
    """
    other, own = server.kernels[0], server.open_notebook("fresh.ipynb", connect=False)
    shown = Browser(server, own.id, browser.protocol)
    carry = f"open('value', 'w').write(qcred.get('{LIVE}').reveal())"
    assert other.execute(carry).ok
    read = "print(open('value').read())"
    assert text_of(browser.execute(read)) == f"[redacted:{LIVE}]\n"
    assert text_of(shown.execute(read)) == (server.root / "value").read_text() + "\n"
    shown.close()
