# shellcheck shell=bash
# help: take a machine that is gone for good out of the cluster: its pods, its volumes with their claims, its node
# where: control plane, or wherever kubectl reaches the cluster
# after: labels
# occasion: when a machine is gone for good, after the merge of an inventory without it
# options: --yes --kubeconfig --dry-run
# option: --gone NAME: a machine that the inventory has no longer, by the name of its node
# worked: `skipped: nothing in the cluster is of verne-3` on a second run
# effect: looks: a machine is forgotten when a person says so
#
# Kubernetes itself does none of it: pods of a silent node wait for its kubelet, and a claim stays with the volume that it
# was bound to. The volumes go last: by them a run that was cut off finds what is left to do.

# Seconds: how long claims may take to go that no pod has any more, and how often to look.
readonly CLAIMS_PATIENCE=120 CLAIMS_LOOK=2

step_forget() {
  local name row volume namespace claim volumes=() claims=() pods=()
  name=$(option gone)
  [[ -n $name ]] || usage_error 'which machine? --gone NAME (see --help)'
  need_cluster
  [[ -z $(rows "$name" "${NODES[@]}") ]] ||
    fail "the inventory of $CLUSTER_NAME has $name: take it out there, compile and merge, and run this step from the new compiled/$CLUSTER_NAME"
  if ! cluster_known; then
    report would "take $name out of the cluster"
    return 0
  fi
  need_silent "$name"
  mapfile -t volumes < <(volumes_of "$name")
  mapfile -t claims < <(claims_of "${volumes[@]}")
  mapfile -t pods < <(pods_on "$name")
  if ((${#volumes[@]} + ${#pods[@]} == 0)) && ! has_node "$name"; then
    report skipped "nothing in the cluster is of $name; its nodes are: $(kube get nodes --output=name | cut --delimiter=/ --fields=2 | paste -sd ' ')"
    return 0
  fi
  need_the_merge "$name"
  need_word "$(what_is_lost "$name" "${volumes[@]}")"
  # Before the pods: a pod that is made anew then brings a claim that is new as well.
  for claim in "${claims[@]}"; do
    change "give up the claim $claim" \
      kube --namespace="${claim%/*}" delete persistentvolumeclaim "${claim#*/}" --wait=false
  done
  if has_node "$name"; then
    change "delete the node $name" kube delete node "$name"
  fi
  if ((${#pods[@]})); then
    change "end its pods: ${pods[*]}" end_pods "${pods[@]}"
  fi
  if ((${#claims[@]})); then
    await 'no pod has the claims any more' wait_for_claims "${volumes[@]}"
  fi
  for row in "${volumes[@]}"; do
    columns "$row" volume _ _ namespace claim
    renew_pods "$namespace" "$claim"
    change "delete the PersistentVolume $volume" kube delete persistentvolume "$volume" --timeout=120s
  done
}

has_node() {
  [[ -n $(kube get node "$1" --ignore-not-found --output=name) ]]
}

# A node that answers has pods that write.
need_silent() {
  local ready
  ready=$(kube get node "$1" --ignore-not-found \
    --output=go-template='{{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}')
  [[ $ready != True ]] ||
    refuse "node $1 is Ready. If it is to go: kubectl drain $1 --ignore-daemonsets --delete-emptydir-data, switch it off, and run this step a minute later"
}

# What Argo CD has not brought yet no claim can get, and of what it has not let go it makes another.
need_the_merge() {
  local name found absent=''
  found=$(kube get persistentvolumes --output=name)
  for name in "${PERSISTENT_VOLUMES[@]}"; do
    grep -qxF -- "persistentvolume/$name" <<<"$found" || absent+="${absent:+, }$name"
  done
  [[ -z $absent ]] ||
    refuse "the cluster does not have these PersistentVolumes of the inventory yet: $absent. Merge the inventory without $1, and run this step when Argo CD has synced it"
}

# volume | its machine | its directory | namespace | its claim
readonly VOLUME_TABLE='
{{range .items}}
  {{.metadata.name}}|
  {{with .spec.nodeAffinity}}
    {{range .required.nodeSelectorTerms}}
      {{range .matchExpressions}}{{if eq .key "kubernetes.io/hostname"}}{{range .values}}{{.}}{{end}}{{end}}{{end}}
    {{end}}
  {{end}}|
  {{with .spec.local}}{{.path}}{{end}}|
  {{with .spec.claimRef}}{{.namespace}}|{{.name}}{{else}}|{{end}}
  {{println}}
{{end}}'

# volumes_of MACHINE: rows of those that an inventory has made there.
volumes_of() {
  kube get persistentvolumes --selector=app=dojot,type=local --output=go-template="$(template "$VOLUME_TABLE")" |
    awk -F '|' -v machine="$1" '$2 == machine'
}

# claims_of ROW...: NAMESPACE/NAME of those that are bound to these volumes, and not to another one since.
claims_of() {
  local row volume namespace claim bound
  for row in "$@"; do
    columns "$row" volume _ _ namespace claim
    [[ -n $claim ]] || continue
    bound=$(kube --namespace="$namespace" get persistentvolumeclaim "$claim" --ignore-not-found \
      --output=go-template='{{with .spec.volumeName}}{{.}}{{end}}')
    [[ $bound != "$volume" ]] || printf '%s\n' "$namespace/$claim"
  done
}

# what_is_lost MACHINE ROW...
what_is_lost() {
  local row directory namespace claim
  printf '%s goes out of the cluster %s for good' "$1" "$CLUSTER_NAME"
  if (($# == 1)); then
    printf '; no volume is on it.'
    return 0
  fi
  printf '. Its disks alone have what these claims hold, which begin empty elsewhere:'
  for row in "${@:2}"; do
    columns "$row" _ _ directory namespace claim
    printf '\n  %s (%s)' "$namespace/$claim" "$directory"
  done
}

# pods_on MACHINE: NAMESPACE/NAME each.
pods_on() {
  kube get pods --all-namespaces --field-selector="spec.nodeName=$1" \
    --output=go-template='{{range .items}}{{.metadata.namespace}}/{{.metadata.name}}{{println}}{{end}}'
}

# end_pods NAMESPACE/NAME...: by force, since the kubelet is gone that would say that they have ended.
end_pods() {
  local pod
  for pod in "$@"; do
    kube --namespace="${pod%/*}" delete pod "${pod#*/}" --grace-period=0 --force --ignore-not-found
  done
}

# wait_for_claims ROW...
wait_for_claims() {
  local began=$SECONDS left
  while left=$(claims_of "$@") && [[ -n $left ]]; do
    ((SECONDS - began < CLAIMS_PATIENCE)) ||
      fail "after $((SECONDS - began)) s these claims are still there: ${left//$'\n'/, }. kubectl describe pvc says who uses them; then run this step again"
    sleep "$CLAIMS_LOOK"
  done
}

# Pods without a node that ask for a claim.
IFS= read -r -d '' PODS_THAT_WAIT <<'END' || true
{{range .items}}
  {{$pod := .metadata.name}}
  {{with .spec.nodeName}}{{else}}
    {{range .spec.volumes}}{{with .persistentVolumeClaim}}{{if eq .claimName "@CLAIM@"}}@NAMESPACE@/{{$pod}}{{println}}{{end}}{{end}}{{end}}
  {{end}}
{{end}}
END
readonly PODS_THAT_WAIT

# renew_pods NAMESPACE CLAIM: a pod that was made while its claim was going has none. Before 1.23 a set makes the claim
# only together with the pod.
renew_pods() {
  local pods=()
  [[ -z $(kube --namespace="$1" get persistentvolumeclaim "$2" --ignore-not-found --output=name) ]] || return 0
  mapfile -t pods < <(kube --namespace="$1" get pods \
    --output=go-template="$(template "$PODS_THAT_WAIT" CLAIM "$2" NAMESPACE "$1")")
  if ((${#pods[@]})); then
    change "have made anew, with their claim: ${pods[*]}" end_pods "${pods[@]}"
  fi
}
