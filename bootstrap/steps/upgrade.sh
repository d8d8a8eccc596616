# shellcheck shell=bash
# help: bring this node of a running cluster to the inventory's Kubernetes; on a control plane, which come first, the
#   API server, too
# where: every node
# after: nothing
# occasion: when platform.kubernetes.version is raised: on the first control plane, on others, then node by node
# options: --node --kubeconfig --dry-run
# worked: `ok: node … is Ready with Kubernetes v…`; a second run says only `skipped`
# effect: KUBERNETES_VERSION: replace: on the control plane first, then node by node: etcd, API server and kubelet of the
#   new release come; each node is drained meanwhile: its pods end, a broker's sessions with it, so the load balancer
#   drains its server first
# effect: KUBERNETES_PACKAGES BINARIES: restart: the kubelet starts anew; pods go on running, unless its version changes, too
# effect: KUBERNETES_REPOSITORY: nothing: apt gets another source and its key; that alone installs nothing
# effect: looks: nothing else is a reason to run it
#
# kubeadm's own order: one minor release at a time, the API server before any kubelet, no kubelet under running pods.
# A run that was killed goes on where it was: what is done is seen, and what is not to be seen is owed (lib/owed.sh).

# So many of the backups are kept that are made before an upgrade.
readonly UPGRADE_BACKUPS_KEPT=2

step_upgrade() {
  local server kubelet
  need_root
  need_running_system
  identify
  need_system
  server=$(member_server)
  kubelet=$(own_kubelet)
  if [[ -z $server || -z $kubelet ]]; then
    refuse "$(self name) is no node of a cluster that answers (asked with $KUBELET_CONF, see above): run this step again when the API server answers; a host that has not joined yet gets its Kubernetes from the steps node and worker"
    return 0
  fi
  need_control_planes_before "$server" || return 0
  need_onward "$server" 'the API server' || return 0
  need_onward "$kubelet" "the kubelet of $(self name)" || return 0
  need_next_minor "$server" || return 0
  if [[ "$server $kubelet" != "$KUBERNETES_VERSION $KUBERNETES_VERSION" ]] || is_owed kubeadm-upgrade; then
    need_other_nodes "$server" || return 0
    need_owned_pods || return 0
  fi
  if [[ $(self role) == control-plane ]]; then
    upgrade_control_plane "$server"
  fi
  upgrade_kubelet "$kubelet"
}

# member_server: the version of the API server of the cluster that this host has joined, on a control plane of its own;
# nothing where there is none.
member_server() {
  local own=''
  if [[ ! -e $KUBELET_CONF ]]; then
    return 0
  elif ((${#OTHER_CONTROL_PLANES[@]})) && [[ $(self role) == control-plane ]]; then
    own=$(self address)
  fi
  server_version "$KUBELET_CONF" "$own"
}

# need_control_planes_before SERVER: 1 where this node's turn comes later. The first control plane is upgraded first, then
# the others, then workers: no kubelet is newer than any API server. SERVER is the version of the one that was asked.
need_control_planes_before() {
  local row name address role version=$1
  ! is_first || return 0
  for row in "${NODES[@]}"; do
    columns "$row" name address role _
    [[ $role == control-plane ]] || continue
    [[ $name != "$(self name)" ]] || return 0
    if ((${#OTHER_CONTROL_PLANES[@]})); then
      version=$(server_version "$KUBELET_CONF" "$address")
    fi
    if [[ $version != "$KUBERNETES_VERSION" ]] && ! is_newer "${version:-v0}" "$KUBERNETES_VERSION"; then
      refuse "the API server${OTHER_CONTROL_PLANES[0]:+ on $name} is ${version:-of a version that it does not say}, and no kubelet may be newer. First, on $name: bootstrap.sh upgrade"
      return 1
    fi
  done
}

# need_onward VERSION WHO: 1 where WHO is newer than the inventory.
need_onward() {
  if is_newer "$1" "$KUBERNETES_VERSION"; then
    refuse "$2 is $1, newer than $KUBERNETES_VERSION of the inventory, and Kubernetes never goes back: name $1 or a later release in platform.kubernetes.version, compile, and run the step of that script"
    return 1
  fi
}

# need_next_minor VERSION: 1 where the API server, which is of this version, cannot become of the inventory's. A kubelet
# that is further behind can, once it has no pods.
need_next_minor() {
  local major minor wanted_major wanted_minor
  IFS=. read -r major minor _ <<<"${1#v}"
  IFS=. read -r wanted_major wanted_minor _ <<<"${KUBERNETES_VERSION#v}"
  if ((wanted_major != major || wanted_minor > minor + 1)); then
    refuse "the API server is $1, and kubeadm upgrades one minor release at a time: before $KUBERNETES_VERSION bring every node to a release of $major.$((minor + 1)), with the script that is compiled for it"
    return 1
  fi
}

# The control plane as kubeadm makes it of the inventory; API server and etcd are away for moments, pods go on.
upgrade_control_plane() {
  local config=''
  if [[ $1 == "$KUBERNETES_VERSION" ]] && ! is_owed kubeadm-upgrade; then
    report skipped "the control plane is $1"
    return 0
  fi
  need_cluster
  # One that starts without them would not answer any more.
  keep_api_server_files
  if ! is_owed kubeadm-upgrade; then
    dry_run || install --directory --mode=0700 -- "$UPGRADE_BACKUPS"
    make_backup "$UPGRADE_BACKUPS" "$1"
    remove_old_backups "$UPGRADE_BACKUPS" "$UPGRADE_BACKUPS_KEPT"
  fi
  "install_kubeadm_$KUBERNETES_FROM"
  ! is_first || await "kubeadm upgrade plan sees a way to $KUBERNETES_VERSION" kubeadm upgrade plan "$KUBERNETES_VERSION"
  owe_kubeconfig
  owe kubeadm-upgrade
  write_api_server_files
  dry_run || kubeadm_config config
  if is_first; then
    upload_kubeadm_config "$config"
    change "kubeadm upgrade apply $KUBERNETES_VERSION: etcd, API server, controller manager, scheduler, DNS and kube-proxy" \
      kubeadm upgrade apply "$KUBERNETES_VERSION" --yes
  else
    change "kubeadm upgrade node: etcd, API server, controller manager and scheduler of this control plane" kubeadm upgrade node
  fi
  # kubeadm has started it anew.
  settle kube-apiserver
  renew_kube_proxy "$config"
  note_kubeadm_config
  remove_former_policies
  settle control-plane
  renew_kubeconfig
  settle kubeadm-upgrade
}

# upgrade_kubelet VERSION: of this node, which has this one.
upgrade_kubelet() {
  if [[ $1 != "$KUBERNETES_VERSION" ]]; then
    if [[ $(self role) != control-plane ]]; then
      "install_kubeadm_$KUBERNETES_FROM"
      change 'kubeadm upgrade node: the configuration of the kubelet' kubeadm upgrade node
    fi
    cordon_node
    change "drain $(self name): its pods end, and start on other nodes or wait for this one" evict_pods
  fi
  "install_kubernetes_$KUBERNETES_FROM"
  take_kubelet_config
  if [[ $1 != "$KUBERNETES_VERSION" ]] || is_owed uncordon; then
    await "node $(self name) is Ready with Kubernetes $KUBERNETES_VERSION" own_node_is_ready
    uncordon_node
  else
    report skipped "node $(self name) has Kubernetes $KUBERNETES_VERSION"
  fi
}
