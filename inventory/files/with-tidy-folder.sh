#!/bin/sh
# Starts the program in its arguments. Beside it, files of FOLDER go that nobody has written to for
# MINUTES: the program leaves each one there.
set -eu

folder=${FOLDER:?}
minutes=${MINUTES:-60}

while sleep "${PAUSE_SECONDS:-300}"; do
  find "$folder" -type f -mmin "+$minutes" -exec rm -f {} +
done &
exec "$@"
