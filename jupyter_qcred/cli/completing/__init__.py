"""Scripts for shells: `jupyter qcred …` is completed like `jupyter-qcred …`."""
