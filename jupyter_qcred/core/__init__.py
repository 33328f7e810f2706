"""Words and rules that both halves share: secrets, leases, errors, the wire.

Standard library only, and no input or output: this package also runs inside the user's kernel.
"""
