# shellcheck shell=bash
# One run at a time on a host: two would break each other's files, packages and objects.

# The lock is the kernel's, on a folder that is always there and that everybody may open: it needs
# no right to write, covers every user, and ends with the last process that has it, however that ends.
readonly LOCK_FOLDER=/run/lock

# needs_lock STEP: does it change anything? What has no --dry-run never does.
needs_lock() {
  takes "$1" --dry-run && ! dry_run
}

lock() {
  try_lock || busy "$(who_is_at_work). Run this step again when that has ended"
}

# try_lock: 1 where another run has it.
try_lock() {
  local descriptor
  exec {descriptor}<"$LOCK_FOLDER"
  # Not closed before the end: apt or kubeadm that a killed run has left at work still has it.
  flock --nonblock "$descriptor"
}

who_is_at_work() {
  printf '%s' "another run of this script is at work on this host: $(other_runs)"
}

# other_runs: process and step of each, by its command line, which everybody may read.
other_runs() {
  local path pid words place runs=''
  for path in /proc/[0-9]*/cmdline; do
    pid=${path//[!0-9]/}
    { mapfile -d '' -t words <"$path"; } 2>/dev/null || continue
    for place in "${!words[@]}"; do
      [[ ${words[0]##*/} == bash && ${words[place]##*/} == "${BASH_SOURCE[0]##*/}" ]] || continue
      if is_other_run "$pid" && may_have_lock "$pid"; then
        runs+="${runs:+, }process $pid (${words[*]:place+1})"
      fi
      break
    done
  done
  printf '%s' "${runs:-what it has started has not ended yet (see ps)}"
}

# is_other_run PID: neither this run nor the subshell of another one.
is_other_run() {
  local parent
  [[ $1 != "$$" ]] || return 1
  parent=$(awk '$1 == "PPid:" { print $2 }' "/proc/$1/status" 2>/dev/null || true)
  [[ -n $parent ]] && ! cmp --silent -- "/proc/$1/cmdline" "/proc/$parent/cmdline" 2>/dev/null
}

# may_have_lock PID: the lock is one of its files. Of another user's process only root knows that; one that has ended
# meanwhile has none.
may_have_lock() {
  local file
  [[ -e /proc/$1 ]] || return 1
  [[ -r /proc/$1/fd ]] || return 0
  for file in "/proc/$1/fd"/*; do
    [[ ! $file -ef $LOCK_FOLDER ]] || return 0
  done
  return 1
}
