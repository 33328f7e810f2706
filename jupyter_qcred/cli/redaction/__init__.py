"""What ``jupyter qcred redact`` is made of: known values, files, messages."""
