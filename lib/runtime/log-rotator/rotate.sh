#!/bin/sh
# Runs logrotate again and again: it looks at the size of a file when it is run, and never else.
set -u
: "${ROTATION_SECONDS:?seconds between two runs}"
trap 'exit 0' TERM INT
while :; do
  logrotate --state "${STATE:-/var/lib/logrotate/status}" "${CONFIG:-/etc/logrotate/logrotate.conf}" ||
    echo "logrotate failed; the next run is in ${ROTATION_SECONDS} s" >&2
  sleep "$ROTATION_SECONDS" &
  wait $!
done
