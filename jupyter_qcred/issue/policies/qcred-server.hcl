# The server token: one per Jupyter server, renewed by heartbeat, parent of all session tokens.
path "auth/token/create/qcred-kernel" {
  capabilities = ["update"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/revoke-self" {
  capabilities = ["update"]
}
