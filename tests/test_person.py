"""A person logs in at the issuer: by a browser, for a real server, and everybody gets their own."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
from support import deployment
from support.api import DOCUMENT, Api, cookie_login
from support.command import _words, command
from support.deployment import KEY, events
from support.openbao import wait_until
from support.provider import Provider, answer_of, by_person, let_in
from support.remains import remains

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

GET = f"import jupyter_qcred as qcred; cred = qcred.get('{KEY}'); print(bool(cred.reveal()))"
ANYWHERE = "http://127.0.0.1/qcred/oidc/callback"
"""OpenBao looks at no port of this machine's own addresses."""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as made:
        yield made


@pytest.fixture(scope="module")
def bao(openbao: OpenBao, provider: Provider) -> OpenBao:
    deployment.provide(openbao)
    let_in(openbao, provider, ANYWHERE)
    return openbao


@contextmanager
def person_server(
    bao: OpenBao, provider: Provider, home: Path, **how: Any
) -> Iterator[JupyterServer]:
    """A server at which a person logs in; no code, state, nonce or ID token stays anywhere."""
    server = deployment.server(bao, home, args=("--debug", *how.pop("args", ())), **how)
    by_person(server, bao)
    try:
        server.start(wait=False)
        prefix = next((one.partition("base_url=/")[2] for one in server.args if "base_" in one), "")
        server.url += prefix
        wait_until("the Jupyter server answers", server._answers, 60)
        yield server
    finally:
        server.close()
    assert remains(server.home, server.answers) == []
    left = {str(path): path.read_bytes() for path in server.home.rglob("*") if path.is_file()}
    left["answers"] = "".join(server.answers).encode()
    secrets = [*provider.codes, *provider.states, *provider.nonces, *provider.tokens]
    assert [name for name, data in left.items() for one in secrets if one.encode() in data] == []


@pytest.fixture
def fresh(bao: OpenBao, provider: Provider, tmp_path: Path) -> Iterator[JupyterServer]:
    """A server of one test alone."""
    with person_server(bao, provider, tmp_path / "home") as server:
        yield server


@pytest.fixture(scope="module")
def server(
    bao: OpenBao, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JupyterServer]:
    """A server at which people log in again and again."""
    with person_server(bao, provider, tmp_path_factory.mktemp("server") / "home") as made:
        yield made


@pytest.fixture(scope="module")
def waiting(
    bao: OpenBao, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JupyterServer]:
    """A server at which nobody ever succeeds in logging in."""
    with person_server(bao, provider, tmp_path_factory.mktemp("waiting") / "home") as made:
        yield made
        assert login_of(made)["needed"]
        assert events(made.home, "issued") == []


@contextmanager
def refusing(provider: Provider) -> Iterator[None]:
    """Let the provider refuse whoever comes."""
    provider.manner = "refuse"
    try:
        yield
    finally:
        provider.manner = "at once"


@contextmanager
def role_of(bao: OpenBao, provider: Provider, *redirects: str, **role: Any) -> Iterator[None]:
    """Write the role in another way for a while."""
    let_in(bao, provider, *redirects, **role)
    try:
        yield
    finally:
        let_in(bao, provider, ANYWHERE)


