"""Kernels that another process launches, which inherit nothing from the server."""
