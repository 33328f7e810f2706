"""In the image or mounted, as /etc/jupyter/jupyter_qcred_config.py."""

import os
from pathlib import Path

c.VaultIssuer.address = os.environ["QCRED_OPENBAO"]
if "QCRED_ROLE_ID" in os.environ:  # a container with a secret of its own
    c.VaultIssuer.auth_method = "approle"
    c.VaultIssuer.role_id = os.environ["QCRED_ROLE_ID"]
    c.VaultIssuer.secret_id_file = "/run/secrets/secret-id"
else:  # a pod, which the cluster vouches for
    c.VaultIssuer.auth_method = "kubernetes"
    c.VaultIssuer.auth_role = "jupyter"
    c.VaultIssuer.service_account_file = "/var/run/secrets/openbao/token"
if Path("/etc/ssl/company/ca.pem").exists():
    c.VaultIssuer.ca_file = "/etc/ssl/company/ca.pem"

c.CredentialService.profiles_file = "/etc/jupyter/qcred/profiles.yaml"
# In the volume: what lies elsewhere goes with the container.
c.CredentialService.audit_file = "/home/jovyan/work/.qcred/audit.jsonl"
