"""What ``jupyter qcred scan`` is made of: what to look at, how, and how to tell."""
