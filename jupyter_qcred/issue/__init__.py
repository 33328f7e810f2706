"""Obtain session tokens and vendor credentials upstream, renew them, invalidate them."""
