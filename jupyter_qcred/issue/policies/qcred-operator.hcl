# For operators, not for servers: what `jupyter qcred revoke --at-issuer` does with their own login.
# Find tokens by who and what they were made for. Listing accessors is a right of root's kind.
path "auth/token/accessors" {
  capabilities = ["list", "sudo"]
}
path "auth/token/lookup-accessor" {
  capabilities = ["update"]
}
# It can revoke any token whose accessor is known, and this policy knows them all.
path "auth/token/revoke-accessor" {
  capabilities = ["update"]
}
# Find and end the leases of one engine's role, whoever holds them.
path "sys/leases/lookup/*" {
  capabilities = ["list", "sudo"]
}
path "sys/leases/revoke" {
  capabilities = ["update"]
}
# To drop the login afterwards, where its auth role gives no default policy.
path "auth/token/revoke-self" {
  capabilities = ["update"]
}
