# shellcheck shell=bash
# effect: nothing: a server gets no new sessions, or gets them again; those that are open stay
#
# Drained servers of HAProxy have weight 0: they keep their sessions and get no new ones.
#
# That stands in the configuration on this host, because whoever starts or reloads HAProxy reads it there; the admin
# socket tells the process that runs. HAProxy's own way, server-state-file, would have to be written before each reload,
# whoever makes it, and brings the server's former port back (2.0 and 3.2 alike): a NodePort that the new configuration
# changes would not be used.

# The configuration on this host; nothing where there is none yet.
installed_config() {
  cat -- "${OPTION[root]-}$HAPROXY_CONFIG" 2>/dev/null || true
}

# drained_servers TEXT: a line each, by a configuration.
drained_servers() {
  printf '%s\n' "$1" | sed -n 's/^    server \([a-z0-9-]*\)[.0-9]* .* weight 0$/\1/p' | sort --unique
}

# with_drained TEXT SERVER...: the configuration with these servers drained, and no other.
with_drained() {
  local server edits=(--expression='s/^\(    server .*\) weight 0$/\1/')
  for server in "${@:2}"; do
    edits+=(--expression="s/^    server $server\(\.[0-9]*\)\{0,1\} .*/& weight 0/")
  done
  printf '%s\n' "$1" | sed "${edits[@]}"
}

# weigh SERVER 0|1: in the configuration, then in the process that runs: a reload in between finds it there.
weigh() {
  local row listener state line text drained=() rows=() what=drain
  (($2 == 0)) || what=undrain
  if ! haproxy_known; then
    report would "$what $1 in every listener that has it"
    return 0
  fi
  text=$(installed_config)
  [[ -n $text ]] || fail "$HAPROXY_CONFIG is missing, so HAProxy runs with another one: run the step load-balancer"
  mapfile -t drained < <(drained_servers "$text" | grep -vxF -- "$1" || true)
  [[ $what == undrain ]] || drained+=("$1")
  write_file "$HAPROXY_CONFIG" 0640 "$(with_drained "$text" "${drained[@]}")"$'\n'
  mapfile -t rows < <(of_server "$1")
  for row in "${rows[@]}"; do
    columns "$row" listener _ state _ line
    if [[ $what == drain && $state == drained ]]; then
      report skipped "$line is drained in $listener"
    elif [[ $what == undrain && $state != drained ]]; then
      report skipped "$line is not drained in $listener"
    else
      change "$what $line in $listener" weigh_now "$listener/$line" "$2"
    fi
  done
}

# weigh_now LISTENER/SERVER 0|1: whoever has drained it by a state of the socket is undone, too.
weigh_now() {
  (($2 == 0)) || tell_haproxy "set server $1 state ready"
  tell_haproxy "set weight $1 $2"
}
