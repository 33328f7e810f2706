"""For all users of the machine: /etc/jupyter/jupyter_qcred_config.py."""

import getpass
import os
from pathlib import Path

role_id = Path(f"/etc/jupyter/qcred/{getpass.getuser()}.role-id")

c.VaultIssuer.address = "https://openbao.example:8200"
c.VaultIssuer.auth_method = "approle"
c.VaultIssuer.role_id = role_id.read_text().strip() if role_id.exists() else ""
c.VaultIssuer.secret_id_file = os.environ.get("CREDENTIALS_DIRECTORY", "") + "/secret-id"

c.CredentialService.profiles_file = "/etc/jupyter/qcred/profiles.yaml"
