"""Every way to log in, against the real auth methods."""

from __future__ import annotations

import base64
import json
import time

import pytest
from support.leaks import assert_shows_nothing_of
from support.tokenreview import TokenReview

from jupyter_qcred.core.errors import NeedsLoginError

WRONG = "this-is-not-the-one-5c1f"


def written(tmp_path, name: str, text: str) -> str:
    path = tmp_path / name
    path.write_text(text + "\n")
    return str(path)


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    """Signs JWTs with a key in OpenBao's own transit engine."""

    def __init__(self, server) -> None:
        self._server = server
        if "transit/" not in server.root.sys.list_mounted_secrets_engines()["data"]:
            server.root.sys.enable_secrets_engine("transit")
            server.root.write_data("transit/keys/jwt", data={"type": "rsa-2048"})

    @property
    def public_key(self) -> str:
        return self._server.root.read("transit/keys/jwt")["data"]["keys"]["1"]["public_key"]

    def sign(self, **claims: object) -> str:
        header = unpadded(json.dumps({"alg": "RS256", "typ": "JWT"}).encode())
        text = f"{header}.{unpadded(json.dumps(claims).encode())}"
        body = {
            "input": base64.b64encode(text.encode()).decode(),
            "signature_algorithm": "pkcs1v15",
            "hash_algorithm": "sha2-256",
            "marshaling_algorithm": "jws",
        }
        answer = self._server.root.write_data("transit/sign/jwt", data=body)
        return f"{text}.{answer['data']['signature'].removeprefix('vault:v1:')}"


@pytest.fixture(scope="module")
def signer(openbao) -> Signer:
    """A key that the jwt method trusts."""
    signer = Signer(openbao)
    mount = openbao.enable_auth("jwt", "hub/jwt")
    config = {"jwt_validation_pubkeys": [signer.public_key], "jwt_supported_algs": ["RS256"]}
    openbao.root.write_data(f"auth/{mount}/config", data=config)
    role = {
        "role_type": "jwt",
        "bound_audiences": ["openbao"],
        "user_claim": "sub",
        "token_policies": ["qcred-user"],
    }
    openbao.root.write_data(f"auth/{mount}/role/jupyter", data=role)
    return signer


def fresh_jwt(signer: Signer, **claims: object) -> str:
    now = int(time.time())
    given = {"sub": "alice", "aud": "openbao", "iat": now, "exp": now + 600}
    return signer.sign(**{**given, **claims})


def test_a_token_from_a_file(openbao, make_issuer, tmp_path):
    """As `bao login` leaves it, line end included."""
    path = written(tmp_path, "token", openbao.login_token())
    assert make_issuer(openbao, auth_method="token_file", token_file=path).open_server().own


def test_a_token_file_is_read_at_each_login(openbao, make_issuer, tmp_path):
    """Whoever logs in again need not restart the Jupyter server."""
    path = tmp_path / "token"
    issuer = make_issuer(openbao, auth_method="token_file", token_file=str(path))
    with pytest.raises(NeedsLoginError, match="bao login"):
        issuer.open_server()
    path.write_text(openbao.login_token())
    assert issuer.open_server().own


def test_approle_with_the_secret_id_in_a_file(openbao, make_issuer, tmp_path):
    """The usual way for a server without a person."""
    approle = openbao.approle_login()
    path = written(tmp_path, "secret-id", approle.pop("secret_id"))
    settings = {"auth_method": "approle", "secret_id_file": path, **approle}
    assert make_issuer(openbao, **settings).open_server().own


def test_approle_on_a_mount_of_another_name(openbao, make_issuer):
    """Mounts may hold slashes."""
    mount = openbao.enable_auth("approle", "teams/jupyter")
    path = f"auth/{mount}/role/r"
    openbao.root.write_data(path, data={"token_policies": ["qcred-user"], "bind_secret_id": False,
                                        "token_bound_cidrs": ["127.0.0.0/8"]})  # fmt: skip
    role_id = openbao.root.read(f"{path}/role-id")["data"]["role_id"]
    issuer = make_issuer(openbao, auth_method="approle", auth_mount=mount, role_id=role_id)
    assert issuer.open_server().own


def test_userpass(openbao, make_issuer, tmp_path):
    """A user with a password in a file."""
    user = openbao.add_userpass("carol")
    path = written(tmp_path, "password", user.pop("password"))
    settings = {"auth_method": "userpass", "password_file": path, **user}
    assert make_issuer(openbao, **settings).open_server().own


def test_jwt_from_a_file(openbao, make_issuer, signer, tmp_path):
    """Read anew at each login: the platform replaces it."""
    path = written(tmp_path, "jwt", fresh_jwt(signer))
    settings = {"auth_mount": "hub/jwt", "auth_role": "jupyter", "jwt_file": path}
    assert make_issuer(openbao, auth_method="jwt", **settings).open_server().own


def test_jwt_from_the_environment(openbao, make_issuer, signer, monkeypatch):
    """The setting holds the variable's name, never its value."""
    settings = {"auth_mount": "hub/jwt", "auth_role": "jupyter", "jwt_env": "MY_ID_TOKEN"}
    issuer = make_issuer(openbao, auth_method="jwt", **settings)
    with pytest.raises(NeedsLoginError, match="MY_ID_TOKEN"):
        issuer.open_server()
    monkeypatch.setenv("MY_ID_TOKEN", fresh_jwt(signer))
    assert issuer.open_server().own


