"""The whole way: a server, its kernel, OpenBao above, a real SDK, and a vendor that checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests
from support import deployment
from support.deployment import PROFILES
from support.openbao import wait_until
from support.packages import Environment

from jupyter_qcred.testing.vendor import Vendor, bearer

if TYPE_CHECKING:
    from pathlib import Path

    from support.openbao import OpenBao

NAME = "azure-quantum"
CLOUD = PROFILES[deployment.LIVE]["source"]
SHORT = {NAME: {"vendor": NAME, "source": CLOUD | {"parameters": {"ttl": "6s"}}}}

CLIENT = """
import jupyter_qcred as qcred
from azure.core import PipelineClient
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest

credential = qcred.credential("azure-quantum")
policies = [BearerTokenCredentialPolicy(credential, "scope"), RetryPolicy(retry_total=0)]
client = PipelineClient("{url}", policies=policies)
"""
WORK = 'client.send_request(HttpRequest("GET", "{url}/jobs"), enforce_https=False).status_code'


def test_a_client_works_all_day_and_not_a_moment_longer(
    make_server, fresh_openbao: OpenBao, tmp_path: Path
) -> None:
    """Four values go by under one client; when the kernel has ended, the vendor takes none."""
    deployment.provide(fresh_openbao)

    def accepts(token: str) -> bool:
        asked = requests.get(
            f"{fresh_openbao.address}/v1/auth/token/lookup-self",
            headers={"X-Vault-Token": token},
            timeout=10,
        )
        return asked.ok

    with Vendor(bearer, lambda *_: {"jobs": []}) as vendor:
        vendor.accepts = accepts
        environment = Environment(tmp_path / "venv", "azure-core==1.41.0")
        server = environment.of(make_server(fresh_openbao, profiles=SHORT, start=False)).start()
        kernel = server.open_notebook("work.ipynb")
        made = kernel.execute(CLIENT.format(url=vendor.url))
        assert made.ok, made.text

        def works() -> int:
            assert kernel.execute(WORK.format(url=vendor.url)).text == "200"
            return len(set(vendor.presented))

        wait_until("it was renewed three times", lambda: works() >= 4, seconds=60)
        kernel.delete()
        last = vendor.presented[-1]
        wait_until("the vendor refuses what the kernel had", lambda: not accepts(last))
        assert {call.status for call in vendor.calls} == {200}
