#!/bin/sh
# Starts the nginx of an image on LISTEN_PORT, by whoever the container runs as. The image's own
# configuration is kept, but for what wants root: port 80, the change of user and the pid file's place.
set -eu

port=${LISTEN_PORT:?}
from=${NGINX_FROM:-/etc/nginx}
into=${NGINX_INTO:-/tmp}

sed "s/^\( *listen  *\)80;/\1$port;/" "$from/conf.d/default.conf" >"$into/site.conf"
grep -q "^ *listen  *$port;" "$into/site.conf" || {
  echo "failed: $from/conf.d/default.conf does not listen on 80" >&2
  exit 1
}
sed -e '/^ *user /d' -e "s#^\( *pid  *\).*#\1$into/nginx.pid;#" \
  -e "s#^\( *include  *\).*conf\.d/.*#\1$into/site.conf;#" "$from/nginx.conf" >"$into/nginx.conf"
exec nginx -c "$into/nginx.conf" -g 'daemon off;'
