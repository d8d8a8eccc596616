# shellcheck shell=bash
# effect: KUBEADM_INIT note_kubeadm_config renew_control_plane renew_static_pods renew_kube_proxy: restart: what
#   differs of etcd, API server, controller manager and scheduler starts anew, the API server is away for a moment;
#   pods go on running. What only kubeadm init reads (taints, networks of pods and Services) stays as it is
# effect: make_control_plane: nothing: a control plane that runs stays
# effect: KUBEADM_INIT/KubeletConfiguration: nothing: the cluster has it for its kubelets, which take it by the step
#   node
# effect: KUBEADM_INIT/KubeProxyConfiguration: restart: kube-proxy starts anew, node by node; connections that are
#   open go on
# effect: KUBERNETES_VERSION: person: no step upgrades a control plane that runs: "A newer Kubernetes" in
#   bootstrap/README.md
#
# kubeadm reads its configuration when it makes a cluster. One that runs is brought to a changed configuration by the
# phases of kubeadm that it concerns.

# The configuration with which kubeadm has last made, or changed, this control plane.
readonly KUBEADM_CONFIG_APPLIED=/etc/dojot/kubeadm-init.yml
readonly MANIFESTS=/etc/kubernetes/manifests
readonly STATIC_PODS=(etcd kube-apiserver kube-controller-manager kube-scheduler)
# A kubelet looks at manifests every 20 seconds, and an API server that starts takes a minute: this often it is asked,
# with a pause of 5 seconds.
readonly STATIC_POD_ATTEMPTS=48

# make_control_plane [ARGUMENT...]: of kubeadm init.
make_control_plane() {
  local config=''
  if dry_run; then
    report would "kubeadm init: the control plane of Kubernetes $KUBERNETES_VERSION at $API_ADDRESS"
    return 0
  fi
  scratch config "${TMPDIR:-/tmp}/dojot-init.XXXXXX"
  printf '%s' "$KUBEADM_INIT" >"$config"
  # --skip-token-print: kubeadm would show its own token, which nobody needs.
  change "kubeadm init: the control plane of Kubernetes $KUBERNETES_VERSION at $API_ADDRESS" \
    kubeadm init --config="$config" --skip-token-print "$@"
  note_kubeadm_config
  take_kubelet_config joined
}

note_kubeadm_config() {
  write_file "$KUBEADM_CONFIG_APPLIED" 0644 "$KUBEADM_INIT"
}

# renew_control_plane: what kubeadm has made of an earlier configuration becomes what it makes of this one.
renew_control_plane() {
  local server config=''
  # With --dry-run, of a host that has no control plane yet.
  [[ -e $ADMIN_CONF ]] || return 0
  if is_owed kube-apiserver; then
    renew_static_pods 'start the API server anew: it reads its files only then' mark_api_server_manifest
    settle kube-apiserver
  fi
  if ! is_owed control-plane && cmp --silent -- "$KUBEADM_CONFIG_APPLIED" <(printf '%s' "$KUBEADM_INIT"); then
    report skipped 'the control plane has the configuration of kubeadm-init.yml'
    return 0
  fi
  server=$(server_version "$ADMIN_CONF")
  if [[ $server != "$KUBERNETES_VERSION" ]]; then
    refuse "the API server is ${server:-of a version that it does not say}, the inventory has $KUBERNETES_VERSION, and nothing here upgrades a control plane. First do so by hand (\"A newer Kubernetes\" in bootstrap/README.md), or name the running version in the inventory"
    return 0
  fi
  owe control-plane
  write_api_server_files
  if ! dry_run; then
    scratch config "${TMPDIR:-/tmp}/dojot-init.XXXXXX"
    printf '%s' "$KUBEADM_INIT" >"$config"
  fi
  change 'kubeadm init phase upload-config: what joining nodes and upgrades read' \
    kubeadm init phase upload-config all --config="$config" --kubeconfig="$ADMIN_CONF"
  renew_static_pods 'kubeadm init phase etcd, control-plane: the manifests of the control plane' make_manifests "$config"
  renew_kube_proxy "$config"
  note_kubeadm_config
  remove_former_policies
  settle control-plane
}

# renew_static_pods WHAT COMMAND...: a change of their manifests. The API server is away for a moment, pods go on.
renew_static_pods() {
  local name before=() hashes=() number
  for name in "${STATIC_PODS[@]}"; do
    before+=("$(sha256sum -- "$MANIFESTS/$name.yaml" 2>/dev/null || true)")
    hashes+=("$(static_pod_hash "$name")")
  done
  change "$@"
  for number in "${!STATIC_PODS[@]}"; do
    name=${STATIC_PODS[number]}
    # What was no pod of this node's kubelet before, nobody starts anew now: the node's state, which comes last, tells why.
    [[ -n ${hashes[number]} ]] || continue
    [[ $(sha256sum -- "$MANIFESTS/$name.yaml" 2>/dev/null || true) != "${before[number]}" ]] || continue
    await "$name runs with its new manifest" static_pod_is_renewed "$name" "${hashes[number]}"
  done
}

make_manifests() {
  kubeadm init phase etcd local --config="$1"
  kubeadm init phase control-plane all --config="$1"
}

# static_pod_hash NAME: of the manifest that it runs with; nothing where nobody says so.
static_pod_hash() {
  admin_kube --namespace=kube-system get pod "$1-$(self name)" --ignore-not-found \
    --output=go-template='{{index .metadata.annotations "kubernetes.io/config.hash"}}' 2>/dev/null || true
}

# static_pod_is_renewed NAME FORMER HASH
static_pod_is_renewed() {
  local attempt hash
  for ((attempt = 1; attempt <= STATIC_POD_ATTEMPTS; attempt++)); do
    hash=$(static_pod_hash "$1")
    if [[ -n $hash && $hash != "$2" ]] &&
      admin_kube --namespace=kube-system wait --for=condition=Ready "pod/$1-$(self name)" --timeout=5s; then
      return 0
    fi
    sleep 5
  done
  return 1
}

# renew_kube_proxy CONFIG: it reads its configuration as it starts.
renew_kube_proxy() {
  change 'kubeadm init phase addon kube-proxy: its configuration' \
    owe_if_changed kube-proxy kube_proxy_config \
    kubeadm init phase addon kube-proxy --config="$1" --kubeconfig="$ADMIN_CONF"
  if is_owed kube-proxy; then
    change 'start kube-proxy anew, node by node' \
      admin_kube --namespace=kube-system rollout restart daemonset/kube-proxy
    settle kube-proxy
  fi
}

kube_proxy_config() {
  admin_kube --namespace=kube-system get configmap kube-proxy --ignore-not-found \
    --output=go-template='{{index .data "config.conf"}}' 2>/dev/null || true
}
