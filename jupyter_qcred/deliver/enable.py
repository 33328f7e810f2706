"""Credentials for kernels that this process starts without a Jupyter server."""

from __future__ import annotations

import os

from jupyter_client.provisioning.factory import KernelProvisionerFactory

from .environment import PROVISIONER_ENV

PROVISIONER = "qcred-provisioner"


def enable() -> None:
    """Give credentials to the kernels that this process starts from now on.

    For scripts with nbclient, papermill or jupyter_client::

        import jupyter_qcred
        jupyter_qcred.enable()

    Settings come from ``jupyter_qcred_config.py``. It is set for this process only, never globally:
    in an environment without our package the name would hide every kernelspec. Kernels do not
    inherit it.
    """
    os.environ[PROVISIONER_ENV] = PROVISIONER
    if KernelProvisionerFactory.initialized():
        KernelProvisionerFactory.instance().default_provisioner_name = PROVISIONER
