#!/bin/sh
# Gives a new InfluxDB its first user, organization, bucket and token. A second run finds them in
# place; an InfluxDB that was set up with another token fails the run.
set -eu

host=${INFLUX_HOST:?}
organization=${INFLUX_ORGANIZATION:?}
bucket=${INFLUX_BUCKET:?}
: "${INFLUX_TOKEN:?}" "${INFLUX_USER:?}" "${INFLUX_PASSWORD:?}" "${INFLUX_RETENTION:?}"
attempts=${INFLUX_ATTEMPTS:-60}
pause=${INFLUX_PAUSE_SECONDS:-5}

tried=0
until influx ping --host "$host" >/dev/null 2>&1; do
  tried=$((tried + 1))
  if [ "$tried" -ge "$attempts" ]; then
    echo "failed: no answer from InfluxDB at $host after $tried attempts" >&2
    exit 1
  fi
  sleep "$pause"
done

# A bucket that this token can see is there by the setup alone.
bucket_is_there() {
  influx bucket list --host "$host" --token "$INFLUX_TOKEN" --org "$organization" --name "$bucket" >/dev/null 2>&1
}

if bucket_is_there; then
  echo "skipped: InfluxDB has bucket $bucket of organization $organization"
  exit 0
fi
influx setup --force --host "$host" --org "$organization" --bucket "$bucket" --retention "$INFLUX_RETENTION" \
  --username "$INFLUX_USER" --password "$INFLUX_PASSWORD" --token "$INFLUX_TOKEN" >/dev/null || {
  echo "failed: InfluxDB refused the setup; was it set up with another token?" >&2
  exit 1
}
bucket_is_there || { echo "failed: InfluxDB was set up, and bucket $bucket is not there" >&2; exit 1; }
echo "done: InfluxDB has bucket $bucket of organization $organization"
