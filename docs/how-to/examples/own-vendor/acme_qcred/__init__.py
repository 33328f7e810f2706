"""Acme's quantum cloud for jupyter_qcred: an exchange for the server, an adapter for the kernel."""
