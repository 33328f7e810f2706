# Optional, for the server token: lets the next start revoke at once what a killed server left
# behind. It can revoke any token whose accessor is known, so grant it knowingly; without it the
# leftovers die at the server token's TTL.
path "auth/token/revoke-accessor" {
  capabilities = ["update"]
}
