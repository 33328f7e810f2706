# For whoever logs in for a Jupyter server: a user, an AppRole, a service account.
# All it needs is to obtain the server token; nothing here reads a secret.
path "auth/token/create/qcred-server" {
  capabilities = ["update"]
}
