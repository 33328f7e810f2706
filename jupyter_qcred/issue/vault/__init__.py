"""Vault and OpenBao, through hvac."""
