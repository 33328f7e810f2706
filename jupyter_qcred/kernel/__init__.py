"""The half that lives in the user's kernel: standard library, and what every ipykernel brings.

It is loaded from the server's installation, whatever the kernel's environment holds.
"""
