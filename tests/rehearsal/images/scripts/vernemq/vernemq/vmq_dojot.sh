#!/bin/sh
# In place of the image's: gets the broker's certificate from x509, and goes on looking after it.
set -eu

fetch() {
  /opt/stand-in/bin/stand-in certificates --address "${EJBCA_ADDRESS:-x509-identity-mgmt:3000}" --folder /vernemq/cert \
    --name "$(hostname)" --bits 4096 --dns "${INTERNAL_DNS:-vernemq-k8s}" --dns "${EXTERNAL_SERVER_HOSTNAME:-localhost}" \
    ${EXTERNAL_SERVER_IP:+--ip "$EXTERNAL_SERVER_IP"} "$@"
}
fetch
fetch --renew 10m &
