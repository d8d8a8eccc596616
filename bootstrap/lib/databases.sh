# shellcheck shell=bash
# effect: looks: databases are read and filled; a change asks for neither
#
# The databases of the inventory, saved and filled again by the programs of their own images, in their pods. No password is an
# argument of theirs.

# in_database SERVICE SCRIPT [ARGUMENT...]: SCRIPT, for the sh of its image, with the input of this function.
in_database() {
  local namespace kind
  columns "$(rows "$1" "${DATABASES[@]}")" _ namespace kind _
  kube --namespace="$namespace" exec --stdin "$kind/$1" --container="$1" -- sh -c "$2" "$1" "${@:3}"
}

# database_names: a line each.
database_names() {
  local row name
  for row in "${DATABASES[@]}"; do
    columns "$row" name _
    printf '%s\n' "$name"
  done
}

# save_database SERVICE FOLDER: into files below FOLDER/SERVICE.
save_database() {
  mkdir -- "$2/$1"
  "save_$(maker_of "$1")" "$1" "$2/$1"
}

# fill_database SERVICE FOLDER: out of what save_database has made.
fill_database() {
  "fill_$(maker_of "$1")" "$1" "$2/$1"
}

# maker_of SERVICE: postgres or mongodb; nothing where it is no database of the inventory.
maker_of() {
  local maker
  columns "$(rows "$1" "${DATABASES[@]}")" _ _ _ maker
  printf '%s' "$maker"
}

# ---- PostgreSQL: a dump for each database, and a list of them with their owners. Roles and passwords are not saved: a
# server that starts empty makes them of the cluster's Secrets.

# DATABASE [NAME OWNER]: statements come by its input, where psql knows :"name" and :'name'.
IFS= read -r -d '' PSQL <<'END_OF_SCRIPT' || true
export PGPASSWORD="$POSTGRES_PASSWORD"
exec psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
  --username="$POSTGRES_USER" --dbname="$1" --set=name="${2-}" --set=owner="${3-}"
END_OF_SCRIPT
readonly PSQL

# DATABASE
IFS= read -r -d '' PG_DUMP <<'END_OF_SCRIPT' || true
export PGPASSWORD="$POSTGRES_PASSWORD"
exec pg_dump --no-password --username="$POSTGRES_USER" --dbname="$1"
END_OF_SCRIPT
readonly PG_DUMP
readonly PG_DUMP_END='-- PostgreSQL database dump complete'

save_postgres() {
  local database
  in_database "$1" "$PSQL" postgres >"$2/databases" <<'END'
select datname, pg_get_userbyid(datdba) from pg_database where datallowconn and not datistemplate order by 1;
END
  while IFS='|' read -r database _; do
    [[ $database =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]*$ ]] ||
      fail "$1 has a database whose name can be no file's: $database. Rename it, or drop it"
    in_database "$1" "$PG_DUMP" "$database" </dev/null | gzip >"$2/$database.sql.gz"
    # Whatever the way from the pod to here has lost.
    zcat -- "$2/$database.sql.gz" | tail -n 20 | grep -xF -e "$PG_DUMP_END" >/dev/null ||
      fail "the dump of the database $database of $1 has no end: run this step again"
  done <"$2/databases"
}

# Begins the transaction that a dump then fills: others see what was until it is committed. Whoever has it open is asked
# to leave, comes back, and waits.
IFS= read -r -d '' EMPTIED <<'END' || true
set client_min_messages = warning;
select count(pg_terminate_backend(pid)) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid();
begin;
do $$
declare
  statement text;
begin
  foreach statement in array array(
    select format('drop schema if exists %I cascade', nspname) from pg_namespace
      where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
    union all
    select format('drop extension if exists %I cascade', extname) from pg_extension where extname <> 'plpgsql'
    union all
    select format('drop %s if exists public.%I cascade', case relkind when 'v' then 'view' when 'S' then 'sequence'
      when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end, relname) from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    union all
    select format('drop function if exists %s cascade', oid::regprocedure) from pg_proc
      where pronamespace = 'public'::regnamespace
    union all
    select format('drop type if exists public.%I cascade', typname) from pg_type
      where typnamespace = 'public'::regnamespace and typtype in ('d', 'e', 'r')
  )
  loop
    execute statement;
  end loop;
end
$$;
END
readonly EMPTIED

# One by one, each whole or not at all: where the input ends before its last line, PostgreSQL takes all of it back.
fill_postgres() {
  local database owner found
  while IFS='|' read -r database owner; do
    found=$(in_database "$1" "$PSQL" postgres "$database" <<<"select 1 from pg_database where datname = :'name';")
    if [[ -z $found ]]; then
      in_database "$1" "$PSQL" postgres "$database" "$owner" <<<'create database :"name" owner :"owner";'
    fi
    {
      printf '%s' "$EMPTIED"
      zcat -- "$2/$database.sql.gz"
      printf 'commit;\n'
    } | in_database "$1" "$PSQL" "$database" >/dev/null
  done <"$2/databases"
}

# ---- MongoDB: one archive. Its tools read a password that no argument gives from their input. It comes from the Secret:
# the environment of a pod has that of its start, which may have been rotated since.

IFS= read -r -d '' MONGODUMP <<'END_OF_SCRIPT' || true
exec mongodump --username="$MONGO_INITDB_ROOT_USERNAME" --authenticationDatabase=admin --archive
END_OF_SCRIPT
readonly MONGODUMP

# A collection of the archive takes the place of the one with its name; others stay.
IFS= read -r -d '' MONGORESTORE <<'END_OF_SCRIPT' || true
IFS= read -r password
exec 3<&0
printf '%s\n' "$password" |
  mongorestore --username="$MONGO_INITDB_ROOT_USERNAME" --authenticationDatabase=admin --drop --archive=/dev/fd/3
END_OF_SCRIPT
readonly MONGORESTORE

# mongodb_password SERVICE: a line.
mongodb_password() {
  local secret key found=()
  mapfile -t found < <(printf '%s\n' "${ROTATIONS[@]}" | grep -E "\|mongodb\|[^|]*\|[^|]*/$1\|")
  columns "${found[0]-}" secret key _
  secret_lines "$secret" "$key"
}

save_mongodb() {
  mongodb_password "$1" | in_database "$1" "$MONGODUMP" | gzip >"$2/archive.gz"
}

# MongoDB cannot take half of it back: after a failure it has to run again.
fill_mongodb() {
  {
    mongodb_password "$1"
    zcat -- "$2/archive.gz"
  } | in_database "$1" "$MONGORESTORE"
}
