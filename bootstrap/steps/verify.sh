# shellcheck shell=bash
# help: is everything as the inventory says? one line a thing, exit code 1 if not
# where: control plane, or wherever kubectl reaches the cluster; on the load balancer, whether a server is drained, its certificate lasts, and whether it follows
# after: load-balancer
# options: --compiled --node-ports --kubeconfig
# guide: waiting and looking
# worked: exit code 0, each line `ok`

WRONG=0

# verdict CONDITION WHAT [WHAT IS WRONG]: CONDITION is yes or no.
verdict() {
  if [[ $1 == yes ]]; then
    report ok "$2"
  else
    report failed "$2${3:+: $3}"
    WRONG=$((WRONG + 1))
  fi
}

# same A B: yes or no
same() {
  if [[ $1 == "$2" ]]; then printf yes; else printf no; fi
}

step_verify() {
  local namespace wrong
  if ! command -v kubectl >/dev/null && identify_balancer; then
    report skipped "what is in the cluster: $(self name) has no kubectl"
  elif ! cluster_answers; then
    verdict no 'the cluster answers' "nothing answers with the kubeconfig $(kubeconfig)"
  elif wrong=$(wrong_cluster) && [[ -n $wrong ]]; then
    verdict no "the cluster is $CLUSTER_NAME" "$wrong"
  else
    verdict yes "the cluster is $CLUSTER_NAME"
    verify_nodes
    verify_control_planes
    verify_volumes
    verify_secrets
    verify_workloads kube-system
    verify_workloads "$ARGOCD_NAMESPACE"
    for namespace in "${NAMESPACES[@]}"; do
      verify_workloads "$namespace"
    done
    verify_brokers
    verify_application
    verify_node_ports
  fi
  verify_load_balancers
  if identify_balancer; then
    verify_servers
    verify_follow
    verify_certificate
  fi
  if ((WRONG)); then
    fail "$WRONG things are not as the inventory says"
  fi
}

# node | is it Ready | version of its kubelet | label of its group | is it cordoned
readonly NODE_TABLE='
{{range .items}}
  {{.metadata.name}}|
  {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}|
  {{.status.nodeInfo.kubeletVersion}}|
  {{with .metadata.labels}}{{with index . "@LABEL@"}}{{.}}{{end}}{{end}}|
  {{with .spec.unschedulable}}yes{{end}}
  {{println}}
{{end}}'

verify_nodes() {
  local row name role label found ready version value cordoned table
  table=$(kube get nodes --output=go-template="$(template "$NODE_TABLE" LABEL "$GROUP_LABEL")")
  for row in "${NODES[@]}"; do
    columns "$row" name _ role label
    [[ $role == worker ]] || label=''
    found=$(grep -F -- "$name|" <<<"$table" | grep -- "^$name|" || true)
    columns "$found" _ ready version value cordoned
    verdict "$(same "$found" "$name|True|$KUBERNETES_VERSION|$label|")" \
      "node $name is Ready, $KUBERNETES_VERSION${label:+, $GROUP_LABEL=$label}" \
      "Ready: ${ready:-not known}, version: ${version:-not known}, label: ${value:-none}${cordoned:+; it is cordoned: kubectl uncordon $name}"
  done
}

