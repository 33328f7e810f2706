"""``jupyter qcred demo``: the life of a credential, shown on a laptop with real parts.

An OpenBao, a quantum cloud on the loopback interface and a Jupyter server, all below one temporary
directory: a stage on which a person, or the check, runs the tutorial notebook.
"""
