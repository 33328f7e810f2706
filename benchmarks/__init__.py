"""What jupyter_qcred costs: the same work on two real Jupyter servers, one with it, one without.

``python -m benchmarks`` from the root of the repository, with the extra ``test`` installed.
"""
