# shellcheck shell=bash
# What a service is owed once its files have changed: a restart, or that it reads them again. A run may end in between
# (killed, no power), and the next one finds every file right. So the debt is noted before the change, and struck off
# when it is paid.

readonly OWED_FOLDER=/etc/dojot/owed

# Of this run; with --dry-run and --root there is no other.
declare -A OWED=()
# Whom the next changed file is for: see `owing`.
CREDITOR=''

# With --dry-run a note of an earlier run stays, so what this run has settled counts.
is_owed() {
  if [[ -n ${OWED[$1]+known} ]]; then
    [[ -n ${OWED[$1]} ]]
  else
    [[ -z ${OPTION[root]-} && -e $OWED_FOLDER/$1 ]]
  fi
}

owe() {
  OWED[$1]=yes
  ! dry_run && [[ -z ${OPTION[root]-} ]] || return 0
  mkdir -p -- "$OWED_FOLDER"
  : >"$OWED_FOLDER/$1"
}

settle() {
  OWED[$1]=''
  ! dry_run && [[ -z ${OPTION[root]-} ]] || return 0
  rm -f -- "$OWED_FOLDER/$1"
}

# owing NAME write_file|fetch ARGUMENTS...: if that changes the file, NAME is owed.
owing() {
  local CREDITOR=$1
  shift
  "$@"
}

# By what changes a file, before it does.
owe_creditor() {
  if [[ -n $CREDITOR ]]; then
    owe "$CREDITOR"
  fi
}

# owe_if_changed NAME LOOK COMMAND...: if what LOOK prints is another one after the command, NAME is owed.
owe_if_changed() {
  local name=$1 look=$2 before owed=''
  shift 2
  if is_owed "$name"; then
    owed=yes
  fi
  before=$("$look")
  owe "$name"
  "$@"
  if [[ -z $owed && $("$look") == "$before" ]]; then
    settle "$name"
  fi
}
