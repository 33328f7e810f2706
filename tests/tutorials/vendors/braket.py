"""Braket-shaped: STS, Braket and S3, at one address, where each request is signed."""

from __future__ import annotations

import json
import secrets
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from braket.default_simulator import StateVectorSimulator
from braket.device_schema.simulators import GateModelSimulatorDeviceCapabilities
from braket.ir.openqasm import Program
from tutorials.vendors.sigv4 import signer

from jupyter_qcred.testing.vendor import Vendor

if TYPE_CHECKING:
    from collections.abc import Mapping

REGION = "us-east-1"
BUCKET = "amazon-braket-loopback"
ROLE = "arn:aws:iam::123456789012:role/quantum"
TASK = f"arn:aws:braket:{REGION}:123456789012:quantum-task/"


class Braket:
    """Takes one user's keys for a session, and signatures by sessions for all else."""

    name = "braket"

    def __init__(self) -> None:
        self.key = secrets.token_urlsafe(30)
        self._user = f"AKIA{secrets.token_hex(8).upper()}"
        self._secrets = {self._user: self.key}
        self._tokens: dict[str, str] = {}
        self._tasks: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self.vendor = Vendor(self._presented, self._answer, media=_media)
        self.vendor.accepts = lambda shown: True  # whatever has signed is one of ours

    def profile(self) -> dict[str, Any]:
        """Keys of a user that the server exchanges for a role's session."""
        url = self.vendor.url
        source = {
            "kind": "exchange",
            "exchange": "aws-sts",
            "from": "kv2:qcred/amazon-braket",
            "options": {"role_arn": ROLE, "region": REGION, "url": f"{url}/"},
            "settings": {"region": REGION, "bucket": BUCKET, "endpoint": url, "s3_endpoint": url},
        }
        return {"vendor": "amazon-braket", "source": source}

    def stored(self) -> dict[str, str]:
        """What an operator stores."""
        return {"access_key": self._user, "secret_key": self.key}

    def _presented(self, headers: Mapping[str, str]) -> str:
        """Return the session's token, or the user's id at STS, where the signature is right."""
        who = signer(headers, self._secrets)
        if headers[":path"] == "/":
            return who if who == self._user else ""
        token = headers.get("X-Amz-Security-Token", "")
        return token if who and self._tokens.get(token) == who else ""

    def _answer(self, method: str, path: str, body: bytes) -> Any:
        if path == "/":
            return self._session(parse_qs(body.decode()))
        if path.startswith("/device/"):
            return _device()
        if path == "/quantum-task":
            return self._run(json.loads(body))
        task = path.partition("?")[0].rpartition("%2F")[2]
        if path.startswith("/quantum-task/"):
            return {
                "quantumTaskArn": TASK + task, "status": "COMPLETED", "shots": 1,
                "deviceArn": "sv1", "deviceParameters": "{}", "outputS3Bucket": BUCKET,
                "outputS3Directory": f"tasks/{task}", "createdAt": _now(), "endedAt": _now(),
            }  # fmt: skip
        return self._tasks[path.split("/")[-2]]

    def _session(self, asked: dict[str, list[str]]) -> bytes:
        assert asked["Action"] == ["AssumeRole"]
        assert asked["RoleArn"] == [ROLE]
        user, key, token = (f"ASIA{secrets.token_hex(8).upper()}", *_pair())
        with self._lock:
            self._secrets[user] = key
            self._tokens[token] = user
        end = datetime.now(UTC) + timedelta(seconds=int(asked["DurationSeconds"][0]))
        return (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            f"<AssumeRoleResult><Credentials><AccessKeyId>{user}</AccessKeyId>"
            f"<SecretAccessKey>{key}</SecretAccessKey><SessionToken>{token}</SessionToken>"
            f"<Expiration>{end:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials></AssumeRoleResult>"
            "</AssumeRoleResponse>"
        ).encode()

    def _run(self, asked: dict[str, Any]) -> dict[str, str]:
        program = Program.parse_raw(asked["action"])
        result = StateVectorSimulator().run(program, shots=asked["shots"])
        task = secrets.token_hex(8)
        self._tasks[task] = result.json().encode()
        return {"quantumTaskArn": TASK + task}


def _pair() -> tuple[str, str]:
    return secrets.token_urlsafe(30), secrets.token_urlsafe(60)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _media(headers: Mapping[str, str]) -> str:
    return "text/xml" if headers[":path"] == "/" else "application/json"


def _device() -> dict[str, Any]:
    # fmt: off
    window = {"executionDay": "Everyday", "windowStartHour": "00:00", "windowEndHour": "23:59:59"}
    action = {"version": ["1.0"], "actionType": "braket.ir.openqasm.program",
              "supportedOperations": ["h", "cnot", "ry", "x", "z"], "supportedResultTypes": []}
    capabilities = GateModelSimulatorDeviceCapabilities.parse_obj(
        {
            "service": {"executionWindows": [window], "shotsRange": [1, 100000],
                        "getTaskPollIntervalMillis": 50},
            "action": {"braket.ir.openqasm.program": action},
            "paradigm": {"qubitCount": 34},
            "deviceParameters": {},
        }
    )
    # fmt: on
    return {
        "deviceArn": "arn:aws:braket:::device/quantum-simulator/amazon/sv1",
        "deviceName": "SV1 on loopback",
        "providerName": "Amazon Braket",
        "deviceStatus": "ONLINE",
        "deviceType": "SIMULATOR",
        "deviceCapabilities": capabilities.json(),
        "deviceQueueInfo": [],
    }  # fmt: skip
