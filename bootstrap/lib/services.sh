# shellcheck shell=bash
# effect: restart: a service whose files differ starts anew
#
# Services of this host, and the unit files behind them.

is_active() {
  [[ -z ${OPTION[root]-} ]] && systemctl is-active --quiet "$1" 2>/dev/null
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
