"""IBM-shaped: IAM, the search for instances, and the runtime, at one address."""

from __future__ import annotations

import base64
import json
import random
import secrets
import time
from importlib import resources
from typing import Any
from urllib.parse import parse_qs

import numpy as np
from qiskit.primitives import (
    BitArray,
    DataBin,
    PrimitiveResult,
    SamplerPubResult,
    StatevectorSampler,
)
from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder

from jupyter_qcred.testing.vendor import Vendor, bearer

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::"
DEVICE = "ibm_loopback"
FLIPPED = 0.02
"""Share of bits that are read wrongly: a device is not a simulator."""


class Ibm:
    """Takes one API key, and the bearers that it gave for it."""

    name = "ibm"

    def __init__(self) -> None:
        self.key = secrets.token_urlsafe(33)
        self._bearers: set[str] = set()
        self._jobs: dict[str, str] = {}
        self._seed = random.Random(5)
        self.vendor = Vendor(bearer, self._answer, open_paths=("/identity/token",))
        self.vendor.accepts = self._bearers.__contains__

    def profile(self) -> dict[str, Any]:
        """A key that the server exchanges, for a cloud of one's own."""
        url = self.vendor.url
        places = ("url", "iam_url", "global_search_url", "global_catalog_url", "runtime_url")
        source = {
            "kind": "exchange",
            "exchange": "ibm-iam",
            "from": "kv2:qcred/ibm-quantum",
            "options": {"url": f"{url}/identity/token"},
            "settings": dict.fromkeys(places, url) | {"instance": CRN},
        }
        return {"source": source}

    def stored(self) -> dict[str, str]:
        """What an operator stores."""
        return {"value": self.key}

    def _answer(self, method: str, path: str, body: bytes) -> Any:
        if path.startswith("/identity/token"):
            return self._token(parse_qs(body.decode()).get("apikey", [""])[0])
        if path.startswith("/v3/resources/search"):
            item = {"crn": CRN, "name": "mine", "tags": [], "service_plan_unique_id": "plan"}
            return {"items": [item | {"doc": {"extensions": {"x": 1}}}]}
        parts = path.partition("?")[0].removeprefix("/api/v1").strip("/").split("/")
        match parts:
            case ["backends"]:
                status = {"name": "online", "reason": "available"}
                return {"devices": [{"name": DEVICE, "qubits": 5, "queue_length": 0,
                                     "status": status}]}  # fmt: skip
            case ["backends", _, "configuration"]:
                return _file("conf_manila.json") | {"backend_name": DEVICE, "simulator": False}
            case ["backends", _, "properties"]:
                return _file("props_manila.json") | {"backend_name": DEVICE}
            case ["backends", _, "status"]:
                return {"state": True, "status": "active", "message": "active", "length_queue": 0,
                        "backend_version": "1.0.0"}  # fmt: skip
            case ["jobs"]:
                return self._run(body)
            case ["jobs", job]:
                return {"id": job, "backend": DEVICE, "state": {"status": "Completed"},
                        "status": "Completed", "program": {"id": "sampler"}}  # fmt: skip
            case ["jobs", job, "results"]:
                return self._jobs[job].encode()
            case ["instances", "usage"]:
                return {"instance_id": CRN, "usage_consumed_seconds": 1}
        names = {"overview_ui": {"en": {"display_name": "Open"}}}
        return names | {"metadata": {"pricing": {"type": "free"}}}

    def _token(self, key: str) -> dict[str, Any]:
        if not secrets.compare_digest(key, self.key):
            return {"errorCode": "BXNIM0415E", "errorMessage": "no such key"}
        now = int(time.time())
        parts = ({"alg": "none"}, {"iat": now, "exp": now + 3600, "jti": secrets.token_hex(16)})
        texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
        token = ".".join([*(text.rstrip("=") for text in texts), secrets.token_urlsafe(24)])
        self._bearers.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600,
                "expiration": now + 3600}  # fmt: skip

    def _run(self, body: bytes) -> dict[str, Any]:
        pubs = json.loads(body, cls=RuntimeDecoder)["params"]["pubs"]
        ideal = StatevectorSampler(seed=self._seed.randrange(2**32)).run(pubs).result()
        results = [SamplerPubResult(data=self._read_wrongly(pub.data)) for pub in ideal]
        job = f"job-{len(self._jobs) + 1}"
        self._jobs[job] = json.dumps(PrimitiveResult(results), cls=RuntimeEncoder)
        return {"id": job, "backend": DEVICE}

    def _read_wrongly(self, data: DataBin) -> DataBin:
        dice = np.random.default_rng(self._seed.randrange(2**32))
        read = {}
        for name, bits in data.items():
            right = bits.to_bool_array(order="little")
            wrong = right ^ (dice.random(right.shape) < FLIPPED)
            read[name] = BitArray.from_bool_array(wrong, order="little")
        return DataBin(shape=data.shape, **read)


def _file(name: str) -> dict[str, Any]:
    folder = resources.files("qiskit_ibm_runtime.fake_provider.backends.manila")
    found: dict[str, Any] = json.loads((folder / name).read_text())
    return found
