# Brings the policies and roles below up to date after an upgrade or a changed setting. Whoever
# writes policies can widen them, so this credential is as good as the unseal key beside it; it
# exists so that no root token has to.
path "sys/policies/acl/qcred-*" {
  capabilities = ["create", "update"]
}
path "auth/token/roles/qcred-*" {
  capabilities = ["create", "update"]
}
path "auth/approle/role/qcred-jupyter" {
  capabilities = ["create", "update"]
}
path "auth/approle/role/qcred-put" {
  capabilities = ["create", "update"]
}
path "auth/approle/role/qcred-keeper" {
  capabilities = ["create", "update"]
}
path "qcred/config" {
  capabilities = ["create", "update"]
}
