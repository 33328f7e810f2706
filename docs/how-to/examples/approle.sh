#!/bin/sh
# An AppRole for one user, whose proof is then no JWT: approle.sh alice. Run it beside the Hub.
set -eu
umask 077

user=$1
place=${QCRED_HUB_APPROLES:-/etc/jupyterhub/qcred/approles}/$user
period=${QCRED_PERIOD:-10m}

bao write "auth/approle/role/$user" secret_id_ttl=24h \
  token_policies=qcred-server token_no_default_policy=true token_type=service token_period="$period"
mkdir -p "$place"
bao read -field=role_id "auth/approle/role/$user/role-id" >"$place/role-id"
bao write -f -field=secret_id "auth/approle/role/$user/secret-id" >"$place/.new"
mv "$place/.new" "$place/secret-id"
