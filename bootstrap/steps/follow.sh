# shellcheck shell=bash
# help: take the haproxy.cfg that is committed at the revision that Argo CD follows; reload, never drop sessions
# where: anywhere, on the load balancer: at any time, and by the timer that load-balancer installs
# after: nothing
# options: --node-ports --force
# effect: looks: the host does it by itself
#
# What is done with the file is what load-balancer does with one. A commit is not installed where it is not signed by a
# person of load_balancer.follow.signers, where the file is not whole or HAProxy refuses it, and where the kernel's limits
# or the unit's come first. It is followed wherever the revision leads, as Argo CD does: brokers and load balancer at two
# commits are worse than both at an old one.
#
# A look has no --dry-run: only its last part waits for other runs on this host, or a network that hangs would stop them.

step_follow() {
  local revision path url folder='' own wanted installed due what
  need_root
  need_running_system
  need_load_balancer
  ((${#FOLLOW[@]})) || fail 'this load balancer does not follow: load_balancer.follow.enabled is false'
  command -v git >/dev/null || fail 'git is missing: run the step load-balancer, which installs it'
  columns "${FOLLOW[0]}" _ revision path url
  own=$path/haproxy/$(self name).cfg
  lock_repository
  fetch_revision "$url" "$revision"
  wanted=$(wanted_commit)
  [[ -n $wanted ]] || look_unreachable "$revision of $url is no commit"
  need_signature "$wanted"
  scratch_folder folder
  take_file "$wanted" "$own" "$folder/haproxy.cfg"
  take_file "$wanted" "$path/haproxy/99-dojot-haproxy.conf" "$folder/sysctl"
  take_file "$wanted" "$path/haproxy/haproxy.service.d-limits.conf" "$folder/limits"
  take_file "$wanted" "$path/bootstrap/bootstrap.sh" "$folder/script"
  [[ $(tail -n 1 -- "$folder/haproxy.cfg") == "$HAPROXY_CONFIG_END" ]] ||
    look_refused "$wanted" "$own is not whole: its last line is missing"
  try_lock || look_waits "$wanted" "$(who_is_at_work)" "$(last_look step_due)"
  due=$(due_on_this_host "$folder")
  installed=$(installed_commit)
  what=$(relation_of_commits "$installed" "$wanted")
  install_committed "$folder" "$wanted" "$due"
  note_installed "$wanted"
  note_look installed "$what${due:+. $(step_is_due "$due")}" "$wanted" "$wanted" "$(date +%s)" 0 "$due"
  report ok "$what${due:+. $(step_is_due "$due")}"
}

# due_on_this_host FOLDER: what else of the commit is not as this host has it.
due_on_this_host() {
  local found=''
  cmp --silent -- "$1/sysctl" "$HAPROXY_SYSCTL" || found+=', 99-dojot-haproxy.conf'
  cmp --silent -- "$1/limits" "$HAPROXY_UNIT_LIMITS" || found+=', haproxy.service.d-limits.conf'
  cmp --silent -- <(of_this_host "$1/script") <(of_this_host "$OWN_COPY") || found+=', bootstrap.sh'
  printf '%s' "${found#, }"
}

# of_this_host SCRIPT: its code, and those of its values that steps of this host read.
of_this_host() {
  awk '/^# ---- / { values = /values of the inventory/; kept = 1 }
    values && /^(readonly|IFS=) / {
      kept = /^readonly (CLUSTER_NAME|FOLLOW|HAPROXY_|KEEPALIVED_|LOAD_BALANCER|NEEDRESTART_|NODES|NODE_EXPORTER_|NODE_PORTS|OS_NAME|OS_VERSION|SESSION_LIFETIME|SHARED_ADDRESS|SIGNERS)/ }
    kept' "$1" 2>/dev/null || true
}

step_is_due() {
  printf '%s' "It changes more of this host ($1): run the step load-balancer of that commit here"
}

# install_committed FOLDER COMMIT DUE: in a shell of its own, so that what goes wrong there is told.
install_committed() {
  local said='' status
  scratch said "${TMPDIR:-/tmp}/dojot-follow.XXXXXX"
  set +e
  (
    set -e
    as_a_run_of_its_own
    take_configuration "$@"
  ) 2>"$said"
  status=$?
  set -e
  cat -- "$said" >&2
  said=$(sed -n 's/^failed: //p' -- "$said" | tail -n 1)
  case $status in
    0) ;;
    75) look_waits "$2" "$said" "$3" ;;
    *) look_refused "$2" "${said:-it broke off}" "$3" ;;
  esac
}

# take_configuration FOLDER COMMIT DUE
take_configuration() {
  want_haproxy "$1/haproxy.cfg"
  if ! is_active haproxy; then
    busy 'HAProxy does not run: see systemctl status haproxy'
  elif ! needs_a_reload; then
    return 0
  elif [[ $3 == *.conf* ]]; then
    busy "its haproxy.cfg may need limits that this host does not have yet. $(step_is_due "$3")"
  elif [[ -z $(option force) ]] && grep -qs -- " $2\$" "$HAPROXY_FAILED"; then
    fail 'HAProxy could not start with it; bootstrap.sh follow --force tries again'
  fi
  check_haproxy "$1/haproxy.cfg"
  if ! has_room_for_a_reload && [[ -z $(option force) ]]; then
    busy "$(old_processes). $(oldest_ends)"
  fi
  write_haproxy
  reload_haproxy "$2"
}
