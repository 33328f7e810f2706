# For whoever logs in for a Jupyter server: a user, an AppRole, a service account.
# All it needs is to obtain the server token; nothing here reads a secret.
path "auth/token/create/qcred-server" {
  capabilities = ["update"]
}
# To tell a dead login from a missing right, and to drop the login once the server token is there.
# Policy `default` has both; these lines serve auth roles with token_no_default_policy.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/revoke-self" {
  capabilities = ["update"]
}
