# shellcheck shell=bash
# effect: restart: a service whose files differ starts anew
#
# Services of this host, and the unit files behind them.

is_active() {
  [[ -z ${OPTION[root]-} ]] && systemctl is-active --quiet "$1" 2>/dev/null
}

# runs_since_before PID FILE: did this process start before the file got there, or was changed, last? Two seconds are left
# for a service that reads its file as that comes. A file that is put back as it was before keeps its old time of writing.
runs_since_before() {
  local age
  [[ -z ${OPTION[root]-} && -f $2 ]] || return 1
  age=$(ps -o etimes= -p "$1" 2>/dev/null || true)
  [[ $age =~ ^\ *[0-9]+$ ]] && (($(date +%s) - age + 2 < $(stat -c %Z -- "$2")))
}

# unit_is_stale NAME: has a file of it changed since systemd read it?
unit_is_stale() {
  [[ -z ${OPTION[root]-} && $(systemctl show --property=NeedDaemonReload --value "$1" 2>/dev/null || true) == yes ]]
}

# read_unit NAME: where the last write_file, or a run that has ended since then, has changed a file of it.
read_unit() {
  if file_changed || unit_is_stale "$1"; then
    live 'read the unit files again' systemctl daemon-reload
  fi
}

# run_service NAME: enabled and running, with its files as they are now.
run_service() {
  local name=$1
  if [[ -z ${OPTION[root]-} ]] && systemctl is-enabled --quiet "$name" 2>/dev/null; then
    report skipped "service $name is enabled"
  else
    live "enable service $name" systemctl enable "$name"
  fi
  if ! is_active "$name"; then
    live "start service $name" systemctl start "$name"
  elif is_owed "$name"; then
    live "restart service $name" systemctl restart "$name"
  else
    report skipped "service $name is running"
  fi
  settle "$name"
}

# end_service NAME: neither running nor started at boot.
end_service() {
  if is_active "$1" || systemctl is-enabled --quiet "$1" 2>/dev/null; then
    change "end service $1, also after boots" systemctl disable --now "$1"
  else
    report skipped "service $1 neither runs nor is enabled"
  fi
}
