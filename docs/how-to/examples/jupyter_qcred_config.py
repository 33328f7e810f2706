"""The servers' part, in ``etc/jupyter`` of the environment that all users' servers run in."""

import os
from pathlib import Path

user = os.environ.get("JUPYTERHUB_USER", "nobody")
proof = Path(os.environ.get("QCRED_PROOF", "/nowhere"))  # set by the Hub's hook

c.VaultIssuer.address = os.environ.get("QCRED_OPENBAO", "https://openbao.example:8200")
c.VaultIssuer.server_role = ""  # the login itself is the server token, with the user's identity
if (proof / "role-id").exists():
    c.VaultIssuer.auth_method = "approle"
    c.VaultIssuer.role_id = (proof / "role-id").read_text().strip()
    c.VaultIssuer.secret_id_file = str(proof / "secret-id")
else:
    c.VaultIssuer.auth_method = "jwt"
    c.VaultIssuer.auth_role = "jupyterhub"
    c.VaultIssuer.jwt_file = str(proof / "jwt")

c.CredentialService.profiles = {
    "ibm-quantum": {"source": f"kv2:secret/users/{user}/ibm-quantum"},
}
