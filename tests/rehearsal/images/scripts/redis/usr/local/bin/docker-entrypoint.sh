#!/bin/sh
# In place of the image's: root gives the folder away and becomes redis, anybody else stays who they are.
set -e

case ${1:-} in
  -* | *.conf) set -- redis-server "$@" ;;
esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . ! -user redis -exec chown redis {} +
  exec setpriv --reuid redis --regid redis --clear-groups -- "$@"
fi
exec "$@"
