# shellcheck shell=bash
# help: install HAProxy, its limits and its configuration; reload, never drop sessions
# where: load balancer
# after: synced
# options: --compiled --node-ports --force --node --root --dry-run
# guide: sysctl, HAProxy and its configuration
# worked: `done` or `skipped: service haproxy is running`
# effect: haproxy/haproxy.service.d-limits.conf HAPROXY_UNIT_LIMITS step_load_balancer: nothing: systemd reads it; a
#   HAProxy that runs keeps its limits until it is restarted
# effect: HAPROXY_PACKAGES: replace: another HAProxy comes, and its package reloads it; open sessions stay in the old
#   process until hard-stop-after
# effect: LOAD_BALANCER_OPEN_FILES raise_haproxy_limits: reload: HAProxy raises its limit of open files as it is
#   reloaded; where its unit forbids that, the step restarts it while no session is open, and else fails and says how
#   many there are
# effect: address: person: the step refuses a host that does not have this address; devices have to find
#   the new one
# effect: name: nothing: the host is called otherwise; HAProxy does not notice
# effect: watch_host: nothing: node-exporter starts anew, HAProxy does not notice; one that is no longer wanted stays
# effect: device_sessions: looks: it counts sessions
# also reads: FOLLOW SIGNERS HAPROXY_CONFIG_END, by the copy of this script that it installs
#
# Sessions of devices outlive a reload and none outlives a restart: this never restarts a HAProxy that carries sessions.
# Servers that are drained stay so.

step_load_balancer() {
  need_root
  need_load_balancer "$(option node)"
  need_system
  need_source_addresses
  need_compiled haproxy "$(self name).cfg" 99-dojot-haproxy.conf haproxy.service.d-limits.conf
  local folder
  folder=$(compiled)/haproxy
  set_hostname "$(self name)"
  write_hosts
  # The kernel's limits and the unit's come first: the package starts HAProxy as it installs.
  write_sysctl "$HAPROXY_SYSCTL" "$(<"$folder/99-dojot-haproxy.conf")"$'\n'
  write_file "$HAPROXY_UNIT_LIMITS" 0644 "$(<"$folder/haproxy.service.d-limits.conf")"$'\n'
  read_unit haproxy
  leave_running haproxy
  watch_host
  add_repository haproxy "$HAPROXY_REPOSITORY"
  install_pinned "${HAPROXY_PACKAGES[@]}"
  # By which drain and undrain speak to it, and by which sessions are counted.
  install_packages socat iproute2 openssl
  keep_certificate
  configure_haproxy "$folder/$(self name).cfg"
  keep_address "$folder"
  follow_by_timer
  raise_haproxy_limits
}

# Prometheus reads what node-exporter says through HAProxy, which asks who it is.
watch_host() {
  [[ -n $NODE_EXPORTER_PACKAGE ]] || return 0
  local more=''
  if ((${#FOLLOW[@]})); then
    more=" --collector.textfile.directory=${FOLLOW_METRICS%/*}"
  fi
  # Before the package: it starts the service as it installs.
  owing "$NODE_EXPORTER_PACKAGE" write_file "/etc/default/$NODE_EXPORTER_PACKAGE" 0644 \
    "ARGS='--web.listen-address=127.0.0.1:$NODE_EXPORTER_PORT --no-collector.wifi --no-collector.hwmon$more'"$'\n'
  install_packages "$NODE_EXPORTER_PACKAGE"
  run_service "$NODE_EXPORTER_PACKAGE"
}

# HAProxy raises its own limit as it is reloaded, but for one whose unit takes CAP_SYS_RESOURCE from it: that one goes on
# as it was. The newest worker has the listeners; what the master may open is another thing.
raise_haproxy_limits() {
  local pid limit sessions
  is_active haproxy || return 0
  read_workers
  ((${#HAPROXY_WORKERS[@]})) || return 0
  read -r pid _ <<<"${HAPROXY_WORKERS[-1]}"
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
