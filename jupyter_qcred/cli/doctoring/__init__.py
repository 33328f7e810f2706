"""What ``jupyter qcred doctor`` looks at: one module a check, listed in ``checks``."""
