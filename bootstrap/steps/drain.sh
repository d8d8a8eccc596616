# shellcheck shell=bash
# help: give a server of the load balancer no new sessions; those that it has end by themselves
# where: load balancer
# after: load-balancer
# occasion: before the node of a broker is drained or restarted
# options: --server --force --dry-run
# option: --wait: go on until the server has no session left
# worked: `ok: verne-1 has no session left`
#
# A broker ends each session after scale.session_lifetime, and the device comes back to another one.

# Seconds: how often to look, how often to tell, and how much later than a lifetime the last session may end.
readonly SESSIONS_LOOK=5 SESSIONS_TELL=60 SESSIONS_GRACE=60

step_drain() {
  local server
  check_server_option
  need_root
  need_running_system
  need_load_balancer
  need_haproxy
  need_server
  server=$(option server)
  need_others "$server"
  weigh "$server" 0
  if [[ -n $(option wait) ]]; then
    await "$server has no session left" wait_for_sessions "$server"
  elif haproxy_known; then
    report ok "$server has $(sessions_of "$server") sessions left, and each ends within $SESSION_LIFETIME s; --wait waits for them"
  fi
  dry_run || report ok "$(next_after_drain "$server")"
}

# need_others SERVER: brokers are sized for one that is missing, and a listener without servers refuses everybody.
need_others() {
  local own row listener server state up out='' alone=''
  for own in $(of_server "$1"); do
    columns "$own" listener _ state _
    [[ $state != drained ]] || continue
    up=''
    for row in $(printf '%s\n' "${SERVERS[@]}" | grep -- "^$listener|"); do
      columns "$row" _ server state _
      [[ $server != "$1" ]] || continue
      if [[ $state == up ]]; then
        up=yes
      else
        out+="${out:+, }$server ($state in $listener)"
      fi
    done
    [[ -n $up ]] || alone+="${alone:+, }$listener"
  done
  if [[ -n $alone ]]; then
    need_force "no other server of $alone takes new sessions: clients would be refused"
  elif [[ -n $out ]]; then
    need_force "$out is out already, and the others have room for the devices of one server that is missing: some would be refused"
  fi
}

# wait_for_sessions SERVER: a line a minute.
wait_for_sessions() {
  local left began=$SECONDS told=$SECONDS
  while left=$(sessions_of "$1") && ((left)); do
    ((SECONDS - began <= SESSION_LIFETIME + SESSIONS_GRACE)) ||
      fail "$1 still has $left sessions after $((SECONDS - began)) s, longer than scale.session_lifetime ($SESSION_LIFETIME s): look at its broker. It stays drained; what is left ends with the broker"
    if ((SECONDS - told >= SESSIONS_TELL)); then
      told=$SECONDS
      printf '%s\n' "$1 has $left sessions left after $((SECONDS - began)) s"
    fi
    sleep "$SESSIONS_LOOK"
  done
}

next_after_drain() {
  local others
  others=$(other_balancers)
  printf '%s' "$1 stays drained, through reloads and restarts of HAProxy too. When it has no session left, on the control plane: kubectl drain $1 --ignore-daemonsets --delete-emptydir-data. When its broker is back: bootstrap.sh undrain --server $1${others:+. Drain and undrain it on $others as well}"
}
