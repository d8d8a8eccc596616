# shellcheck shell=bash
# effect: KUBEADM_INIT note_kubeadm_config renew_control_plane renew_static_pods renew_owed_pods mark_manifest
#   upload_kubeadm_config renew_kube_proxy: restart: what differs of etcd, API server, controller manager and scheduler starts anew, the API server is away for a moment;
#   pods go on running. What only kubeadm init reads (taints, networks of pods and Services) stays as it is
# effect: make_control_plane: nothing: a control plane that runs stays
# effect: KUBEADM_INIT/KubeletConfiguration: nothing: the cluster has it for its kubelets, which take it by the step
#   node
# effect: KUBEADM_INIT/KubeProxyConfiguration: restart: kube-proxy starts anew, node by node; connections that are
#   open go on
# effect: API_HOST: person: the step refuses another address of the API server in a cluster that runs: certificates and
#   kubelets name the former one, so the cluster is built anew
# effect: KUBERNETES_VERSION: looks: the step upgrade brings another release
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
    report would "kubeadm init: the control plane of Kubernetes $KUBERNETES_VERSION at $API_HOST"
    return 0
  fi
  kubeadm_config config
  # --skip-token-print: kubeadm would show its own token, which nobody needs.
  change "kubeadm init: the control plane of Kubernetes $KUBERNETES_VERSION at $API_HOST" \
    kubeadm init --config="$config" --skip-token-print "$@"
  note_kubeadm_config
  take_kubelet_config joined
}

# kubeadm_config VARIABLE: a file with the configuration, as long as this run lives.
kubeadm_config() {
  scratch "$1" "${TMPDIR:-/tmp}/dojot-init.XXXXXX"
  own_kubeadm_init >"${!1}"
}

# own_kubeadm_init: the configuration with the name and address of this host, where there are several control planes.
own_kubeadm_init() {
  local text=${KUBEADM_INIT//@NODE@/$(self name)}
  printf '%s' "${text//@ADDRESS@/$(self address)}"
}

# X keeps the line break at the end, which $(...) would take away.
note_kubeadm_config() {
  local text
  text=$(own_kubeadm_init && printf X)
  write_file "$KUBEADM_CONFIG_APPLIED" 0644 "${text%X}"
}

# renew_control_plane: what kubeadm has made of an earlier configuration becomes what it makes of this one.
renew_control_plane() {
  local server config=''
  # With --dry-run, of a host that has no control plane yet.
  [[ -e $ADMIN_CONF ]] || return 0
  renew_owed_pods
  if ! is_owed control-plane && cmp --silent -- "$KUBEADM_CONFIG_APPLIED" <(own_kubeadm_init); then
    report skipped 'the control plane has the configuration of kubeadm-init.yml'
    return 0
  fi
  server=$(server_version "$ADMIN_CONF")
  if [[ $server != "$KUBERNETES_VERSION" ]]; then
    refuse "the API server is ${server:-of a version that it does not say}, the inventory has $KUBERNETES_VERSION, and this step changes no release: first run bootstrap.sh upgrade"
    return 0
  fi
  need_same_endpoint || return 0
  owe control-plane
  write_api_server_files
  dry_run || kubeadm_config config
  upload_kubeadm_config "$config"
  renew_static_pods 'kubeadm init phase etcd, control-plane: the manifests of the control plane' make_manifests "$config"
  renew_kube_proxy "$config"
  note_kubeadm_config
  remove_former_policies
  settle control-plane
}

# need_same_endpoint: 1 where this cluster was made for another address of the API server.
need_same_endpoint() {
  local was
  was=$(sed -n 's/^controlPlaneEndpoint: //p' "$KUBEADM_CONFIG_APPLIED" 2>/dev/null || true)
  [[ -n $was && $was != "$API_HOST:6443" ]] || return 0
  refuse "this cluster was made with its API server at $was, which certificates and every kubelet name, and the inventory has it at $API_HOST:6443: one control plane does not become several in a cluster that runs. Build the cluster anew (a backup of the databases can be put back there), or keep the control planes that it has"
  return 1
}

upload_kubeadm_config() {
  change 'kubeadm init phase upload-config: what joining nodes and upgrades read' \
    kubeadm init phase upload-config all --config="$1" --kubeconfig="$ADMIN_CONF"
}

pods_are_owed() {
  local name
  for name in "${STATIC_PODS[@]}"; do
    ! is_owed "$name" || return 0
  done
  return 1
}

# Those that are owed a start, one after the other: whose files have changed.
renew_owed_pods() {
  local name
  for name in "${STATIC_PODS[@]}"; do
    if is_owed "$name"; then
      renew_static_pods "start $name anew: it reads its files only then" mark_manifest "$MANIFESTS/$name.yaml"
      settle "$name"
    fi
  done
}

# mark_manifest PATH: a kubelet starts a static pod anew when its manifest is another one: here by a label. It is written
# outside its folder, where the kubelet would take a second one for a pod of its own.
mark_manifest() {
  local temporary='' label=dojot.components/started
  scratch temporary "${1%/*/*}/.${1##*/}.XXXXXX"
  sed -e "\\|^    $label: |d" -e "s|^  labels:\$|&\n    $label: \"$(date +%s)\"|" -- "$1" >"$temporary"
  grep -q -- "^    $label: " "$temporary" || return 1
  mv --force -- "$temporary" "$1"
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