# Of several: one that is away shows nowhere else, while the others go on.
verify_control_planes() {
  local row name address role members_well=''
  ((${#OTHER_CONTROL_PLANES[@]})) || return 0
  for row in "${NODES[@]}"; do
    columns "$row" name address role _
    [[ $role == control-plane ]] || continue
    if kube --server="https://$address:6443" --request-timeout=10s get --raw=/readyz >/dev/null 2>&1; then
      verdict yes "the API server on $name answers"
      [[ -n $members_well ]] || members_well=$(etcd_well "$name")
    else
      verdict no "the API server on $name answers" "nothing that is ready accepts at $address:6443: on $name, $(list_containers), and journalctl -u kubelet"
    fi
  done
  for row in "${NODES[@]}"; do
    columns "$row" name address role _
    [[ $role == control-plane ]] || continue
    verdict "$(grep -qxF -- "$address" <<<"$members_well" && printf yes || printf no)" "etcd's member on $name is well" \
      "no other one reaches it: on $name, $(list_containers). One that has lost its disk: docs/availability.md"
  done
}

# phase | namespace and name of its claim
readonly VOLUME='{{.status.phase}}|{{.spec.claimRef.namespace}}|{{.spec.claimRef.name}}'

verify_volumes() {
  local name phase namespace claim other
  for name in "${PERSISTENT_VOLUMES[@]}"; do
    columns "$(kube get persistentvolume "$name" --ignore-not-found --output=go-template="$VOLUME")" \
      phase namespace claim
    if [[ $phase == Available ]]; then
      # A claim stays with its volume when the inventory gives it another machine, directory or class.
      other=$(kube --namespace "$namespace" get persistentvolumeclaim "$claim" --ignore-not-found \
        --output=go-template='{{with .spec.volumeName}}{{.}}{{end}}')
      phase+="${other:+: its claim $namespace/$claim still has $other (docs/switches.md#volumes)}"
    fi
    verdict "$(same "$phase" Bound)" "PersistentVolume $name is bound" "${phase:-it does not exist}"
  done
}

verify_secrets() {
  local row secret key kind present='' previous=''
  for row in "${SECRETS[@]}"; do
    columns "$row" secret key kind _
    if [[ $secret != "$previous" ]]; then
      present=$(secret_keys "$secret")
      previous=$secret
      [[ -z $(former_keys "$present") ]] ||
        verdict no "Secret ${secret#*/} has its new values alone" "an earlier run of rotate has not come to its end: bootstrap.sh rotate --secret ${secret#*/}"
    fi
    if grep -qxF -- "key $key" <<<"$present"; then
      verdict yes "Secret ${secret#*/} has key $key"
    elif [[ $kind == provided ]]; then
      verdict no "Secret ${secret#*/} has key $key" "you provide it: $(how_to_provide "$secret")"
    else
      verdict no "Secret ${secret#*/} has key $key" 'run the step secrets'
    fi
  done
}

# pod | its phase | is it ready; none of a Job
IFS= read -r -d '' POD_TABLE <<'END' || true
{{range .items}}
  {{$job := false}}
  {{range .metadata.ownerReferences}}{{if eq .kind "Job"}}{{$job = true}}{{end}}{{end}}
  {{if not $job}}
    {{.metadata.name}}|
    {{.status.phase}}|
    {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}
    {{println}}
  {{end}}
{{end}}
END
readonly POD_TABLE

# Job | how it has ended. Since 1.31 the controller first says what will end it, by conditions that stay beside these.
readonly JOB_TABLE='
{{range .items}}
  {{.metadata.name}}|
  {{range .status.conditions}}
    {{if eq .status "True"}}{{if or (eq .type "Complete") (eq .type "Failed")}}{{.type}}{{end}}{{end}}
  {{end}}
  {{println}}
{{end}}'

# verify_workloads NAMESPACE: every pod that is not a Job's is ready, every Job is complete.
verify_workloads() {
  local table row name phase ready seen=''
  table=$(kube --namespace="$1" get pods --output=go-template="$(template "$POD_TABLE")")
  while IFS= read -r row; do
    columns "$row" name phase ready
    [[ -n $name ]] || continue
    seen=yes
    verdict "$(same "$phase $ready" 'Running True')" "pod $1/$name is ready" "$phase"
  done <<<"$table"
  table=$(kube --namespace="$1" get jobs --output=go-template="$(template "$JOB_TABLE")")
  while IFS= read -r row; do
    columns "$row" name phase
    [[ -n $name ]] || continue
    verdict "$(same "$phase" Complete)" "Job $1/$name is complete" "${phase:-it has not ended}"
  done <<<"$table"
  [[ -n $seen ]] || verdict no "pods run in namespace $1" 'there is none'
}

# What ends a broker early and shows nowhere else: when it may not open one more file, the kernel
# still completes the handshakes of devices.
verify_brokers() {
  local row namespace set count needed number pod
  for row in "${BROKERS[@]}"; do
    columns "$row" namespace set count _ needed
    for ((number = 0; number < count; number++)); do
      pod=$set-$number
      verify_open_files "$namespace" "$pod" "$needed" "$(how_to_renew "$row")"
    done
  done
}

# Its phase, and what its container lacks.
readonly BROKER_STATE='
{{.status.phase}}
{{range .status.containerStatuses}}
  {{if eq .name "vernemq"}}{{if not .state.running}}, not started{{end}}{{end}}
{{end}}'

# verify_open_files NAMESPACE POD NEEDED WAY OUT
verify_open_files() {
  local what="broker $1/$2 may open $3 files" state limit limits
  state=$(kube --namespace="$1" get pod "$2" --ignore-not-found \
    --output=go-template="$(template "$BROKER_STATE")")
  if [[ $state != Running ]]; then
    verdict no "$what" "it does not run (${state:-there is no such pod}), so nobody can tell yet"
    return 0
  fi
  if ! limits=$(kube --namespace="$1" exec "$2" --container=vernemq -- sh -c "$OPEN_FILES_OF_ERLANG" </dev/null); then
    verdict no "$what" 'its container cannot be asked (kubectl exec, see above)'
    return 0
  fi
  limit=$(sort -n <<<"$limits" | head -n 1)
  if [[ ! $limit =~ ^[0-9]+$ ]]; then
    verdict no "$what" 'its container shows no process beam.smp, the Erlang VM: look at its log'
  elif ((limit < $3)); then
    verdict no "$what" "it may open $limit. Run the step node on its node, then make the brokers' pods again: $4"
  else
    verdict yes "$what"
  fi
}

# For the sh of the broker's image: the limit of each Erlang VM that runs there. Processes may end meanwhile.
IFS= read -r -d '' OPEN_FILES_OF_ERLANG <<'END_OF_SCRIPT' || true
exec 2>/dev/null
for comm in /proc/[0-9]*/comm; do
  name=
  read -r name <"$comm"
  [ "$name" = beam.smp ] || continue
  while read -r one two three soft rest; do
    [ "$one $two $three" != 'Max open files' ] || echo "$soft"
  done <"${comm%comm}limits"
done
true
END_OF_SCRIPT
readonly OPEN_FILES_OF_ERLANG

verify_application() {
  local file found
  file=$(compiled)/argocd/application.yml
  if [[ ! -r $file ]]; then
    verdict no 'the Argo CD application is Synced and Healthy' "$file is missing: name its place with --compiled"
    return 0
  fi
  found=$(kube get --filename="$file" --ignore-not-found \
    --output=go-template='{{with .status}}{{.sync.status}} {{.health.status}}{{else}}not looked at yet{{end}}' 2>/dev/null || true)
  verdict "$(same "$found" 'Synced Healthy')" 'the Argo CD application is Synced and Healthy' "${found:-it does not exist}"
}

# Whether the file's copy has reached the load balancer shows where that answers.
verify_node_ports() {
  local row variable service port chosen noted
  for row in "${NODE_PORTS[@]}"; do
    columns "$row" variable service port
    chosen=$(chosen_node_port "$service" "$port")
    noted=$(noted_node_port "$variable")
    verdict "$(same "${chosen:-none}" "$noted")" "$(option node-ports) has the NodePort of $port of Service ${service#*/}" \
      "Kubernetes says ${chosen:-nothing}, the file ${noted:-nothing}: run the step node-ports, copy the file to ${LOAD_BALANCERS[*]%%|*}, run load-balancer there"
  done
}

verify_load_balancers() {
  local row host address
  for row in "${LOAD_BALANCERS[@]}"; do
    columns "$row" host address _
    verify_listeners "$host" "$address"
  done
  [[ -z $SHARED_ADDRESS ]] || verify_listeners 'the shared address' "$SHARED_ADDRESS"
}

# verify_listeners HOST ADDRESS
verify_listeners() {
  local row port name
  for row in "${LOAD_BALANCER_PORTS[@]}"; do
    columns "$row" port name
    if timeout 5 bash -c "exec 3<>/dev/tcp/$2/$port" 2>/dev/null; then
      verdict yes "$1 answers on port $port ($name)"
    else
      verdict no "$1 answers on port $port ($name)" "nothing accepts at $2:$port"
    fi
  done
}

# Whom HAProxy sends new sessions to, asked on its own host.
verify_servers() {
  local row name listener state said='' wrong
  if ! read_servers; then
    verdict no 'HAProxy says which servers get new sessions' \
      "nobody answers at $HAPROXY_ADMIN_SOCKET: run verify as root, and load-balancer where socat is missing"
    return 0
  fi
  for row in "${SERVERS[@]}"; do
    columns "$row" _ name _
    [[ $said != *" $name "* ]] || continue
    said+=" $name "
    wrong=''
    while IFS='|' read -r listener _ state _; do
      [[ $state == up ]] || wrong+="${wrong:+, }$state in $listener"
    done < <(of_server "$name")
    [[ $wrong != *drained* ]] || wrong+=". When its broker is back: bootstrap.sh undrain --server $name"
    verdict "$(same "$wrong" '')" "server $name gets new sessions" "$wrong"
  done
}

# What the last look into the repository has come to, on a load balancer that follows.
verify_follow() {
  local every revision result looked wrong='' age
  ((${#FOLLOW[@]})) || return 0
  columns "${FOLLOW[0]}" every revision _
  result=$(last_look result)
  looked=$(last_look looked)
  if [[ ! $looked =~ ^[0-9]+$ ]]; then
    wrong='it has not looked yet: systemctl status dojot-follow.timer dojot-follow'
  elif age=$(($(date +%s) - looked)) && ((age > 3 * every + FOLLOW_LONGEST)); then
    wrong="its last look was $age s ago: systemctl status dojot-follow.timer dojot-follow"
  elif [[ $result != installed ]]; then
    wrong="$(last_look words) (journalctl -u dojot-follow)"
  elif [[ -n $(last_look step_due) ]]; then
    wrong=$(last_look words)
  fi
  verdict "$(same "$wrong" '')" "$(self name) has the haproxy.cfg of $revision" "$wrong"
}

# On the load balancer. The step makes one of its own anew, too, but somebody has to run it.
verify_certificate() {
  local ends
  [[ -n $HAPROXY_CERTIFICATE && -r $HAPROXY_CERTIFICATE ]] || return 0
  ends=$(certificate_end "$HAPROXY_CERTIFICATE")
  verdict "$( (($(date +%s) + 86400 * CERTIFICATE_LATE <= ends)) && printf yes || printf no)" \
    "the certificate $HAPROXY_CERTIFICATE lasts" \
    "it ends $(days_until "$ends"): put the next one there, then run the step load-balancer"
}
