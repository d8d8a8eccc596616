# shellcheck shell=bash
# effect: haproxy/<host>.cfg HAPROXY_CONFIG NODE_PORTS want_haproxy write_haproxy configure_haproxy reload_haproxy
#   set_node_ports: reload: HAProxy is reloaded; open sessions stay in the old process until hard-stop-after
#
# The configuration of HAProxy on this host: a compiled one, with the NodePorts that Kubernetes has chosen, and with the
# servers that somebody has drained.

HAPROXY_TEXT=''

# want_haproxy FILE: HAPROXY_TEXT is what this host is to have of it; empty where --dry-run does not know the NodePorts.
want_haproxy() {
  local drained=()
  HAPROXY_TEXT=$(<"$1")
  if ((${#NODE_PORTS[@]})); then
    if dry_run && [[ ! -r $(option node-ports) ]]; then
      HAPROXY_TEXT=''
      return 0
    fi
    set_node_ports
    HAPROXY_TEXT=$NODE_PORT_SETTINGS$HAPROXY_TEXT
  fi
  mapfile -t drained < <(drained_servers "$(installed_config)")
  HAPROXY_TEXT=$(with_drained "$HAPROXY_TEXT" "${drained[@]}")
}

# check_haproxy FILE: HAProxy takes what want_haproxy has made of it.
check_haproxy() {
  local checked=$1 text=$HAPROXY_TEXT drained=()
  # With --root, the certificate is below it.
  if [[ -n $HAPROXY_CERTIFICATE ]]; then
    text=${text//" crt $HAPROXY_CERTIFICATE"/" crt ${OPTION[root]-}$HAPROXY_CERTIFICATE"}
  fi
  if [[ $text != "$(<"$1")" ]]; then
    scratch checked "${TMPDIR:-/tmp}/dojot-haproxy.XXXXXX"
    printf '%s\n' "$text" >"$checked"
  fi
  if dry_run && certificate_to_come; then
    report would "check $1"
  elif command -v haproxy >/dev/null; then
    working_on "check $1"
    haproxy -c -f "$checked" >&2 || fail "haproxy refuses $1: the running configuration stays"
  fi
  # Without those that the inventory has no longer.
  mapfile -t drained < <(drained_servers "$HAPROXY_TEXT")
  if ((${#drained[@]})); then
    report skipped "drained servers stay drained: ${drained[*]} (see undrain)"
  fi
}

# Is HAProxy still to read what this host is to have?
needs_a_reload() {
  is_active haproxy && { is_owed haproxy || ! has_haproxy_text; }
}

has_haproxy_text() {
  is_written "$HAPROXY_CONFIG" 0640 "$HAPROXY_TEXT"$'\n'
}

write_haproxy() {
  owing haproxy write_file "$HAPROXY_CONFIG" 0640 "$HAPROXY_TEXT"$'\n' keep
}

# configure_haproxy FILE
configure_haproxy() {
  want_haproxy "$1"
  if [[ -z $HAPROXY_TEXT ]]; then
    report would "write $HAPROXY_CONFIG with the NodePorts of $(option node-ports)"
    return 0
  fi
  check_haproxy "$1"
  if haproxy_has_other_file; then
    owe haproxy
  fi
  if needs_a_reload; then
    need_room_for_a_reload
  fi
  write_haproxy
  if is_active haproxy; then
    if is_owed haproxy; then
      if dry_run; then
        report would 'reload haproxy'
        settle haproxy
      else
        reload_haproxy load-balancer
      fi
    else
      report skipped 'haproxy runs with this configuration'
    fi
  fi
  run_service haproxy
}

# Somebody has changed a file since, perhaps and back: what runs is what it was then.
haproxy_has_other_file() {
  local pid
  is_active haproxy || return 1
  read_workers
  ((${#HAPROXY_WORKERS[@]})) || return 1
  read -r pid _ <<<"${HAPROXY_WORKERS[-1]}"
  runs_since_before "$pid" "$HAPROXY_CONFIG" ||
    { [[ -n $HAPROXY_CERTIFICATE ]] && runs_since_before "$pid" "$HAPROXY_CERTIFICATE"; }
}

# reload_haproxy WHAT: with what write_haproxy has written. What HAProxy accepts with -c it may not be able to start with,
# such as a port that another program has: then its processes go on as before, and the former file comes back. Such a
# reload counts as any other, so it is noted.
reload_haproxy() {
  local before reloaded=yes
  before=$(haproxy_pid)
  systemctl reload haproxy >&2 || reloaded=''
  if [[ -z $reloaded ]] || { [[ -n $before ]] && ! haproxy_is_another "$before"; }; then
    mkdir -p -- "${HAPROXY_FAILED%/*}"
    printf '%s\n' "$(date +%s) $1" >>"$HAPROXY_FAILED"
    if [[ -e $HAPROXY_CONFIG.previous ]]; then
      change "put $HAPROXY_CONFIG back" mv --force -- "$HAPROXY_CONFIG.previous" "$HAPROXY_CONFIG"
    fi
    settle haproxy
    fail 'HAProxy could not start with it, and its processes go on with the configuration of before (journalctl -u haproxy)'
  fi
  settle haproxy
  report 'done' 'reload haproxy'
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
