#!/usr/bin/env bash
# In place of the image's: an empty PGDATA is made a database cluster with the user, password and database of
# POSTGRES_*, the files of /docker-entrypoint-initdb.d run once, then the server starts.
set -euo pipefail

[ "${1:-}" = postgres ] || exec "$@"
: "${PGDATA:?}"
mkdir -p "$PGDATA"
chmod 700 "$PGDATA"

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  user=${POSTGRES_USER:-postgres}
  database=${POSTGRES_DB:-$user}
  if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    echo 'failed: the database has no password: POSTGRES_PASSWORD is not set' >&2
    exit 1
  fi
  initdb --username="$user" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-}") --auth-local=trust >/dev/null
  printf 'host all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
  # Nobody outside this container reaches it yet.
  pg_ctl -D "$PGDATA" -o "-c listen_addresses= -p 5432" -w start >/dev/null
  export PGPASSWORD=${POSTGRES_PASSWORD:-}
  if [ "$database" != postgres ]; then
    psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$user" --dbname postgres --set name="$database" <<<'create database :"name";'
  fi
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) bash "$file" ;;
      *.sql) psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$user" --dbname "$database" --file "$file" ;;
    esac
  done
  unset PGPASSWORD
  pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
  echo 'PostgreSQL init process complete; ready for start up.'
fi
# Every address, as the image's own configuration has it.
exec "$@" -c 'listen_addresses=*'
