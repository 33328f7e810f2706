"""The command line: ``jupyter qcred …``."""
