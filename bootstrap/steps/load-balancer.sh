# shellcheck shell=bash
# help: install HAProxy, its limits and its configuration; reload, never drop sessions
# where: load balancer
# after: argocd
# options: --compiled --node-ports --force --root --dry-run
# guide: sysctl, HAProxy and its configuration
# worked: `done` or `skipped: service haproxy is running`
# effect: haproxy/haproxy.cfg HAPROXY_CONFIG NODE_PORTS configure_haproxy: reload: HAProxy is reloaded; open sessions
#   stay in the old process until hard-stop-after
# effect: haproxy/haproxy.service.d-limits.conf HAPROXY_UNIT_LIMITS step_load_balancer: nothing: systemd reads it; a
#   HAProxy that runs keeps its limits until it is restarted
# effect: HAPROXY_PACKAGES: replace: another HAProxy comes, and its package reloads it; open sessions stay in the old
#   process until hard-stop-after
# effect: LOAD_BALANCER_OPEN_FILES raise_haproxy_limits: person: a HAProxy that runs with a lower limit has to be
#   restarted, which ends every session: the step does so only while none is open, and else fails and says how many
#   there are
# effect: LOAD_BALANCER_ADDRESS: person: the step refuses a host that does not have this address; devices have to find
#   the new one
# effect: LOAD_BALANCER_NAME: nothing: the host is called otherwise; HAProxy does not notice
# effect: watch_host: nothing: node-exporter starts anew, HAProxy does not notice; one that is no longer wanted stays
# effect: device_sessions: looks: it counts sessions
#
# Sessions of devices outlive a reload and none outlives a restart: this never restarts a HAProxy that carries sessions.
# Servers that are drained stay so.

step_load_balancer() {
  need_root
  need_system
  need_load_balancer
  need_compiled haproxy haproxy.cfg 99-dojot-haproxy.conf haproxy.service.d-limits.conf
  local folder
  folder=$(compiled)/haproxy
  set_hostname "$LOAD_BALANCER_NAME"
  write_hosts
  # The kernel's limits and the unit's come first: the package starts HAProxy as it installs.
  write_sysctl "$HAPROXY_SYSCTL" "$(<"$folder/99-dojot-haproxy.conf")"$'\n'
  write_file "$HAPROXY_UNIT_LIMITS" 0644 "$(<"$folder/haproxy.service.d-limits.conf")"$'\n'
  read_unit haproxy
  leave_running haproxy
  watch_host
  add_repository haproxy "$HAPROXY_REPOSITORY"
  install_pinned "${HAPROXY_PACKAGES[@]}"
  # By which drain and undrain speak to it.
  install_packages socat
  configure_haproxy "$folder/haproxy.cfg"
  raise_haproxy_limits
}

# Prometheus reads what node-exporter says through HAProxy, which asks who it is.
watch_host() {
  [[ -n $NODE_EXPORTER_PACKAGE ]] || return 0
  # Before the package: it starts the service as it installs.
  owing "$NODE_EXPORTER_PACKAGE" write_file "/etc/default/$NODE_EXPORTER_PACKAGE" 0644 \
    "ARGS='--web.listen-address=127.0.0.1:$NODE_EXPORTER_PORT --no-collector.wifi --no-collector.hwmon'"$'\n'
  install_packages "$NODE_EXPORTER_PACKAGE"
  run_service "$NODE_EXPORTER_PACKAGE"
}

configure_haproxy() {
  local text checked=$1 drained=()
  text=$(<"$1")
  if ((${#NODE_PORTS[@]})); then
    if dry_run && [[ ! -r $(option node-ports) ]]; then
      report would "write $HAPROXY_CONFIG with the NodePorts of $(option node-ports)"
      return 0
    fi
    set_node_ports
    text=$NODE_PORT_SETTINGS$text
  fi
  mapfile -t drained < <(drained_servers "$(installed_config)")
  text=$(with_drained "$text" "${drained[@]}")
  if [[ $text != "$(<"$1")" ]]; then
    scratch checked "${TMPDIR:-/tmp}/dojot-haproxy.XXXXXX"
    printf '%s\n' "$text" >"$checked"
  fi
  if command -v haproxy >/dev/null; then
    working_on "check $1"
    haproxy -c -f "$checked" >&2 || fail "haproxy refuses $1: the running configuration stays"
  fi
  # Without those that the inventory has no longer.
  mapfile -t drained < <(drained_servers "$text")
  if ((${#drained[@]})); then
    report skipped "drained servers stay drained: ${drained[*]} (see undrain)"
  fi
  if is_active haproxy && { is_owed haproxy || ! is_written "$HAPROXY_CONFIG" 0640 "$text"$'\n'; }; then
    need_room_for_a_reload
  fi
  owing haproxy write_file "$HAPROXY_CONFIG" 0640 "$text"$'\n' keep
  if is_active haproxy; then
    if is_owed haproxy; then
      live 'reload haproxy' systemctl reload haproxy
      settle haproxy
    else
      report skipped 'haproxy runs with this configuration'
    fi
  fi
  run_service haproxy
}

NODE_PORT_SETTINGS=''

# The chosen NodePorts as HAProxy's own variables. In the configuration and not in the
# environment of the service: that one a reload does not read again.
set_node_ports() {
  local row variable service port number
  NODE_PORT_SETTINGS=$'global\n'
  for row in "${NODE_PORTS[@]}"; do
    columns "$row" variable service port
    number=$(noted_node_port "$variable")
    if [[ -z $number ]]; then
      fail "$(option node-ports) has no NodePort for $port of Service ${service#*/}: copy it from the control-plane node, where the step node-ports makes it"
    fi
    NODE_PORT_SETTINGS+="    setenv $variable $number"$'\n'
  done
  NODE_PORT_SETTINGS+=$'\n'
}

# A process keeps the limit of open files with which it was started, through every reload.
raise_haproxy_limits() {
  local pid limit sessions
  is_active haproxy || return 0
  pid=$(systemctl show --property=MainPID --value haproxy)
  limit=$(awk '/^Max open files/ { print $4 }' "/proc/$pid/limits" 2>/dev/null || true)
  if [[ ! $limit =~ ^[0-9]+$ ]] || ((limit >= LOAD_BALANCER_OPEN_FILES)); then
    report skipped 'haproxy may open enough files'
    return 0
  fi
  sessions=$(device_sessions)
  if ((sessions == 0)); then
    live 'restart haproxy with its new limit of open files' systemctl restart haproxy
  else
    fail "haproxy runs with a limit of $limit open files, not $LOAD_BALANCER_OPEN_FILES; a restart would drop $sessions sessions: run this step again when none is open"
  fi
}
