#!/bin/sh
# In place of the image's: prepares the folder of KONG_PREFIX and starts Kong.
set -eu

if [ "${1:-}" = kong ] && [ "${2:-}" = docker-start ]; then
  prefix=${KONG_PREFIX:-/usr/local/kong}
  mkdir -p "$prefix/logs"
  ln -sf /dev/stdout "$prefix/logs/access.log"
  ln -sf /dev/stderr "$prefix/logs/error.log"
  exec /opt/stand-in/bin/stand-in run
fi
exec "$@"
