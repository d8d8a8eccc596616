#!/usr/bin/env bash
# Runs once, in an empty data directory: makes the database and the role of every
# service. DATABASES says how many; DATABASE_<n>_{NAME,USER,PASSWORD,CREATEDB}
# describe each. Passwords come from the environment alone and are never printed.
set -euo pipefail

run_psql() {
  psql --set ON_ERROR_STOP=1 --no-psqlrc --no-password --quiet --username "$POSTGRES_USER" --dbname "${POSTGRES_DB:-postgres}" "$@"
}

make_database() {
  local name_var="DATABASE_$1_NAME" user_var="DATABASE_$1_USER" password_var="DATABASE_$1_PASSWORD"
  local createdb_var="DATABASE_$1_CREATEDB" exists
  local name="${!name_var:?$name_var is not set}" user="${!user_var:?$user_var is not set}" createdb=nocreatedb
  : "${!password_var:?$password_var is not set}"
  # psql takes a command that fails for an empty word, and would give the role no password.
  printenv "$password_var" >/dev/null
  [ "${!createdb_var:-false}" = true ] && createdb=createdb

  # The statements go to standard input, where psql replaces :"name" and :'name'
  # with quoted text, and the password does not show up among the processes.
  exists=$(run_psql --tuples-only --no-align --set user="$user" <<<"select 1 from pg_roles where rolname = :'user';")
  [ -n "$exists" ] || run_psql --set user="$user" <<<'create role :"user" login;'
  # However much the server logs: not the statement that holds the password.
  run_psql --set user="$user" <<SQL
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
\\set password \`printenv $password_var\`
alter role :"user" login $createdb encrypted password :'password';
SQL

  exists=$(run_psql --tuples-only --no-align --set name="$name" <<<"select 1 from pg_database where datname = :'name';")
  [ -n "$exists" ] || run_psql --set name="$name" --set user="$user" <<<'create database :"name" owner :"user";'
  run_psql --set name="$name" --set user="$user" <<<'revoke all on database :"name" from public; grant all on database :"name" to :"user";'
  echo "database $name: ready, owned by $user"
}

# Not `seq` in the loop's head: a failure there would pass as no databases at all.
count=${DATABASES:?}
for ((number = 1; number <= count; number++)); do
  make_database "$number"
done
