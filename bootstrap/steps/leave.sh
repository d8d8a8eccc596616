# shellcheck shell=bash
# help: let the last broker leave the cluster of brokers; its queues go to the others
# where: control plane, or wherever kubectl reaches the cluster
# after: drain
# occasion: before a merge with fewer brokers, when the broker's server is drained
# options: --server --force --kubeconfig --dry-run
# worked: `ok: the others do not know vernemq-k8s-2 any more`
# effect: looks: a broker leaves when a person says so
#
# A pod that ends lets its broker leave (vmq-operator, preStop), but nobody sees what goes wrong there or is not done
# within the grace period: the others then wait for it, and its queues are lost. So it leaves before, and somebody looks.
# A broker that has left ends: its container would start again, and join again. So its node takes no new pods from then
# on, and the pod goes as well; the next one of its name waits until the merge takes it away.

# Seconds: how long a container may take to end that has nothing to lose; how long the others may go on naming its
# broker, and how often they are asked.
readonly LEFT_GRACE=30 LEAVE_PATIENCE=120 LEAVE_LOOK=5

step_leave() {
  local server namespace set row pod node ready last='' there='' asked='' member
  check_server_option
  need_cluster
  server=$(option server)
  ((${#BROKERS[@]})) || fail "$CLUSTER_NAME has no brokers"
  if ! cluster_known; then
    report would "let the broker of $server leave"
    return 0
  fi
  columns "${BROKERS[0]}" namespace set _
  read_broker_pods "$namespace" "$set"
  for row in "${BROKER_PODS[@]}"; do
    columns "$row" pod node ready
    # One that waits has left before.
    [[ -z $node ]] || last=$pod
    if [[ $node == "$server" ]]; then
      there=$pod
    elif [[ $ready == True ]]; then
      asked=${asked:-$pod}
    fi
  done
  [[ -n $asked ]] || fail "no broker but that of $server is Ready: devices and queues would have nowhere to go"
  read_members "$namespace" "$asked"
  if [[ -z $there ]]; then
    leave_afterwards "$namespace" "$asked" "$server"
    return 0
  fi
  [[ $there == "$last" ]] ||
    fail "on $server is $there, and a merge with fewer brokers ends $last first: kubectl -n $namespace get pod $last -o wide says on which node that is"
  columns "$(member_of "$there")" member _
  if [[ -n $member ]]; then
    need_all_there "$member"
    need_no_sessions "$namespace" "$there" "$server"
  fi
  close_node "$server"
  if [[ -n $member ]]; then
    change "let $member leave" let_leave "$namespace" "$asked" "$member"
  fi
  change "end the pod $namespace/$there, before it joins again" \
    kube --namespace="$namespace" delete pod "$there" --grace-period="$LEFT_GRACE"
  await "the others do not know $there any more" wait_for_the_others "$namespace" "$set" "$asked" "$there"
  dry_run || report ok "$there waits for the merge that takes it away; until then \"kubectl uncordon $server\" brings it back"
}

# Of each broker's pod: POD|its node|True where it is Ready
declare -a BROKER_PODS=()

readonly BROKER_TABLE='
{{range .items}}
  {{.metadata.name}}|
  {{with .spec.nodeName}}{{.}}{{end}}|
  {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}
  {{println}}
{{end}}'

# read_broker_pods NAMESPACE SET: BROKER_PODS, by their numbers.
read_broker_pods() {
  local table
  table=$(kube --namespace="$1" get pods --output=go-template="$(template "$BROKER_TABLE")")
  mapfile -t BROKER_PODS < <(grep -E -- "^$2-[0-9]+\|" <<<"$table" | sort --version-sort)
}

# need_all_there MEMBER: all but this one.
need_all_there() {
  local row name running gone=''
  for row in "${MEMBERS[@]}"; do
    columns "$row" name running
    [[ $name == "$1" || $running == true ]] || gone+="${gone:+, }$name"
  done
  [[ -z $gone ]] ||
    need_force "the others do not see $gone: with one more missing devices have no room, and VerneMQ moves no queues"
}

# need_no_sessions NAMESPACE POD SERVER
need_no_sessions() {
  count_sessions "$1" "$2"
  ((SESSIONS_LEFT == 0)) ||
    need_force "$2 has $SESSIONS_LEFT sessions, which would all come back at once: first, on each of ${LOAD_BALANCERS[*]%%|*}, bootstrap.sh drain --server $3 --wait"
}

close_node() {
  if [[ $(kube get node "$1" --output=go-template='{{with .spec.unschedulable}}{{.}}{{end}}') == true ]]; then
    report skipped "node $1 takes no new pods"
  else
    change "close node $1 to new pods" kube cordon "$1"
  fi
}

# wait_for_the_others NAMESPACE SET ASKED POD: no pod of it is on a node, and no member is called so.
wait_for_the_others() {
  local began=$SECONDS node name running
  while true; do
    read_broker_pods "$1" "$2"
    columns "$(rows "$4" "${BROKER_PODS[@]}")" _ node _
    read_members "$1" "$3"
    columns "$(member_of "$4")" name running
    [[ -n $node || -n $name ]] || return 0
    ((SECONDS - began < LEAVE_PATIENCE)) ||
      fail "after $((SECONDS - began)) s $4 is on ${node:-no node}, and the others know ${name:-none of its name}: a node on which it has come back has to be closed too (kubectl cordon); then run this step again, with that one"
    if [[ -z $node && $running == false ]]; then
      # It has started and joined once more before its pod ended, with nothing in it.
      let_leave "$1" "$3" "$name"
    fi
    sleep "$LEAVE_LOOK"
  done
}

# leave_afterwards NAMESPACE ASKED SERVER: no broker is there. Do the others wait for one that ended without leaving?
leave_afterwards() {
  local row name running pod node lost=''
  for row in "${MEMBERS[@]}"; do
    columns "$row" name running
    pod=${name#*@}
    columns "$(rows "${pod%%.*}" "${BROKER_PODS[@]}")" _ node _
    [[ $running == true || -n $node ]] || lost+=" $name"
  done
  if [[ -n $lost ]]; then
    need_force "the others wait for$lost, which ended without leaving. Where its pod waits for a closed node, \"kubectl uncordon\" brings it back with its queues; without it their messages are lost"
    for name in $lost; do
      change "let the others forget $name, and its queues" let_leave "$1" "$2" "$name"
    done
  elif [[ -n $(kube get node "$3" --ignore-not-found --output=name) ]]; then
    report skipped "$3 has no broker, and the others wait for none"
  else
    fail "the cluster has no node $3; brokers are on: $(printf '%s\n' "${BROKER_PODS[@]}" | cut --delimiter='|' --fields=2 | paste -sd ' ')"
  fi
}
