"""``scan --tutorial``: what a notebook does with keys, read from its code."""
