"""The Jupyter server extension: links our parts into a server, and redacts every save."""
