#!/bin/sh
# The image's own entry point, told by which address the other services reach this container: the one towards the database, whose
# network they all are on. By itself the image cannot choose where a container is on two networks.
set -eu

database=$(getent hosts "$POSTGRES_SEEDS" | awk 'NR == 1 { print $1 }')
TEMPORAL_BROADCAST_ADDRESS=$(ip route get "$database" | awk '{ for (i = 1; i < NF; i++) if ($i == "src") { print $(i + 1); exit } }')
if [ -z "$TEMPORAL_BROADCAST_ADDRESS" ]; then
  echo "serve.sh: no address of this container leads to $POSTGRES_SEEDS ($database)" >&2
  exit 1
fi
export TEMPORAL_BROADCAST_ADDRESS
exec /etc/temporal/entrypoint.sh
