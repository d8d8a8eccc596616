#!/bin/sh
# In place of the image's: variables become lines of its configuration, which it must be able to write.
set -eu

[ "${1:-}" = rabbitmq-server ] || exec "$@"
file=/etc/rabbitmq/rabbitmq.conf
{
  echo 'loopback_users.guest = false'
  echo 'listeners.tcp.default = 5672'
  [ -z "${RABBITMQ_DEFAULT_USER:-}" ] || echo "default_user = $RABBITMQ_DEFAULT_USER"
  [ -z "${RABBITMQ_DEFAULT_PASS:-}" ] || echo "default_pass = $RABBITMQ_DEFAULT_PASS"
  case ${RABBITMQ_VM_MEMORY_HIGH_WATERMARK:-} in
    '') ;;
    *[A-Za-z]) echo "vm_memory_high_watermark.absolute = $RABBITMQ_VM_MEMORY_HIGH_WATERMARK" ;;
    *) echo "vm_memory_high_watermark.relative = $RABBITMQ_VM_MEMORY_HIGH_WATERMARK" ;;
  esac
} >"$file"
exec "$@"
