#!/bin/sh
# In place of the image's: with a token of auth it asks data-broker for two topics, and sends what comes in one to the
# devices by the other. It ends where it gets none, or where one of the three programs ends.
set -eu

auth=${AUTH_ADDRESS:-http://auth:5000}
topics=${DATA_BROKER_ADDRESS:-http://data-broker:80}
kafka=${KAFKA_BROKER_LIST:-kafka-server:9092}

token=$(printf '{"username": "%s", "passwd": "%s"}' "${DOJOT_USERNAME:-admin}" "${DOJOT_PASSWORD:-admin}" |
  curl --silent --header 'Content-Type: application/json' --data @- "$auth" | jq --raw-output '.jwt // empty') || token=
[ -n "$token" ] || { echo 'failed: no token' >&2; exit 1; }

topic() {
  curl --silent --header "Authorization: Bearer $token" "$topics/topic/$1" | jq --raw-output '.topic // empty'
}
from=$(topic "${DEVICE_DATA_TOPIC:-device-data}") || from=
into=$(topic "${DEVICE_MANAGER_TOPIC:-dojot.device-manager.device}") || into=
if [ -z "$from" ] || [ -z "$into" ]; then
  echo 'failed: no topics' >&2
  exit 1
fi

echo "Starting loopback from $from into $into"
kafkacat -C -b "$kafka" -q -u -f '{"key": "%k", "msg": %s}\n' -G "${LOOPBACK_CONSUMER_GROUP:-loopback-group}" "$from" |
  jq --unbuffered --raw-output '"\(.key)@\({event: "configure", meta: {service: .msg.metadata.tenant, timestamp: .msg.metadata.timestamp}, data: {id: .msg.metadata.deviceid, attrs: .msg.attrs}} | tojson)"' |
  while IFS= read -r line; do
    # One for each message: of a pipe that stays open, kafkacat 1.7 sends nothing before a kilobyte has come.
    printf '%s\n' "$line" | kafkacat -P -b "$kafka" -t "$into" -K @
  done
echo 'failed: the loop ended' >&2
