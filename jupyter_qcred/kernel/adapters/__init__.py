"""Vendors' SDKs, each fed with the current value of a credential by a hook of its own.

One module an SDK, standard library only at import: the SDK is imported where a client is made.
"""
