#!/bin/sh
# Serves what the script $1 prints as /metrics.txt, and runs it again after each pause. Where it
# fails there is no page, and Prometheus says so.
set -eu

measure=${1:?}
port=${PORT:?}
pause=${PAUSE_SECONDS:-60}
folder=${FOLDER:-/srv}

page=$folder/metrics.txt
rm -f "$page"
httpd -f -p "$port" -h "$folder" &
server=$!
trap 'kill "$server"; exit 0' TERM INT

while kill -0 "$server" 2>/dev/null; do
  if sh "$measure" >"$folder/.new"; then
    mv "$folder/.new" "$page"
  else
    echo "failed: $measure" >&2
    rm -f "$page"
  fi
  # In the background, so that a signal is heard at once.
  sleep "$pause" &
  wait "$!"
done
echo "failed: the web server ended" >&2
exit 1
