#!/bin/sh
# In place of the image's: root gives the folder away and becomes redis, anybody else stays who they are.
set -e

case ${1:-} in
  -* | *.conf) set -- redis-server "$@" ;;
esac
# The image's server answers to everybody as long as it has no password; Debian's has to be told.
[ "$1" != redis-server ] || set -- "$@" --protected-mode no
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . ! -user redis -exec chown redis {} +
  exec setpriv --reuid redis --regid redis --clear-groups -- "$@"
fi
exec "$@"
