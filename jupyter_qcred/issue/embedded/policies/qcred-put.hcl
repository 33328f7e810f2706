# `jupyter qcred put`, `list` and `remove`: store, name and delete keys, never read one.
path "qcred/data/*" {
  capabilities = ["create", "update"]
}
path "qcred/metadata/*" {
  capabilities = ["list", "delete"]
}
path "qcred/metadata" {
  capabilities = ["list"]
}
