# Where the embedded OpenBao keeps the keys of `jupyter qcred put NAME`: kernels read, no more.
path "qcred/data/*" {
  capabilities = ["read"]
}
