"""The user's running Jupyter servers, asked from the command line."""
