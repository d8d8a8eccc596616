# shellcheck shell=bash
# effect: HAPROXY_MAX_RELOADS HAPROXY_HARD_STOP_AFTER: looks: a reload is refused by them; haproxy.cfg brings them
# option: --server NAME: a server of the load balancer, by the name of its node
# option: --force: do what costs devices their sessions or their way in, which the step otherwise refuses
#
# The HAProxy of this host, asked at its admin socket.

HAPROXY_KNOWN=''
# A row for each server of a listener: LISTENER|SERVER|up, down or drained|ADDRESS:PORT
declare -a SERVERS=()

# Bits of srv_admin_state: HAProxy's management guide on "show servers state".
readonly ADMIN_MAINTENANCE=0x67 ADMIN_DRAIN=0x18

# need_force WHY: refuse, unless --force is given.
need_force() {
  [[ -n $(option force) ]] || refuse "$1. Nothing was changed; --force does it all the same"
}

need_load_balancer() {
  dry_run || [[ -n ${OPTION[root]-} ]] || has_address "$LOAD_BALANCER_ADDRESS" ||
    fail "this host does not have $LOAD_BALANCER_ADDRESS, the address of $LOAD_BALANCER_NAME"
}

# Is there a HAProxy to compare with? Only --dry-run goes on without one.
haproxy_known() {
  [[ -n $HAPROXY_KNOWN ]]
}

need_haproxy() {
  if ! command -v socat >/dev/null && ! dry_run; then
    fail 'socat is missing, with which HAProxy is asked: run the step load-balancer, which installs it'
  elif read_servers; then
    HAPROXY_KNOWN=yes
  elif dry_run; then
    printf '%s\n' 'bootstrap.sh: no HAProxy answers here; what it has is not known' >&2
  else
    fail "HAProxy does not answer at $HAPROXY_ADMIN_SOCKET: see systemctl status haproxy"
  fi
}

# haproxy_answer COMMAND: HAProxy closes once it has answered, which takes it a moment under load.
haproxy_answer() {
  socat -t 30 - "UNIX-CONNECT:$HAPROXY_ADMIN_SOCKET" <<<"$1"
}

# tell_haproxy COMMAND: one that changes something has no answer, unless it was refused.
tell_haproxy() {
  local answer
  answer=$(haproxy_answer "$1") || fail "HAProxy does not answer at $HAPROXY_ADMIN_SOCKET: see systemctl status haproxy"
  [[ -z ${answer//[[:space:]]/} ]] || fail "HAProxy refuses \"$1\": $answer"
}

# SERVERS as they are now; 1 where nobody answers. Servers of checks and of HAProxy's own pages are none of clients.
read_servers() {
  local table row listeners='' listener server address running admin weight port state
  table=$(haproxy_answer 'show servers state' 2>/dev/null) || return 1
  for row in "${LOAD_BALANCER_PORTS[@]}"; do
    listeners+=" ${row#*|} "
  done
  SERVERS=()
  while read -r _ listener _ server address running admin weight _ _ _ _ _ _ _ _ _ _ port _; do
    [[ -n $listener && $listeners == *" $listener "* ]] || continue
    state=up
    ((running && !(admin & ADMIN_MAINTENANCE))) || state=down
    ((weight && !(admin & ADMIN_DRAIN))) || state=drained
    SERVERS+=("$listener|$server|$state|$address:$port")
  done <<<"$table"
}

check_server_option() {
  [[ -n $(option server) ]] || usage_error 'which server? --server NAME (see --help)'
}

# need_server: HAProxy has the one of --server.
need_server() {
  local names
  if haproxy_known && [[ -z $(of_server "$(option server)") ]]; then
    names=$(printf '%s\n' "${SERVERS[@]}" | cut --delimiter='|' --fields=2 | sort --unique | paste -sd ' ')
    fail "HAProxy has no server $(option server), but: $names"
  fi
}

# of_server SERVER: its rows.
of_server() {
  local row server
  for row in "${SERVERS[@]}"; do
    columns "$row" _ server _
    [[ $server != "$1" ]] || printf '%s\n' "$row"
  done
}

# sessions_of SERVER: its connections from this host, by the kernel, which knows those of old processes as well. A check
# is one of them for a moment.
sessions_of() {
  local row filter=''
  for row in $(of_server "$1"); do
    filter+="${filter:+ or }dst = ${row##*|}"
  done
  ss --no-header --numeric --tcp state established "( $filter )" | wc -l
}

# device_sessions [PID]: how many connections are open on the ports that clients use; of one process.
device_sessions() {
  local row port filter=''
  for row in "${LOAD_BALANCER_PORTS[@]}"; do
    columns "$row" port _
    filter+="${filter:+ or }sport = :$port"
  done
  if [[ -n ${1-} ]]; then
    ss --no-header --numeric --tcp --processes state established "( $filter )" | grep -c -- ",pid=$1," || true
  else
    ss --no-header --numeric --tcp state established "( $filter )" | wc -l
  fi
}

# A reload leaves the process of before with its sessions, for hard-stop-after at most. One reload more than
# mworker-max-reloads, and HAProxy ends the oldest.
need_room_for_a_reload() {
  local master oldest next workers=()
  master=$(systemctl show --property=MainPID --value haproxy 2>/dev/null || true)
  [[ $master =~ ^[1-9][0-9]*$ ]] || return 0
  # The oldest first, with its age: what the kernel knows holds however the reload was made.
  mapfile -t workers < <(ps --ppid "$master" --sort=start_time -o pid=,etimes= 2>/dev/null || true)
  ((${#workers[@]} > HAPROXY_MAX_RELOADS)) || return 0
  read -r oldest _ <<<"${workers[0]}"
  # It was replaced when the next one began.
  read -r _ next <<<"${workers[1]}"
  need_force "$((${#workers[@]} - 1)) old processes of haproxy still hold sessions, no more than platform.haproxy.max_reloads allows: a reload would end the oldest (process $oldest) and drop its $(device_sessions "$oldest") sessions. It ends by itself in $((HAPROXY_HARD_STOP_AFTER - next)) s at the latest: run this step again then"
}
