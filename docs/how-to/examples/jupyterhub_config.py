"""JupyterHub's part: tell OpenBao who the user of a server is.

Each server gets a directory that nobody else can enter, with a proof of its user's identity: a JWT
which the Hub signs and keeps fresh, or the user's own AppRole. Install ``pyjwt[crypto]`` beside the
Hub.
"""

import os
import pwd
import re
import shutil
import time
from pathlib import Path
from urllib.parse import quote

import jwt
from jupyterhub.spawner import SimpleLocalProcessSpawner
from traitlets.utils.importstring import import_item

KEY = Path(os.environ.get("QCRED_HUB_KEY", "/etc/jupyterhub/qcred/hub.key"))
"""Signs for every user: whoever reads it is everybody. Mode 0600, the Hub's alone."""

APPROLES = Path(os.environ.get("QCRED_HUB_APPROLES", "/etc/jupyterhub/qcred/approles"))
"""For users with an AppRole: ``<user>/role-id`` and ``<user>/secret-id``; the Hub's alone."""

PROOFS = Path(os.environ.get("QCRED_HUB_PROOFS", "/run/jupyterhub-qcred"))
"""What is handed over; in memory on most systems."""

LIFETIME = float(os.environ.get("QCRED_HUB_JWT_SECONDS", "600"))
"""Of a JWT. Proofs are handed over anew after a third of it, at the Hub's next look at a server."""

SPAWNER = os.environ.get("QCRED_HUB_SPAWNER", "jupyterhub.spawner.LocalProcessSpawner")
"""Any one that starts servers on this machine."""

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*")
"""Names that mean themselves in a policy's path: ``+`` and ``*`` there stand for other users."""

signing_key = KEY.read_text()


def place_of(spawner):
    """Return the server's directory: a user may have several servers."""
    server = f"{spawner.user.name}@{spawner.name}" if spawner.name else spawner.user.name
    return PROOFS / quote(server, safe="@")


def owner_of(spawner):
    """Return the uid and gid that the server runs as."""
    if isinstance(spawner, SimpleLocalProcessSpawner):  # one account for all: for trials only
        return os.geteuid(), os.getegid()
    account = pwd.getpwnam(spawner.user.name)
    return account.pw_uid, account.pw_gid


def proof_of(user):
    """Return the files of a proof: name and text."""
    if (APPROLES / user).is_dir():
        return {name: (APPROLES / user / name).read_text() for name in ("role-id", "secret-id")}
    now = time.time()
    claims = {"iss": "jupyterhub", "aud": "openbao", "sub": user, "exp": int(now + LIFETIME)}
    claims["iat"] = claims["nbf"] = int(now) - 30  # the Hub's clock may be ahead of OpenBao's
    return {"jwt": jwt.encode(claims, signing_key, algorithm="ES256")}


def hand_over(spawner):
    """Write the proof, for the user to read. The user owns the file, but not its directory."""
    if not PLAIN.fullmatch(spawner.user.name):
        spawner.log.warning("%r gets no credentials: not a plain name", spawner.user.name)
        return
    place, (uid, gid) = place_of(spawner), owner_of(spawner)
    PROOFS.mkdir(mode=0o700, parents=True, exist_ok=True)
    PROOFS.chmod(0o711)
    place.mkdir(mode=0o700, exist_ok=True)
    os.chown(place, -1, gid)
    place.chmod(0o710)
    for name, text in proof_of(spawner.user.name).items():
        new = place / f".{name}.new"
        new.unlink(missing_ok=True)
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as file:
            os.fchown(fd, uid, gid)
            file.write(text)
        new.rename(place / name)
    spawner.environment = {**spawner.environment, "QCRED_PROOF": str(place)}


def take_back(spawner):
    """Remove the proof of a server that has ended, however it ended."""
    shutil.rmtree(place_of(spawner), ignore_errors=True)


def keep_fresh(spawner):
    """Hand over anew after a third of a JWT's life; also for servers of an earlier Hub."""
    try:
        if time.time() - place_of(spawner).stat().st_mtime > LIFETIME / 3:
            hand_over(spawner)
    except FileNotFoundError:
        pass  # nothing was handed over: a name that is not plain, or an earlier configuration
    except (OSError, KeyError) as error:  # a look that fails would end the server
        spawner.log.warning("The proof of %s was not renewed: %s", spawner.user.name, error)


class QcredSpawner(import_item(SPAWNER)):
    """Keeps proofs fresh whenever the Hub looks whether the server runs (``poll_interval``)."""

    async def poll(self):
        """Look, and renew what a living server was handed."""
        status = await super().poll()
        if status is None:
            keep_fresh(self)
        return status


c.JupyterHub.spawner_class = QcredSpawner
c.Spawner.pre_spawn_hook = hand_over
c.Spawner.post_stop_hook = take_back
