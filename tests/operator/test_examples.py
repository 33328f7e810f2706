"""The operator's examples: each file is what its reader takes it for, and its settings exist."""

from __future__ import annotations

import configparser
import getpass
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from kubernetes_validate import ValidationError, validate
from traitlets.config import PyFileConfigLoader

from jupyter_qcred.deliver.service import CredentialService
from jupyter_qcred.issue.profile_file import load_profiles
from jupyter_qcred.issue.vault.issuer import VaultIssuer

if TYPE_CHECKING:
    from traitlets.config import Config

EXAMPLES = Path(__file__).parents[2] / "docs" / "how-to" / "examples"
SYSTEMD = EXAMPLES / "systemd"
CONTAINERS = EXAMPLES / "containers"
UNIT = SYSTEMD / "jupyter@.service"
EXIT_SECONDS = 10
"""A server that ends its kernels and revokes takes less; see ``CredentialService.exit_timeout``."""


def written(place: Path, name: str, text: str = "something") -> None:
    """Write a file that a configuration names."""
    file = place / name.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)


def issuer_of(config: Config) -> VaultIssuer:
    """Check that every setting exists, and make the issuer, which checks how it logs in."""
    known = {"VaultIssuer": VaultIssuer, "CredentialService": CredentialService}
    for section, given in config.items():
        assert set(given) <= set(known[section].class_traits(config=True)), section
    return VaultIssuer(config=config)


def test_the_settings_of_a_service_log_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the role id of its user, and the secret id that systemd hands over."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    written(tmp_path, "credentials/secret-id")
    user = getpass.getuser()
    text = (SYSTEMD / "jupyter_qcred_config.py").read_text()
    assert "/etc/jupyter/qcred/{getpass.getuser()}.role-id" in text
    written(tmp_path, f"etc/jupyter/qcred/{user}.role-id", "the-role\n")
    file = tmp_path / "jupyter_qcred_config.py"
    file.write_text(text.replace("/etc/jupyter", f"{tmp_path}/etc/jupyter"))
    config = PyFileConfigLoader(file.name, path=str(tmp_path)).load_config()
    issuer = issuer_of(config)
    assert issuer.role_id == "the-role"
    assert Path(issuer.secret_id_file).read_text() == "something"
    (credential,) = unit()["Service"]["LoadCredential"].split()
    assert credential.partition(":")[0] == Path(issuer.secret_id_file).name


@pytest.mark.parametrize("method", ["approle", "kubernetes"])
def test_the_settings_of_a_container_log_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """By a secret of its own, or by the cluster's word; each file is where the examples put it."""
    service = compose()["services"]["jupyter"]
    monkeypatch.setenv("QCRED_OPENBAO", service["environment"]["QCRED_OPENBAO"])
    if method == "approle":
        monkeypatch.setenv("QCRED_ROLE_ID", "the-role")
    else:
        monkeypatch.delenv("QCRED_ROLE_ID", raising=False)
    name = "jupyter_qcred_config.py"
    config = PyFileConfigLoader(name, path=str(CONTAINERS)).load_config()
    given = config["VaultIssuer"]
    assert given["auth_method"] == method
    mounted = mounts()
    if method == "approle":
        assert given["secret_id_file"] == f"/run/secrets/{service['secrets'][0]}"
        assert config["CredentialService"]["profiles_file"] in mounted["compose"]
    else:
        assert given["service_account_file"] in mounted["kubernetes"]
        assert config["CredentialService"]["profiles_file"] in mounted["kubernetes"]
    for file in ("secret_id_file", "service_account_file"):
        if file in given:
            written(tmp_path, given[file])
            given[file] = f"{tmp_path}{given[file]}"
    assert issuer_of(config).describe()


def test_profiles_are_profiles() -> None:
    """The file that the examples mount is read whole."""
    assert load_profiles((CONTAINERS / "profiles.yaml").read_text(), "profiles.yaml")


def compose() -> dict[str, Any]:
    """Read the compose file."""
    return dict(yaml.safe_load((CONTAINERS / "compose.yaml").read_text()))


