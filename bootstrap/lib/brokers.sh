# shellcheck shell=bash
# effect: looks: brokers are asked, and told to leave; a change asks for neither
#
# The brokers' own cluster. The name of each in it begins with that of its pod: `vmq@POD.…` (vmq-operator, vm.args).

# Whom a broker counts as members: NAME|true, or false where it does not see it
declare -a MEMBERS=()
SESSIONS_LEFT=''

# Seconds that VerneMQ waits for sessions to end before a broker leaves.
readonly LEAVE_TIMEOUT=300

# in_broker NAMESPACE POD COMMAND...
in_broker() {
  kube --namespace="$1" exec "$2" --container=vernemq -- "${@:3}" </dev/null
}

# read_members NAMESPACE POD: MEMBERS, as this broker sees them.
read_members() {
  local said
  said=$(in_broker "$1" "$2" vmq-admin cluster show --format=json) ||
    fail "the broker $1/$2 does not say who is in its cluster, see above"
  mapfile -t MEMBERS < <(printf '%s\n' "${said//\}/$'\n'}" |
    sed -n 's/.*"Node":"\([^"]*\)".*"Running":\(true\|false\).*/\1|\2/p')
  ((${#MEMBERS[@]})) || fail "the broker $1/$2 names no member of its cluster, but: $said"
}

# member_of POD: the row of its broker, if it is a member.
member_of() {
  printf '%s\n' "${MEMBERS[@]}" | grep -E -- "^[^|@]*@$1\." || true
}

# let_leave NAMESPACE POD MEMBER: told to the broker in POD, another one. Its exit code is 0 whatever it says.
let_leave() {
  local said
  said=$(in_broker "$1" "$2" vmq-admin cluster leave "node=$3" --kill_sessions "--timeout=$LEAVE_TIMEOUT") ||
    fail "the broker $1/$2 cannot be told to let $3 leave, see above"
  printf '%s\n' "$said"
  [[ $said == *Done* ]] ||
    fail "$3 has not left: ${said//$'\n'/; }. Its log says what it waits for; run this step again, and it goes on"
}

# For the sh of the broker's image: how many established connections have one of these addresses at the other end.
IFS= read -r -d '' COUNT_SESSIONS <<'END_OF_SCRIPT' || true
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -c "\($1\):[0-9A-F]\{4\} 01 " || true
END_OF_SCRIPT
readonly COUNT_SESSIONS

# count_sessions NAMESPACE POD: SESSIONS_LEFT, connections of the load balancers by the kernel. A health check is one for
# a moment, so the fewest of some looks.
count_sessions() {
  local look number addresses
  addresses=$(balancer_addresses)
  SESSIONS_LEFT=''
  for ((look = 0; look < 5; look++)); do
    number=$(in_broker "$1" "$2" sh -c "$COUNT_SESSIONS" sh "$addresses") ||
      fail "the container of $1/$2 cannot be asked for its sessions, see above"
    if [[ -z $SESSIONS_LEFT ]] || ((number < SESSIONS_LEFT)); then
      SESSIONS_LEFT=$number
    fi
    ((SESSIONS_LEFT)) || break
    sleep 1
  done
}

# balancer_addresses: whence load balancers connect, for grep, each as the kernel writes it: hexadecimal, the last byte first.
balancer_addresses() {
  local row address first more bytes=() found=''
  for row in "${LOAD_BALANCERS[@]}"; do
    columns "$row" _ first _ more
    for address in $first $more; do
      IFS=. read -r -a bytes <<<"$address"
      found+="${found:+\\|}$(printf '%02X%02X%02X%02X' "${bytes[3]}" "${bytes[2]}" "${bytes[1]}" "${bytes[0]}")"
    done
  done
  printf '%s' "$found"
}
