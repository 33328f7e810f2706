#!/bin/sh
# OpenBao's part, once for all users. Set BAO_ADDR and BAO_TOKEN first.
set -eu

public_key=${QCRED_HUB_PUBLIC_KEY:-/etc/jupyterhub/qcred/hub.pub}
period=${QCRED_PERIOD:-10m} # how long a killed server's tokens live

shipped=$(python3 -c "from importlib.resources import files; print(files('jupyter_qcred.issue') / 'policies')")
for name in qcred-server qcred-kernel; do bao policy write $name "$shipped/$name.hcl"; done

# Logging in gives the server token: periodic, and with the user's identity.
bao auth enable jwt
bao write auth/jwt/config jwt_validation_pubkeys=@"$public_key" bound_issuer=jupyterhub
bao write auth/jwt/role/jupyterhub role_type=jwt user_claim=sub bound_audiences=openbao clock_skew_leeway=5 \
  token_policies=qcred-server token_no_default_policy=true token_type=service token_period="$period"
bao auth list -format=json | grep -q '"approle/"' || bao auth enable approle

# What kernels may read: the folder of the user whose identity it is.
jwt=$(bao read -field=accessor sys/auth/jwt)
approle=$(bao read -field=accessor sys/auth/approle)
bao policy write qcred-users - <<HCL
path "secret/data/users/{{identity.entity.aliases.$jwt.name}}/*" { capabilities = ["read"] }
path "secret/data/users/{{identity.entity.aliases.$approle.metadata.role_name}}/*" { capabilities = ["read"] }
HCL
bao write auth/token/roles/qcred-kernel orphan=false renewable=true token_explicit_max_ttl=24h \
  token_no_default_policy=true token_type=service allowed_policies=qcred-kernel,qcred-users

bao secrets list -format=json | grep -q '"secret/"' || bao secrets enable -path=secret -version=2 kv