def cluster() -> list[dict[str, Any]]:
    """Read the objects for a cluster."""
    return list(yaml.safe_load_all((CONTAINERS / "kubernetes.yaml").read_text()))


def mounts() -> dict[str, set[str]]:
    """Return which files the examples put into a container."""
    volumes = compose()["services"]["jupyter"]["volumes"]
    pod = cluster()[1]["spec"]["template"]["spec"]
    found = set()
    for mount in pod["containers"][0]["volumeMounts"]:
        found.add(mount["mountPath"])
        volume = next((one for one in pod["volumes"] if one["name"] == mount["name"]), {})
        for source in volume.get("projected", {}).get("sources", []):
            found.add(f"{mount['mountPath']}/{source['serviceAccountToken']['path']}")
    return {"compose": {volume.split(":")[1] for volume in volumes}, "kubernetes": found}


def test_compose_takes_the_file() -> None:
    """By the specification's own schema: no unknown key, no value of another kind."""
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec",
         CONTAINERS / "compose.yaml"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("version", ["1.31", "1.36"])
def test_kubernetes_takes_the_objects(version: str) -> None:
    """By its own schemas, an older and a newer: no unknown key, no value of another kind."""
    for thing in cluster():
        validate(thing, version, strict=True)
    wrong = cluster()[1]
    wrong["spec"]["template"]["spec"]["terminationGracePeriod"] = 30
    with pytest.raises(ValidationError):
        validate(wrong, version, strict=True)


def test_what_has_to_last_is_in_the_volume() -> None:
    """The audit outlives its container, in both."""
    text = (CONTAINERS / "jupyter_qcred_config.py").read_text()
    (file,) = re.findall(r'audit_file = "([^"]*)"', text)
    places = [volume.split(":")[1] for volume in compose()["services"]["jupyter"]["volumes"]]
    pod = cluster()[1]["spec"]["template"]["spec"]["containers"][0]
    mounted = [mount["mountPath"] for mount in pod["volumeMounts"] if mount["name"] == "work"]
    assert mounted == ["/home/jovyan/work"]
    assert mounted[0] in places
    assert file.startswith(f"{mounted[0]}/")


def test_a_container_is_given_time_to_revoke() -> None:
    """SIGTERM reaches the server itself, and its end is awaited; logs and cores are bounded."""
    service = compose()["services"]["jupyter"]
    assert int(service["stop_grace_period"].removesuffix("s")) > EXIT_SECONDS
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert set(service["secrets"]) <= compose()["secrets"].keys()
    account, workload, network = cluster()
    pod = workload["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > EXIT_SECONDS
    assert pod["serviceAccountName"] == account["metadata"]["name"]
    assert workload["spec"]["serviceName"] == network["metadata"]["name"]
    assert network["spec"]["selector"] == workload["spec"]["selector"]["matchLabels"]
    assert workload["spec"]["selector"]["matchLabels"].items() <= (
        workload["spec"]["template"]["metadata"]["labels"].items()
    )
    volumes = {volume["name"] for volume in pod["volumes"]}
    claims = {claim["metadata"]["name"] for claim in workload["spec"]["volumeClaimTemplates"]}
    used = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    assert used == volumes | claims
    last = (CONTAINERS / "Dockerfile").read_text().splitlines()[-1]
    assert last.startswith('CMD ["jupyter", "lab"')


def unit() -> configparser.ConfigParser:
    """Read the unit; none of its keys is there twice."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text())
    return parser


def test_a_service_is_given_time_to_revoke() -> None:
    """SIGTERM goes to the server alone: kernels that it ends in order are revoked in order."""
    service = unit()["Service"]
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) > EXIT_SECONDS
    assert {"LogRateLimitIntervalSec", "LogRateLimitBurst"} <= set(service)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """No unknown key, no wrong value, no missing program."""
    program = tmp_path / "jupyter"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/jupyter/bin/jupyter", str(program)))
    instance = copy.with_name("jupyter@root.service")
    instance.symlink_to(copy)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", instance],
        capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )  # fmt: skip
    about = [line for line in done.stderr.splitlines() if "jupyter@" in line or str(copy) in line]
    assert about == []
    assert done.returncode == 0, done.stderr