class Person:
    """A browser that is logged in at one server, step by step.

    Attributes:
        trail: every address that it was sent to, in order.
    """

    def __init__(self, server: JupyterServer) -> None:
        self.server = server
        self.browser = cookie_login(server)
        self.trail: list[str] = []

    def begin(self) -> str:
        """Press the button: return the page to open."""
        answer = self.browser.post(
            f"{self.server.url}qcred/api/login",
            headers={"X-XSRFToken": self.browser.cookies["_xsrf"], "Referer": self.server.url},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        self.server.answers.append(answer.text)
        return str(answer.json()["url"])

    def go(self, url: str) -> requests.Response:
        """Open an address, and take one step only."""
        answer = self.browser.get(url, timeout=60, allow_redirects=False)
        if location := answer.headers.get("Location"):
            here = urlsplit(url)
            whole = location if "://" in location else f"{here.scheme}://{here.netloc}{location}"
            answer.headers["Location"] = whole
            self.trail.append(whole)
        else:
            self.server.answers.append(answer.text)
        return answer

    def sent(self, url: str) -> str:
        """Open an address; return the one that it leads to."""
        answer = self.go(url)
        assert answer.status_code in {302, 303}, answer.text
        return answer.headers["Location"]

    def to_callback(self, url: str) -> str:
        """Open a login, and log in at the provider; return where that leads back to."""
        back = self.sent(self.sent(url))
        assert "/qcred/oidc/callback?" in back
        return back

    def log_in(self) -> requests.Response:
        """All the way; return the page at the end."""
        return self.go(self.sent(self.to_callback(self.begin())))


def login_of(server: JupyterServer) -> dict[str, Any]:
    login: dict[str, Any] = Api(server, DOCUMENT).get("status")["login"]
    return login


def test_a_kernel_that_waits_gets_its_credential_after_the_login(fresh: JupyterServer) -> None:
    """Refused with both ways to log in; after the login it is there, without a restart."""
    server = fresh
    kernel = server.open_notebook("work.ipynb")
    refused = kernel.execute(GET)
    assert "NeedsLoginError" in refused.text
    assert "Log in…" in refused.text
    assert "jupyter qcred login" in refused.text
    before = login_of(server)
    assert (before["needed"], before["state"]) == (True, "none")
    assert {notice["code"] for notice in notices(server)} == {"needs_login"}

    person = Person(server)
    page = person.log_in()
    assert page.status_code == 200
    assert "You are logged in" in page.text
    wait_until("it arrives by itself", lambda: held(server) >= {KEY}, 30)
    assert kernel.execute(GET).text == "True\n"

    after = login_of(server)
    assert (after["needed"], after["state"]) == (False, "done")
    begun, done = events(server.home, "login")
    assert (begun["step"], done["step"]) == ("begun", "done")
    assert begun["who"] == done["who"] != ""
    assert done["mount"] == "oidc"
    (opened,) = events(server.home, "issued", what="server token")
    assert opened["narrowed"] is True


def notices(server: JupyterServer) -> list[dict[str, Any]]:
    kernels = Api(server, DOCUMENT).get("status")["kernels"]
    return [notice for kernel in kernels for notice in kernel["notices"]]


def held(server: JupyterServer) -> set[str]:
    leases = Api(server, DOCUMENT).get("leases")["leases"]
    return {lease["credential"] for lease in leases}


def test_the_browser_is_led_away_from_what_it_brought(
    provider: Provider, server: JupyterServer
) -> None:
    """The code stands in one address, whose answer leads on; no page tells where it came from."""
    person = Person(server)
    door = person.begin()
    assert urlsplit(door).query == ""
    opened = person.go(door)
    assert opened.headers["Referrer-Policy"] == "no-referrer"
    back = person.sent(opened.headers["Location"])
    person.browser.headers["Referer"] = f"{provider.address}/authorize?nonce={provider.nonces[-1]}"
    answer = person.go(back)
    del person.browser.headers["Referer"]
    assert answer.status_code == 303
    assert answer.headers["Cache-Control"] == "no-store"
    end = urlsplit(answer.headers["Location"])
    assert (end.query, end.fragment) == ("", "")
    page = person.go(answer.headers["Location"])
    assert page.headers["Referrer-Policy"] == "no-referrer"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in page.text
    logged = server.log()
    assert "/qcred/oidc/callback" in logged
    assert "callback?" not in logged


def test_a_state_that_is_not_ours_changes_nothing(server: JupyterServer) -> None:
    """A page from elsewhere can neither end a login nor finish one: the real answer still does."""
    person = Person(server)
    back = person.to_callback(person.begin())
    forged = back.replace(answer_of(back)["state"], "st_forged")
    twice = f"{back}&state=st_forged"
    for wrong in (forged, twice, back.partition("?")[0]):
        page = person.go(person.sent(wrong))
        assert page.status_code == 409
        assert "belongs to no login" in page.text
    assert login_of(server)["state"] == "opened"
    assert person.go(person.sent(back)).status_code == 200
    assert login_of(server)["state"] == "done"


def test_an_answer_that_is_played_back_is_refused(bao: OpenBao, server: JupyterServer) -> None:
    """The second time it belongs to no login, and the server token stays the same."""
    person = Person(server)
    back = person.to_callback(person.begin())
    assert person.go(person.sent(back)).status_code == 200
    before = events(server.home, "issued", what="server token")
    assert person.go(person.sent(back)).status_code == 409
    assert events(server.home, "issued", what="server token") == before
    opened = before[-1]
    assert bao.lookup_accessor(opened["accessor"]) is not None


def test_a_browser_that_is_not_logged_in_here_finishes_nothing(waiting: JupyterServer) -> None:
    """No cookie: it is asked to log in at the server, by an address that holds nothing."""
    person = Person(waiting)
    back = person.to_callback(person.begin())
    stranger = requests.get(back, timeout=60, allow_redirects=False)
    assert stranger.status_code == 303
    assert stranger.headers["Location"].endswith("/qcred/oidc/result/none")
    result = requests.get(f"{waiting.url}qcred/oidc/result/none", timeout=60, allow_redirects=False)
    assert result.status_code == 302
    assert "/login?next=" in result.headers["Location"]
    assert login_of(waiting)["state"] == "opened"


def test_another_user_can_neither_open_nor_finish_a_login(waiting: JupyterServer) -> None:
    """Whose cookie began it has to go all the way; a stolen answer is of no use to anybody."""
    alice, mallory = Person(waiting), Person(waiting)
    door = alice.begin()
    refused = mallory.go(door)
    assert refused.status_code == 403
    assert "another user" in refused.text
    back = alice.to_callback(door)
    assert mallory.go(mallory.sent(back)).status_code == 409
    assert login_of(waiting)["state"] == "failed"
    assert alice.go(alice.sent(back)).status_code == 409
    assert events(waiting.home, "login", step="failed", reason="not_entitled")


def test_a_second_login_takes_the_place_of_the_first(server: JupyterServer) -> None:
    """One at a time: whoever closed the window presses the button again."""
    person = Person(server)
    first = person.begin()
    back = person.to_callback(first)
    second = person.begin()
    assert person.go(first).status_code == 409
    assert person.go(person.sent(back)).status_code == 409
    assert person.go(person.sent(person.to_callback(second))).status_code == 200


def test_whom_the_provider_refuses_is_told_so(provider: Provider, waiting: JupyterServer) -> None:
    """The page, the panel's state and the audit agree."""
    with refusing(provider):
        page = Person(waiting).log_in()
    assert page.status_code == 409
    assert "did not let you in" in page.text
    login = login_of(waiting)
    assert (login["needed"], login["state"], login["code"]) == (True, "failed", "needs_login")
    assert events(waiting.home, "login")[-1]["step"] == "failed"


def test_whom_openbao_refuses_is_told_so(
    bao: OpenBao, provider: Provider, waiting: JupyterServer
) -> None:
    """The role does not know them: the page names who can help."""
    with role_of(bao, provider, ANYWHERE, subject="bob"):
        page = Person(waiting).log_in()
    assert page.status_code == 409
    assert "refused the login" in page.text
    assert "operator" in page.text
    assert events(waiting.home, "login")[-1]["reason"] == "needs_login"


def test_an_address_that_is_not_listed_is_told_before_the_browser_goes_anywhere(
    bao: OpenBao, provider: Provider, waiting: JupyterServer
) -> None:
    """The page has the address for the operator to list."""
    person = Person(waiting)
    with role_of(bao, provider, "https://lab.example/qcred/oidc/callback"):
        page = person.go(person.begin())
    assert page.status_code == 409
    assert f"{waiting.url}qcred/oidc/callback" in page.text
    assert "allowed_redirect_uris" in page.text


def test_below_a_prefix_the_browser_comes_back_below_it(
    bao: OpenBao, provider: Provider, tmp_path: Path
) -> None:
    """As under a Hub: every address has the prefix, and so has the one that the role lists."""
    with (
        role_of(bao, provider, "http://127.0.0.1/user/alice/qcred/oidc/callback"),
        person_server(
            bao, provider, tmp_path / "home", args=("--ServerApp.base_url=/user/alice/",)
        ) as server,
    ):
        person = Person(server)
        assert person.log_in().status_code == 200
    ours = [urlsplit(step).path for step in person.trail if provider.address not in step]
    assert all(path.startswith("/user/alice/qcred/oidc/") for path in ours)


def test_at_its_maximum_the_server_token_asks_for_another_login(
    bao: OpenBao, fresh: JupyterServer
) -> None:
    """While it still lives; the next login takes over, and the kernel never loses anything."""
    role = "auth/token/roles/qcred-server"
    bao.root.write_data(role, data={"token_explicit_max_ttl": "30s"})
    try:
        server, person = fresh, Person(fresh)
        assert person.log_in().status_code == 200
        kernel = server.open_notebook("work.ipynb")
        assert kernel.execute(GET).text == "True\n"
        wait_until("a login is needed", lambda: login_of(server)["needed"], 60)
        (notice,) = [notice for notice in notices(server) if notice["credential"] == KEY]
        assert (notice["code"], notice["held"]) == ("needs_login", True)
        told = kernel.execute("print(bool(cred.reveal()))").text
        assert told.startswith("True\n")
        assert "QcredWarning" in told
        bao.root.write_data(role, data={"token_explicit_max_ttl": "0"})
        assert person.log_in().status_code == 200
        assert not login_of(server)["needed"]
        first, second = events(server.home, "issued", what="server token")
        wait_until("the first has ended", lambda: not bao.lookup_accessor(first["accessor"]), 60)
        assert bao.lookup_accessor(second["accessor"]) is not None
        assert kernel.execute("print(bool(cred.reveal()))").text == "True\n"
    finally:
        bao.root.write_data(role, data={"token_explicit_max_ttl": "0"})


def test_what_an_earlier_server_left_is_revoked_after_the_login(
    fresh_openbao: OpenBao, provider: Provider, tmp_path: Path
) -> None:
    """A killed server's tokens wait for somebody who may end them."""
    deployment.provide(fresh_openbao, sweep=True)
    let_in(fresh_openbao, provider, ANYWHERE)
    with person_server(fresh_openbao, provider, tmp_path / "home") as server:
        assert Person(server).log_in().status_code == 200
        assert server.open_notebook("work.ipynb").execute(GET).ok
        (opened,) = events(server.home, "issued", what="server token")
        server.kill()
        server.start()
        api = Api(server, DOCUMENT)
        wait_until("they are found", lambda: api.get("outstanding")["leftovers"], 30)
        assert fresh_openbao.lookup_accessor(opened["accessor"]) is not None
        assert Person(server).log_in().status_code == 200
        wait_until("nothing is owed", lambda: not api.get("outstanding")["leftovers"], 90)
        assert fresh_openbao.lookup_accessor(opened["accessor"]) is None


# -- the command line -----------------------------------------------------------------------------


def begun_by_command(server: JupyterServer, *words: str) -> tuple[subprocess.Popen[str], str]:
    """Run the command until it shows the page to open; return both."""
    process = subprocess.Popen(
        _words(server, ("login", *words)),
        env=server.env,
        cwd=server.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    shown = process.stderr if "--json" in words else process.stdout
    assert shown is not None
    guard = threading.Timer(60, process.kill)
    guard.start()
    try:
        for line in shown:
            if "/qcred/oidc/login/" in line:
                return process, line.strip()
    finally:
        guard.cancel()
    raise AssertionError(process.communicate(timeout=10))


def test_the_command_waits_until_somebody_has_logged_in(fresh: JupyterServer) -> None:
    """It prints a page, any browser of the server may open it, and then only that one finishes."""
    server = fresh
    assert "Somebody has to log in" in command(server, "status").stdout
    process, url = begun_by_command(server)
    alice, mallory = Person(server), Person(server)
    back = alice.to_callback(on_this(server, url))
    assert mallory.go(on_this(server, url)).status_code == 403
    assert alice.go(alice.sent(back)).status_code == 200
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "Logged in." in out
    again = command(server, "login")
    assert again.returncode == 0
    assert "Logged in." in again.stdout


def on_this(server: JupyterServer, url: str) -> str:
    """The same page, by the name under which the test's browser has its cookie."""
    assert urlsplit(url).hostname in {"localhost", "127.0.0.1"}
    return server.url + urlsplit(url).path.removeprefix("/")


def test_the_command_tells_programs_how_it_ended(
    provider: Provider, waiting: JupyterServer
) -> None:
    """One JSON object on stdout, the page to open on stderr, exit code 1 for a refusal."""
    with refusing(provider):
        process, url = begun_by_command(waiting, "--json")
        person = Person(waiting)
        person.go(person.sent(person.to_callback(on_this(waiting, url))))
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    (one,) = json.loads(out)["servers"]
    assert (one["pid"], one["login"], one["error"]) == (waiting.pid, None, "needs_login")
    assert "did not let you in" in one["reason"]


def test_the_command_can_be_left(waiting: JupyterServer) -> None:
    """Ctrl-C ends the waiting, and the login itself goes on."""
    process, url = begun_by_command(waiting)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    person = Person(waiting)
    person.to_callback(on_this(waiting, url))
    assert login_of(waiting)["state"] == "opened"


def test_doctor_finds_nothing_wrong_with_a_server_that_waits(waiting: JupyterServer) -> None:
    """Nobody but a person can log in: that is as it should be, and said."""
    said = command(waiting, "doctor", "issuer", "rights", "sources", "--json")
    checks = {check["check"]: check for check in json.loads(said.stdout)["checks"]}
    assert checks["issuer"]["verdict"] == "fine"
    assert "people log in there" in json.dumps(checks["issuer"])
    assert {checks[name]["verdict"] for name in ("rights", "sources")} <= {"absent", "fine"}


def test_where_no_person_is_needed_the_command_says_so(
    bao: OpenBao, make_server: Callable[..., JupyterServer]
) -> None:
    """A server that logs in by itself: nothing to do. No server at all: 3."""
    server = make_server(bao, start=False)
    nobody = command(server, "login")
    assert (nobody.returncode, nobody.stderr) == (3, "")
    assert "No Jupyter server of yours is running" in nobody.stdout
    server.start()
    done = command(server, "login")
    assert done.returncode == 0, done.stderr
    assert "by itself" in done.stdout
    Api(server, DOCUMENT).refused("POST", "login", 409)