@pytest.mark.parametrize(
    "claims", [{"aud": "someone-else"}, {"exp": 1_000_000_000}, {"nbf": 4_000_000_000}], ids=str
)
def test_a_jwt_that_does_not_fit_is_refused(openbao, make_issuer, signer, tmp_path, claims):
    """Other audience, expired, not yet valid: the reason stays in the issuer's log."""
    jwt = fresh_jwt(signer, **claims)
    path = written(tmp_path, "jwt", jwt)
    settings = {"auth_mount": "hub/jwt", "auth_role": "jupyter", "jwt_file": path}
    with pytest.raises(NeedsLoginError, match="auth_role") as caught:
        make_issuer(openbao, auth_method="jwt", **settings).open_server()
    assert_shows_nothing_of(caught.value, jwt, jwt.split(".")[2])


def authority(server) -> str:
    """Return the certificate of some authority."""
    if "pki/" not in server.root.sys.list_mounted_secrets_engines()["data"]:
        server.root.sys.enable_secrets_engine("pki")
    answer = server.root.write_data("pki/root/generate/internal", data={"common_name": "cluster"})
    return answer["data"]["certificate"]


@pytest.fixture
def cluster(openbao):
    """A Kubernetes API that knows one service account."""
    with TokenReview() as api:
        mount = openbao.enable_auth("kubernetes")
        config = {
            "kubernetes_host": api.address,
            "disable_local_ca_jwt": True,
            "kubernetes_ca_cert": authority(openbao),  # asked for, even where nothing is encrypted
            "token_reviewer_jwt": api.reviewer,
        }
        openbao.root.write_data(f"auth/{mount}/config", data=config)
        role = {
            "bound_service_account_names": ["jupyter"],
            "bound_service_account_namespaces": ["hub"],
            "token_policies": ["qcred-user"],
        }
        openbao.root.write_data(f"auth/{mount}/role/jupyter", data=role)
        yield api


def test_kubernetes(openbao, make_issuer, cluster, tmp_path):
    """The pod's own token, reviewed by the cluster's API."""
    path = written(tmp_path, "sa", cluster.service_account("hub", "jupyter"))
    settings = {"auth_role": "jupyter", "service_account_file": path}
    assert make_issuer(openbao, auth_method="kubernetes", **settings).open_server().own
    assert cluster.reviews == 1


def test_kubernetes_refuses_a_token_that_the_cluster_does_not_know(
    openbao, make_issuer, cluster, tmp_path
):
    """A forged token never gets in."""
    forged = cluster.service_account("hub", "jupyter") + "x"
    path = written(tmp_path, "sa", forged)
    settings = {"auth_role": "jupyter", "service_account_file": path}
    with pytest.raises(NeedsLoginError, match="service account") as caught:
        make_issuer(openbao, auth_method="kubernetes", **settings).open_server()
    assert_shows_nothing_of(caught.value, forged)


def dead_token(openbao, tmp_path):
    token = openbao.login_token()
    openbao.root.write_data("auth/token/revoke", data={"token": token})
    return token, {"auth_method": "token", "token": token}


def dead_token_file(openbao, tmp_path):
    token, _ = dead_token(openbao, tmp_path)
    return token, {"auth_method": "token_file", "token_file": written(tmp_path, "t", token)}


def wrong_secret_id(openbao, tmp_path):
    return WRONG, {"auth_method": "approle", **openbao.approle_login(), "secret_id": WRONG}


def wrong_password(openbao, tmp_path):
    openbao.add_userpass("carol")
    path = written(tmp_path, "password", WRONG)
    return WRONG, {"auth_method": "userpass", "username": "carol", "password_file": path}


def no_such_user(openbao, tmp_path):
    openbao.enable_auth("userpass")
    path = written(tmp_path, "password", WRONG)
    return WRONG, {"auth_method": "userpass", "username": "nobody", "password_file": path}


def no_such_mount(openbao, tmp_path):
    approle = openbao.approle_login()
    return approle["secret_id"], {"auth_method": "approle", **approle, "auth_mount": "nowhere"}


@pytest.mark.parametrize(
    "case",
    [dead_token, dead_token_file, wrong_secret_id, wrong_password, no_such_user, no_such_mount],
)
def test_a_refused_login_says_what_to_check_and_shows_nothing(openbao, make_issuer, tmp_path, case):
    """NeedsLoginError names the setting to look at."""
    secret, settings = case(openbao, tmp_path)
    with pytest.raises(NeedsLoginError) as caught:
        make_issuer(openbao, **settings).open_server()
    method = settings["auth_method"]
    hints = {"approle": "secret id", "userpass": "password_file"}
    assert hints.get(method, "token") in caught.value.next_step
    assert_shows_nothing_of(caught.value, secret)


@pytest.mark.parametrize(
    "content", ["", "\n", None, "two words", "caf\u00e9", b"\xff\xfe"], ids=repr
)
def test_a_file_without_a_token_is_named_not_shown(openbao, make_issuer, tmp_path, content):
    """Empty, missing, or something else altogether: the login needs a person."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    issuer = make_issuer(openbao, auth_method="token_file", token_file=str(path))
    with pytest.raises(NeedsLoginError, match="file") as caught:
        issuer.open_server()
    if isinstance(content, str) and content.strip():
        assert_shows_nothing_of(caught.value, content)


def test_no_token_of_the_surroundings_is_used(openbao, make_issuer, monkeypatch, tmp_path):
    """Neither VAULT_TOKEN, nor ~/.vault-token, nor proxies and CA variables reach a request."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".vault-token").write_text(openbao.root_token)
    for name in ("VAULT_TOKEN", "BAO_TOKEN"):
        monkeypatch.setenv(name, openbao.root_token)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("VAULT_NAMESPACE", "elsewhere")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    with pytest.raises(NeedsLoginError):
        make_issuer(openbao, **wrong_secret_id(openbao, tmp_path)[1]).open_server()
    server = make_issuer(openbao).open_server()
    assert server.policies == ("qcred-server",)
