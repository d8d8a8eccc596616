# shellcheck shell=bash
# help: give a drained server of the load balancer new sessions again
# where: load balancer
# after: drain
# occasion: when the broker of a drained server is back
# options: --server --dry-run
# worked: `ok: verne-1 gets new sessions`

step_undrain() {
  local server
  check_server_option
  need_root
  need_running_system
  need_load_balancer
  need_haproxy
  need_server
  server=$(option server)
  weigh "$server" 1
  if ! haproxy_known || dry_run; then
    return 0
  fi
  read_servers
  if of_server "$server" | grep -q '|down|'; then
    report ok "$server gets new sessions once its health check passes: it is down now"
  else
    report ok "$server gets new sessions"
  fi
}
