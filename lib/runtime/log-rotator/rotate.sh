#!/bin/sh
# Runs logrotate again and again: it looks at the size of a file when it is run, and never else.
set -u
: "${ROTATION_SECONDS:?seconds between two runs}"
trap 'exit 0' TERM INT
while :; do
  began=$(date +%s)
  logrotate --state "${STATE:-/var/lib/logrotate/status}" "${CONFIG:-/etc/logrotate/logrotate.conf}" ||
    echo "logrotate failed; the next run is in ${ROTATION_SECONDS} s" >&2
  # From the beginning of a run to that of the next: the time it took to compress is part of the interval.
  rest=$((began + ROTATION_SECONDS - $(date +%s)))
  # A clock that was set back meanwhile would make it hours.
  if [ "$rest" -gt "$ROTATION_SECONDS" ]; then rest=$ROTATION_SECONDS; fi
  if [ "$rest" -gt 0 ]; then
    sleep "$rest" &
    wait $!
  fi
done
