# shellcheck shell=bash
# effect: nothing: pods that run here stay
#
# This host's own node in the cluster, asked and changed with the kubelet's rights: a worker has no others. They go as far
# as its own Node and the pods on it; `kubectl drain` would read DaemonSets, which no node may.

# Seconds: how long a drain may take (a broker leaves the others for minutes), how often to look, and how often to tell.
readonly DRAIN_MOST=900 DRAIN_LOOK=5 DRAIN_TELL=60
# A kubelet that starts tells its version within seconds: this often its node is looked at, with a pause of 5 seconds.
readonly NODE_ATTEMPTS=60
# Why the last pod was not evicted yet.
REFUSED=''

node_kube() {
  kubectl --kubeconfig="$KUBELET_CONF" --request-timeout=10s "$@"
}

# own_node TEMPLATE: of Go, about this host's Node.
own_node() {
  node_kube get node "$(self name)" --output=go-template="$1"
}

# The version of the kubelet that runs; nothing where nobody says so.
own_kubelet() {
  if [[ -e $KUBELET_CONF ]]; then
    own_node '{{.status.nodeInfo.kubeletVersion}}' || true
  fi
}

own_node_is_ready() {
  local attempt wanted="True|$KUBERNETES_VERSION" found
  for ((attempt = 1; attempt <= NODE_ATTEMPTS; attempt++)); do
    found=$(own_node '{{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}|{{.status.nodeInfo.kubeletVersion}}' || true)
    [[ $found != "$wanted" ]] || return 0
    sleep 5
  done
  fail "node $(self name) is not Ready with Kubernetes $KUBERNETES_VERSION after $((NODE_ATTEMPTS * 5)) s (Ready: ${found%|*}, version: ${found#*|}): see journalctl -u kubelet, and run this step again"
}

# cordon_node: by this script, unless somebody has done so; uncordon_node undoes only what this script has done.
cordon_node() {
  local cordoned
  cordoned=$(own_node '{{with .spec.unschedulable}}{{.}}{{end}}')
  if [[ -n $cordoned ]] && ! is_owed uncordon; then
    report skipped "$(self name) is cordoned already, and stays so: whoever did it uncordons it"
    return 0
  fi
  owe uncordon
  change "cordon $(self name): no pod comes to it" set_unschedulable true
}

uncordon_node() {
  if is_owed uncordon; then
    change "uncordon $(self name)" set_unschedulable null
    settle uncordon
  fi
}

set_unschedulable() {
  node_kube patch node "$(self name)" --patch="{\"spec\": {\"unschedulable\": $1}}"
}

# namespace | pod | who makes it again | `ending`: of those whose programs run, but for what belongs to the node itself
IFS= read -r -d '' PODS_HERE <<'END' || true
{{range .items}}
  {{$owner := ""}}
  {{range .metadata.ownerReferences}}{{if .controller}}{{$owner = .kind}}{{end}}{{end}}
  {{with .metadata.annotations}}{{if index . "kubernetes.io/config.mirror"}}{{$owner = "Node"}}{{end}}{{end}}
  {{if not (or (eq $owner "DaemonSet" "Node") (eq .status.phase "Succeeded" "Failed"))}}
    {{.metadata.namespace}}|{{.metadata.name}}|{{$owner}}|{{if .metadata.deletionTimestamp}}ending{{end}}
    {{println}}
  {{end}}
{{end}}
END
readonly PODS_HERE

pods_here() {
  node_kube get pods --all-namespaces --field-selector="spec.nodeName=$(self name)" \
    --output=go-template="$(template "$PODS_HERE")"
}

# need_owned_pods: 1 where a pod would be gone for good.
need_owned_pods() {
  local found alone
  found=$(pods_here) ||
    { refuse 'the API server does not say which pods are on this node (see above): run this step again when it does'; return 1; }
  alone=$(awk -F '|' 'NF && $3 == "" { print $1 "/" $2 }' <<<"$found" | paste -sd ' ')
  if [[ -n $alone ]]; then
    refuse "nobody would make these pods again, once this node is drained: $alone. Delete them, or move them elsewhere, then run this step again"
    return 1
  fi
}

# evict_pods: until none is left. PodDisruptionBudgets are kept: what they do not allow yet is asked for again.
evict_pods() {
  local found row namespace pod state began=$SECONDS told=$SECONDS
  REFUSED=''
  while found=$(pods_here) || return 1; do
    [[ -n $found ]] || return 0
    while IFS= read -r row; do
      columns "$row" namespace pod _ state
      [[ -n $state ]] || evict "$namespace" "$pod"
    done <<<"$found"
    ((SECONDS - began <= DRAIN_MOST)) ||
      fail "after $DRAIN_MOST s these pods are still on $(self name): $(left_here "$found").${REFUSED:+ Last refusal: $REFUSED.} It stays cordoned; look at what they wait for (kubectl describe poddisruptionbudget), then run this step again, or on the control plane: kubectl uncordon $(self name)"
    if ((SECONDS - told >= DRAIN_TELL)); then
      told=$SECONDS
      printf '%s\n' "after $((SECONDS - began)) s still here: $(left_here "$found")${REFUSED:+; $REFUSED}"
    fi
    sleep "$DRAIN_LOOK"
  done
}

left_here() {
  awk -F '|' '{ print $1 "/" $2 }' <<<"$1" | paste -sd ' '
}

# evict NAMESPACE POD: what a budget forbids for now is in REFUSED; one that is gone is gone.
evict() {
  local body said
  body="{\"apiVersion\": \"$POLICY_API\", \"kind\": \"Eviction\", \"metadata\": {\"namespace\": \"$1\", \"name\": \"$2\"}}"
  if said=$(node_kube create --raw="/api/v1/namespaces/$1/pods/$2/eviction" --filename=- <<<"$body" 2>&1); then
    printf '%s\n' "evicted: $1/$2"
  elif [[ $said == *TooManyRequests* ]]; then
    REFUSED="$1/$2: $said"
  elif [[ $said != *NotFound* ]]; then
    fail "evict $1/$2: $said"
  fi
}
