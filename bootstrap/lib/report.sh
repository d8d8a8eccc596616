# shellcheck shell=bash
# option: --dry-run: change nothing, say what would be done
#
# How every step speaks: one line each on standard output,
#   done | skipped | would | ok | failed: what
# The chatter of the commands themselves goes to standard error.

shopt -s inherit_errexit
umask 022

# The options as they were given, or their defaults.
declare -A OPTION=()
declare -a SCRATCH=()
CURRENT='start'
REPORTED=''
# Has --dry-run said of anything that it would be changed?
PLANNED=''

set_option() {
  OPTION[$1]=$2
}

option() {
  printf '%s' "${OPTION[$1]-}"
}

dry_run() {
  [[ -n ${OPTION[dry-run]-} ]]
}

report() {
  [[ $1 != would ]] || PLANNED=yes
  printf '%s: %s\n' "$1" "$2"
}

# What a failure from here on is called.
working_on() {
  CURRENT=$1
}

fail() {
  REPORTED=yes
  report failed "$1" >&2
  exit 1
}

# refuse WHY: fail; with --dry-run only say so, and whoever called decides how to go on.
refuse() {
  dry_run || fail "$1"
  report would "refuse: $1"
}

# busy WHY: nothing is wrong here, but somebody else is at work: who runs this for others tries again.
busy() {
  REPORTED=busy
  report failed "$1" >&2
  exit 75
}

usage_error() {
  REPORTED=usage
  printf '%s\n' "bootstrap.sh: $1" >&2
  exit 2
}

# change WHAT COMMAND...: run the command and report WHAT, or only say so.
change() {
  local what=$1
  shift
  if dry_run; then
    report would "$what"
    return 0
  fi
  working_on "$what"
  "$@" >&2
  report 'done' "$what"
}

# await WHAT COMMAND...: a command that changes nothing and ends when WHAT is true. With --dry-run there is something to
# wait for where something would be changed.
await() {
  local what=$1
  shift
  if dry_run && [[ -z $PLANNED ]]; then
    report skipped "nothing to wait for, such as: $what"
    return 0
  elif dry_run; then
    report would "wait until $what"
    return 0
  fi
  working_on "wait until $what"
  "$@" >&2
  report ok "$what"
}

# live WHAT COMMAND...: a change of the running system, which --root does not have.
live() {
  if [[ -n ${OPTION[root]-} ]]; then
    report skipped "$1 (--root: no running system)"
    return 0
  fi
  change "$@"
}

# scratch VARIABLE TEMPLATE: a temporary file (0600) that does not outlive the script.
# TEMPLATE ends in .XXXXXX. What a run that was killed has left there goes first.
scratch() {
  local made
  rm -f -- "${2%XXXXXX}"??????
  made=$(mktemp "$2")
  SCRATCH+=("$made")
  printf -v "$1" '%s' "$made"
}

scratch_folder() {
  local made
  made=$(mktemp --directory)
  SCRATCH+=("$made")
  printf -v "$1" '%s' "$made"
}

on_exit() {
  local status=$?
  trap - EXIT
  if ((${#SCRATCH[@]})); then
    rm -rf -- "${SCRATCH[@]}"
  fi
  if ((status != 0)); then
    [[ -n $REPORTED ]] || report failed "$CURRENT" >&2
    [[ $REPORTED == usage || $REPORTED == busy ]] || status=1
  fi
  exit "$status"
}

trap on_exit EXIT
trap 'exit 1' INT TERM HUP

# For a subshell, which has no traps of its own and the temporary files of all others.
as_a_run_of_its_own() {
  SCRATCH=()
  trap on_exit EXIT
}
