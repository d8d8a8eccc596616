#!/bin/sh
# Sends the cluster's routes to Kong's admin API. Each line of the file holds a path
# and a JSON body, sent with PUT, so that a second run changes nothing.
# Any refusal ends the run with 1, and so fails the Job and the sync.
set -eu

calls=${1:?usage: kong-routes.sh CALLS_FILE}
admin=${KONG_ADMIN_URL:?}
attempts=${KONG_ATTEMPTS:-60}
pause=${KONG_PAUSE_SECONDS:-5}

answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

tried=0
until curl --silent --fail --max-time 5 --output /dev/null "$admin/status"; do
  tried=$((tried + 1))
  if [ "$tried" -ge "$attempts" ]; then
    echo "failed: no answer from Kong at $admin after $tried attempts" >&2
    exit 1
  fi
  sleep "$pause"
done

sent=0
while IFS=' ' read -r path body; do
  [ -n "$path" ] || continue
  code=$(curl --silent --show-error --max-time 30 --output "$answer" --write-out '%{http_code}' \
    --request PUT --header 'Content-Type: application/json' --data "$body" "$admin$path") || code=000
  case $code in
    2??) echo "done: PUT $path" ;;
    *)
      echo "failed: PUT $path: status $code: $(cat "$answer")" >&2
      exit 1
      ;;
  esac
  sent=$((sent + 1))
done <"$calls"
echo "done: $sent calls, the routes are set"
