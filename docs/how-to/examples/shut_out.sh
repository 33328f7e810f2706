#!/bin/sh
# Stop all that a user holds, and every login of theirs: shut_out.sh alice. Undo: disabled=false.
set -eu

mount=$(bao read -field=accessor sys/auth/jwt)
id=$(bao write -field=id identity/lookup/entity alias_name="$1" alias_mount_accessor="$mount")
bao write "identity/entity/id/$id" disabled=true
