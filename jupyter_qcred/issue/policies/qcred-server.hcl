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
# The end of a session token only queues the end of its leases: with this the server makes sure of
# it. A lease is named by an unguessable id, and the server has seen none but its own sessions'.
path "sys/leases/revoke" {
  capabilities = ["update"]
}
