# shellcheck shell=bash
# Step `load-balancer`: HAProxy on its own host. Sessions of devices outlive a reload
# and none outlives a restart: this never restarts a HAProxy that carries sessions.

step_load_balancer() {
  need_root
  need_system
  if ! dry_run && [[ -z ${OPTION[root]-} ]]; then
    has_address "$LOAD_BALANCER_ADDRESS" ||
      fail "this host does not have $LOAD_BALANCER_ADDRESS, the address of $LOAD_BALANCER_NAME"
  fi
  need_compiled haproxy haproxy.cfg 99-dojot-haproxy.conf haproxy.service.d-limits.conf
  local folder
  folder=$(compiled)/haproxy
  set_hostname "$LOAD_BALANCER_NAME"
  write_hosts
  # The kernel's limits and the unit's come first: the package starts HAProxy as it installs.
  write_sysctl "$HAPROXY_SYSCTL" "$(<"$folder/99-dojot-haproxy.conf")"$'\n'
  write_file "$HAPROXY_UNIT_LIMITS" 0644 "$(<"$folder/haproxy.service.d-limits.conf")"$'\n'
  if file_changed; then
    live 'read the unit files again' systemctl daemon-reload
  fi
  add_repository haproxy "$HAPROXY_REPOSITORY"
  install_pinned "${HAPROXY_PACKAGES[@]}"
  configure_haproxy "$folder/haproxy.cfg"
  raise_haproxy_limits
}

configure_haproxy() {
  local changed=''
  if command -v haproxy >/dev/null; then
    working_on "check $1"
    haproxy -c -f "$1" >&2 || fail "haproxy refuses $1: the running configuration stays"
  fi
  write_file "$HAPROXY_CONFIG" 0640 "$(<"$1")"$'\n' keep
  if file_changed; then
    changed=yes
  fi
  if is_active haproxy; then
    if [[ -n $changed ]]; then
      live 'reload haproxy' systemctl reload haproxy
    else
      report skipped 'haproxy runs with this configuration'
    fi
  fi
  run_service haproxy
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

# How many connections are open on the ports that clients use.
device_sessions() {
  local row port filter=''
  for row in "${LOAD_BALANCER_PORTS[@]}"; do
    IFS='|' read -r port _ <<<"$row"
    filter+="${filter:+ or }sport = :$port"
  done
  ss --no-header --numeric --tcp state established "( $filter )" | wc -l
}
