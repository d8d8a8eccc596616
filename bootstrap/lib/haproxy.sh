# shellcheck shell=bash
# effect: need_load_balancer: looks: a host finds its own row
# effect: HAPROXY_MAX_RELOADS HAPROXY_HARD_STOP_AFTER HAPROXY_ADMIN_SOCKET: looks: a reload is refused by them, or looked
#   after; haproxy.cfg brings them
# option: --server NAME: a server of the load balancer, by the name of its node
#
# The HAProxy of this host, asked at its admin socket.

HAPROXY_KNOWN=''
# A row for each line of a server in a listener: LISTENER|SERVER|up, down or drained|ADDRESS:PORT|LINE. A server has a line
# for each source address of this host: the first is called as its node is, others NODE.2, NODE.3
declare -a SERVERS=()
# HAProxy's processes but for the master, as `PID AGE` (in seconds).
declare -a HAPROXY_WORKERS=()

# Seconds until the new process has to be there, also on a machine that is busy.
readonly HAPROXY_RELOADED=60
# Reloads for which no new process came: a line each, as `SECONDS-SINCE-1970 WHAT`.
readonly HAPROXY_FAILED=/var/lib/dojot/failed-reloads

# Bits of srv_admin_state: HAProxy's management guide on "show servers state".
readonly ADMIN_MAINTENANCE=0x67 ADMIN_DRAIN=0x18

# need_load_balancer [NAME]: SELF is the load balancer that this host is. Elsewhere a dry run without a name tells of the
# first one.
need_load_balancer() {
  local wanted=${1-}
  if [[ -z $wanted ]] && elsewhere && ! identify_balancer; then
    ((${#LOAD_BALANCERS[@]} == 1)) || dry_run ||
      fail "which load balancer has the system below --root? --node NAME: ${LOAD_BALANCERS[*]%%|*}"
    columns "${LOAD_BALANCERS[0]}" wanted _
  fi
  identify_balancer "$wanted" || fail "this host is no load balancer of $CLUSTER_NAME: $(whose_addresses)"
  elsewhere || has_address "$(self address)" ||
    fail "this host does not have $(self address), the address of $(self name)"
}

# May the step be about another host than the one that it runs on?
elsewhere() {
  dry_run || [[ -n ${OPTION[root]-} ]]
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
    SERVERS+=("$listener|${server%%.*}|$state|$address:$port|$server")
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
  local row end filter=''
  for row in $(of_server "$1"); do
    columns "$row" _ _ _ end _
    [[ $filter == *"dst = $end"* ]] || filter+="${filter:+ or }dst = $end"
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

# haproxy_pid: of the process that has the listeners; nothing where it cannot be asked.
haproxy_pid() {
  haproxy_answer 'show info' 2>/dev/null | sed -n 's/^Pid: //p' || true
}

# haproxy_is_another PID: in time, another one has them.
haproxy_is_another() {
  local found began=$SECONDS
  while ((SECONDS - began <= HAPROXY_RELOADED)); do
    found=$(haproxy_pid)
    [[ -z $found || $found == "$1" ]] || return 0
    sleep 0.2
  done
  return 1
}

# HAPROXY_WORKERS as they are now, the oldest first. What the kernel knows holds however a reload was made.
read_workers() {
  local master
  HAPROXY_WORKERS=()
  master=$(systemctl show --property=MainPID --value haproxy 2>/dev/null || true)
  [[ $master =~ ^[1-9][0-9]*$ ]] || return 0
  mapfile -t HAPROXY_WORKERS < <(ps --ppid "$master" --sort=start_time -o pid=,etimes= 2>/dev/null || true)
}

# A reload leaves the process of before with its sessions, for hard-stop-after at most. One reload more than
# mworker-max-reloads, and HAProxy ends the oldest. Those that have failed count (measured with 2.6).
has_room_for_a_reload() {
  read_workers
  ((${#HAPROXY_WORKERS[@]} + $(failed_reloads) <= HAPROXY_MAX_RELOADS))
}

# failed_reloads: how many there were since the oldest process began.
failed_reloads() {
  local age=0
  ((${#HAPROXY_WORKERS[@]} == 0)) || read -r _ age <<<"${HAPROXY_WORKERS[0]}"
  awk -v began="$(($(date +%s) - age))" '$1 >= began { found++ } END { print found + 0 }' <(cat -- "$HAPROXY_FAILED" 2>/dev/null || true)
}

need_room_for_a_reload() {
  local oldest
  ! has_room_for_a_reload || return 0
  read -r oldest _ <<<"${HAPROXY_WORKERS[0]}"
  need_force "$(old_processes): a reload would end the oldest (process $oldest) and drop its $(device_sessions "$oldest") sessions. $(oldest_ends)"
}

old_processes() {
  local failed
  failed=$(failed_reloads)
  printf '%s' "$((${#HAPROXY_WORKERS[@]} - 1)) old processes of haproxy still hold sessions$( ((failed == 0)) || printf '%s' " and $failed reloads since then have failed"), no more than platform.haproxy.max_reloads allows"
}

oldest_ends() {
  local next
  if ((${#HAPROXY_WORKERS[@]} == 1)); then
    printf '%s' 'It has the listeners and does not end by itself: choose a quiet hour'
    return 0
  fi
  # It was replaced when the next one began.
  read -r _ next <<<"${HAPROXY_WORKERS[1]}"
  printf '%s' "It ends by itself in $((HAPROXY_HARD_STOP_AFTER - next)) s at the latest: run this step again then"
}
