# shellcheck shell=bash
# Services of this host, and the unit files behind them.

is_active() {
  [[ -z ${OPTION[root]-} ]] && systemctl is-active --quiet "$1" 2>/dev/null
}

# run_service NAME [restart]: enabled and running; `restart` when its files have changed.
run_service() {
  local name=$1 restart=${2-}
  if [[ -z ${OPTION[root]-} ]] && systemctl is-enabled --quiet "$name" 2>/dev/null; then
    report skipped "service $name is enabled"
  else
    live "enable service $name" systemctl enable "$name"
  fi
  if ! is_active "$name"; then
    live "start service $name" systemctl start "$name"
  elif [[ -n $restart ]]; then
    live "restart service $name" systemctl restart "$name"
  else
    report skipped "service $name is running"
  fi
}
