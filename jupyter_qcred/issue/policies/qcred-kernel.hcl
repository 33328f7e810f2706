# The session token: one per kernel launch. It stays in the Jupyter server.
# Add the sources by a policy of your own, named in the role's allowed_policies.
path "auth/token/renew-self" {
  capabilities = ["update"]
}
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/revoke-self" {
  capabilities = ["update"]
}
# Leases are named by unguessable ids which only this session has seen.
path "sys/leases/renew" {
  capabilities = ["update"]
}
path "sys/leases/revoke" {
  capabilities = ["update"]
}
