#!/bin/sh
# In place of the image's: options alone are influxd's.
set -eu

case ${1:-} in -*) set -- influxd "$@" ;; esac
exec "$@"
